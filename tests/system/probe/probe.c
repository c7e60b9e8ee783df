/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bh-probe: what the system tests do in the root Linux and a shell cannot. Prints one line with what
 * happened ("ok", "errno=EINVAL" and the like); exit status 0 if it could try, 2 on wrong usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/kvm.h>
#include <linux/reboot.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bulkhead/ivshmem.h"
#include "bulkhead/management.h"

static sigjmp_buf escape;

static void on_bus_error(int sig)
{
	siglongjmp(escape, sig);
}

static int report(int result)
{
	if (result < 0)
		printf("errno=%s\n", strerrorname_np(errno));
	else
		printf("ok %d\n", result);
	return 0;
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 0);
}

/* kvm-create: tries to create a KVM guest, and says what came of it. */
static int kvm_create(char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR);

	(void)argv;
	return report(kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0));
}

/* kvm-hold: creates a KVM guest and keeps it until it gets a signal. */
static int kvm_hold(char **argv)
{
	int kvm = open("/dev/kvm", O_RDWR);
	int vm = kvm < 0 ? -1 : ioctl(kvm, KVM_CREATE_VM, 0);

	(void)argv;
	report(vm);
	fflush(stdout);
	if (vm >= 0)
		pause();
	return 0;
}

/* poke DEVICE MAP_INDEX OFFSET VALUE: 32-bit store to a mapped UIO region; says which signal, if any. */
static int poke(char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t offset = number(argv[2]);
	int fd = open(argv[0], O_RDWR);
	volatile uint32_t *map;
	int sig;

	if (fd < 0)
		return report(-1);
	map = mmap(NULL, (size_t)(offset + 4 + (uint64_t)page) & ~((size_t)page - 1), PROT_READ | PROT_WRITE,
		   MAP_SHARED, fd, (off_t)number(argv[1]) * page);
	if (map == MAP_FAILED) {
		printf("mmap ");
		return report(-1);
	}
	signal(SIGBUS, on_bus_error);
	signal(SIGSEGV, on_bus_error);
	sig = sigsetjmp(escape, 1);
	if (sig) {
		printf("signal=%s\n", sigabbrev_np(sig));
		return 0;
	}
	map[offset / 4] = (uint32_t)number(argv[3]);
	printf("ok 0x%x\n", map[offset / 4]);
	return 0;
}

/* hold DEVICE MAP_INDEX OFFSET VALUE: as poke, then keeps the device open until it is killed. */
static int hold(char **argv)
{
	int result = poke(argv);

	fflush(stdout);
	pause();
	return result;
}

/* peek DEVICE MAP_INDEX OFFSET: 32-bit load from a mapped UIO region. */
static int peek(char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t offset = number(argv[2]);
	int fd = open(argv[0], O_RDWR);
	const volatile uint32_t *map;

	if (fd < 0)
		return report(-1);
	map = mmap(NULL, (size_t)(offset + 4 + (uint64_t)page) & ~((size_t)page - 1), PROT_READ, MAP_SHARED, fd,
		   (off_t)number(argv[1]) * page);
	if (map == MAP_FAILED) {
		printf("mmap ");
		return report(-1);
	}
	printf("ok 0x%x\n", map[offset / 4]);
	return 0;
}

/* Every CPU takes the interrupts that it was sent before. */
static void visit_all_cpus(void)
{
	cpu_set_t all, one;
	int cpu;

	sched_getaffinity(0, sizeof(all), &all);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &all))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
	}
	sched_setaffinity(0, sizeof(all), &all);
}

/*
 * uio-wait DEVICE: enables the interrupt of an ivshmem device, says "ready", and waits for one. Changes of State before
 * that were latched and come when it enables: they are not what it waits for.
 */
static int uio_wait(char **argv)
{
	int fd = open(argv[0], O_RDWR);
	struct pollfd latched = { .fd = fd, .events = POLLIN };
	volatile uint32_t *registers;
	uint32_t count;

	registers = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED)
		return report(-1);
	for (;;) {
		/* the driver has it in one-shot mode: each interrupt disables it */
		registers[IVSHMEM_REG_INT_CTRL / 4] = IVSHMEM_INT_ENABLE;
		visit_all_cpus();
		if (poll(&latched, 1, 0) <= 0)
			break;
		if (read(fd, &count, sizeof(count)) != sizeof(count))
			return report(-1);
	}
	printf("ready\n");
	fflush(stdout);
	if (read(fd, &count, sizeof(count)) != sizeof(count))
		return report(-1);
	printf("interrupt\n");
	return 0;
}

/* uio-answer DEVICE: State counts interrupts, from 1 on, and each is answered by the doorbell of peer 0. For ever. */
static int uio_answer(char **argv)
{
	int fd = open(argv[0], O_RDWR);
	volatile uint32_t *registers;
	uint32_t count, state;

	registers = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (registers == MAP_FAILED)
		return report(-1);
	for (state = 1;; state++) {
		registers[IVSHMEM_REG_STATE / 4] = state;
		registers[IVSHMEM_REG_INT_CTRL / 4] = IVSHMEM_INT_ENABLE;
		printf("state %u\n", state);
		fflush(stdout);
		if (read(fd, &count, sizeof(count)) != sizeof(count))
			return report(-1);
		registers[IVSHMEM_REG_DOORBELL / 4] = 0;
	}
}

