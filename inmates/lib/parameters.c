/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parameters of the inmate. Unlike in the Jailhouse library a name matches as a whole, not as a prefix.
 */
#include <inmate.h>

#include "internal.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* First character of the value, or NULL; *length is its length */
static const char *find_value(const char *name, size_t *length)
{
	const volatile char *buffer = parameter_buffer;	/* written by the loader behind the compiler's back */
	size_t name_length = strlen(name);
	size_t at = 0;

	while (at < PARAMETER_BUFFER_SIZE && buffer[at]) {
		size_t start, matched = 0;

		while (at < PARAMETER_BUFFER_SIZE && is_blank(buffer[at]))
			at++;
		start = at;
		while (at < PARAMETER_BUFFER_SIZE && buffer[at] && !is_blank(buffer[at]))
			at++;
		while (matched < name_length && start + matched < at &&
		       buffer[start + matched] == name[matched])
			matched++;
		if (matched < name_length || at == start)
			continue;
		if (start + matched == at) {
			*length = 0;
			return parameter_buffer + at;
		}
		if (buffer[start + matched] == '=') {
			*length = at - start - matched - 1;
			return parameter_buffer + start + matched + 1;
		}
	}
	return NULL;
}

const char *param_str(const char *name, char *buffer, size_t size, const char *otherwise)
{
	size_t length;
	const char *value = find_value(name, &length);

	if (!value || length >= size)
		return otherwise;
	memcpy(buffer, value, length);
	buffer[length] = 0;
	return buffer;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

long long param_int(const char *name, long long otherwise)
{
	char buffer[24];
	const char *text = param_str(name, buffer, sizeof(buffer), "");
	unsigned long long value = 0;
	bool negative = false;
	int radix = 10;

	if (text[0] == '0' && text[1] == 'x') {
		radix = 16;
		text += 2;
	} else if (text[0] == '-' || text[0] == '+') {
		negative = *text++ == '-';
	}
	if (!*text)
		return otherwise;
	for (; *text; text++) {
		int digit = digit_value(*text);

		if (digit >= radix)
			return otherwise;
		value = value * (unsigned int)radix + (unsigned int)digit;
	}
	return negative ? -(long long)value : (long long)value;
}

bool param_bool(const char *name, bool otherwise)
{
	char buffer[8];
	const char *text = param_str(name, buffer, sizeof(buffer), "?");

	if (!*text || !strcmp(text, "true") || !strcmp(text, "1"))
		return true;
	if (!strcmp(text, "false") || !strcmp(text, "0"))
		return false;
	return otherwise;
}
