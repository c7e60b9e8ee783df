# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-config

LONG_CHECKS_FILES += configs hostile-configs

.PHONY: check-config
check-config: configs hostile-configs
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider tests/config

# Do the tests of import notice planted bugs? About an hour; MUTANTS='--sample 100' looks at some. Not part of make check.
.PHONY: config-mutants
config-mutants: configs
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) tests/config/import_mutants.py $(MUTANTS)
