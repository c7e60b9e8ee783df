# SPDX-License-Identifier: BSD-2-Clause
#
# Unit tests: the architecture-neutral parts of the hypervisor with arch/host, cmocka, AddressSanitizer and
# UBSan. One line at the end adds a test:
#
#   $(eval $(call unit_test,NAME,HYPERVISOR SOURCES[,FLAGS]))
#
# builds tests/unit/NAME.c with these sources and makes `make unit-NAME` run it. Each test program has one
# cmocka group with its own name, whose results go to build/results/NAME.xml. UNIT_HOST and UNIT_IVSHMEM
# are source lists to choose from.

UNIT := tests/unit
UNIT_HEADERS := $(wildcard hypervisor/include/*.h include/bulkhead/*.h hypervisor/devices/*.h \
	hypervisor/arch/host/include/*.h hypervisor/arch/host/include/asm/*.h $(UNIT)/*.h \
	$(UNIT)/config/generated/*.h)
UNIT_INCLUDES := -I$(UNIT)/config -Ihypervisor/include -Iinclude -Ihypervisor/arch/host/include \
	-Ihypervisor/devices -I$(UNIT)
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-sanitize-recover=all $(UNIT_INCLUDES)
UNIT_SANITIZE := -fsanitize=address,undefined

UNIT_HOST := $(addprefix hypervisor/arch/host/,console.c lock.c paging.c virq.c) hypervisor/core/format.c
UNIT_IVSHMEM := $(addprefix hypervisor/devices/,ivshmem.c ivshmem_attach.c ivshmem_config.c ivshmem_link.c \
	vpci.c) hypervisor/core/mmio.c $(UNIT)/fixture.c $(UNIT_HOST)

# 1: name  2: sources  3: flags (a -fsanitize= among them replaces the default)
define unit_test
$(B)/unit/$(1): $(UNIT)/$(1).c $(2) $(UNIT_HEADERS) $(UNIT)/build.mk
	@mkdir -p $$(@D)
	@echo "  HOSTCC  $(1)"
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) $(if $(findstring -fsanitize=,$(3)),,$(UNIT_SANITIZE)) $(3) \
		$(UNIT)/$(1).c $(2) -o $$@ -lcmocka -lpthread

.PHONY: unit-$(1)
unit-$(1): $(B)/unit/$(1)
	@mkdir -p $(B)/results && rm -f $(B)/results/$(1).xml
	$(Q)CMOCKA_MESSAGE_OUTPUT=xml CMOCKA_XML_FILE=$(B)/results/%g.xml $(B)/unit/$(1) || \
		{ cat $(B)/results/$(1).xml 2>/dev/null; exit 1; }

UNIT_TESTS += unit-$(1)
endef

$(eval $(call unit_test,mmio,hypervisor/core/mmio.c))
$(eval $(call unit_test,ivshmem_config,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_registers,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,vpci,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_link,$(UNIT_IVSHMEM)))
$(eval $(call unit_test,ivshmem_peers,$(UNIT_IVSHMEM),-DCONFIG_IVSHMEM_MAX_ENDPOINTS=65536 \
	-DCONFIG_IVSHMEM_SLOTS=65536))
$(eval $(call unit_test,ivshmem_races,$(UNIT_IVSHMEM),-fsanitize=thread))
