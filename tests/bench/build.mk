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
