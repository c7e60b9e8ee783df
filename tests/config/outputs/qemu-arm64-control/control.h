/*
 * cell 'control' of system 'qemu-arm64-control'. Made by bulkhead-config: change the system file, not this one.
 * Addresses are those that the cell sees. For C, C++, assembler and linker scripts.
 */
#ifndef BULKHEAD_CELL_CONTROL_H
#define BULKHEAD_CELL_CONTROL_H

/* the cell */
#define CELL_NAME                       "control"
#define CELL_ENTRY                      0x0
#define CELL_CPUS                       1
#define CELL_CPU_0                      2

/* memory 'ram' of cell 'control': rwx, images can be loaded */
#define CELL_MEM_RAM_BASE               0x0
#define CELL_MEM_RAM_SIZE               0x200000             /* 2 MiB */

/* communication region */
#define CELL_COMM_BASE                  0x80000000
#define CELL_COMM_SIZE                  0x1000               /* 4 KiB */

/* interrupt controller, GICv3; virtual and physical timer of each CPU */
#define CELL_GICD_BASE                  0x8000000
#define CELL_GICD_SIZE                  0x10000              /* 64 KiB */
#define CELL_GICR_BASE                  0x80a0000
#define CELL_GICR_SIZE                  0x80000              /* 512 KiB */
#define CELL_VIRTUAL_TIMER_INTID        27
#define CELL_PHYSICAL_TIMER_INTID       30

/* further interrupts of the cell */
#define CELL_INTIDS                     0

/* virtual PCI host: bus 0, and room for BARs */
#define CELL_PCI_ECAM_BASE              0xf000000
#define CELL_PCI_ECAM_SIZE              0x100000             /* 1 MiB */
#define CELL_PCI_BARS_BASE              0xf100000
#define CELL_PCI_BARS_SIZE              0x100000             /* 1 MiB */
#define CELL_PCI_INTA_INTID             212
#define CELL_PCI_INTB_INTID             213
#define CELL_PCI_INTC_INTID             214
#define CELL_PCI_INTD_INTID             215

/* links */
#define CELL_LINKS                      2

/* link 'setpoint': linux, control */
#define CELL_LINK_SETPOINT_BDF          0x0                  /* PCI device 0 */
#define CELL_LINK_SETPOINT_ID           1                    /* this cell */
#define CELL_LINK_SETPOINT_PEERS        2
#define CELL_LINK_SETPOINT_ID_OF_LINUX  0
#define CELL_LINK_SETPOINT_PROTOCOL     0x0
#define CELL_LINK_SETPOINT_VECTORS      1                    /* INTx */
#define CELL_LINK_SETPOINT_INTID        212
#define CELL_LINK_SETPOINT_STATE_BASE   0x63ff2000
#define CELL_LINK_SETPOINT_STATE_SIZE   0x1000               /* 4 KiB */
#define CELL_LINK_SETPOINT_SHARED_BASE  0x63ff3000
#define CELL_LINK_SETPOINT_SHARED_SIZE  0x9000               /* 36 KiB */
#define CELL_LINK_SETPOINT_OUTPUT_BASE  0x63ffe000
#define CELL_LINK_SETPOINT_OUTPUT_SIZE  0x2000               /* 8 KiB */
#define CELL_LINK_SETPOINT_OUTPUT_OF_0_BASE 0x63ffc000
#define CELL_LINK_SETPOINT_OUTPUT_OF_1_BASE 0x63ffe000

/* link 'watch': control, monitor */
#define CELL_LINK_WATCH_BDF             0x10                 /* PCI device 2 */
#define CELL_LINK_WATCH_ID              0                    /* this cell */
#define CELL_LINK_WATCH_PEERS           2
#define CELL_LINK_WATCH_ID_OF_MONITOR   1
#define CELL_LINK_WATCH_PROTOCOL        0x4001
#define CELL_LINK_WATCH_VECTORS         1                    /* INTx */
#define CELL_LINK_WATCH_INTID           214
#define CELL_LINK_WATCH_STATE_BASE      0x63dfd000
#define CELL_LINK_WATCH_STATE_SIZE      0x1000               /* 4 KiB */
#define CELL_LINK_WATCH_OUTPUT_BASE     0x63dfe000
#define CELL_LINK_WATCH_OUTPUT_SIZE     0x1000               /* 4 KiB */
#define CELL_LINK_WATCH_OUTPUT_OF_0_BASE 0x63dfe000
#define CELL_LINK_WATCH_OUTPUT_OF_1_BASE 0x63dff000

#endif /* BULKHEAD_CELL_CONTROL_H */
