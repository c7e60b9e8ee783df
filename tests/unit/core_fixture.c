/* SPDX-License-Identifier: BSD-2-Clause */
#include "core_fixture.h"
#include "hypercall.h"
#include "paging.h"

struct test_system core_system;

static void make_core_system(void);

/* cmocka's own way back from a failed assertion does not work in another process. */
static void fail_by_text(FILE *output, int status)
{
	char text[0x4000];
	size_t length;

	rewind(output);
	length = fread(text, 1, sizeof(text) - 1, output);
	text[length] = '\0';
	fclose(output);
	fputs(text, stderr);
	fail_msg("the test's process ended with status 0x%x: %.500s", (unsigned int)status, text);
}

void core_run_in_child(void **state)
{
	void (*test)(void) = (void (*)(void))*state;
	FILE *output = tmpfile();
	int status;
	pid_t pid;

	assert_non_null(output);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fileno(output), STDERR_FILENO);
		setenv("CMOCKA_TEST_ABORT", "1", 1);
		alarm(CORE_SECONDS);
		make_core_system();
		test();
		free_images();
		exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_by_text(output, status);
	fclose(output);
}

static void make_core_system(void)
{
	struct test_config *root = &core_system.root;

	make_system(&core_system);
	core_system.header.hypervisor_memory.phys_start = HOST_HV_BASE;
	core_system.header.hypervisor_memory.size = HOST_HV_SIZE;
	root->header.num_memory_regions = 0;
	add_memory(root, LINK_STATE, LINK_STATE, 0x1000, CFG_MEM_READ);
	add_memory(root, LINK_RW, LINK_RW, 0x9000, CFG_MEM_READ | CFG_MEM_WRITE);
	add_memory(root, LINK_OUT0, LINK_OUT0, 0x2000, CFG_MEM_READ | CFG_MEM_WRITE);
	add_memory(root, LINK_OUT1, LINK_OUT1, 0x2000, CFG_MEM_READ);
	/* has the interrupt controller and the ECAM window in it, which must not become visible */
	add_memory(root, HOST_GICD, HOST_GICD, 16 * MIB, 0x13);
	add_memory(root, HOST_UART, HOST_UART, 0x1000, 0x13);
	add_memory(root, RAM_LOW, RAM_LOW, 2 * MIB, 0x0f);
	add_memory(root, RAM_HIGH, RAM_HIGH, 512 * KIB, 0x03);
	add_memory(root, DEVICE, DEVICE, 0x1000, 0x13);
	add_memory(root, SUBPAGE, SUBPAGE, 0x200, 0x50013);
	add_memory(root, SUBPAGE + 0x200, SUBPAGE + 0x200, 0x100, 0x20013);
	root->pci[0].shmem_peers = 2;
	host_add_device(DEVICE);
	host_add_device(SUBPAGE);
	host_add_device(PRIVATE_DEVICE);
}

int core_enter(void)
{
	uint64_t size;
	void *image = pack_system(&core_system, &size);

	host_start(image, size);
	return host_setup_result(0);
}

void core_start(void)
{
	if (core_enter())
		fail_msg("start-up failed: %s", host_reason());
	for (uint32_t cpu = 0; cpu < host_entering; cpu++)
		assert_int_equal(host_setup_result(cpu), 0);
}

void core_make_cell(struct test_config *config, const char *name, uint32_t id, uint32_t cpu, uint64_t phys)
{
	make_cell(config, name, cpu, phys);
	config->header.id = id;
	add_memory(config, 0, COMM, 0x1000, 0x23);
}

void core_add_link(struct test_config *config)
{
	uint32_t first = config->header.num_memory_regions;

	add_memory(config, LINK_STATE, 0xf0000000, 0x1000, CFG_MEM_READ | CFG_MEM_ROOTSHARED);
	add_memory(config, LINK_RW, 0xf0001000, 0x9000, CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_ROOTSHARED);
	add_memory(config, LINK_OUT0, 0xf000a000, 0x2000, CFG_MEM_READ | CFG_MEM_ROOTSHARED);
	add_memory(config, LINK_OUT1, 0xf000c000, 0x2000, CFG_MEM_READ | CFG_MEM_WRITE | CFG_MEM_ROOTSHARED);
	add_irqchip(config, 32)->pin_bitmap[0] = 1u << 8;
	config->header.vpci_irq_base = 8;
	add_ivshmem(config, 0, first, 1, 2);
}

void core_place(const struct test_config *config, uint64_t address)
{
	uint64_t size;
	void *image = pack_config(config, &size);

	if (host_is_backed(address, size))
		host_copy_in(address, image, size);
	free_last_image();
}

