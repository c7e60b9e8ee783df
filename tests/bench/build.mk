# SPDX-License-Identifier: BSD-2-Clause
#
# `make bench-device`: what operations of the ivshmem device cost on links of 2 to 256 peers, in instructions of the build
# machine; fails if the cost of a doorbell, a register or the dispatch depends on the number of peers.

include tests/sources.mk

BENCH := $(B)/bench

$(BENCH)/device_cost: tests/bench/device_cost.c $(UNIT_IVSHMEM) $(UNIT_HEADERS) tests/bench/build.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -g $(WARNINGS) $(UNIT_INCLUDES) $< $(UNIT_IVSHMEM) -o $@ -lcmocka

.PHONY: bench-device
bench-device: $(BENCH)/device_cost
	$(Q)$(PYTHON) tests/bench/device_cost.py $< $(BENCH)

CHECKS += bench-device

# What direct boot costs, and the operations of a running system, in instructions of the machine: plug-ins of QEMU
BENCH_PLUGINS := $(BENCH)/boot_count.so $(BENCH)/excursions.so

$(BENCH)/excursions.so: tests/bench/plugin_image.c tests/bench/plugin_image.h

$(BENCH_PLUGINS): $(BENCH)/%.so: tests/bench/%.c tests/bench/qemu_plugin.h tests/bench/build.mk
	@mkdir -p $(@D)
	@echo "  PLUGIN  $@"
	$(Q)$(HOSTCC) -std=gnu11 -O2 $(WARNINGS) -shared -fPIC -fvisibility=hidden -o $@ $(filter %.c,$^)

# Programs of known counts, and the comparison: in seconds
$(BENCH)/tiny.elf: tests/bench/tiny.S tests/bench/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $@"
	$(Q)$(CROSS)gcc -nostdlib -static -Wl,-Ttext=0x40200000,--build-id=none,-e,begin -o $@ $<

.PHONY: check-bench
check-bench: $(BENCH)/tiny.elf $(BENCH)/excursions.so hypervisor
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -q -p no:cacheprovider tests/bench
CHECKS += check-bench

BENCH_RUN := BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) tests/bench

# All figures against tests/bench/baseline.json: fails if one is worse, and if one is better, until bench-baseline has stored it.
# docs/performance.md says what they mean
.PHONY: bench bench-baseline bench-page bench-lines
bench: all minimal no-fast-path $(B)/rootfs.cpio.gz $(BENCH_PLUGINS)
	$(Q)$(BENCH_RUN)/bench.py --build $(B)

bench-baseline: all minimal no-fast-path $(B)/rootfs.cpio.gz $(BENCH_PLUGINS)
	$(if $(REASON),,$(error say why the figures may change: make bench-baseline REASON="..."))
	$(Q)$(BENCH_RUN)/bench.py --build $(B) --store "$$REASON"
	$(Q)$(BENCH_RUN)/page.py

bench-baseline: export REASON := $(REASON)

# Writes the table of lines in docs/features.md anew
bench-lines:
	$(Q)$(BENCH_RUN)/lines.py

# Writes the tables of docs/performance.md and its picture anew
bench-page: bench-lines
	$(Q)$(BENCH_RUN)/page.py

# The longest exits of a run of tests: those of direct boot, as those with Linux take a quarter of an hour (WORST="direct system").
# In pieces: KEEP=1 adds to what is there, PYTEST_ARGS="-k test_link" runs a part of a suite, WORST= none. STORE=1: for
# docs/performance.md (make bench-page), which says what was run
WORST ?= direct
WORST_DIRECTORY := $(abspath $(BENCH))/worst
.PHONY: bench-worst
bench-worst: export PYTEST_ARGS := $(PYTEST_ARGS)
bench-worst: no-trace trace-all no-fast-path minimal minimal-managed hypervisor inmates configs $(BENCH_PLUGINS)
	$(Q)$(BENCH_RUN)/worst.py $(if $(KEEP),keep,prepare) $(WORST_DIRECTORY) $(WORST)
	$(Q)for suite in $(WORST); do \
		BULKHEAD_EXCURSIONS=$(WORST_DIRECTORY) $(MAKE) $$suite || echo "bench-worst: a test of $$suite failed"; \
	done
	$(Q)$(BENCH_RUN)/worst.py report $(WORST_DIRECTORY)
	$(if $(STORE),$(Q)cp $(BENCH)/worst.json tests/bench/worst.json)
