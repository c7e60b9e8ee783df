# SPDX-License-Identifier: BSD-2-Clause
#
# Unit tests: the architecture-neutral parts of the hypervisor with arch/host, cmocka, AddressSanitizer and
# UBSan. One line at the end adds a test:
#
#   $(eval $(call unit_test,NAME,HYPERVISOR SOURCES[,FLAGS]))
#
# builds tests/unit/NAME.c with these sources and makes `make unit-NAME` run it. tests/run, which `make check`
# uses, has cmocka write its results to build/results/unit-NAME.GROUP.xml. tests/sources.mk has source lists
# to choose from.

include tests/sources.mk

# 1: name  2: sources  3: flags, first in line (a -fsanitize= among them replaces the default)
define unit_test
$(B)/unit/$(1): tests/unit/$(1).c $(2) $(UNIT_HEADERS) tests/unit/build.mk tests/sources.mk
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $(1)"
	$(Q)$(HOSTCC) $(3) $(UNIT_CFLAGS) $(if $(findstring -fsanitize=,$(3)),,$(UNIT_SANITIZE)) \
		tests/unit/$(1).c $(2) -o $$@ -lcmocka -lpthread

.PHONY: unit-$(1)
unit-$(1): $(B)/unit/$(1)
	$(Q)$(B)/unit/$(1) || { cat $(B)/results/unit-$(1).*.xml 2>/dev/null; exit 1; }

UNIT_TESTS += unit-$(1)
endef

$(eval $(call unit_test,mmio,hypervisor/core/mmio.c))
$(eval $(call unit_test,crc32,hypervisor/core/crc32.c))
$(eval $(call unit_test,efi_stub,hypervisor/efi/efi_stub.c,-Ihypervisor/efi))
$(eval $(call unit_test,ivshmem_config,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_registers,$(UNIT_IVSHMEM) tests/unit/ivshmem_pair.c))
$(eval $(call unit_test,ivshmem_state,$(UNIT_IVSHMEM) tests/unit/ivshmem_pair.c))
$(eval $(call unit_test,ivshmem_msix,$(UNIT_IVSHMEM) tests/unit/ivshmem_pair.c))
$(eval $(call unit_test,vpci,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_repeat,$(UNIT_IVSHMEM) tests/unit/ivshmem_pair.c))
$(eval $(call unit_test,ivshmem_link,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_info,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_peers,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_oracle,tests/fuzz/ivshmem_model.c,-Itests/fuzz))
$(eval $(call unit_test,ivshmem_races,$(UNIT_IVSHMEM),-fsanitize=thread))

# The words of a64_forms.h come from the cross assembler, as an object with the bytes as data.
$(B)/unit/a64_forms.o: tests/unit/a64_forms_target.c tests/unit/a64_forms.h
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc -march=armv8.5-a+memtag -fno-toplevel-reorder -c $< -o $(B)/unit/a64_forms.elf
	$(Q)$(CROSS)objcopy -O binary -j .text $(B)/unit/a64_forms.elf $(B)/unit/a64_forms.bin
	$(Q)cd $(@D) && ld -r -z noexecstack -b binary a64_forms.bin -o a64_forms.o

$(eval $(call unit_test,config_view,$(UNIT_CONFIG)))
$(eval $(call unit_test,config_system,$(UNIT_CONFIG)))
$(eval $(call unit_test,config_cell,$(UNIT_CONFIG)))
$(eval $(call unit_test,config_conflicts,$(UNIT_CONFIG)))
$(eval $(call unit_test,config_links,$(UNIT_CONFIG)))
$(eval $(call unit_test,format_text,$(UNIT_HOST)))
$(eval $(call unit_test,pages_pool,hypervisor/core/pages.c hypervisor/core/bitmap.c $(UNIT_HOST)))
$(eval $(call unit_test,a64_decode,hypervisor/core/a64_access.c $(B)/unit/a64_forms.o))

# The core is compiled once for all of its tests.
$(B)/unit/core.o: $(UNIT_CORE) $(UNIT_HEADERS) tests/unit/build.mk tests/sources.mk
	@mkdir -p $(@D)
	@echo "  HOSTCC  core.o"
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) $(UNIT_SANITIZE) $(UNIT_CORE_FLAGS) -r -nostdlib \
		$(UNIT_CORE_WRAP) $(UNIT_CORE) -o $@

