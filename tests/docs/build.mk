# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-docs

.PHONY: check-docs docs-rules
check-docs:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/docs

# Writes docs/config-rules.md anew from the compiler and its tests
docs-rules:
	$(Q)$(PYTHON) tests/docs/config_rules.py
