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
	$(Q)$(CROSS)gcc -std=gnu11 -O2 -g -static $(WARNINGS) -Ihypervisor/include $(filter %.c %.o,$^) -o $@

.PHONY: check-arm64
check-arm64: $(ARM64_TEST)/functions
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q -p no:cacheprovider tests/arm64
CHECKS += check-arm64
