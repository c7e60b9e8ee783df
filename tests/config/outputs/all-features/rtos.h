/*
 * cell 'rtos' of system 'all-features'. Made by bulkhead-config: change the system file, not this one.
 * Addresses are those that the cell sees. For C, C++, assembler and linker scripts.
 */
#ifndef BULKHEAD_CELL_RTOS_H
#define BULKHEAD_CELL_RTOS_H

/* the cell */
#define CELL_NAME                       "rtos"
#define CELL_ENTRY                      0x10001000
#define CELL_CPUS                       2
#define CELL_CPU_0                      3
#define CELL_CPU_1                      1

/* memory 'code' of cell 'rtos': rx */
#define CELL_MEM_CODE_BASE              0x10000000
#define CELL_MEM_CODE_SIZE              0x2000               /* 8 KiB */

/* memory 'data' of cell 'rtos': rw */
#define CELL_MEM_DATA_BASE              0x20000000
#define CELL_MEM_DATA_SIZE              0x400000             /* 4 MiB */

/* memory 'ram' of cell 'rtos': rwx, images can be loaded */
#define CELL_MEM_RAM_BASE               0x0
#define CELL_MEM_RAM_SIZE               0x10000              /* 64 KiB */

/* communication region */
#define CELL_COMM_BASE                  0x80000000
#define CELL_COMM_SIZE                  0x1000               /* 4 KiB */

/* device 'uart1' */
#define CELL_DEVICE_UART1_BASE          0x9001000
#define CELL_DEVICE_UART1_SIZE          0x1000               /* 4 KiB */
#define CELL_DEVICE_UART1_INTIDS        1
#define CELL_DEVICE_UART1_INTID_0       34

/* device 'uart0', shared: without its interrupts */
#define CELL_DEVICE_UART0_BASE          0x9000000
#define CELL_DEVICE_UART0_SIZE          0x1000               /* 4 KiB */
#define CELL_DEVICE_UART0_INTIDS        0

/* console: device 'uart1', pl011 */
#define CELL_CONSOLE_BASE               0x9001000
#define CELL_CONSOLE_SIZE               0x1000               /* 4 KiB */

/* interrupt controller, GICv3; virtual and physical timer of each CPU */
#define CELL_GICD_BASE                  0x8000000
#define CELL_GICD_SIZE                  0x10000              /* 64 KiB */
#define CELL_GICR_BASE                  0x80a0000
#define CELL_GICR_SIZE                  0x80000              /* 512 KiB */
#define CELL_VIRTUAL_TIMER_INTID        27
#define CELL_PHYSICAL_TIMER_INTID       30

/* further interrupts of the cell */
#define CELL_INTIDS                     2
#define CELL_INTID_0                    72
#define CELL_INTID_1                    127

/* virtual PCI host: bus 0, and room for BARs */
#define CELL_PCI_ECAM_BASE              0xe000000
#define CELL_PCI_ECAM_SIZE              0x100000             /* 1 MiB */
#define CELL_PCI_BARS_BASE              0xe100000
#define CELL_PCI_BARS_SIZE              0x100000             /* 1 MiB */
#define CELL_PCI_INTA_INTID             96
#define CELL_PCI_INTB_INTID             97
#define CELL_PCI_INTC_INTID             98
#define CELL_PCI_INTD_INTID             99

/* links */
#define CELL_LINKS                      5

/* link 'net': linux, rtos */
#define CELL_LINK_NET_BDF               0x0                  /* PCI device 0 */
#define CELL_LINK_NET_ID                1                    /* this cell */
#define CELL_LINK_NET_PEERS             2
#define CELL_LINK_NET_ID_OF_LINUX       0
#define CELL_LINK_NET_PROTOCOL          0x1
#define CELL_LINK_NET_VECTORS           1                    /* INTx */
#define CELL_LINK_NET_INTID             96
#define CELL_LINK_NET_STATE_BASE        0x47eff000
#define CELL_LINK_NET_STATE_SIZE        0x1000               /* 4 KiB */
#define CELL_LINK_NET_OUTPUT_BASE       0x47f80000
#define CELL_LINK_NET_OUTPUT_SIZE       0x80000              /* 512 KiB */
#define CELL_LINK_NET_OUTPUT_OF_0_BASE  0x47f00000
#define CELL_LINK_NET_OUTPUT_OF_1_BASE  0x47f80000