int64_t core_create_at(const struct test_config *config, uint64_t address)
{
	core_place(config, address);
	return host_hypercall(0, HC_CELL_CREATE, address, 0);
}

int64_t core_create(const struct test_config *config)
{
	return core_create_at(config, CONFIG_AT);
}

int64_t core_call(uint64_t code, uint64_t arg)
{
	return host_hypercall(0, code, arg, 0);
}

void core_created(const struct test_config *config)
{
	int64_t error = core_create(config);

	if (error)
		fail_msg("creation failed (%d): %s", (int)error, host_reason());
}

void core_started(uint32_t id)
{
	assert_int_equal(core_call(HC_CELL_SET_LOADABLE, id), 0);
	assert_int_equal(core_call(HC_CELL_START, id), 0);
	host_settle();
}

struct cell *core_cell(uint32_t id)
{
	for (struct cell *cell = &root_cell; cell; cell = cell->next)
		if (cell->id == id)
			return cell;
	return NULL;
}

struct percpu *core_cpu(uint32_t cpu)
{
	return &host_boot.percpu_areas[cpu].cpu;
}

static int64_t switch_off(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	cpu_switch_off();
	return 0;
}

void core_go_off(uint32_t cpu)
{
	host_post(cpu, switch_off, 0, 0, 0);
	host_settle();
}

static int64_t answer;

static int64_t ask_job(uint64_t code, uint64_t arg1, uint64_t arg2)
{
	answer = hypercall(code, arg1, arg2);
	return 0;
}

int64_t core_ask(uint32_t cpu, uint64_t code, uint64_t arg1, uint64_t arg2)
{
	host_post(cpu, ask_job, code, arg1, arg2);
	for (uint32_t turns = 0; !host_is_done(cpu); turns++) {
		assert_true(turns < 10000);
		arch_relax();
	}
	return answer;
}

int64_t core_fail_job(uint64_t arg1, uint64_t arg2, uint64_t arg3)
{
	(void)arg1;
	(void)arg2;
	(void)arg3;
	cpu_fail();
	return 0;
}

void core_fail(uint32_t cpu)
{
	host_post(cpu, core_fail_job, 0, 0, 0);
	host_settle();
}

void core_switch_off(uint32_t cpu)
{
	core_go_off(cpu);
	assert_int_equal(core_cpu(cpu)->run_state, CPU_OFF);
}

int64_t core_switch_on_job(uint64_t cpu, uint64_t entry, uint64_t context)
{
	return cpu_switch_on(core_cpu((uint32_t)cpu), entry, context);
}

void core_snapshot(struct core_snapshot *snapshot)
{
	snapshot->pages_used = pages_used();
	snapshot->remap_used = remap_pages_used();
	snapshot->cells = num_cells();
	snapshot->root_map = host_dump_map(&root_cell);
	snapshot->root_cpus = root_cell.cpus;
	for (uint32_t n = 0; n < ARRAY_SIZE(snapshot->spis); n++)
		snapshot->spis[n] = root_cell.arch.spis[n];
	snapshot->resets = host_spis[40].resets;
	for (uint32_t cpu = 0; cpu < HOST_NUM_CPUS; cpu++) {
		snapshot->run_state[cpu] = core_cpu(cpu)->run_state;
		snapshot->cell_of[cpu] = core_cpu(cpu)->cell;
	}
	assert_true(root_cell.config.cell->num_memory_regions <= sizeof(snapshot->lent));
	for (uint32_t n = 0; n < root_cell.config.cell->num_memory_regions; n++)
		snapshot->lent[n] = root_cell.lent_regions[n];
}

void core_assert_unchanged(struct core_snapshot *before)
{
	struct core_snapshot now;

	core_snapshot(&now);
	assert_string_equal(now.root_map, before->root_map);
	assert_int_equal(now.pages_used, before->pages_used);
	assert_int_equal(now.remap_used, before->remap_used);
	assert_int_equal(now.cells, before->cells);
	assert_memory_equal(&now.root_cpus, &before->root_cpus, sizeof(now.root_cpus));
	assert_memory_equal(now.spis, before->spis, sizeof(now.spis));
	assert_memory_equal(now.run_state, before->run_state, sizeof(now.run_state));
	assert_memory_equal(now.cell_of, before->cell_of, sizeof(now.cell_of));
	for (uint32_t n = 0; n < root_cell.config.cell->num_memory_regions; n++)
		assert_int_equal(now.lent[n], before->lent[n]);
	free(now.root_map);
	free(before->root_map);
}
