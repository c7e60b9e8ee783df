# SPDX-License-Identifier: BSD-2-Clause
#
# Object files of the hypervisor image in a program of arm64 Linux, which QEMU's user mode runs

ARM64_TEST := $(B)/arm64-user

# The objects that are linked into the image; their calls of crc32_update() are counted.
$(ARM64_TEST)/string.o: $(HV)/arch/arm64/string.o
	@mkdir -p $(@D)
	$(Q)$(CROSS)objcopy --redefine-sym memcpy=image_memcpy --redefine-sym memset=image_memset $< $@

$(ARM64_TEST)/crc32.o: $(HV)/arch/arm64/crc32.o
	@mkdir -p $(@D)
	$(Q)$(CROSS)objcopy --redefine-sym arch_crc32_update=image_crc32_update \
		--redefine-sym crc32_update=counted_crc32_update $< $@

# Once more, with the system registers of tests/unit/arm64
$(ARM64_TEST)/crc32_variable.o: hypervisor/arch/arm64/crc32.c tests/unit/arm64/asm/sysreg.h tests/arm64/build.mk
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(filter-out -fstack-usage -fcallgraph-info=%,-Itests/unit/arm64 $(HV_CFLAGS)) \
		-Darch_crc32_update=variable_crc32_update -Dcrc32_update=counted_crc32_update -c $< -o $@

$(ARM64_TEST)/functions: tests/arm64/functions.c $(ARM64_TEST)/string.o $(ARM64_TEST)/crc32.o \
		$(ARM64_TEST)/crc32_variable.o $(HV)/core/crc32.o tests/arm64/build.mk
	@echo "  CC      $@"
	$(Q)$(CROSS)gcc -std=gnu11 -O2 -g -static -fno-use-linker-plugin $(WARNINGS) -Ihypervisor/include $(filter %.c %.o,$^) -o $@

# Tables with the system registers of tests/unit/arm64. What would flush TLBs is not called.
$(ARM64_TEST)/stage2.o: hypervisor/arch/arm64/stage2.c tests/unit/arm64/asm/sysreg.h tests/arm64/build.mk $(HV)/arch/arm64/stage2.o
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(filter-out -fstack-usage -fcallgraph-info=%,-Itests/unit/arm64 $(HV_CFLAGS)) \
		-Darch_memory_flush=flush_of_image -c $< -o $@

POOL_OBJECTS := $(ARM64_TEST)/stage2.o $(HV)/arch/arm64/spinlock.o $(addprefix $(HV)/core/,bitmap.o pages.o cell_memory.o config.o config_check.o \
	config_cell_rules.o config_conflicts.o config_link_rules.o cell_console.o \
	cell_create.o cell_from_bundle.o cell_manage.o cell.o mmio.o) \
	$(addprefix $(HV)/devices/,ivshmem.o ivshmem_attach.o ivshmem_config.o ivshmem_info.o ivshmem_link.o vpci.o)

$(ARM64_TEST)/pool: tests/arm64/pool.c $(POOL_OBJECTS) tests/arm64/build.mk
	@echo "  CC      $@"
	$(Q)$(CROSS)gcc -std=gnu11 -O1 -g -static -fno-use-linker-plugin $(WARNINGS) -Itests/unit/arm64 $(filter -I% -D%,$(HV_CFLAGS)) \
		-Ihypervisor/core $(filter %.c %.o,$^) -o $@

$(ARM64_TEST)/stage2: tests/arm64/stage2.c $(ARM64_TEST)/stage2.o $(HV)/core/pages.o $(HV)/core/bitmap.o tests/arm64/build.mk
	@echo "  CC      $@"
	$(Q)$(CROSS)gcc -std=gnu11 -O2 -g -static $(WARNINGS) -Itests/unit/arm64 $(filter -I% -D%,$(HV_CFLAGS)) \
		$(filter %.c %.o,$^) -o $@

.PHONY: check-arm64
check-arm64: $(ARM64_TEST)/functions $(ARM64_TEST)/pool $(ARM64_TEST)/stage2 configs
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q -p no:cacheprovider tests/arm64
CHECKS += check-arm64
