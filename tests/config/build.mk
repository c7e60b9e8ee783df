# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-config

.PHONY: check-config
check-config: configs hostile-configs
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider tests/config
