# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-cli

.PHONY: check-cli
check-cli: $(CLI_TEST) $(CLI_HOST) $(CLI_ARM64) $(STATS_TEST) $(STATS_HOST) $(STATS_ARM64)
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider tests/cli

