# SPDX-License-Identifier: BSD-2-Clause
# Direct boot in QEMU: no Linux, a second or two for each boot.

DIRECT_SRC := tests/direct
DIRECT_BINS := $(B)/direct/proxy.bin $(B)/direct/attacker.bin $(B)/direct/page_zero.bin

.PHONY: demo-direct direct
demo-direct: hypervisor inmates configs $(DIRECT_BINS)
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) $(DIRECT_SRC)/demo_direct.py --build $(B)

# What starts bundles in some tests; it can be loaded anywhere
ENTRY_FIRMWARE := $(B)/direct/firmware.bin
$(ENTRY_FIRMWARE): $(DIRECT_SRC)/firmware.S $(DIRECT_SRC)/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(CROSS)gcc -march=armv8.2-a -nostdlib -static -Wl,-Ttext=0,--build-id=none,-e,firmware -o $(@:.bin=.elf) $<
	$(Q)$(CROSS)objcopy -O binary -j .text $(@:.bin=.elf) $@

# The hypervisor of another configuration.  1: name  2: command that prints the configuration  3: further targets
NO_TRACE := $(B)/no-trace
TRACE_ALL := $(B)/trace-all
NO_FAST_PATH := $(B)/no-fast-path
define other_build
$(B)/$(1)/include/generated/config.h: $(CONFIG_H) $(wildcard configs/*defconfig) tests/direct/build.mk
	@rm -rf $(B)/$(1)/arm64		# nothing looks at the time of the header: -o below
	@mkdir -p $$(@D)
	$$(Q)$(2) > $(B)/$(1)/asked
	$$(Q)ci/kconfig.sh $(B)/$(1)/asked $$@ $(B)/$(1)/config.mk
	@touch $$@

.PHONY: $(1)
$(1): $(B)/$(1)/include/generated/config.h
	+$$(Q)$$(MAKE) B=$(B)/$(1) CONFIG_H=$$< SETUP=$$(SETUP) HV_FAT= -o $$< hypervisor $(3)
endef
without = sed 's/^CONFIG_$(1)=y$$$$/CONFIG_$(1)=n/' $(B)/config.mk
# without its trace; with every exit in it from the start; and without the fast paths: what they do has to come out the same
$(eval $(call other_build,no-trace,$(call without,TRACE)))
$(eval $(call other_build,trace-all,sed 's/^# CONFIG_TRACE_ALL is not set/CONFIG_TRACE_ALL=y/' $(B)/config.mk))
$(eval $(call other_build,no-fast-path,$(call without,FAST_PATH)))

# Without one of the other features; and with nothing that a system can do without, for each of the ways in
HV_SWITCHES := LATE_LAUNCH DIRECT_BOOT WATCHDOG UART_PL011 UART_8250 REASONS LINK_INFO CELL_INFO CELL_CONSOLE CRASH_LOG
$(foreach switch,$(HV_SWITCHES),$(eval $(call other_build,no-$(switch),$(call without,$(switch)))))
$(eval $(call other_build,minimal-linux,cat configs/minimal_linux_defconfig,check-locks))
$(eval $(call other_build,minimal-direct,cat configs/minimal_direct_defconfig,check-locks))
# the latter for a root cell that manages cells
$(eval $(call other_build,minimal-managed,sed 's/^# CONFIG_CELL_MANAGEMENT .*/CONFIG_CELL_MANAGEMENT=y/' configs/minimal_direct_defconfig))
$(eval $(call other_build,debug,sed 's/^# CONFIG_DEBUG is not set/CONFIG_DEBUG=y/' $(B)/config.mk))
.PHONY: minimal kconfig-builds
minimal: minimal-linux minimal-direct
kconfig-builds: debug minimal minimal-managed no-trace no-fast-path $(HV_SWITCHES:%=no-%)

MACHINE_FILES += no-trace trace-all no-fast-path minimal minimal-managed $(DIRECT_BINS) $(ENTRY_FIRMWARE) $(B)/direct/mmu_on.bin $(B)/direct/no_primary.bin \
	$(B)/bench/boot_count.so $(B)/bench/excursions.so

.PHONY: direct-no-fast-path
# containment, conformance, counters, failures
NO_FAST_PATH_TESTS := $(patsubst %,$(DIRECT_SRC)/test_%.py,attacks conformance exits failure interrupts isolation page_zero root_cell sgi step)
direct-no-fast-path: no-fast-path hypervisor inmates configs $(DIRECT_BINS)
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) BULKHEAD_IMAGE=$(abspath $(NO_FAST_PATH)/arm64) $(PYTHON) -m pytest -p no:cacheprovider \
		--rootdir=$(DIRECT_SRC) -v $(NO_FAST_PATH_TESTS) $(PYTEST_ARGS)

# Much the same without what can be left out, but for what tests that: link information, what a cell has printed, management. Attacks: some,
# which a root cell makes
MINIMAL_TESTS := $(patsubst %,$(DIRECT_SRC)/test_%.py,failure interrupts isolation) \
	--deselect "test_isolation.py::test_check[check_ivshmem-]" --deselect test_failure.py::test_console_is_kept \
	--deselect "test_interrupts.py::test_restart_aims_at_the_first_cpu[the root cell]"
.PHONY: direct-minimal direct-minimal-attacks
direct-minimal direct-minimal-attacks: minimal hypervisor inmates configs $(DIRECT_BINS)
direct-minimal:
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) BULKHEAD_IMAGE=$(abspath $(B)/minimal-direct/arm64) $(PYTHON) -m pytest -p no:cacheprovider \
		--rootdir=$(DIRECT_SRC) -v $(MINIMAL_TESTS) $(PYTEST_ARGS)

direct-minimal-attacks: minimal-managed
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) BULKHEAD_IMAGE=$(abspath $(B)/minimal-managed/arm64) $(PYTHON) -m pytest -p no:cacheprovider \
		--rootdir=$(DIRECT_SRC) -v $(DIRECT_SRC)/test_attacks.py \
		-k "not test_destroy and (wrap or straddle or immediate)" $(PYTEST_ARGS)

direct: hypervisor inmates configs $(MACHINE_FILES) $(B)/linux-cells/rootfs.cpio.gz		# that one has an initrd beside it
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -p no:cacheprovider --rootdir=$(DIRECT_SRC) -v \
		$(DIRECT_SRC) $(PYTEST_ARGS)

$(B)/direct/%.bin: $(DIRECT_SRC)/%.S include/bulkhead/hypercall.h tests/direct/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $@"
	$(Q)$(CROSS)gcc -Iinclude -Wa,--fatal-warnings -c -o $(@:.bin=.o) $<
	$(Q)$(CROSS)objcopy -O binary $(@:.bin=.o) $@

# By hand: what a boot costs. FIGURES_ARGS="--functions 20" says where its instructions go.
.PHONY: direct-figures
direct-figures: hypervisor inmates configs $(B)/bench/boot_count.so
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) $(DIRECT_SRC)/figures.py $(FIGURES_ARGS)

# By hand: the soak test for as long as one likes, some 1,000 rounds in a minute. SEED=N repeats a schedule.
SOAK_ROUNDS ?= 10000
.PHONY: soak
soak: hypervisor inmates
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) $(DIRECT_SRC)/soak.py --rounds $(SOAK_ROUNDS) \
		$(if $(SEED),--seed $(SEED)) $(SOAK_ARGS)

# By hand: bugs that it has to notice
.PHONY: soak-mutants
soak-mutants: hypervisor inmates
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) $(DIRECT_SRC)/soak_mutants.py $(MUTANTS)
