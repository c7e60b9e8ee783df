# SPDX-License-Identifier: BSD-2-Clause
# Root file system of the root Linux, the demo and the tests in the emulator. Included last: it uses DEMO_DEPS.

PROBE := $(B)/tests/arm64/bh-probe
NEXT_KERNEL := $(B)/tests/arm64/next-kernel
ROOTFS := $(B)/rootfs.cpio.gz
SYSTEM_SRC := tests/system

$(PROBE): $(wildcard $(SYSTEM_SRC)/probe/*.c) $(wildcard include/bulkhead/*.h) $(SYSTEM_SRC)/build.mk
	@mkdir -p $(@D)
	@echo "  PROBE   $@"
	$(Q)$(CROSS)gcc -std=gnu11 -D_GNU_SOURCE -O2 -g $(WARNINGS) -Iinclude -static -o $@ $(filter %.c,$^)

$(NEXT_KERNEL): $(SYSTEM_SRC)/probe/next_kernel.S $(SYSTEM_SRC)/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $@"
	$(Q)$(CROSS)gcc -c -o $@.o $<
	$(Q)$(CROSS)objcopy -O binary -j .text $@.o $@

$(ROOTFS): $(DEMO_DEPS) $(PROBE) $(NEXT_KERNEL) $(SYSTEM_SRC)/mkrootfs.sh \
		$(SYSTEM_SRC)/pack.sh $(SYSTEM_SRC)/rootfs/init $(CACHE)/arm64/kver
	@echo "  ROOTFS  $@"
	$(Q)$(SYSTEM_SRC)/mkrootfs.sh $@ $(CACHE)/arm64 $(DEMO_DEPS) $(PROBE) $(NEXT_KERNEL)

$(CACHE)/arm64/kver: | $(SETUP)

# Direct boot: the same root file system in a bundle, and configurations for its Linux
DIRECT_LINUX := $(B)/configs/direct-linux/bundle

$(DIRECT_LINUX): configs/systems/qemu-arm64-direct-linux.yaml $(HV)/jailhouse.bin $(ROOTFS) $(B)/inmates/ivshmem-demo.bin \
		$(CONFIG_DEP)
	@echo "  BUNDLE  $@"
	$(Q)$(PYTHON) $(CONFIG_TOOL) bundle $< --image $(HV)/jailhouse.bin --files $(B)/inmates --files $(B) \
		--files $(CACHE)/arm64 --cells $(@D) -o $@ >/dev/null

# A second Linux: what goes into its cell, and in rootfs.cpio.gz behind the usual one what the root Linux needs for it
LINUX_CELLS := $(B)/linux-cells
LINUX_CELLS_CONFIGS := $(addprefix $(LINUX_CELLS)/,qemu-arm64.cell west.cell east.cell west.dtb east.dtb)

$(LINUX_CELLS_CONFIGS) &: configs/systems/qemu-arm64-linux-cells.yaml $(CONFIG_DEP)
	@echo "  CONFIG  $(LINUX_CELLS)"
	$(Q)$(PYTHON) $(CONFIG_TOOL) compile $< -o $(LINUX_CELLS) >/dev/null
	@touch $(LINUX_CELLS_CONFIGS)

$(LINUX_CELLS)/rootfs.cpio.gz: $(ROOTFS) $(LINUX_CELLS_CONFIGS) $(PROBE) $(INMATE_LOADER) $(addprefix $(SYSTEM_SRC)/,mkcellfs.sh \
		pack.sh rootfs/cell-init)
	@echo "  ROOTFS  $@"
	$(Q)$(SYSTEM_SRC)/mkcellfs.sh $(@D)/initrd.cpio.gz $(@D)/more.cpio.gz $(CACHE)/arm64 $(PROBE) $(B)/driver/uio_ivshmem.ko \
		$(LINUX_CELLS_CONFIGS)
	$(Q)cat $(ROOTFS) $(@D)/more.cpio.gz > $@

.PHONY: demo system soak-root shell
demo: all $(ROOTFS)
	$(Q)$(PYTHON) $(SYSTEM_SRC)/demo.py --build $(B) --cache $(CACHE)/arm64

MACHINE_FILES += $(ROOTFS) $(DIRECT_LINUX) $(LINUX_CELLS)/rootfs.cpio.gz

system: all hostile-configs $(MACHINE_FILES)
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -p no:cacheprovider --rootdir=$(SYSTEM_SRC) -v \
		$(SYSTEM_SRC) $(PYTEST_ARGS)

# By hand: enable and disable 100 times, alone and with cells
soak-root: all $(ROOTFS)
	$(Q)BULKHEAD_ROUNDS=100 BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -p no:cacheprovider \
		--rootdir=$(SYSTEM_SRC) -v $(SYSTEM_SRC)/test_root_cycle.py -k test_rounds $(PYTEST_ARGS)

# The demo's machine with a shell on this terminal; leave it with Ctrl-a x
shell: all $(ROOTFS)
	$(Q)$(PYTHON) $(SYSTEM_SRC)/guest.py --build $(B) --cache $(CACHE)/arm64
