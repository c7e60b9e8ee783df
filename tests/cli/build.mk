# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-cli

CLI_FILES := $(CLI_TEST) $(CLI_HOST) $(CLI_ARM64) $(STATS_TEST) $(STATS_HOST) $(STATS_ARM64)
LONG_CHECKS_FILES += $(CLI_FILES) driver hypervisor

.PHONY: check-cli
check-cli: $(CLI_FILES) driver hypervisor
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider tests/cli

