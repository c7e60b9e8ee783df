/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Formatted output, one character at a time.
 */
#include <stdarg.h>

#include <inmate.h>

struct conversion {
	bool zero_fill;
	bool left;
	bool negative;
	unsigned int width;
	unsigned int longs;	/* number of l */
};

static void put_padding(unsigned int used, unsigned int width, char fill)
{
	for (; used < width; used++)
		console_putc(fill);
}

static void put_number(unsigned long long value, unsigned int radix, const struct conversion *conv)
{
	char digits[20];
	unsigned int count = 0, length;

	do {
		digits[count++] = "0123456789abcdef"[value % radix];
		value /= radix;
	} while (value);
	length = count + conv->negative;

	if (!conv->left && !conv->zero_fill)
		put_padding(length, conv->width, ' ');
	if (conv->negative)
		console_putc('-');
	if (!conv->left && conv->zero_fill)
		put_padding(length, conv->width, '0');
	while (count)
		console_putc(digits[--count]);
	if (conv->left)
		put_padding(length, conv->width, ' ');
}

static void put_text(const char *text, const struct conversion *conv)
{
	unsigned int length = (unsigned int)strlen(text);

	if (!conv->left)
		put_padding(length, conv->width, ' ');
	while (*text)
		console_putc(*text++);
	if (conv->left)
		put_padding(length, conv->width, ' ');
}

static const char *parse_conversion(const char *format, struct conversion *conv)
{
	*conv = (struct conversion){ 0 };
	for (; *format == '0' || *format == '-'; format++) {
		if (*format == '0')
			conv->zero_fill = true;
		else
			conv->left = true;
	}
	while (*format >= '0' && *format <= '9')
		conv->width = conv->width * 10 + (unsigned int)(*format++ - '0');
	while (*format == 'l') {
		conv->longs++;
		format++;
	}
	return format;
}

static unsigned long long take_signed(struct conversion *conv, long long value)
{
	conv->negative = value < 0;
	return conv->negative ? 0 - (unsigned long long)value : (unsigned long long)value;
}

void printk(const char *format, ...)
{
	struct conversion conv;
	va_list args;

	va_start(args, format);
	for (; *format; format++) {
		if (*format != '%') {
			console_putc(*format);
			continue;
		}
		format = parse_conversion(format + 1, &conv);
		switch (*format) {
		case 'd':
			put_number(take_signed(&conv,
					       conv.longs ? va_arg(args, long long) : va_arg(args, int)),
				   10, &conv);
			break;
		case 'u':
			put_number(conv.longs ? va_arg(args, unsigned long long) : va_arg(args, unsigned int),
				   10, &conv);
			break;
		case 'x':
			put_number(conv.longs ? va_arg(args, unsigned long long) : va_arg(args, unsigned int),
				   16, &conv);
			break;
		case 'p':
			put_number((uintptr_t)va_arg(args, void *), 16, &conv);
			break;
		case 's':
			put_text(va_arg(args, const char *), &conv);
			break;
		case 'c':
			console_putc((char)va_arg(args, int));
			break;
		case 0:
			goto out;
		default:
			console_putc(*format);
			break;
		}
	}
out:
	va_end(args);
}

_Static_assert(sizeof(long) == sizeof(long long), "%l and %ll are read alike");