/* mem read|write WIDTH ADDRESS [VALUE]: one access to a physical address through /dev/mem. */
static int mem(char **argv)
{
	long page = sysconf(_SC_PAGESIZE);
	uint64_t address = number(argv[2]), value = 0;
	int fd = open("/dev/mem", O_RDWR | O_SYNC);
	volatile uint8_t *at;
	uint8_t *map;
	int sig;

	if (fd < 0)
		return report(-1);
	map = mmap(NULL, (size_t)page, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		   (off_t)(address & ~((uint64_t)page - 1)));
	if (map == MAP_FAILED) {
		printf("mmap ");
		return report(-1);
	}
	at = map + (address & ((uint64_t)page - 1));
	signal(SIGBUS, on_bus_error);
	signal(SIGSEGV, on_bus_error);
	sig = sigsetjmp(escape, 1);
	if (sig) {
		printf("signal=%s\n", sigabbrev_np(sig));
		return 0;
	}
	if (!strcmp(argv[0], "write")) {
		value = argv[3] ? number(argv[3]) : 0;
		switch (number(argv[1])) {
		case 1: *at = (uint8_t)value; break;
		case 2: *(volatile uint16_t *)at = (uint16_t)value; break;
		case 4: *(volatile uint32_t *)at = (uint32_t)value; break;
		case 8: *(volatile uint64_t *)at = value; break;
		default: return 2;
		}
		printf("ok\n");
		return 0;
	}
	switch (number(argv[1])) {
	case 1: value = *at; break;
	case 2: value = *(volatile uint16_t *)at; break;
	case 4: value = *(volatile uint32_t *)at; break;
	case 8: value = *(volatile uint64_t *)at; break;
	default: return 2;
	}
	printf("ok 0x%llx\n", (unsigned long long)value);
	return 0;
}

/* ioctl NUMBER [CONFIG [SIZE]]: any ioctl of /dev/jailhouse, with a create structure for CONFIG if given. */
static int raw_ioctl(char **argv)
{
	static char config[1 << 16];
	struct bh_cell_create create = { 0 };
	int fd = open(BH_DEVICE_NODE, O_RDWR), in;
	ssize_t size;

	if (fd < 0)
		return report(-1);
	if (!argv[1])
		return report(ioctl(fd, (unsigned long)number(argv[0]), 0));
	in = open(argv[1], O_RDONLY);
	size = in < 0 ? -1 : read(in, config, sizeof(config));
	if (size < 0)
		return 2;
	create.config_address = (uintptr_t)config;
	create.config_size = argv[2] ? (uint32_t)number(argv[2]) : (uint32_t)size;
	return report(ioctl(fd, (unsigned long)number(argv[0]), &create));
}

/* enable FILE: the enable ioctl alone, so that the errno is seen as such. */
static int enable(char **argv)
{
	static char config[1 << 16];
	int fd = open(BH_DEVICE_NODE, O_RDWR), in = open(argv[0], O_RDONLY);

	if (fd < 0 || in < 0 || read(in, config, sizeof(config)) < 0)
		return 2;
	return report(ioctl(fd, BH_IOC_ENABLE, config));
}

/* load NAME FILE ADDRESS: the load ioctl alone. FILE - with ADDRESS 0: no image (shutdown). */
static int load(char **argv)
{
	static char data[1 << 16];
	struct {
		struct bh_cell_load load;
		struct bh_image image;
	} request = { .load.cell_id.id = BH_CELL_ID_BY_NAME };
	int fd = open(BH_DEVICE_NODE, O_RDWR), in;
	ssize_t size = 0;

	snprintf(request.load.cell_id.name, sizeof(request.load.cell_id.name), "%s", argv[0]);
	if (strcmp(argv[1], "-")) {
		in = open(argv[1], O_RDONLY);
		size = in < 0 ? -1 : read(in, data, sizeof(data));
		if (size < 0)
			return 2;
		request.load.num_images = 1;
		request.image.source_address = (uintptr_t)data;
		request.image.size = (uint64_t)size;
		request.image.target_address = number(argv[2]);
	}
	return fd < 0 ? report(-1) : report(ioctl(fd, BH_IOC_CELL_LOAD, &request));
}

/* cell start|destroy NAME: the ioctl alone. */
static int cell(char **argv)
{
	struct bh_cell_id id = { .id = BH_CELL_ID_BY_NAME };
	int fd = open(BH_DEVICE_NODE, O_RDWR);

	snprintf(id.name, sizeof(id.name), "%s", argv[1]);
	return fd < 0 ? report(-1) :
		report(ioctl(fd, strcmp(argv[0], "start") ? BH_IOC_CELL_DESTROY : BH_IOC_CELL_START, &id));
}

