# SPDX-License-Identifier: BSD-2-Clause
#
# `make coverage-ivshmem`: the device's unit tests with gcov; every line and every branch of the device's files has to be
# executed. build/coverage/ivshmem.txt lists what was not; build/coverage/*.gcov are the annotated sources.
# The files are compiled once, without optimisation, and linked into each test, so that their counts add up.

include tests/sources.mk

COVERAGE := $(B)/coverage
COVERED := $(addprefix hypervisor/devices/,ivshmem.c ivshmem_attach.c ivshmem_config.c ivshmem_info.c \
	ivshmem_link.c vpci.c) hypervisor/core/mmio.c
COVERED_OBJS := $(COVERED:hypervisor/%.c=$(COVERAGE)/%.o)
COVERAGE_TESTS := ivshmem_config ivshmem_repeat ivshmem_registers ivshmem_state ivshmem_msix ivshmem_link ivshmem_info vpci mmio
COVERAGE_HELPERS := $(filter-out $(COVERED),$(UNIT_IVSHMEM)) tests/unit/ivshmem_pair.c

$(COVERAGE)/%.o: hypervisor/%.c $(UNIT_HEADERS) tests/coverage/build.mk
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O0 -g $(WARNINGS) $(UNIT_INCLUDES) --coverage -fprofile-abs-path -c $< -o $@

.SECONDARY: $(COVERED_OBJS)

$(COVERAGE)/test-%: tests/unit/%.c $(COVERED_OBJS) $(COVERAGE_HELPERS)
	$(Q)$(HOSTCC) -std=gnu11 -O1 -g $(WARNINGS) $(UNIT_INCLUDES) $< $(COVERED_OBJS) $(COVERAGE_HELPERS) -o $@ \
		--coverage -fprofile-arcs -lcmocka -lpthread

.PHONY: coverage-ivshmem
coverage-ivshmem: $(COVERAGE_TESTS:%=$(COVERAGE)/test-%)
	$(Q)$(PYTHON) tests/coverage/report.py --output $(COVERAGE)/ivshmem.txt --objects $(COVERED_OBJS) --tests $^

CHECKS += coverage-ivshmem
