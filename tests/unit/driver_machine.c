/* SPDX-License-Identifier: BSD-2-Clause */
/* What the driver believes to be memory or a device: trees with and without memory, EFI's map, Linux's own list. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <linux/types.h>
#include "../../driver/jailhouse/driver.h"

#define MIB(n)		((u64)(n) << 20)

struct device_node {
	const char *parent, *type, *compatible;
	bool reusable, disabled;
	u64 start, size;
	u64 start2, size2;
};

/* of a machine, until the one with size 0 */
static struct device_node *tree;
static struct resource *iomem;
static bool has_reserved;
static int references;
static struct device_node reserved_memory;
static char reason[200];

struct bh_driver bh;
efi_memory_desc_t *efi_map;
unsigned int efi_descs;
int acpi_disabled;

int bh_refuse(struct bh_reason *why, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	return err;
}

static struct device_node *next_node(struct device_node *from,
				     bool (*is)(const struct device_node *, const char *), const char *word)
{
	struct device_node *node;

	references -= from != NULL;
	for (node = from ? from + 1 : tree; node && node->size; node++)
		if (is(node, word)) {
			references++;
			return node;
		}
	return NULL;
}

static bool any(const struct device_node *node, const char *word)
{
	return !word || node;
}

static bool has_type(const struct device_node *node, const char *word)
{
	return node->type && !strcmp(node->type, word);
}

static bool has_compatible(const struct device_node *node, const char *word)
{
	return node->compatible && !strcmp(node->compatible, word);
}

static bool has_parent(const struct device_node *node, const char *word)
{
	return node->parent && !strcmp(node->parent, word);
}

struct device_node *of_find_node_by_path(const char *path)
{
	assert_string_equal(path, "/reserved-memory");
	references += has_reserved;
	return has_reserved ? &reserved_memory : NULL;
}

struct device_node *of_find_node_by_type(struct device_node *from, const char *type)
{
	return next_node(from, has_type, type);
}

struct device_node *of_find_compatible_node(struct device_node *from, const char *type, const char *compatible)
{
	assert_null(type);
	return next_node(from, has_compatible, compatible);
}

struct device_node *of_find_all_nodes(struct device_node *from)
{
	return next_node(from, any, NULL);
}

struct device_node *of_get_next_child(struct device_node *parent, struct device_node *from)
{
	assert_ptr_equal(parent, &reserved_memory);
	return next_node(from, has_parent, "/reserved-memory");
}

bool of_property_read_bool(const struct device_node *node, const char *name)
{
	assert_string_equal(name, "reusable");
	return node->reusable;
}

bool of_device_is_available(const struct device_node *node)
{
	return !node->disabled;
}

bool of_node_is_type(const struct device_node *node, const char *type)
{
	return has_type(node, type);
}

int of_address_to_resource(struct device_node *node, int index, struct resource *res)
{
	u64 start = index ? node->start2 : node->start, size = index ? node->size2 : node->size;

	if (index > 1 || !size)
		return -EINVAL;
	res->start = start;
	res->end = start + size - 1;
	return 0;
}

void of_node_put(struct device_node *node)
{
	assert_non_null(node);
	references--;
}

bool efi_enabled(int feature)
{
	return feature == EFI_MEMMAP && efi_map;
}

int walk_iomem_res_desc(unsigned long desc, unsigned long flags, u64 start, u64 end, void *arg,
			int (*function)(struct resource *res, void *arg))
{
	int err = -EINVAL;

	for (struct resource *res = iomem; res && res->end; res++) {
		struct resource piece = *res;

		if ((res->flags & flags) != flags || res->end < start || res->start > end)
			continue;
		piece.start = max(res->start, start);
		piece.end = res->end > end ? end : res->end;
		err = function(&piece, arg);
		if (err)
			return err;
	}
	return err;
}

static int no_machine(void **state)
{
	tree = NULL;
	iomem = NULL;
	efi_map = NULL;
	efi_descs = 0;
	has_reserved = false;
	acpi_disabled = 1;
	references = 0;
	bh.by_firmware = false;
	return 0;
}

static int no_reference_is_left(void **state)
{
	return references;
}

static struct resource RAM_256M[] = {
	{ .start = MIB(1024), .end = MIB(1280) - 1, .flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY },
	{ }
};

static void test_memory_nodes(void **state)
{
	struct device_node nodes[] = {
		{ .type = "memory", .start = MIB(1024), .size = MIB(256), .start2 = MIB(1280), .size2 = MIB(256) },
		{ .type = "memory", .start = MIB(1536), .size = MIB(512) },
		{ .compatible = "mmio-sram", .start = 0x10000, .size = 0x10000 },
		{ }
	};

	tree = nodes;
	iomem = RAM_256M;	/* mem=256M */
	assert_true(bh_may_be_memory(MIB(1024), MIB(1024)));
	assert_true(bh_may_be_memory(MIB(1279), MIB(2)));
	assert_true(bh_may_be_memory(0x18000, 0x8000));
	assert_false(bh_may_be_memory(0x18000, 0x8001));
	assert_false(bh_may_be_memory(MIB(1024), MIB(1024) + 1));
	assert_false(bh_may_be_memory(MIB(1023), MIB(2)));
	assert_false(bh_may_be_memory(MIB(4096), 4096));
}

