# SPDX-License-Identifier: BSD-2-Clause
#
# One non-recursive makefile: each area adds its own rules in <area>/build.mk. All output goes to build/.
# 'make help' lists the targets; 'make V=1' shows the commands; 'make W=-Wno-error' adds compiler flags.

MAKEFLAGS += --no-builtin-rules --no-print-directory
SHELL := /bin/bash
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

B := build
Q := $(if $(V),,@)
ARCH := arm64
CROSS := aarch64-linux-gnu-
HOSTCC := gcc
PYTHON := /usr/bin/python3
export PYTHONDONTWRITEBYTECODE := 1

export BULKHEAD_CACHE ?= /var/cache/bulkhead
CACHE := $(BULKHEAD_CACHE)
KDIR := $(CACHE)/arm64/headers
CONFIG_H := $(B)/include/generated/config.h
SETUP := $(B)/setup.stamp

# Warnings for every C file that is not built by the kernel's own makefiles
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef $(W)

AREAS := $(patsubst %/build.mk,%,$(wildcard */build.mk tests/*/build.mk tools/*/build.mk))
AREAS := $(filter-out tests/system,$(AREAS)) $(filter tests/system,$(AREAS))
UNIT_TESTS :=	# phony targets: suites that write their own results
CHECKS :=	# phony targets: a suite, or one check by its exit status
DEMO_DEPS :=	# files that the root file system takes in
# The checks that take long, the longest first. They are run two at a time, and so are the tests on machines, when all
# is built that they need: each make would build it, too.
LONG_CHECKS := check-spin check-proof fuzz-ivshmem check-config check-cli
LONG_CHECKS_FILES :=
MACHINE_FILES :=

.PHONY: all hypervisor driver tools inmates configs demo demo-direct test check direct system menuconfig defconfig clean help FORCE
all: hypervisor driver tools inmates configs

# Set-up and configuration: they happen before anything else, because make first remakes what it includes.
ifneq ($(filter-out clean help,$(or $(MAKECMDGOALS),all)),)
include $(B)/config.mk
endif

$(SETUP): ci/packages.txt ci/setup.sh $(if $(wildcard $(CACHE)/.stamp),,FORCE)
	@ci/setup.sh
	@mkdir -p $(B) && touch $@

.config: | $(SETUP)
	@ci/kconfig.sh configs/defconfig $(CONFIG_H)
	@echo "  CONFIG  configs/defconfig -> .config"

$(CONFIG_H): .config Kconfig ci/kconfig.sh | $(SETUP)
	@ci/kconfig.sh .config $@
	@touch $@

$(B)/config.mk: $(CONFIG_H)
	@cp .config $@

defconfig: | $(SETUP)
	@ci/kconfig.sh configs/defconfig $(CONFIG_H)

menuconfig: .config | $(SETUP)
	@kconfig-mconf Kconfig
	@ci/kconfig.sh .config $(CONFIG_H)

include $(addsuffix /build.mk,$(AREAS))

# Everything that needs no emulator, then everything
check: $(SETUP) $(CONFIG_H) $(LONG_CHECKS_FILES)
	+@tests/run --make "$(MAKE)" $(UNIT_TESTS) --check $(CHECKS) --beside $(LONG_CHECKS)

test: all $(LONG_CHECKS_FILES) $(MACHINE_FILES)
	+@tests/run --make "$(MAKE)" $(UNIT_TESTS) --check $(CHECKS) --beside system direct direct-no-fast-path direct-minimal direct-minimal-attacks \
		$(LONG_CHECKS)

clean:
	rm -rf $(B)

help:
	@echo "Targets (build is implied where needed, and so is the set-up of a fresh Debian 12):"
	@echo "  demo        boot Debian's arm64 kernel under QEMU, partition it, let two cells talk; narrated"
	@echo "  demo-direct boot three cells and no Linux out of one file, in a second or two; narrated"
	@echo "  test        everything that can be tested; last line: N passed, N failed"
	@echo "  check       the tests that need no emulator; coverage-ivshmem and bench-device are two of them"
	@echo "  size        bytes of the hypervisor image, object by object; check-size in check has a limit"
	@echo "  bench       what operations cost, in instructions: fails if that is worse than the baseline, or better, until stored;"
	@echo "              bench-baseline REASON=\"...\": new figures are the right ones; bench-page: and into docs/performance.md;"
	@echo "              bench-worst: the longest exits in tests of direct boot, WORST=\"direct system\": of those with Linux, too"
	@echo "  docs-rules, docs-messages  write docs/config-rules.md and docs/messages.md anew, which tests compare"
	@echo "  soak        cells come, run, fail and go at random, SOAK_ROUNDS=10000 times, SEED=N: minutes; some in test"
	@echo "  minimal     images without what a system can do without (docs/features.md)"
	@echo "  all         hypervisor driver tools inmates configs (each is a target, too)"
	@echo "  install     DESTDIR=ROOT: tools, modules and hypervisor into the root file system of a target (docs/your-board.md);"
	@echo "              install-tools: only the tools; KDIR=DIR with these, and with driver: the modules are for that kernel"
	@echo "  driver-kernels  the driver for other kernels, whose headers are in /usr/src or KERNELS=\"DIRECTORY...\": only built"
	@echo "  menuconfig  change .config;  defconfig  start it from configs/defconfig"
	@echo "  clean       remove build/ (keeps .config and the cache $(CACHE))"

FORCE:
