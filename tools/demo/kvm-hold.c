/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kvm-hold: creates a KVM virtual machine and keeps it until standard input ends. Prints "vm created",
 * or which step failed with its errno. Exit status: 0 created and released, 1 failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int failed(const char *step)
{
	printf("%s: %s (errno %d)\n", step, strerror(errno), errno);
	return EXIT_FAILURE;
}

int main(void)
{
	char discarded[64];
	int kvm, vm;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		return failed("/dev/kvm");
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0)
		return failed("KVM_CREATE_VM");
	printf("vm created\n");
	fflush(stdout);
	while (read(STDIN_FILENO, discarded, sizeof(discarded)) > 0)
		;
	close(vm);
	close(kvm);
	printf("vm released\n");
	return EXIT_SUCCESS;
}