/* link BDF PEER ITEM: the link ioctl alone; the value if it succeeds. */
static int link_info(char **argv)
{
	struct bh_link_info info = { .bdf = (uint16_t)number(argv[0]), .peer = (uint16_t)number(argv[1]),
				     .item = (uint32_t)number(argv[2]) };
	int fd = open(BH_DEVICE_NODE, O_RDWR);

	if (fd < 0 || ioctl(fd, BH_IOC_LINK_INFO, &info) < 0)
		return report(-1);
	printf("ok 0x%llx\n", (unsigned long long)info.value);
	return 0;
}

/* A file as a segment for kexec; memory that nobody frees. */
static int read_segment(const char *path, uint64_t address, struct kexec_segment *segment)
{
	int fd = open(path, O_RDONLY);
	struct stat info;
	void *data;

	if (fd < 0 || fstat(fd, &info))
		return -1;
	data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -1;
	*segment = (struct kexec_segment) {
		.buf = data, .bufsz = (size_t)info.st_size, .mem = (void *)address,
		.memsz = ((size_t)info.st_size + 0xfff) & ~(size_t)0xfff,
	};
	return 0;
}

#define PIN_PAGES	32768u		/* 128 MiB: whole blocks are among them */
#define BLOCKS		65536u
#define BLOCK_PAGES	512u		/* what Linux gives up is looked at by such blocks */

/*
 * pin: keeps a page of its memory where it is, says its physical address, and ends with its standard input. All other pages of
 * the page's block are its own, too: nothing of the kernel is there.
 */
static int pin(char **argv)
{
	static uint64_t entries[PIN_PAGES];
	static uint16_t pages_of_block[BLOCKS];
	char *area = mmap(NULL, PIN_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0), c;
	int ends[2], map = open("/proc/self/pagemap", O_RDONLY);
	struct iovec vector = { .iov_len = 4096 };
	uint32_t n;

	(void)argv;
	if (area == MAP_FAILED || map < 0 || pipe(ends) ||
	    pread(map, entries, sizeof(entries), (off_t)((uintptr_t)area / 4096 * sizeof(*entries))) != sizeof(entries))
		return report(-1);
	for (n = 0; n < PIN_PAGES; n++) {
		entries[n] &= (1ULL << 55) - 1;
		pages_of_block[entries[n] / BLOCK_PAGES % BLOCKS]++;
	}
	for (n = 0; n < PIN_PAGES && pages_of_block[entries[n] / BLOCK_PAGES % BLOCKS] < BLOCK_PAGES; n++)
		;
	if (n == PIN_PAGES)
		return report(-1);
	vector.iov_base = area + n * 4096;
	if (vmsplice(ends[1], &vector, 1, 0) != 4096)
		return report(-1);
	printf("ok 0x%llx\n", (unsigned long long)entries[n] * 4096);
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}

/* kexec now|crash ENTRY FILE ADDRESS...: loads what kexec-go starts, or a panic. */
static int kexec_load(char **argv)
{
	struct kexec_segment segments[KEXEC_SEGMENT_MAX];
	unsigned long flags = KEXEC_ARCH_AARCH64 | (strcmp(argv[0], "crash") ? 0 : KEXEC_ON_CRASH), count = 0;

	for (; argv[2 + 2 * count] && count < KEXEC_SEGMENT_MAX; count++)
		if (read_segment(argv[2 + 2 * count], number(argv[3 + 2 * count]), &segments[count]))
			return report(-1);
	return report((int)syscall(SYS_kexec_load, number(argv[1]), count, segments, flags));
}

/* kexec-go: starts what was loaded; comes back only if it cannot. */
static int kexec_go(char **argv)
{
	(void)argv;
	sync();
	return report((int)syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL));
}

static const struct {
	const char *name;
	int (*run)(char **argv);
	int min_args;
} commands[] = {
	{ "kvm-create", kvm_create, 0 },
	{ "kvm-hold", kvm_hold, 0 },
	{ "poke", poke, 4 },
	{ "hold", hold, 4 },
	{ "peek", peek, 3 },
	{ "uio-wait", uio_wait, 1 },
	{ "uio-answer", uio_answer, 1 },
	{ "mem", mem, 3 },
	{ "ioctl", raw_ioctl, 1 },
	{ "enable", enable, 1 },
	{ "load", load, 3 },
	{ "cell", cell, 2 },
	{ "link", link_info, 3 },
	{ "pin", pin, 0 },
	{ "kexec", kexec_load, 4 },
	{ "kexec-go", kexec_go, 0 },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(argv[1], commands[i].name) && argc - 2 >= commands[i].min_args)
			return commands[i].run(argv + 2);
	fprintf(stderr, "usage: bh-probe kvm-create | kvm-hold | poke DEVICE MAP OFFSET VALUE |\n"
		"  peek DEVICE MAP OFFSET | uio-wait DEVICE | uio-answer DEVICE |\n"
		"  mem read|write WIDTH ADDRESS [VALUE] | ioctl NUMBER [CONFIG [SIZE]] | enable FILE |\n"
		"  load NAME FILE|- ADDRESS | cell start|destroy NAME | link BDF PEER ITEM | pin |\n"
		"  kexec now|crash ENTRY FILE ADDRESS... | kexec-go\n");
	return 2;
}
