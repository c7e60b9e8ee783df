/* SPDX-License-Identifier: BSD-2-Clause */
/* The bounded formatter of console.h. */
#include "config.h"
#include "console.h"

#define MAX_DIGITS	20	/* of 2^64 - 1 in decimal */
#define TEXT_DEPTH	8	/* of pairs in pairs: ci/assembler/as */

/* A text of the hypervisor, which may be packed */
struct reader {
	const char *rest;
	uint32_t depth;
	uint8_t open[TEXT_DEPTH];	/* second halves of pairs */
	char next;			/* the character that is read; 0: the end */
};

struct output {
	char *buffer;
	size_t room;	/* characters that still fit, NUL excluded */
	size_t length;
};

/* One conversion: %[0][width][l|ll]type */
struct spec {
	bool zero_pad;
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

static void put_piece(struct output *out, const char *text, size_t length)
{
	length = MIN(length, out->room);
	__builtin_memcpy(out->buffer + out->length, text, length);
	out->room -= length;
	out->length += length;
}

static void pad(struct output *out, char c, uint32_t width, uint32_t used)
{
	/* what does not fit needs no padding: the width is no bound of the loop */
	for (uint32_t i = used; i < width && out->room > 0; i++)
		put(out, c);
}

static void read_next(struct reader *in)
{
	uint8_t c = in->depth > 0 ? in->open[--in->depth] : (uint8_t)*in->rest++;

	while (c >= TEXT_FIRST && in->depth < TEXT_DEPTH) {
		const uint8_t *pair = text_pairs[c - TEXT_FIRST];

		in->open[in->depth++] = pair[1];
		c = pair[0];
	}
	in->next = (char)c;
}

static struct reader begin_reading(const char *text)
{
	struct reader in = { .rest = text };

	read_next(&in);
	return in;
}

static void put_text(struct output *out, const char *text)
{
	for (struct reader in = begin_reading(text); in.next && out->room > 0; read_next(&in))
		put(out, in.next);
}

/* At most limit characters of it */
static void put_string(struct output *out, const char *string, uint32_t width, uint32_t limit)
{
	uint32_t length = 0;

	if (!string)
		string = "(null)";
	while (length < width && string[length])
		length++;
	pad(out, ' ', width, length);
	for (; *string && out->room > 0 && limit > 0; string++, limit--)
		put(out, *string >= ' ' && *string <= '~' ? *string : '?');
}

static void put_number(struct output *out, const struct spec *spec, uint64_t value, bool negative)
{
	static const char digit[] = "0123456789abcdef";
	char digits[MAX_DIGITS];
	char *first = digits + MAX_DIGITS;
	uint32_t used;

	do {
		bool hex = spec->type == 'x';

		*--first = digit[hex ? value % 16 : value % 10];
		value = hex ? value / 16 : value / 10;
	} while (value);

	used = (uint32_t)(digits + MAX_DIGITS - first) + negative;
	if (!spec->zero_pad)
		pad(out, ' ', spec->width, used);
	if (negative)
		put(out, '-');
	/* mostly there is room for zeros in front of the digits */
	for (; spec->zero_pad && used < spec->width && first > digits; used++)
		*--first = '0';
	if (spec->zero_pad)
		pad(out, '0', spec->width, used);
	put_piece(out, first, (size_t)(digits + MAX_DIGITS - first));
}

/* Behind the '%' */
static struct spec read_spec(struct reader *in)
{
	struct spec spec = { .zero_pad = in->next == '0' };

	for (; in->next >= '0' && in->next <= '9'; read_next(in))
		if (spec.width < CONSOLE_LINE)	/* saturates: longer lines do not exist */
			spec.width = spec.width * 10 + (uint32_t)(in->next - '0');
	for (; in->next == 'l' && spec.longs < 2; read_next(in))
		spec.longs++;
	spec.type = in->next;
	if (in->next)
		read_next(in);
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
	const struct spec spec = { .type = 'x' };

	put_string(out, before, 0, UINT32_MAX);
	put_number(out, &spec, value, false);
}

static void put_range(struct output *out, uint64_t start, uint64_t size)
{
	put_hex(out, "[0x", start);
	put_hex(out, ", 0x", start + size);
	put(out, ')');
}

static void put_bdf(struct output *out, uint32_t bdf)
{
	const struct spec two_digits = { .type = 'x', .zero_pad = true, .width = 2 };

	put_number(out, &two_digits, bdf >> 8, false);
	put(out, ':');
	put_number(out, &two_digits, bdf >> 3 & 0x1f, false);
	put_hex(out, ".", bdf & 7);
}

/* %p and a letter: of what the argument points to, which has not to be terminated */
static void put_object(struct output *out, char kind, const void *object)
{
	const struct config_view *view = object;
	const struct cfg_memory *mem = object;

	switch (kind) {
	case 'C':
		put_string(out, "cell \"", 0, UINT32_MAX);
		put_string(out, view->cell->name, 0, CFG_NAME_LEN - 1);
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

static void convert(struct output *out, const struct spec *spec, struct reader *in, struct arguments *args)
{
	uint64_t number;
	bool negative = false;

	switch (spec->type) {
	case 's':
		put_string(out, va_arg(args->list, const char *), spec->width, UINT32_MAX);
		return;
	case 'p':
		put_object(out, in->next, va_arg(args->list, const void *));
		if (in->next)
			read_next(in);
		return;
	case 'c':
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
	if (spec->type == 'c') {
		pad(out, ' ', spec->width, 1);
		put(out, (char)number);
		return;
	}
	if (spec->type == 'd') {
		if (spec->longs == 0)
			number = (uint64_t)(int32_t)number;
		negative = (int64_t)number < 0;
		/* as unsigned: the smallest number has no positive twin */
		if (negative)
			number = -number;
	}
	put_number(out, spec, number, negative);
}

size_t format_text_va(char *buffer, size_t size, const char *format, va_list args)
{
	struct output out = { .buffer = buffer, .room = size ? size - 1 : 0 };
	struct arguments arguments;
	struct reader in = begin_reading(format);
	struct spec spec;

	if (size == 0)
		return 0;

	va_copy(arguments.list, args);
	while (in.next && out.room > 0) {
		char c = in.next;

		read_next(&in);
		if (c != '%') {
			put(&out, c);
			continue;
		}
		spec = read_spec(&in);
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