CORE_TESTS := core_cell_console core_crash_log core_setup core_bundle core_restart core_create core_lifecycle core_info \
	core_messages core_fault core_watchdog core_trace core_power core_memory core_isolation core_scrub core_console core_control
$(foreach test,$(CORE_TESTS),$(eval $(call unit_test,$(test),$(B)/unit/core.o,$(UNIT_CORE_FLAGS))))
$(eval $(call unit_test,core_races,$(UNIT_CORE),$(UNIT_CORE_FLAGS) $(UNIT_CORE_WRAP) -fsanitize=thread \
	--param tsan-distinguish-volatile=1 -Wno-tsan))
UNIT_LEFT_OUT := $(patsubst %,-DCONFIG_%=0,WATCHDOG UART_PL011 UART_8250 LINK_INFO CELL_INFO CELL_CONSOLE CRASH_LOG TRACE)
$(eval $(call unit_test,core_left_out,$(UNIT_CORE),$(UNIT_CORE_FLAGS) $(UNIT_CORE_WRAP) $(UNIT_LEFT_OUT)))
$(eval $(call unit_test,core_no_reasons,$(UNIT_CORE),$(UNIT_CORE_FLAGS) $(UNIT_CORE_WRAP) $(UNIT_LEFT_OUT) -DCONFIG_REASONS=0 -DCONFIG_MAX_CELLS=2))

# Files of arch/arm64, with the system registers of tests/unit/arm64; the tests include gic_mmio.c, vgic.c, gicv3.c, irq_forward.c,
# timer.c, fast_path.c, trap_data_abort.c, gic_reset.c and controls.c
$(eval $(call unit_test,trap_data_abort,hypervisor/core/a64_access.c hypervisor/core/mmio.c hypervisor/core/cell_fault.c,-Ihypervisor/core \
	-Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/trap_data_abort: hypervisor/arch/arm64/trap_data_abort.c
$(eval $(call unit_test,gic_mmio,hypervisor/core/mmio.c,-Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/gic_mmio: hypervisor/arch/arm64/gic_mmio.c hypervisor/arch/arm64/gic.h
$(eval $(call unit_test,vgic,,-Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/vgic: $(addprefix hypervisor/arch/arm64/,vgic.c gicv3.c irq_forward.c timer.c gic.h)
$(eval $(call unit_test,fast_path,,-DCONFIG_MAX_CPUS=160 -Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/fast_path: hypervisor/arch/arm64/fast_path.c hypervisor/arch/arm64/gic.h
$(eval $(call unit_test,gic_reset,,-Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/gic_reset: hypervisor/arch/arm64/gic_reset.c hypervisor/arch/arm64/gic_wait.c hypervisor/arch/arm64/gic.h
$(eval $(call unit_test,controls,,-Itests/unit/arm64 -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64))
$(B)/unit/controls: hypervisor/arch/arm64/controls.c hypervisor/arch/arm64/controls.h

# Files of the driver, on tests/unit/driver/kernel.h in place of all headers of Linux
UNIT_DRIVER := machine crash_log notifiers
UNIT_DRIVER_SRC := driver/jailhouse/driver.h $(UNIT_DRIVER:%=driver/jailhouse/%.c)
UNIT_KERNEL := $(B)/unit/kernel

$(UNIT_KERNEL)/stamp: $(UNIT_DRIVER_SRC) tests/unit/build.mk
	@mkdir -p $(@D)/linux
	$(Q)for header in $$(sed -n 's,^#include <\(linux/[a-z0-9_-]*\.h\)>.*,\1,p' $(UNIT_DRIVER_SRC)); do \
		echo '#include "kernel.h"' > $(@D)/$$header; \
	done
	@touch $@

define driver_test
$(eval $(call unit_test,driver_$(1),driver/jailhouse/$(1).c,-I$(UNIT_KERNEL) -Itests/unit/driver -DPAGE_SIZE=16384ul \
	-Wno-unused-parameter))
$(B)/unit/driver_$(1): $(UNIT_KERNEL)/stamp driver/jailhouse/driver.h tests/unit/driver/kernel.h
endef
$(foreach file,$(UNIT_DRIVER),$(eval $(call driver_test,$(file))))
