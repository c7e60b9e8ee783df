# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-docs

.PHONY: check-docs docs-rules
check-docs:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/docs

# Writes the table of rules in docs/configuration.md anew from the compiler and its tests
docs-rules:
	$(Q)$(PYTHON) tests/docs/rules_table.py
