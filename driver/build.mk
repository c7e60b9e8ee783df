# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's build system writes beside its sources, so it gets a tree of links in $(B)/driver.

DRIVER_SRC := $(wildcard driver/Kbuild driver/jailhouse/*.[ch] driver/uio/*.[ch])
DRIVER_LINKS := $(DRIVER_SRC:driver/%=$(B)/driver/%)
DRIVER_MODULES := $(B)/driver/jailhouse.ko $(B)/driver/uio_ivshmem.ko

DEMO_DEPS += $(DRIVER_MODULES)

.PHONY: driver
driver: $(DRIVER_MODULES)

$(DRIVER_LINKS): $(B)/driver/%: driver/%
	@mkdir -p $(@D)
	$(Q)ln -sfr $< $@

# For another kernel nothing that is there is of use, and its makefiles would not see that.
$(B)/driver/kdir: FORCE
	$(Q)mkdir -p $(@D); \
	echo '$(KDIR)' | cmp -s - $@ || { find $(@D) -type f -delete; echo '$(KDIR)' > $@; }

# The kernel's makefiles find out themselves what else is old; one call makes both modules.
$(B)/driver/jailhouse.ko: $(DRIVER_SRC) $(wildcard include/bulkhead/*.h) driver/build.mk $(B)/driver/kdir | $(DRIVER_LINKS) $(SETUP)
	@echo "  KBUILD  $(DRIVER_MODULES)"
	$(Q)log=$(B)/driver/build.log; \
	env -u MAKEFLAGS -u MFLAGS $(MAKE) -C $(KDIR) M=$(abspath $(B)/driver) ARCH=arm64 \
		CROSS_COMPILE=$(CROSS) W=1 BH_INCLUDE=$(abspath include) modules $(if $(V),,> $$log 2>&1) || \
		{ test -n "$(V)" || cat $$log; exit 1; }
	@touch $(DRIVER_MODULES)

$(B)/driver/uio_ivshmem.ko: $(B)/driver/jailhouse.ko
