# SPDX-License-Identifier: BSD-2-Clause
#
# Proof that the device core has no undefined behaviour, by Frama-C's EVA; docs/verification.md says what is proven.
CHECKS += check-proof

.PHONY: check-proof proof-mutants
check-proof: | $(SETUP)
	$(Q)$(PYTHON) -m pytest -q -p no:cacheprovider tests/proof

# By hand: bugs, one at a time, each of which EVA has to find (some minutes)
proof-mutants: | $(SETUP)
	$(Q)$(PYTHON) tests/proof/mutants.py
