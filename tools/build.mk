# SPDX-License-Identifier: BSD-2-Clause
# The jailhouse tool: static for the arm64 root cell, dynamic for the build machine, and a copy for its
# tests, with sanitizers and with device node and sysfs below the current directory.

CLI_SRC := $(wildcard tools/cli/*.c)
CLI_DEP := $(CLI_SRC) $(wildcard tools/cli/*.h) $(addprefix include/bulkhead/,abi.h cell_config.h cell_console.h cell_info.h crash_log.h \
	crash_registers.h fault.h hypercall.h hypercall_codes.h link_info.h management.h trace.h) tools/build.mk
CLI_VERSION ?= v0.12-bulkhead
CLI_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wconversion -Iinclude -DJAILHOUSE_VERSION='"$(CLI_VERSION)"'
CLI_TEST_FLAGS := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all \
	-DJAILHOUSE_DEVICE='"dev/jailhouse"' -DJAILHOUSE_SYSFS='"sys"' -DJAILHOUSE_PCI='"pci"' -DJAILHOUSE_LIBEXECDIR='"libexec"'

CLI_ARM64 := $(B)/tools/arm64/jailhouse
CLI_HOST := $(B)/tools/host/jailhouse
CLI_TEST := $(B)/tools/host/jailhouse-test

# jailhouse cell stats, a program of its own: nothing else needs a terminal
STATS_SRC := $(wildcard tools/cell_stats/*.c) $(addprefix tools/cli/,support.c cell.c)
STATS_DEP := $(STATS_SRC) tools/cell_stats/stats.h $(CLI_DEP)
STATS_ARM64 := $(B)/tools/arm64/jailhouse-cell-stats
STATS_HOST := $(B)/tools/host/jailhouse-cell-stats
STATS_TEST := $(B)/tools/host/jailhouse-cell-stats-test
NCURSES_ARM64 := $(CACHE)/ncurses

DEMO_DEPS += $(CLI_ARM64) $(STATS_ARM64)

.PHONY: tools
tools: $(CLI_ARM64) $(CLI_HOST) $(STATS_ARM64) $(STATS_HOST)

$(CLI_ARM64): $(CLI_DEP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(CROSS)gcc $(CLI_CFLAGS) -static -o $@ $(CLI_SRC)

$(CLI_HOST): $(CLI_DEP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(HOSTCC) $(CLI_CFLAGS) -o $@ $(CLI_SRC)

$(CLI_TEST): $(CLI_DEP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(HOSTCC) $(CLI_CFLAGS) $(CLI_TEST_FLAGS) -o $@ $(CLI_SRC)

$(STATS_ARM64): $(STATS_DEP) | $(SETUP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(CROSS)gcc $(CLI_CFLAGS) -Itools/cli -isystem $(NCURSES_ARM64)/include -static -o $@ $(STATS_SRC) -L$(NCURSES_ARM64)/lib \
		-lncurses -ltinfo -lm

$(STATS_HOST): $(STATS_DEP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(HOSTCC) $(CLI_CFLAGS) -Itools/cli -o $@ $(STATS_SRC) -lncurses -ltinfo -lm

$(STATS_TEST): $(STATS_DEP)
	@mkdir -p $(@D)
	@echo "  CLI     $@"
	$(Q)$(HOSTCC) $(CLI_CFLAGS) $(CLI_TEST_FLAGS) -Itools/cli -o $@ $(STATS_SRC) -lncurses -ltinfo -lm

# Into the root file system of the target: make install-tools DESTDIR=...
PREFIX ?= /usr/local
# "jailhouse config COMMAND" need python3-yaml, python3-jsonschema, create also python3-libfdt; "jailhouse cell linux" needs
# python3-libfdt and, to make a device tree, device-tree-compiler
CONFIG_COMMANDS := build check create diagram explain import show

.PHONY: install-tools
install-tools: $(CLI_ARM64) $(STATS_ARM64) $(INMATE_LOADER)
	install -D -m 755 $(CLI_ARM64) $(DESTDIR)$(PREFIX)/sbin/jailhouse
	install -D -m 755 tools/helpers/jailhouse-config $(DESTDIR)$(PREFIX)/libexec/jailhouse/jailhouse-config
	for command in $(CONFIG_COMMANDS); do \
		ln -sf jailhouse-config $(DESTDIR)$(PREFIX)/libexec/jailhouse/jailhouse-config-$$command; done
	install -m 755 $(STATS_ARM64) tools/helpers/jailhouse-cell-linux $(DESTDIR)$(PREFIX)/libexec/jailhouse/
	install -m 644 $(INMATE_LOADER) $(DESTDIR)$(PREFIX)/libexec/jailhouse/
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/libexec/jailhouse/tools/bulkhead_config tools/bulkhead_config/*.py
	install -D -m 644 tools/completion/jailhouse $(DESTDIR)$(PREFIX)/share/bash-completion/completions/jailhouse
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man8 tools/man/*.8

# Everything that late launch needs. The modules are for the kernel of KDIR, whose name is in them; KVER is for one that takes
# them under another name.
INSTALL_KVER = $(or $(KVER),$(firstword $(shell modinfo -F vermagic $(B)/driver/jailhouse.ko)))

ifneq ($(filter install,$(MAKECMDGOALS)),)
$(if $(DESTDIR),,$(error install: all of it is for arm64: say where the root file system of the target is, DESTDIR=...))
endif

.PHONY: install
install: install-tools driver hypervisor
	install -D -m 644 -t $(DESTDIR)/lib/modules/$(INSTALL_KVER)/extra $(DRIVER_MODULES)
	install -D -m 644 -t $(DESTDIR)/lib/firmware $(HV)/jailhouse.bin
