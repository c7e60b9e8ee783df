/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs functions of the hypervisor image as they are linked into it, as a program of arm64 Linux: memcpy(), memset() and
 * CRC-32. Memory that they may not touch is a page without access, or filled with what must not change.
 *
 *   functions string           results as TAP
 *   functions crc <DATA >OUT   checksums of pieces of 2 pages of data, in the order of crc_of_all(), 4 bytes each
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "crc32.h"

#define AREA		(2 * 4096u)
#define ALIGNMENTS	17u	/* one more than two words */
#define SIZES		150u	/* two blocks of memset(), and what is left */
#define FIELD		16	/* ID_AA64ISAR0_EL1.CRC32 */

/* As in the image, under other names: this program has a C library of its own */
void *image_memcpy(void *to, const void *from, size_t size);
void *image_memset(void *to, int value, size_t size);
uint32_t image_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size);

/* The same source with the ID register as a variable */
uint32_t variable_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size);
extern uint64_t sysreg_id_aa64isar0_el1;
uint64_t sysreg_id_aa64isar0_el1;

/* What both of them call for what they do without CRC instructions */
uint32_t counted_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size);
static uint64_t without_instructions;

uint32_t counted_crc32_update(uint32_t crc, const uint8_t *bytes, uint64_t size)
{
	without_instructions += size;
	return crc32_update(crc, bytes, size);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Pages between two without access */
static uint8_t *guarded_area(void)
{
	uint8_t *pages = mmap(NULL, AREA + 2 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED || mprotect(pages + 4096, AREA, PROT_READ | PROT_WRITE))
		die("mmap");
	return pages + 4096;
}

/* --- strings */

static uint8_t *source, *target;

static void fill(void)
{
	for (uint32_t i = 0; i < AREA; i++) {
		source[i] = (uint8_t)(i * 5 + 1);
		target[i] = 0xee;
	}
}

/* Only [at, at + size) has changed, to what was expected. */
static bool is_changed(uint32_t at, const uint8_t *expected, uint32_t size)
{
	static uint8_t wanted[AREA];

	memset(wanted, 0xee, AREA);
	memcpy(wanted + at, expected, size);
	return !memcmp(target, wanted, AREA);
}

/* Both ends at either end of their area, so that no byte more can be read or written */
static bool copies_all(void)
{
	for (uint32_t size = 0; size <= SIZES; size++) {
		for (uint32_t shift = 0; shift < ALIGNMENTS * ALIGNMENTS * 2; shift++) {
			uint32_t from = shift % ALIGNMENTS, to = shift / ALIGNMENTS % ALIGNMENTS;

			if (shift >= ALIGNMENTS * ALIGNMENTS) {
				from = AREA - size - from;
				to = AREA - size - to;
			}
			memset(target, 0xee, AREA);
			if (image_memcpy(target + to, source + from, size) != target + to ||
			    !is_changed(to, source + from, size))
				return false;
		}
	}
	return true;
}

static bool copies_much(void)
{
	memset(target, 0xee, AREA);
	image_memcpy(target, source, AREA);
	if (memcmp(target, source, AREA))
		return false;
	memset(target, 0xee, AREA);
	image_memcpy(target + 3, source + 1, AREA - 3);
	return is_changed(3, source + 1, AREA - 3);
}

static bool sets_all(void)
{
	static const int values[] = { 0, 0xa5, -1, 0x17f };	/* the last as one byte */
	uint8_t expected[SIZES];

	for (uint32_t n = 0; n < sizeof(values) / sizeof(values[0]); n++) {
		memset(expected, values[n] & 0xff, sizeof(expected));
		for (uint32_t size = 0; size <= SIZES; size++) {
			for (uint32_t shift = 0; shift < 2 * ALIGNMENTS; shift++) {
				uint32_t at = shift < ALIGNMENTS ? shift : AREA - size - (shift - ALIGNMENTS);

				memset(target, 0xee, AREA);
				if (image_memset(target + at, values[n], size) != target + at ||
				    !is_changed(at, expected, size))
					return false;
			}
		}
	}
	return true;
}

/* Blocks of zeros, and what is left of one at the end */
static bool sets_much(void)
{
	static const uint8_t zeros[AREA];

	for (uint32_t at = 0; at <= 128; at += 8) {
		for (uint32_t left = 0; left <= 128; left += 7) {
			memset(target, 0xee, AREA);
			image_memset(target + at, 0, AREA - at - left);
			if (!is_changed(at, zeros, AREA - at - left))
				return false;
		}
	}
	return true;
}

static void report(uint32_t number, bool good, const char *what)
{
	printf("%sok %u %s\n", good ? "" : "not ", number, what);
}

static int check_strings(void)
{
	fill();
	printf("1..4\n");
	report(1, copies_all(), "memcpy: sizes and alignments");
	report(2, copies_much(), "memcpy: pages");
	report(3, sets_all(), "memset: sizes, alignments and values");
	report(4, sets_much(), "memset: pages of zeros");
	return 0;
}

/* --- CRC-32 */

static void put(uint32_t crc)
{
	if (fwrite(&crc, sizeof(crc), 1, stdout) != 1)
		die("write");
}

/* Four functions have to agree with each other and with whom reads the output. */
static void crc_of(const uint8_t *bytes, uint32_t size, uint32_t start)
{
	put(crc32_update(start, bytes, size));
	without_instructions = 0;
	put(image_crc32_update(start, bytes, size));
	if (without_instructions > 7 + 31)
		die("the CPU has CRC instructions, they are not used");
	without_instructions = 0;
	sysreg_id_aa64isar0_el1 = UINT64_MAX & ~(0xfull << FIELD);
	put(variable_crc32_update(start, bytes, size));
	if (without_instructions != size)
		die("the CPU has no CRC instructions, they are used");
	without_instructions = 0;
	sysreg_id_aa64isar0_el1 = 1ull << FIELD;
	put(variable_crc32_update(start, bytes, size));
	if (without_instructions > 7 + 31)
		die("CRC instructions are not used");
}

/* From each begin to each size, then to the end of the area; then in two pieces: the second one goes on with the first. */
static int crc_of_all(void)
{
	if (fread(source, 1, AREA, stdin) != AREA)
		die("read");
	for (uint32_t at = 0; at < ALIGNMENTS; at++)
		for (uint32_t size = 0; size <= SIZES; size++)
			crc_of(source + at, size, CRC32_START);
	for (uint32_t size = 0; size <= SIZES; size++)
		crc_of(source + AREA - size, size, CRC32_START);
	crc_of(source, AREA, CRC32_START);
	for (uint32_t cut = 0; cut <= SIZES; cut++)
		crc_of(source + cut, AREA - cut, crc32_update(CRC32_START, source, cut));
	return fflush(stdout);
}

int main(int argc, char **argv)
{
	source = guarded_area();
	target = guarded_area();
	if (argc == 2 && !strcmp(argv[1], "string"))
		return check_strings();
	if (argc == 2 && !strcmp(argv[1], "crc"))
		return crc_of_all();
	fprintf(stderr, "usage: %s string|crc\n", argv[0]);
	return 2;
}
