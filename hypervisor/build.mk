# SPDX-License-Identifier: BSD-2-Clause
#
# The hypervisor image: build/arm64/jailhouse.bin, with its symbols in hypervisor.elf, and in stack.txt what its stacks hold.

HV := $(B)/arm64
HV_VERSION := $(shell cat VERSION)
HV_C := $(wildcard hypervisor/core/*.c hypervisor/devices/*.c hypervisor/drivers/*.c hypervisor/boot/*.c)
HV_C += $(filter-out %/asm_offsets.c,$(wildcard hypervisor/arch/arm64/*.c))
HV_S := $(wildcard hypervisor/arch/arm64/*.S)

# What a feature of Kconfig consists of: files, without .c and .S. What little of it is in other files the linker drops;
# of REASONS that is all
HV_LATE_LAUNCH := boot/from_linux core/disable $(addprefix arch/arm64/,leave leave_entry)
HV_DIRECT_BOOT := boot/from_firmware $(addprefix core/,bundle bundle_check cell_from_bundle) $(addprefix arch/arm64/,early_message firmware firmware_cpu gic_reset)
HV_CELL_MANAGEMENT := $(addprefix core/,cell_manage cell_message)
HV_FAST_PATH := $(addprefix arch/arm64/,fast_path fast_entry)
HV_WATCHDOG := core/watchdog arch/arm64/timer
HV_UART_PL011 := drivers/pl011
HV_UART_8250 := drivers/uart8250
HV_LINK_INFO := core/link_info devices/ivshmem_info arch/arm64/link_status
HV_CELL_INFO := core/cell_info
HV_CELL_CONSOLE := core/cell_console
HV_CRASH_LOG := core/crash_log
HV_TRACE := core/trace
HV_FEATURES := LATE_LAUNCH DIRECT_BOOT CELL_MANAGEMENT FAST_PATH WATCHDOG UART_PL011 UART_8250 LINK_INFO CELL_INFO CELL_CONSOLE CRASH_LOG \
	TRACE REASONS
HV_OFF := $(strip $(foreach feature,$(HV_FEATURES),$(if $(filter y,$(CONFIG_$(feature))),,$(feature))))
HV_ABSENT := $(foreach feature,$(HV_OFF),$(HV_$(feature):%=hypervisor/%))
# of bundles and of the crash log
HV_ABSENT += $(if $(filter DIRECT_BOOT,$(HV_OFF)),$(if $(filter CRASH_LOG,$(HV_OFF)),$(addprefix hypervisor/,core/crc32 arch/arm64/crc32)))
HV_C := $(filter-out $(HV_ABSENT:%=%.c),$(HV_C))
HV_S := $(filter-out $(HV_ABSENT:%=%.S),$(HV_S))
# For tests/bench/lines.py
.PHONY: hv-sources
hv-sources:
	@echo $(HV_C) $(HV_S)

HV_OBJS := $(HV_C:hypervisor/%.c=$(HV)/%.o) $(HV_S:hypervisor/%.S=$(HV)/%.o)

HV_INCLUDES := -Iinclude -Ihypervisor/include -Ihypervisor/arch/arm64/include -Ihypervisor/arch/arm64 \
	-I$(B)/include -I$(HV)
HV_CFLAGS := -std=gnu11 -Os -g -ffreestanding -fno-pic -no-pie -mgeneral-regs-only -mno-outline-atomics \
	-fno-stack-protector -fno-strict-aliasing -fno-common -fno-asynchronous-unwind-tables \
	-fno-tree-loop-distribute-patterns -ffunction-sections -fdata-sections -march=armv8-a $(WARNINGS) -Wstack-usage=1024 \
	$(HV_INCLUDES) -DBULKHEAD_VERSION='"$(HV_VERSION)"' -fstack-usage -fcallgraph-info=su,da

# The whole image is within the reach of ADR and of LDR (literal), 1 MiB, and everything else is found through registers.
# Nobody walks frames, and there is no filling between functions.
HV_CFLAGS += -mcmodel=tiny -fomit-frame-pointer $(addprefix -fno-align-,functions loops jumps labels)
# What makes the code larger on the whole, measured one by one
HV_SHORT := -fno-shrink-wrap -fno-move-loop-invariants -fno-tree-tail-merge -fno-tree-coalesce-vars -fno-tree-dominator-opts -fno-tree-loop-im -fno-thread-jumps -fno-guess-branch-probability

# What guests wait for is made fast, and so are loops over much memory; all the rest is made small
HV_FAST := $(addprefix core/,mmio) $(addprefix devices/,ivshmem_link) \
	$(addprefix arch/arm64/,crc32 gic_mmio irq_forward spinlock trap trap_data_abort vgic)
# fast, but nothing twice that is not on the way
$(HV_FAST:%=$(HV)/%.o): HV_CFLAGS += -O2 -fno-inline-functions --param=max-grow-copy-bb-insns=2 \
	-freorder-blocks-algorithm=simple
$(filter-out $(HV_FAST:%=$(HV)/%.o),$(HV_OBJS)): HV_CFLAGS += $(HV_SHORT)

# Configurations are packed. Memory takes unaligned accesses, but device memory does not, and all is device memory while
# the MMU is off (ARM DDI 0487, B2.5.2, D8.2.9): what runs then
HV_UNMAPPED := $(filter $(HV_C:hypervisor/%.c=%),$(addprefix arch/arm64/,early_map early_message) $(addprefix drivers/,pl011 uart8250))
$(HV_UNMAPPED:%=$(HV)/%.o): HV_CFLAGS += -mstrict-align

ifeq ($(CONFIG_DEBUG),y)
HV_CFLAGS += -fsanitize=undefined -fsanitize-undefined-trap-on-error
# while the MMU is off a trap tells nobody, and the first page has no room for more of them
$(HV_UNMAPPED:%=$(HV)/%.o): HV_CFLAGS += -fno-sanitize=all
endif

$(HV)/offsets.h: hypervisor/arch/arm64/asm_offsets.c $(CONFIG_H) $(wildcard include/bulkhead/*.h hypervisor/include/*.h \
		hypervisor/arch/arm64/include/asm/*.h)
	@mkdir -p $(@D)
	$(Q)$(CROSS)gcc $(filter-out -g -fcallgraph-info% -fstack-usage,$(HV_CFLAGS)) -S $< -o $(@:.h=.s)
	$(Q)sed -n 's/^.*\.ascii[ \t]*"\(#define [^\\]*\).*/\1/p' $(@:.h=.s) > $@

# The whole image is compiled at once, when it is linked, but for what runs while the MMU is off, what the compiler itself calls,
# and locks, which ci/lockbound.py has to find. "Fat": objects have code of their own, too, for tests.
HV_APART := $(HV_UNMAPPED) $(filter $(HV_C:hypervisor/%.c=%),$(addprefix arch/arm64/,crc32 spinlock string))
HV_WHOLE := $(filter-out $(HV_APART:%=$(HV)/%.o),$(HV_C:hypervisor/%.c=$(HV)/%.o))
HV_FAT := -ffat-lto-objects
$(HV_WHOLE): HV_LTO := -flto $(HV_FAT)
# Functions that are not inlined, so that what is said about them stays true: in the two lists, and in tests
HV_KEPT := public_page $(shell sed -n 's/^lock [^:]*://p; s/^\(loop \|\)\([a-z0-9_]*\):.*/\2/p' hypervisor/loop_bounds.txt hypervisor/indirect_calls.txt) \
	$(if $(filter CELL_MANAGEMENT,$(HV_OFF)),,$(addprefix cell_,create start set_loadable destroy)) cell_info cpu_switch_off console_putc machine_end_for_cell \
	cpu_handle_revocation ivshmem_link_info ivshmem_own_info ivshmem_ring inject_undefined arch_halt
HV_GRAPHS := $(HV)/hypervisor.elf.ltrans0.ltrans.ci $(HV_APART:%=$(HV)/%.ci)

$(HV)/%.o: hypervisor/%.c $(HV)/offsets.h VERSION hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  CC      $<"
	$(Q)$(CROSS)gcc $(HV_CFLAGS) $(HV_LTO) -MMD -MP -c $< -o $@

$(HV)/%.o: hypervisor/%.S $(HV)/offsets.h VERSION hypervisor/build.mk
	@mkdir -p $(@D)
	@echo "  AS      $<"
	$(Q)$(CROSS)gcc $(HV_INCLUDES) -D__ASSEMBLY__ -DBULKHEAD_VERSION='"$(HV_VERSION)"' -g -MMD -MP -c $< -o $@

# The assembler is ci/assembler/as, which packs messages.
HV_LINK := --no-warn-rwx-segments --gc-sections --fatal-warnings -znoexecstack --build-id=none
comma := ,
$(HV)/hypervisor.elf: $(HV_OBJS) hypervisor/arch/arm64/link.ld ci/assembler/as hypervisor/loop_bounds.txt hypervisor/indirect_calls.txt
	@echo "  LD      $@"
	@echo $(HV_OBJS) > $(@D)/objects.txt
	$(Q)CROSS=$(CROSS) $(CROSS)gcc $(HV_CFLAGS) -flto=1 -flto-partition=one -Bci/assembler/ -nostdlib -static \
		$(addprefix -Wl$(comma),$(HV_LINK)) $(HV_KEPT:%=-Wl$(comma)-u$(comma)%) -T hypervisor/arch/arm64/link.ld $(HV_OBJS) -o $@

# Worst-case stack of every way into the hypervisor: everything below the trap frame has to fit, or there is no image. While the
# MMU is off, nothing else runs than what is made for that.
HV_PARTIAL := $(if $(HV_OFF),--partial)
HV_STACK_LIMIT := $(shell echo $$(($(or $(CONFIG_STACK_SIZE),2048) - 256)))
HV_ROOTS := trap_sync trap_light $(if $(filter y,$(CONFIG_FAST_PATH)),trap_sgi trap_light_kick) trap_irq trap_fiq \
	trap_serror trap_hypervisor_fault early_map $(if $(filter LATE_LAUNCH,$(HV_OFF)),,from_linux_entry arch_leave) \
	$(if $(filter DIRECT_BOOT,$(HV_OFF)),,from_firmware_entry early_message)
HV_LEAVES := arm64_device_access=16 $(addsuffix =0,arm64_translate arm64_clear_simd arm64_clear_sve arm64_clear_debug arm64_sweep_page \
	arm64_drain_serror arm64_leave arm64_discard_lines arm64_discard_pages arm64_zero)
STACKBOUND = ci/stackbound.py --image $(HV)/hypervisor.elf --limit $(HV_STACK_LIMIT) --calls hypervisor/indirect_calls.txt $(HV_PARTIAL)

$(HV)/stack.txt: $(HV)/hypervisor.elf ci/stackbound.py hypervisor/indirect_calls.txt
	$(Q)$(STACKBOUND) $(HV_ROOTS:%=--root %) $(HV_LEAVES:%=--leaf %) $(HV_GRAPHS) > $@
	$(Q)$(STACKBOUND) --root early_map $(if $(filter DIRECT_BOOT,$(HV_OFF)),,--root early_message) \
		$(addprefix --leaf ,$(addsuffix =0,arm64_discard_lines arm64_discard_pages arm64_zero)) \
		$(HV_UNMAPPED:%=$(HV)/%.ci) >> $@

.PHONY: check-stack
check-stack: $(HV)/stack.txt
	$(Q)cat $<
CHECKS += check-stack

# How long locks are held, compared with docs/locking.md, but for what CONFIG_DEBUG adds. LOCKS_ARGS=--paths: each place that takes one.
.PHONY: check-locks
check-locks: $(HV)/hypervisor.elf
	$(Q)ci/lockbound.py $(HV_PARTIAL) $(if $(CONFIG_DEBUG),,--docs docs/locking.md) $(LOCKS_ARGS) $(CROSS)objdump $< hypervisor/loop_bounds.txt hypervisor/indirect_calls.txt
CHECKS += check-locks

# Texts that are packed get only to where they are taken apart
$(HV)/texts.txt: $(HV_OBJS) ci/textcheck.py ci/assembler/as
	$(Q)ci/textcheck.py $(HV_APART:%=--plain hypervisor/%.c) $(CROSS)gcc $(HV_CFLAGS) -- $(HV_C) > $@.new && mv $@.new $@

.PHONY: check-texts
check-texts: $(HV)/texts.txt
	$(Q)cat $<
CHECKS += check-texts

$(HV)/jailhouse.bin: $(HV)/hypervisor.elf $(HV)/stack.txt $(HV)/texts.txt
	$(Q)$(CROSS)objcopy -O binary $< $@

# The image stays small: bytes that the file may have, not counting what CONFIG_DEBUG adds
HV_SIZE_LIMIT := $(if $(CONFIG_DEBUG),1000000,81920)

.PHONY: check-size size
check-size: $(HV)/jailhouse.bin
	$(Q)size=$$(stat -c %s $<); echo "$<: $$size bytes, limit $(HV_SIZE_LIMIT)"; [ $$size -le $(HV_SIZE_LIMIT) ] || { \
		echo "check-size: $$((size - $(HV_SIZE_LIMIT))) bytes too many: 'make size' says where they are; save them, or" \
			"raise HV_SIZE_LIMIT in hypervisor/build.mk and say in the commit what for" >&2; exit 1; }
CHECKS += check-size

# By hand: code, initialised data and bss of each object. Texts that several have count once in the image
size: $(HV)/jailhouse.bin
	$(Q)$(CROSS)size $(HV_OBJS) | sort -n | awk '{ sub("^$(HV)/", "", $$NF); printf "%8s %8s %8s  %s\n", $$1, $$2, $$3, $$NF }'
	$(Q)$(CROSS)size -A $(HV)/hypervisor.elf | awk '/^\./ && !/debug/ { printf "%8s  %s\n", $$2, $$1 }'
	$(Q)stat -c '%8s  %n' $<

# What makes a bundle an EFI program: no part of the image, put behind bundles by the tool
$(HV)/efi_app.elf: $(HV)/efi/efi_entry.o $(HV)/efi/efi_stub.o hypervisor/efi/efi.ld
	@echo "  LD      $@"
	$(Q)$(CROSS)ld -nostdlib -static --no-warn-rwx-segments --gc-sections --fatal-warnings -z noexecstack \
		--build-id=none -T hypervisor/efi/efi.ld $(filter %.o,$^) -o $@

$(HV)/efi_app.bin: $(HV)/efi_app.elf
	$(Q)$(CROSS)objcopy -O binary $< $@

$(HV)/efi/efi_stub.o: HV_CFLAGS += -Os -mcmodel=tiny

hypervisor: $(HV)/jailhouse.bin $(HV)/efi_app.bin
DEMO_DEPS += $(HV)/jailhouse.bin

-include $(HV_OBJS:.o=.d) $(wildcard $(HV)/efi/*.d)
