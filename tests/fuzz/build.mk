# SPDX-License-Identifier: BSD-2-Clause
#
# Fuzz targets. `make fuzz-NAME` replays the corpus and fuzzes for FUZZ_RUNS inputs (a few seconds); by hand, longer:
#   make fuzz-ivshmem FUZZ_RUNS=100000000
# What a longer run finds goes to build/fuzz/NAME.corpus; merge what is worth keeping into tests/fuzz/corpus/NAME:
#   build/fuzz/NAME -merge=1 tests/fuzz/corpus/NAME build/fuzz/NAME.corpus
# That of ivshmem, for which states of devices count as coverage, is limited to the 390 inputs that together reach all
# code and the most states.

include tests/sources.mk

FUZZ_CC := clang-19
FUZZ_RUNS := 20000
FUZZ_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-sanitize-recover=all -fsanitize=fuzzer,address,undefined \
	$(UNIT_INCLUDES)

# 1: name  2: sources  3: flags
define fuzz_test
$(B)/fuzz/$(1): tests/fuzz/$(1).c $(2) $(UNIT_HEADERS) tests/fuzz/build.mk
	@mkdir -p $$(@D)
	@echo "  FUZZCC  $(1)"
	$(Q)$(FUZZ_CC) $(FUZZ_CFLAGS) $(3) tests/fuzz/$(1).c $(2) -o $$@ -lcmocka

.PHONY: fuzz-$(1)
fuzz-$(1): $(B)/fuzz/$(1)
	@mkdir -p $(B)/fuzz/$(1).corpus
	$(Q)$(B)/fuzz/$(1) -runs=$(FUZZ_RUNS) -seed=1 -max_len=512 -artifact_prefix=$(B)/fuzz/ \
		$(B)/fuzz/$(1).corpus tests/fuzz/corpus/$(1) >$(B)/fuzz/$(1).log 2>&1 || \
		{ tail -40 $(B)/fuzz/$(1).log; exit 1; }

CHECKS += fuzz-$(1)
endef

# What is not the device core is fast and not looked at for new coverage.
$(eval $(call fuzz_test,ivshmem,$(addprefix tests/fuzz/,ivshmem_board.c ivshmem_model.c ivshmem_mutator.c mutation.c) \
	$(UNIT_IVSHMEM),-O2 \
	-fsanitize-coverage-ignorelist=tests/fuzz/not-covered.list -DCONFIG_IVSHMEM_MAX_LINKS=8))
$(eval $(call fuzz_test,config_check,$(addprefix tests/fuzz/,config_mutator.c config_oracle.c mutation.c) $(UNIT_CONFIG)))
$(eval $(call fuzz_test,a64_access,hypervisor/core/a64_access.c $(UNIT_HOST)))
$(eval $(call fuzz_test,bundle_check,$(addprefix hypervisor/core/,bundle_check.c crc32.c) $(UNIT_HOST),-O2 \
	-fsanitize-coverage-ignorelist=tests/fuzz/not-covered.list -DCONFIG_MAX_CELLS=4))

LONG_CHECKS_FILES += $(B)/fuzz/ivshmem

# Does fuzz-config_check notice when a rule is gone? Some minutes; not part of make check.
.PHONY: fuzz-mutants
fuzz-mutants:
	$(Q)$(PYTHON) tests/fuzz/config_mutants.py
