/* SPDX-License-Identifier: BSD-2-Clause */
/* CRC-32 against its definition, bit by bit. */
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <setjmp.h>
#include <cmocka.h>
#include "crc32.h"

static uint32_t by_definition(const uint8_t *bytes, uint64_t size)
{
	uint32_t crc = 0xffffffff;

	for (uint64_t bit = 0; bit < 8 * size; bit++) {
		crc ^= (bytes[bit / 8] >> bit % 8) & 1;
		crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
	}
	return ~crc;
}

static void check_value(void **state)
{
	(void)state;
	assert_int_equal(~crc32_update(CRC32_START, (const uint8_t *)"123456789", 9), 0xcbf43926);
	assert_int_equal(~crc32_update(CRC32_START, NULL, 0), 0);
}

static void every_byte_value(void **state)
{
	uint8_t byte = 0;

	(void)state;
	do
		assert_int_equal(~crc32_update(CRC32_START, &byte, 1), by_definition(&byte, 1));
	while (++byte);
}

static void in_pieces(void **state)
{
	uint8_t bytes[1000];

	(void)state;
	srand(1);
	for (uint32_t n = 0; n < sizeof(bytes); n++)
		bytes[n] = (uint8_t)rand();
	for (uint32_t cut = 0; cut <= sizeof(bytes); cut += 7) {
		uint32_t crc = crc32_update(CRC32_START, bytes, cut);

		assert_int_equal(~crc32_update(crc, bytes + cut, sizeof(bytes) - cut), by_definition(bytes, sizeof(bytes)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_value), cmocka_unit_test(every_byte_value), cmocka_unit_test(in_pieces),
	};

	return cmocka_run_group_tests_name("crc32", tests, NULL, NULL);
}
