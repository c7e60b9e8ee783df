# SPDX-License-Identifier: BSD-2-Clause
# Programs of the root Linux: the shared memory demo, and a probe of the system tests. Static, for arm64.

DEMO_PROGRAMS := ivshmem-demo ldp-probe
DEMO_BINS := $(DEMO_PROGRAMS:%=$(B)/tools/arm64/%)
DEMO_HEADERS := tools/demo/uio.h inmates/demos/demo_link.h include/bulkhead/ivshmem.h
DEMO_CFLAGS := -std=gnu11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wconversion -Wundef -Iinclude -Iinmates/demos

DEMO_DEPS += $(DEMO_BINS)

.PHONY: demo-tools
tools: demo-tools
demo-tools: $(DEMO_BINS)

$(DEMO_BINS): $(B)/tools/arm64/%: tools/demo/%.c tools/demo/uio.c $(DEMO_HEADERS) tools/demo/build.mk
	@mkdir -p $(@D)
	@echo "  DEMO    $@"
	$(Q)$(CROSS)gcc $(DEMO_CFLAGS) -static -o $@ $< tools/demo/uio.c
