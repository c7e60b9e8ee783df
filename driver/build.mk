# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's build system writes beside its sources, so it gets a tree of links in $(B)/driver.

DRIVER_SRC := $(wildcard driver/Kbuild driver/*.h driver/jailhouse/*.[ch] driver/uio/*.[ch])
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

# Other kernels: Debian's headers of all that are installed, or KERNELS="DIRECTORY...". Only built, into $(B)/kernels/RELEASE; that
# the modules of such a kernel can be loaded is not tested by this.
KERNELS ?= $(wildcard /usr/src/linux-headers-*-arm64 /usr/src/linux-headers-*-arm64-16k)
CHECKS += $(if $(KERNELS),driver-kernels)

.PHONY: driver-kernels
driver-kernels: | $(SETUP)
	$(Q)for headers in $(KERNELS); do \
		echo "  KBUILD  $$headers"; \
		tree=$(abspath $(B))/kernels/$${headers##*/}; \
		rm -rf $$tree; \
		mkdir -p $$tree; \
		cp -r driver/Kbuild driver/*.h driver/jailhouse driver/uio $$tree/; \
		env -u MAKEFLAGS -u MFLAGS $(MAKE) -C $$headers M=$$tree ARCH=arm64 CROSS_COMPILE=$(CROSS) W=1 \
			CONFIG_DEBUG_INFO_BTF_MODULES= BH_INCLUDE=$(abspath include) modules > $$tree/build.log 2>&1 || { cat $$tree/build.log; exit 1; }; \
	done
