/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounded formatter of console.h. */
#include "config.h"
#include "console.h"

#define MAX_DIGITS	20	/* of 2^64 - 1 in decimal */
#define TEXT_DEPTH	8	/* of pairs in pairs: ci/assembler/as */

struct output {
	char *buffer;
	size_t room;	/* characters that still fit, NUL excluded */
	size_t length;
};

/* One conversion: %[0width][l|ll]type */
struct spec {
	uint32_t width;
	uint32_t longs;
	char type;
};

static void put(struct output *out, char c)
{
	if (out->room == 0)
		return;
	out->room--;
	out->buffer[out->length++] = c;
}

/* A text of the hypervisor, which may be packed (ci/assembler/as) */
struct input {
	const char *text;
	uint64_t open;	/* second halves of pairs, the next one lowest */
};
_Static_assert(TEXT_DEPTH <= sizeof(uint64_t), "the second halves of pairs in pairs have room");

/* 0 at the end, where it stays */
static inline __attribute__((always_inline)) char next_char(struct input *in)
{
	uint32_t c = in->open ? in->open & 0xff : (uint8_t)*in->text;

	if (!c)
		return 0;
	in->text += !in->open;
	in->open >>= 8;
	/* ends: what is in a pair came before it */
	while (c >= TEXT_FIRST) {
		const uint8_t *pair = text_pairs[c - TEXT_FIRST];

		in->open = in->open << 8 | pair[1];
		c = pair[0];
	}
	return (char)c;
}

/* Is there more behind the character? What is before it is put, as far as there is room. */
static bool put_until(struct output *out, struct input *in, char character)
{
	struct input at = *in;
	char *to = out->buffer + out->length;
	size_t length = 0;
	char c = 0;

	for (; length < out->room; length++) {
		c = next_char(&at);
		if (!c || c == character)
			break;
		to[length] = c;
	}
	*in = at;
	out->length += length;
	out->room -= length;
	return out->room > 0 && c;
}

static void put_text(struct output *out, const char *text)
{
	put_until(out, &(struct input){ .text = text }, '\0');
}

/* At most limit characters of it */
static void put_string(struct output *out, const char *string, size_t limit)
{
	char *to = out->buffer + out->length;
	size_t length = 0;

	if (!string)
		string = "(null)";
	limit = MIN(limit, out->room);
	for (; length < limit && string[length]; length++)
		to[length] = string[length] >= ' ' && string[length] <= '~' ? string[length] : '?';
	out->length += length;
	out->room -= length;
}

/* At least width digits, if there are that many */
static void put_number(struct output *out, uint64_t value, bool hex, uint32_t width)
{
	static const char digit[] = "0123456789abcdef";
	char digits[MAX_DIGITS];
	char *const end = digits + MAX_DIGITS, *const least = end - MIN(width, MAX_DIGITS), *first = end;
	const uint32_t base = hex ? 16 : 10;

	do {
		*--first = digit[value % base];
		value /= base;
	} while (value || first > least);
	while (first < end)
		put(out, *first++);
}

/* Behind the '%' */
static struct spec read_spec(struct input *in)
{
	struct spec spec = { .type = next_char(in) };

	for (; spec.type >= '0' && spec.type <= '9'; spec.type = next_char(in))
		if (spec.width < MAX_DIGITS)	/* saturates */
			spec.width = spec.width * 10 + (uint32_t)(spec.type - '0');
	for (; spec.type == 'l' && spec.longs < 2; spec.type = next_char(in))
		spec.longs++;
	return spec;
}

/* va_list may be an array type: pass it on inside a structure */
struct arguments {
	va_list list;
};

static uint64_t next_number(struct arguments *args, uint32_t longs)
{
	switch (longs) {
	case 0:
		return va_arg(args->list, unsigned int);
	case 1:
		return va_arg(args->list, unsigned long);
	default:
		return va_arg(args->list, unsigned long long);
	}
}

static void put_hex(struct output *out, const char *before, uint64_t value)
{
	put_text(out, before);
	put_number(out, value, true, 1);
}

static void put_range(struct output *out, uint64_t start, uint64_t size)
{
	put_hex(out, "[0x", start);
	put_hex(out, ", 0x", start + size);
	put(out, ')');
}

static void put_bdf(struct output *out, uint32_t bdf)
{
	put_number(out, bdf >> 8, true, 2);
	put(out, ':');
	put_number(out, bdf >> 3 & 0x1f, true, 2);
	put_hex(out, ".", bdf & 7);
}

/* %p and a letter: of what the argument points to, which has not to be terminated */
static void put_object(struct output *out, char kind, const void *object)
{
	const struct config_view *view = object;
	const struct cfg_memory *mem = object;

	switch (kind) {
	case 'C':
		put_text(out, "cell \"");
		put_string(out, view->cell->name, CFG_NAME_LEN - 1);
		put(out, '"');
		break;
	case 'M':
		put_range(out, mem->phys_start, mem->size);
		break;
	case 'G':
		put_range(out, mem->virt_start, mem->size);
		break;
	case 'T':
		put_text(out, object);
		break;
	case 'B':
		put_bdf(out, (uint32_t)(uintptr_t)object);
		break;
	}
}

static void convert(struct output *out, const struct spec *spec, struct input *in, struct arguments *args)
{
	uint64_t number;

	switch (spec->type) {
	case 's':
		put_string(out, va_arg(args->list, const char *), SIZE_MAX);
		return;
	case 'p':
		put_object(out, next_char(in), va_arg(args->list, const void *));
		return;
	case 'd':
	case 'u':
	case 'x':
		break;
	default:
		/* a mistake in the caller; visible, and harmless as no argument is read */
		put(out, '%');
		if (spec->type != '%')
			put(out, '?');
		return;
	}
	number = next_number(args, spec->longs);
	if (spec->type == 'd') {
		if (spec->longs == 0)
			number = (uint64_t)(int32_t)number;
		/* as unsigned: the smallest number has no positive twin */
		if ((int64_t)number < 0) {
			put(out, '-');
			number = -number;
		}
	}
	put_number(out, number, spec->type == 'x', spec->width);
}

size_t format_text_va(char *buffer, size_t size, const char *format, va_list args)
{
	struct output out = { .buffer = buffer, .room = size ? size - 1 : 0 };
	struct input in = { .text = format };
	struct arguments arguments;

	if (size == 0)
		return 0;

	va_copy(arguments.list, args);
	while (put_until(&out, &in, '%')) {
		struct spec spec = read_spec(&in);

		convert(&out, &spec, &in, &arguments);
	}
	va_end(arguments.list);

	out.buffer[out.length] = '\0';
	return out.length;
}

size_t format_text(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	size_t length;

	va_start(args, format);
	length = format_text_va(buffer, size, format, args);
	va_end(args);
	return length;
}