static void test_reserved_memory_beside_the_nodes(void **state)
{
	struct device_node nodes[] = {
		{ .type = "memory", .start = MIB(1024), .size = MIB(256) },
		{ .parent = "/reserved-memory", .start = MIB(1280), .size = MIB(16) },
		{ .parent = "/reserved-memory", .start = MIB(1300), .size = MIB(16), .reusable = true },
		{ }
	};

	tree = nodes;
	has_reserved = true;
	assert_true(bh_may_be_memory(MIB(1280), MIB(16)));
	assert_true(bh_may_be_memory(MIB(1270), MIB(20)));
	assert_false(bh_may_be_memory(MIB(1280), MIB(17)));
	assert_false(bh_may_be_memory(MIB(1300), MIB(16)));
}

/* EFI has taken the nodes away, or there is no tree at all: what the map says, also behind mem=, and nothing else */
static void test_memory_of_efi(void **state)
{
	efi_memory_desc_t map[] = {
		{ EFI_MEMORY_MAPPED_IO, 0x04000000, 16, EFI_MEMORY_UC },
		{ EFI_CONVENTIONAL_MEMORY, MIB(1024), MIB(256) >> 12, EFI_MEMORY_WB | EFI_MEMORY_UC },
		{ EFI_CONVENTIONAL_MEMORY, MIB(1280), MIB(128) >> 12, EFI_MEMORY_WB },
		{ EFI_UNUSABLE_MEMORY, MIB(1408), MIB(1) >> 12, EFI_MEMORY_WB },
		{ EFI_CONVENTIONAL_MEMORY, MIB(1409), MIB(1) >> 12, EFI_MEMORY_UC },
	};

	efi_map = map;
	efi_descs = 5;
	iomem = RAM_256M;
	assert_true(bh_may_be_memory(MIB(1024), MIB(384)));
	assert_false(bh_may_be_memory(MIB(1024), MIB(384) + 1));
	assert_false(bh_may_be_memory(0x04000000, 4096));
	assert_false(bh_may_be_memory(MIB(1408), 4096));
	assert_false(bh_may_be_memory(MIB(1409), 4096));
	assert_false(bh_may_be_memory(0x70000000, MIB(4)));
}

static void test_neither_nodes_nor_efi(void **state)
{
	iomem = RAM_256M;
	assert_true(bh_may_be_memory(MIB(1024), MIB(256)));
	assert_false(bh_may_be_memory(MIB(1024), MIB(257)));
	assert_false(bh_may_be_memory(MIB(1280), 4096));
}

static void test_refusal(void **state)
{
	struct bh_reason why;

	iomem = RAM_256M;
	assert_int_equal(bh_check_memory(MIB(1024), MIB(1), "here", &why), 0);
	assert_int_equal(bh_check_memory(MIB(1280), MIB(1), "cell \"x\", memory region 1", &why), -EINVAL);
	assert_string_equal(reason, "cell \"x\", memory region 1 0x50000000-0x50100000: the machine has no memory there "
			    "(see its device tree, or EFI's memory map): choose other memory, or tell of it in /reserved-memory");
	/* the tree of a cell does not have what is for others */
	bh.by_firmware = true;
	assert_int_equal(bh_check_memory(MIB(1280), MIB(1), "cell \"x\", memory region 1", &why), 0);
}

static void test_devices_of_the_tree(void **state)
{
	struct device_node nodes[] = {
		{ .start = 0x09000000, .size = 0x1000, .start2 = 0x09100000, .size2 = 8 },
		{ .start = 0x09010000, .size = 0x1000, .disabled = true },
		{ .type = "pci", .start = 0x3f000000, .size = 0x1000000 },
		{ }
	};
	struct resource window[] = { { .start = 0x10000000, .end = 0x3effffff, .flags = IORESOURCE_MEM }, { } };

	tree = nodes;
	iomem = window;
	assert_true(bh_is_device(0x09000000, 4));
	assert_true(bh_is_device(0x09100004, 4));
	assert_false(bh_is_device(0x09000ffe, 4));
	assert_false(bh_is_device(0x09010000, 4));
	assert_false(bh_is_device(0x3f000000, 4));
	assert_false(bh_is_device(0x10000000, 4));
	assert_false(bh_is_device(0x0f000000, 4));
}

static void test_devices_of_acpi(void **state)
{
	struct resource resources[] = {
		{ .start = 0x09000000, .end = 0x09000fff, .flags = IORESOURCE_MEM | IORESOURCE_BUSY },
		{ .start = 0x10000000, .end = 0x3effffff, .flags = IORESOURCE_MEM | IORESOURCE_WINDOW },
		{ .start = 0x10000000, .end = 0x10000fff, .flags = IORESOURCE_MEM },
		{ .start = MIB(1024), .end = MIB(1280) - 1, .flags = IORESOURCE_SYSTEM_RAM | IORESOURCE_BUSY },
		{ }
	};

	iomem = resources;
	acpi_disabled = 0;
	assert_true(bh_is_device(0x09000ffc, 4));
	assert_true(bh_is_device(0x10000000, 4));
	assert_false(bh_is_device(0x09000ffe, 4));
	assert_false(bh_is_device(0x10001000, 4));
	assert_false(bh_is_device(MIB(1024), 4));
	assert_false(bh_is_device(0x0f000000, 4));
}

#define TEST(function)	cmocka_unit_test_setup_teardown(function, no_machine, no_reference_is_left)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_memory_nodes),
		TEST(test_reserved_memory_beside_the_nodes),
		TEST(test_memory_of_efi),
		TEST(test_neither_nodes_nor_efi),
		TEST(test_refusal),
		TEST(test_devices_of_the_tree),
		TEST(test_devices_of_acpi),
	};

	return cmocka_run_group_tests_name("driver_machine", tests, NULL, NULL);
}
