# SPDX-License-Identifier: BSD-2-Clause
CHECKS += check-runner check-kconfig check-bounds

.PHONY: check-runner check-kconfig check-bounds
check-runner:
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/runner/test_run.py tests/runner/test_mutants.py

# Configurations are taken or refused, and each that leaves something out can be built
check-kconfig: $(CONFIG_H) | $(SETUP)
	+$(Q)$(MAKE) -j$$(nproc) kconfig-builds
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/runner/test_kconfig.py

# The tools of check-stack, check-locks and check-texts, and the assembler that packs texts
check-bounds: | $(SETUP)
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider $(addprefix tests/runner/test_,bounds.py texts.py textcheck.py)
