/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ldp-probe UIO MAP OFFSET [NAME...]: unusual loads and stores to a map of /dev/uio<UIO>, each printed
 * before it is made and with what came back. Without names all loads are made. Stores write 0x11111111
 * (second word of pairs: 0). Exit status: 0 done, 1 error, 2 bad usage, 3 an access raised SIGBUS or
 * SIGSEGV.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "uio.h"

#define STORED	0x11111111u

struct result {
	uint64_t first, second;
	uintptr_t address;	/* base register afterwards */
};

struct probe {
	const char *name;
	bool store;
	unsigned int bytes;	/* touched from the address on */
	struct result (*run)(uintptr_t address);
};

/* A load: the base register may change, %w/%x[a] and [b] take what was read */
#define LOAD(function, instruction)								\
	static struct result function(uintptr_t address)					\
	{											\
		struct result out = { .address = address };					\
		__asm__ volatile(instruction							\
				 : [a] "=&r" (out.first), [b] "=&r" (out.second),		\
				   [base] "+&r" (out.address)					\
				 : : "v0", "v1", "memory");					\
		return out;									\
	}

#define STORE(function, instruction)								\
	static struct result function(uintptr_t address)					\
	{											\
		struct result out = { .address = address };					\
		__asm__ volatile(instruction							\
				 : [base] "+&r" (out.address)					\
				 : [a] "r" ((uint64_t)STORED) : "v0", "v1", "memory");		\
		return out;									\
	}

LOAD(ldp_w, "ldp %w[a], %w[b], [%[base]]")
LOAD(ldp_x, "ldp %x[a], %x[b], [%[base]]")
LOAD(ldp_pre, "ldp %w[a], %w[b], [%[base], #8]!")
LOAD(ldp_post, "ldp %w[a], %w[b], [%[base]], #8")
LOAD(ldpsw, "ldpsw %x[a], %x[b], [%[base]]")
LOAD(ldnp, "ldnp %w[a], %w[b], [%[base]]")
LOAD(ldr_pre, "mov %[b], #0\n\tldr %w[a], [%[base], #4]!")
LOAD(ldr_post, "mov %[b], #0\n\tldr %w[a], [%[base]], #4")
LOAD(ldr_s, "ldr s0, [%[base]]\n\tfmov %w[a], s0\n\tmov %[b], #0")
LOAD(ldr_d, "ldr d0, [%[base]]\n\tfmov %x[a], d0\n\tmov %[b], #0")
LOAD(ldr_q, "ldr q0, [%[base]]\n\tmov %x[a], v0.d[0]\n\tmov %x[b], v0.d[1]")
LOAD(ldp_s, "ldp s0, s1, [%[base]]\n\tfmov %w[a], s0\n\tfmov %w[b], s1")
LOAD(ldar, "mov %[b], #0\n\tldar %w[a], [%[base]]")

STORE(stp_w, "stp %w[a], wzr, [%[base]]")
STORE(stp_x, "stp %x[a], xzr, [%[base]]")
STORE(stp_pre, "stp %w[a], wzr, [%[base], #8]!")
STORE(stp_post, "stp %w[a], wzr, [%[base]], #8")
STORE(str_pre, "str %w[a], [%[base], #4]!")
STORE(str_post, "str %w[a], [%[base]], #4")
STORE(str_s, "fmov s0, %w[a]\n\tstr s0, [%[base]]")
STORE(str_q, "dup v0.4s, %w[a]\n\tstr q0, [%[base]]")
STORE(stlr, "stlr %w[a], [%[base]]")

