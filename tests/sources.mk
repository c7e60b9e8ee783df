# SPDX-License-Identifier: BSD-2-Clause
# What host tests are made of; included by tests/unit/build.mk and tests/fuzz/build.mk.

UNIT_HEADERS := $(wildcard hypervisor/include/*.h hypervisor/include/arch/*.h include/bulkhead/*.h \
	hypervisor/core/*.h hypervisor/devices/*.h hypervisor/drivers/*.h \
	hypervisor/arch/host/*.h hypervisor/arch/host/include/*.h hypervisor/arch/host/include/asm/*.h tests/unit/*.h \
	tests/fuzz/*.h \
	tests/unit/config/generated/*.h)
UNIT_INCLUDES := -Itests/unit/config -Ihypervisor/include -Iinclude -Ihypervisor/arch/host/include \
	-Ihypervisor/devices -Itests/unit
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-sanitize-recover=all $(UNIT_INCLUDES)
UNIT_SANITIZE := -fsanitize=address,undefined

UNIT_HOST := $(addprefix hypervisor/arch/host/,console.c host.c lock.c paging.c virq.c) hypervisor/core/format.c
UNIT_IVSHMEM := hypervisor/arch/host/fast_path.c $(addprefix hypervisor/devices/,ivshmem.c ivshmem_attach.c ivshmem_config.c ivshmem_info.c \
	ivshmem_link.c vpci.c) hypervisor/core/mmio.c tests/unit/fixture.c hypervisor/arch/host/heap.c $(UNIT_HOST)
UNIT_CONFIG := $(addprefix hypervisor/core/,config.c config_check.c config_cell_rules.c config_link_rules.c config_conflicts.c) \
	tests/unit/config_fixture.c $(UNIT_HOST)

# The whole core, on a machine in memory; the linker puts the machine's pool.c around the page pool
UNIT_CORE := $(addprefix hypervisor/arch/host/,cpu.c crc32.c fast_path.c host.c irq.c lock.c paging.c pool.c schedule.c stage2.c uart.c \
	virq.c) $(addprefix hypervisor/devices/,ivshmem.c ivshmem_attach.c ivshmem_config.c ivshmem_info.c \
	ivshmem_link.c vpci.c) $(wildcard hypervisor/core/*.c) tests/unit/bundle_fixture.c \
	tests/unit/config_fixture.c tests/unit/core_fixture.c
UNIT_CORE_FLAGS := -DHOST_RAM_SIZE=0x400000 -DBULKHEAD_VERSION='"test"'
UNIT_CORE_WRAP := -Wl,--wrap=pages_alloc,--wrap=pages_free
