/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of QEMU's plug-in interface, version 1 (QEMU 7.2), that the plug-ins of this folder use: Debian has no
 * package with its header. A plug-in defines qemu_plugin_version and qemu_plugin_install(), both EXPORT.
 */
#ifndef BENCH_QEMU_PLUGIN_H
#define BENCH_QEMU_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info_t;
typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
typedef void (*vcpu_callback)(unsigned int vcpu, void *data);
typedef void (*memory_callback)(unsigned int vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr, void *data);

enum { NO_REGISTERS };
enum { MEMORY_READ = 1, MEMORY_WRITE };

#define EXPORT	__attribute__((visibility("default")))

/* Code is translated before it is executed, and again if QEMU has forgotten it. CPUs translate at the same time. */
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, void (*translated)(qemu_plugin_id_t id,
										   struct qemu_plugin_tb *tb));
/* Both are called before what they are registered for is executed, even if that then takes an exception. */
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, vcpu_callback executed, int registers, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, vcpu_callback executed, int registers,
					    void *data);
/* Called after an access that was done; not for one that took an exception. */
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *insn, memory_callback accessed, int registers,
				      int reads_or_writes, void *data);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*ended)(qemu_plugin_id_t id, void *data), void *data);

size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);

/* In a memory_callback only */
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t vaddr);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);
uint64_t qemu_plugin_hwaddr_phys_addr(const struct qemu_plugin_hwaddr *address);

extern int qemu_plugin_version;
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv);

#endif