static const struct probe probes[] = {
	{ .name = "ldp", .bytes = 8, .run = ldp_w },
	{ .name = "ldp-x", .bytes = 16, .run = ldp_x },
	{ .name = "ldp-pre", .bytes = 16, .run = ldp_pre },
	{ .name = "ldp-post", .bytes = 8, .run = ldp_post },
	{ .name = "ldpsw", .bytes = 8, .run = ldpsw },
	{ .name = "ldnp", .bytes = 8, .run = ldnp },
	{ .name = "ldr-pre", .bytes = 8, .run = ldr_pre },
	{ .name = "ldr-post", .bytes = 4, .run = ldr_post },
	{ .name = "ldr-s", .bytes = 4, .run = ldr_s },
	{ .name = "ldr-d", .bytes = 8, .run = ldr_d },
	{ .name = "ldr-q", .bytes = 16, .run = ldr_q },
	{ .name = "ldp-s", .bytes = 8, .run = ldp_s },
	{ .name = "ldar", .bytes = 4, .run = ldar },
	{ .name = "stp", .store = true, .bytes = 8, .run = stp_w },
	{ .name = "stp-x", .store = true, .bytes = 16, .run = stp_x },
	{ .name = "stp-pre", .store = true, .bytes = 16, .run = stp_pre },
	{ .name = "stp-post", .store = true, .bytes = 8, .run = stp_post },
	{ .name = "str-pre", .store = true, .bytes = 8, .run = str_pre },
	{ .name = "str-post", .store = true, .bytes = 4, .run = str_post },
	{ .name = "str-s", .store = true, .bytes = 4, .run = str_s },
	{ .name = "str-q", .store = true, .bytes = 16, .run = str_q },
	{ .name = "stlr", .store = true, .bytes = 4, .run = stlr },
};

#define NUM_PROBES (sizeof(probes) / sizeof(probes[0]))

static const struct probe *find_probe(const char *name)
{
	for (unsigned int n = 0; n < NUM_PROBES; n++)
		if (!strcmp(probes[n].name, name))
			return &probes[n];
	return NULL;
}

static bool run_probe(const struct probe *probe, const struct uio_map *map, uint64_t offset)
{
	uintptr_t address = (uintptr_t)map->address + offset;
	struct result out;

	if (offset + probe->bytes > map->size) {
		fprintf(stderr, "ldp-probe: %s at %#llx leaves map %s of %zu bytes\n", probe->name,
			(unsigned long long)offset, map->name, map->size);
		return false;
	}
	printf("%s:", probe->name);
	fflush(stdout);
	uio_catch_faults(probe->name);
	out = probe->run(address);
	if (probe->store)
		printf(" base %+lld\n", (long long)(out.address - address));
	else
		printf(" 0x%llx 0x%llx base %+lld\n", (unsigned long long)out.first,
		       (unsigned long long)out.second, (long long)(out.address - address));
	return true;
}

static int usage(void)
{
	fprintf(stderr, "usage: ldp-probe UIO MAP OFFSET [NAME...]; names:");
	for (unsigned int n = 0; n < NUM_PROBES; n++)
		fprintf(stderr, " %s", probes[n].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv)
{
	uint64_t uio, map, offset;
	struct uio_device dev;
	bool stores = false, good = true;

	if (argc < 4 || !parse_number(argv[1], 63, &uio) || !parse_number(argv[2], UIO_MAX_MAPS - 1, &map) ||
	    !parse_number(argv[3], SIZE_MAX / 2, &offset) || offset % 4)
		return usage();
	for (int n = 4; n < argc; n++) {
		const struct probe *probe = find_probe(argv[n]);

		if (!probe)
			return usage();
		stores |= probe->store;
	}
	if (!uio_open(&dev, (int)uio) || !uio_map(&dev, (unsigned int)map, stores))
		return EXIT_FAILURE;
	for (unsigned int n = 0; argc == 4 && good && n < NUM_PROBES; n++)
		if (!probes[n].store)
			good = run_probe(&probes[n], &dev.maps[map], offset);
	for (int n = 4; n < argc && good; n++)
		good = run_probe(find_probe(argv[n]), &dev.maps[map], offset);
	uio_close(&dev);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