/* link 'vnet': linux, rtos */
#define CELL_LINK_VNET_BDF              0x8                  /* PCI device 1 */
#define CELL_LINK_VNET_ID               1                    /* this cell */
#define CELL_LINK_VNET_PEERS            2
#define CELL_LINK_VNET_ID_OF_LINUX      0
#define CELL_LINK_VNET_PROTOCOL         0x8001
#define CELL_LINK_VNET_VECTORS          1                    /* INTx */
#define CELL_LINK_VNET_INTID            97
#define CELL_LINK_VNET_STATE_BASE       0x47df6000
#define CELL_LINK_VNET_STATE_SIZE       0x1000               /* 4 KiB */
#define CELL_LINK_VNET_SHARED_BASE      0x47df7000
#define CELL_LINK_VNET_SHARED_SIZE      0x3000               /* 12 KiB */

/* link 'console': rtos, linux */
#define CELL_LINK_CONSOLE_BDF           0x10                 /* PCI device 2 */
#define CELL_LINK_CONSOLE_ID            0                    /* this cell */
#define CELL_LINK_CONSOLE_PEERS         2
#define CELL_LINK_CONSOLE_ID_OF_LINUX   1
#define CELL_LINK_CONSOLE_PROTOCOL      0xc003
#define CELL_LINK_CONSOLE_VECTORS       1                    /* INTx */
#define CELL_LINK_CONSOLE_INTID         98
#define CELL_LINK_CONSOLE_STATE_BASE    0x47dfa000
#define CELL_LINK_CONSOLE_STATE_SIZE    0x2000               /* 8 KiB */
#define CELL_LINK_CONSOLE_SHARED_BASE   0x47dfc000
#define CELL_LINK_CONSOLE_SHARED_SIZE   0x2000               /* 8 KiB */

/* link 'own': linux, rtos */
#define CELL_LINK_OWN_BDF               0x18                 /* PCI device 3 */
#define CELL_LINK_OWN_ID                1                    /* this cell */
#define CELL_LINK_OWN_PEERS             2
#define CELL_LINK_OWN_ID_OF_LINUX       0
#define CELL_LINK_OWN_PROTOCOL          0x4001
#define CELL_LINK_OWN_VECTORS           2                    /* MSI-X: message data is the INTID */
#define CELL_LINK_OWN_INTID_0           72
#define CELL_LINK_OWN_INTID_1           127
#define CELL_LINK_OWN_STATE_BASE        0x46300000
#define CELL_LINK_OWN_STATE_SIZE        0x1000               /* 4 KiB */

/* link 'disk': rtos, linux */
#define CELL_LINK_DISK_BDF              0x28                 /* PCI device 5 */
#define CELL_LINK_DISK_ID               0                    /* this cell */
#define CELL_LINK_DISK_PEERS            2
#define CELL_LINK_DISK_ID_OF_LINUX      1
#define CELL_LINK_DISK_PROTOCOL         0x8002
#define CELL_LINK_DISK_VECTORS          1                    /* INTx */
#define CELL_LINK_DISK_INTID            97
#define CELL_LINK_DISK_STATE_BASE       0x47dfe000
#define CELL_LINK_DISK_STATE_SIZE       0x1000               /* 4 KiB */
#define CELL_LINK_DISK_SHARED_BASE      0x47dff000
#define CELL_LINK_DISK_SHARED_SIZE      0x100000             /* 1 MiB */

#endif /* BULKHEAD_CELL_RTOS_H */
