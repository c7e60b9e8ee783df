# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-docs

.PHONY: check-docs docs-rules docs-messages
check-docs:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/docs

# Writes docs/config-rules.md anew from the compiler and its tests
docs-rules:
	$(Q)$(PYTHON) tests/docs/config_rules.py

# Writes docs/messages.md anew from all sources
docs-messages:
	$(Q)$(PYTHON) tests/docs/messages.py
