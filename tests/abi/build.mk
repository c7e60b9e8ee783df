# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-abi

.PHONY: check-abi
check-abi:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/abi
