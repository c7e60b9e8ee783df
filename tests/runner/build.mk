# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-runner check-kconfig

.PHONY: check-runner check-kconfig
check-runner:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/runner/test_run.py

check-kconfig: | $(SETUP)
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/runner/test_kconfig.py
