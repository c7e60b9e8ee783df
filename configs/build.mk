# SPDX-License-Identifier: BSD-2-Clause
# Binary configurations: build/configs/{qemu-arm64,rtos}.cell for the demo, the same names in fixed/ for the
# variant at fixed addresses (mem=768M), and broken ones in hostile/ and hostile/fixed/ for the system tests.
# Three cells: build/configs/control/{linux,control,monitor}.cell, with headers that their programs include.
# For direct boot: build/configs/qemu-arm64-direct.bundle, and the same as .elf. For editors: build/configs/schema.

CONFIG_TOOL := tools/bulkhead-config
CONFIG_DEP := $(CONFIG_TOOL) $(wildcard tools/bulkhead_config/*.py configs/boards/*.yaml) configs/build.mk
DEMO_CONFIGS := $(B)/configs/qemu-arm64.cell $(B)/configs/rtos.cell
FIXED_CONFIGS := $(B)/configs/fixed/qemu-arm64.cell $(B)/configs/fixed/rtos.cell
CONTROL_CONFIGS := $(addprefix $(B)/configs/control/,linux.cell control.cell monitor.cell)
CONTROL_HEADERS := $(addprefix $(B)/configs/control/,control.h monitor.h)

DEMO_DEPS += $(DEMO_CONFIGS) $(CONTROL_CONFIGS)

DIRECT_BUNDLE := $(B)/configs/qemu-arm64-direct.bundle $(B)/configs/qemu-arm64-direct.elf

# JSON schemas of system and board files, for editors. The examples refer to the copies in the tree, which
# 'make config-schemas' writes and a test compares.
SCHEMAS := $(patsubst %,$(B)/configs/schema/%.json,system board check explain show stats trace crash cell-show cell-console)

.PHONY: configs config-schemas
configs: $(DEMO_CONFIGS) $(FIXED_CONFIGS) $(CONTROL_CONFIGS) $(DIRECT_BUNDLE) $(SCHEMAS)

$(SCHEMAS): $(B)/configs/schema/%.json: $(CONFIG_DEP)
	@mkdir -p $(@D)
	@echo "  SCHEMA  $@"
	$(Q)$(PYTHON) $(CONFIG_TOOL) schema $* > $@

config-schemas: $(SCHEMAS)
	@mkdir -p configs/schema
	$(Q)cp $(SCHEMAS) configs/schema/

$(DEMO_CONFIGS) &: configs/systems/qemu-arm64-demo.yaml $(CONFIG_DEP)
	@echo "  CONFIG  $(B)/configs"
	$(Q)$(PYTHON) $(CONFIG_TOOL) compile $< -o $(B)/configs >/dev/null
	@touch $(DEMO_CONFIGS)

$(FIXED_CONFIGS) &: configs/systems/qemu-arm64-fixed.yaml $(CONFIG_DEP)
	@echo "  CONFIG  $(B)/configs/fixed"
	$(Q)$(PYTHON) $(CONFIG_TOOL) compile $< -o $(B)/configs/fixed >/dev/null
	@touch $(FIXED_CONFIGS)

$(CONTROL_CONFIGS) $(CONTROL_HEADERS) &: configs/systems/qemu-arm64-control.yaml $(CONFIG_DEP)
	@echo "  CONFIG  $(B)/configs/control"
	$(Q)$(PYTHON) $(CONFIG_TOOL) compile $< -o $(B)/configs/control >/dev/null
	@touch $(CONTROL_CONFIGS) $(CONTROL_HEADERS)

$(DIRECT_BUNDLE) &: configs/systems/qemu-arm64-direct.yaml $(B)/arm64/jailhouse.bin $(B)/arm64/efi_app.bin \
		$(B)/inmates/ring-demo.bin $(CONFIG_DEP)
	@echo "  BUNDLE  $(B)/configs/qemu-arm64-direct.bundle"
	$(Q)$(PYTHON) $(CONFIG_TOOL) bundle $< --image $(B)/arm64/jailhouse.bin --efi $(B)/arm64/efi_app.bin \
		--files $(B)/inmates -o $(B)/configs/qemu-arm64-direct.bundle --elf $(B)/configs/qemu-arm64-direct.elf >/dev/null
	@touch $(DIRECT_BUNDLE)

# Broken variants of both, with a manifest.json that says what has to happen
HOSTILE := $(B)/configs/hostile/manifest.json
HOSTILE_FIXED := $(B)/configs/hostile/fixed/manifest.json
HOSTILE_GENERATOR := tests/config/hostile/generate.py

.PHONY: hostile-configs
hostile-configs: $(HOSTILE) $(HOSTILE_FIXED)

$(HOSTILE): $(DEMO_CONFIGS) $(HOSTILE_GENERATOR)
	@echo "  CONFIG  $(@D)"
	$(Q)$(PYTHON) $(HOSTILE_GENERATOR) $(B)/configs $(@D)

$(HOSTILE_FIXED): $(FIXED_CONFIGS) $(HOSTILE_GENERATOR)
	@echo "  CONFIG  $(@D)"
	$(Q)$(PYTHON) $(HOSTILE_GENERATOR) $(B)/configs/fixed $(@D)
