# SPDX-License-Identifier: BSD-2-Clause
#
# Models of the protocol between peers, verified exhaustively by Spin. One of them by hand, with its mutants:
#   BULKHEAD_BUILD=build python3 -m pytest tests/spin -k told
# docs/verification.md lists the properties.
CHECKS += check-spin

.PHONY: check-spin
check-spin: | $(SETUP)
	$(Q)BULKHEAD_BUILD=$(B) $(PYTHON) -m pytest -q -p no:cacheprovider tests/spin
