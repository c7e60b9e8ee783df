/*
 * cell 'loner' of system 'all-features'. Made by bulkhead-config: change the system file, not this one.
 * Addresses are those that the cell sees. For C, C++, assembler and linker scripts.
 */
#ifndef BULKHEAD_CELL_LONER_H
#define BULKHEAD_CELL_LONER_H

/* the cell */
#define CELL_NAME                       "loner"
#define CELL_ENTRY                      0x0
#define CELL_CPUS                       1
#define CELL_CPU_0                      2

/* memory 'ram' of cell 'loner': rwx */
#define CELL_MEM_RAM_BASE               0x0
#define CELL_MEM_RAM_SIZE               0x4000               /* 16 KiB */

/* interrupt controller, GICv3; virtual and physical timer of each CPU */
#define CELL_GICD_BASE                  0x8000000
#define CELL_GICD_SIZE                  0x10000              /* 64 KiB */
#define CELL_GICR_BASE                  0x80a0000
#define CELL_GICR_SIZE                  0x80000              /* 512 KiB */
#define CELL_VIRTUAL_TIMER_INTID        27
#define CELL_PHYSICAL_TIMER_INTID       30

/* further interrupts of the cell */
#define CELL_INTIDS                     0

/* links */
#define CELL_LINKS                      0

#endif /* BULKHEAD_CELL_LONER_H */
