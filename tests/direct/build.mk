# SPDX-License-Identifier: BSD-2-Clause
# Direct boot in QEMU: no Linux, a second or two for each boot.

DIRECT_SRC := tests/direct

.PHONY: demo-direct direct
demo-direct: hypervisor inmates configs
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) $(DIRECT_SRC)/demo_direct.py --build $(B)

direct: hypervisor inmates configs
	$(Q)BULKHEAD_BUILD=$(abspath $(B)) $(PYTHON) -m pytest -p no:cacheprovider --rootdir=$(DIRECT_SRC) -v \
		$(DIRECT_SRC) $(PYTEST_ARGS)
