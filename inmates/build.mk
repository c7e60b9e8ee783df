# SPDX-License-Identifier: BSD-2-Clause
# Bare-metal programs: build/inmates/<name>.bin, linked for address 0. build/inmates/bare/<name>.bin is the
# same program linked for the RAM of a bare QEMU "virt" machine, to test the run-time without a hypervisor.

INMATES := ivshmem-demo ring-demo control-demo monitor-demo gic-demo uart-demo check_harmless check_ivshmem check_cpus \
	check_conformance conformance_peer attack_memory attack_gic attack_revive fail hang watch scan link_puppet \
	check_interrupts check_repeat soak_root soak_cell bench bench_root steady steady_root
INMATE_BASE := 0x0
INMATE_BARE_BASE := 0x50000000

# Programs that have more than one file, beside those of their name
CONFORMANCE := inmates/checks/conformance
INMATE_PARTS_conformance_peer := $(CONFORMANCE)/companion.c $(CONFORMANCE)/endpoint.c
INMATE_PARTS_check_conformance := $(filter-out %/companion.c,$(wildcard $(CONFORMANCE)/*.c))

SOAK := inmates/checks/soak
INMATE_PARTS_soak_root := $(addprefix $(SOAK)/,root.c root_manage.c root_check.c peer.c)
INMATE_PARTS_soak_cell := $(addprefix $(SOAK)/,cell.c peer.c second.c second.S)
INMATE_PARTS_hang := $(SOAK)/second.c $(SOAK)/second.S
INMATE_PARTS_check_interrupts := $(SOAK)/second.c $(SOAK)/second.S
INMATE_PARTS_bench := inmates/bench/bench.c $(SOAK)/second.c $(SOAK)/second.S
INMATE_PARTS_bench_root := inmates/bench/bench_root.c
INMATE_PARTS_steady := inmates/bench/steady.c
INMATE_PARTS_steady_root := inmates/bench/steady_root.c
INMATE_PARTS_control-demo := inmates/demos/control_link.c
INMATE_PARTS_monitor-demo := inmates/demos/control_link.c

INMATE_DIRS := inmates/lib inmates/lib/arm64
INMATE_CFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wundef -MMD -MP -ffreestanding -fno-pic -no-pie -fno-common -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns -mgeneral-regs-only \
	-mno-outline-atomics -mstrict-align -ffunction-sections -fdata-sections \
	-Iinclude $(addprefix -I,$(INMATE_DIRS)) -Iinmates/demos
INMATE_LDFLAGS := -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,noexecstack \
	-Wl,--no-warn-rwx-segments -Wl,-T,inmates/lib/arm64/inmate.ld

INMATE_LIB := $(foreach d,$(INMATE_DIRS),$(patsubst inmates/%,$(B)/inmates/obj/%.o,\
	$(wildcard $(d)/*.c $(d)/*.S)))
INMATE_BINS := $(INMATES:%=$(B)/inmates/%.bin)
INMATE_LOADER := $(B)/inmates/linux-loader.bin
INMATE_BARE_BINS := $(INMATES:%=$(B)/inmates/bare/%.bin)

$(B)/inmates/obj/%.c.o: inmates/%.c
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(INMATE_CFLAGS) -c -o $@ $<

# These are built for their cells, with what the configuration compiler writes
$(B)/inmates/obj/demos/%-demo.c.o: INMATE_CFLAGS += -I$(B)/configs/control
$(foreach cell,control monitor,$(eval $(B)/inmates/obj/demos/$(cell)-demo.c.o: $(B)/configs/control/$(cell).h))

$(B)/inmates/obj/%.S.o: inmates/%.S
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc -MMD -MP -Iinclude -Wa,--fatal-warnings -c -o $@ $<

# A check may have an assembly part of its own: inmates/checks/<name>_asm.S
define inmate_rules
INMATE_OBJS_$(1) := $$(patsubst inmates/%,$$(B)/inmates/obj/%.o,\
	$$(wildcard inmates/demos/$(1).c inmates/checks/$(1).c inmates/checks/$(1)_asm.S) \
	$$(INMATE_PARTS_$(1)))
$$(B)/inmates/$(1).elf: INMATE_LINK_BASE := $$(INMATE_BASE)
$$(B)/inmates/bare/$(1).elf: INMATE_LINK_BASE := $$(INMATE_BARE_BASE)
$$(B)/inmates/$(1).elf $$(B)/inmates/bare/$(1).elf: $$(INMATE_OBJS_$(1)) $$(INMATE_LIB) \
		inmates/lib/arm64/inmate.ld
	@mkdir -p $$(@D)
	$$(Q)$$(CROSS)gcc $$(INMATE_LDFLAGS) -Wl,--defsym=INMATE_BASE=$$(INMATE_LINK_BASE) -o $$@ \
		$$(filter %.o,$$^)
-include $$(INMATE_OBJS_$(1):.o=.d)
endef
$(foreach i,$(INMATES),$(eval $(call inmate_rules,$(i))))
-include $(INMATE_LIB:.o=.d)

# Its code has to be where it was in the cell when a CPU of the root cell, which is mapped 1:1, executes it
$(B)/inmates/attack_revive.elf: INMATE_LINK_BASE := 0x60000000

# Root cells, which are mapped 1:1 as well: where they are loaded
$(B)/inmates/soak_root.elf $(B)/inmates/bench_root.elf $(B)/inmates/steady_root.elf: INMATE_LINK_BASE := 0x50000000

$(B)/inmates/%.bin: $(B)/inmates/%.elf
	$(Q)$(CROSS)objcopy -O binary --set-section-flags .bss=alloc,load,contents \
		--set-section-flags .entry_state=alloc,load,contents $< $@

$(B)/inmates/bare/selftest_stub.bin: $(B)/inmates/obj/selftest_stub.S.o
	@mkdir -p $(@D)
	$(Q)$(CROSS)objcopy -O binary -j .text $< $@

# For 'jailhouse cell linux': no run-time, no fixed address
$(INMATE_LOADER): $(B)/inmates/obj/loader/linux-loader.S.o
	@mkdir -p $(@D)
	$(Q)$(CROSS)objcopy -O binary -j .text $< $@
-include $(B)/inmates/obj/loader/linux-loader.S.d

.PHONY: inmates inmates-bare inmates-selftest
inmates: $(INMATE_BINS) $(INMATE_LOADER)
inmates-bare: $(INMATE_BARE_BINS) $(B)/inmates/bare/selftest_stub.bin

# The run-time on a bare QEMU machine: no hypervisor, no Linux
inmates-selftest: inmates-bare
	$(Q)$(PYTHON) inmates/selftest.py $(B)/inmates/bare

DEMO_DEPS += $(INMATE_BINS) $(INMATE_LOADER)
