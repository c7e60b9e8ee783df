// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module and /dev/jailhouse. The copies from user space that the interface wants
 * before the lock are made here; the rest is in enable.c and cell.c.
 */
#include <linux/ctype.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "driver.h"

struct bh_driver bh = {
	.lock = __MUTEX_INITIALIZER(bh.lock),
	.gate = __RWSEM_INITIALIZER(bh.gate),
	.cells = LIST_HEAD_INIT(bh.cells),
	.links = { .ranges = LIST_HEAD_INIT(bh.links.ranges) },
};

struct open_file {
	struct bh_console_reader reader;
	struct mutex text_lock;
	struct bh_reason last;	/* under text_lock: why the last ioctl failed */
};

int bh_refuse(struct bh_reason *why, int err, const char *fmt, ...)
{
	va_list args;

	if (!why->text[0]) {
		va_start(args, fmt);
		vscnprintf(why->text, sizeof(why->text), fmt, args);
		va_end(args);
	}
	return err;
}

/* After a refused enable or hypercall, unless the driver knows better */
void bh_hypervisor_reason(struct bh_reason *why)
{
	if (!why->text[0])
		strscpy(why->text, bh.hvmem.public_page->reason, sizeof(why->text));
}

/* Names from configurations and the hypervisor's page end up in a line for the user. */
void bh_make_printable(struct bh_reason *why)
{
	char *c;

	for (c = why->text; *c; c++)
		if (!isascii(*c) || !isprint(*c))
			*c = '?';
}

static int lock(void)
{
	return mutex_lock_interruptible(&bh.lock) ? -EINTR : 0;
}

static int do_disable(struct bh_reason *why)
{
	int err = lock();

	if (err)
		return err;
	err = bh_disable(why);
	mutex_unlock(&bh.lock);
	return err;
}

static int do_cell_create(const void __user *arg, struct bh_reason *why)
{
	struct bh_cell_create request;
	struct cfg_cell *config;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	/* memdup_user() gives physically contiguous memory, as the hypercall wants it */
	config = memdup_user(u64_to_user_ptr(request.config_address), request.config_size);
	if (IS_ERR(config))
		return PTR_ERR(config);

	err = -EINVAL;
	if (request.config_size < sizeof(*config)) {
		bh_refuse(why, err, "not a cell configuration: %u bytes, the header alone has %zu",
			  request.config_size, sizeof(*config));
		goto free;
	}
	err = bh_config_check_ident(config->signature, config->architecture, config->revision,
				    CFG_SIGNATURE_CELL, why);
	if (err)
		goto free;
	config->name[CFG_NAME_LEN - 1] = 0;
	if (config->flags & CFG_CELL_CONSOLE_ACTIVE)
		config->flags |= CFG_CELL_CONSOLE_PERMITTED;

	err = lock();
	if (err)
		goto free;
	err = bh_cell_create(config, request.config_size, why);
	mutex_unlock(&bh.lock);
free:
	kfree(config);
	return err;
}

static int do_cell_load(const void __user *arg, struct bh_reason *why)
{
	struct bh_cell_load request;
	int err;

	if (copy_from_user(&request, arg, sizeof(request)))
		return -EFAULT;
	err = lock();
	if (err)
		return err;
	err = bh_cell_load(&request, arg + sizeof(request), why);
	mutex_unlock(&bh.lock);
	return err;
}

static int do_cell_command(const void __user *arg,
			   int (*command)(const struct bh_cell_id *id, struct bh_reason *why),
			   struct bh_reason *why)
{
	struct bh_cell_id id;
	int err;

	if (copy_from_user(&id, arg, sizeof(id)))
		return -EFAULT;
	err = lock();
	if (err)
		return err;
	err = command(&id, why);
	mutex_unlock(&bh.lock);
	return err;
}

/* HC_LINK_INFO gives numbers only; these are the words. */
static int refuse_link_info(const struct bh_link_info *info, int err, struct bh_reason *why)
{
	unsigned int bus = info->bdf >> 8, device = info->bdf >> 3 & 0x1f, function = info->bdf & 7;

	if (err == -EINVAL)
		return bh_refuse(why, err, "unknown item 0x%x: use tools that fit this hypervisor", info->item);
	if (err == -ENOSYS)
		return bh_refuse(why, err, "the hypervisor was built without CONFIG_LINK_INFO: it tells nothing about links");
	if (err != -ENOENT)
		return err;
	if (info->item == LINK_INFO_NEXT)
		return bh_refuse(why, err, "there is no link from %02x:%02x.%x on", bus, device, function);
	if (bh_hypercall(HC_LINK_INFO, LINK_PEER(info->bdf, 0), LINK_INFO_PEERS) < 0)
		return bh_refuse(why, err, "there is no link %02x:%02x.%x: see the list of links", bus, device,
				 function);
	return bh_refuse(why, err, "link %02x:%02x.%x has no peer %u, or no cell is that peer now", bus, device,
			 function, info->peer);
}

static int link_info(struct bh_link_info *info, struct bh_reason *why)
{
	long result;

	if (!bh.enabled)
		return bh_refuse(why, -EINVAL, "not enabled: enable first");
	result = bh_hypercall(HC_LINK_INFO, LINK_PEER(info->bdf, info->peer), info->item);
	if (result < 0)
		return refuse_link_info(info, result, why);
	info->value = result;
	return 0;
}

static int do_link_info(void __user *arg, struct bh_reason *why)
{
	struct bh_link_info info;
	int err;

	if (copy_from_user(&info, arg, sizeof(info)))
		return -EFAULT;
	err = lock();
	if (err)
		return err;
	err = link_info(&info, why);
	mutex_unlock(&bh.lock);
	if (!err && copy_to_user(arg, &info, sizeof(info)))
		err = -EFAULT;
	return err;
}

static int do_last_error(struct open_file *open, void __user *arg)
{
	struct bh_error_text text;

	mutex_lock(&open->text_lock);
	memcpy(text.text, open->last.text, sizeof(text.text));
	mutex_unlock(&open->text_lock);
	return copy_to_user(arg, &text, sizeof(text)) ? -EFAULT : 0;
}

static long bh_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	struct open_file *open = file->private_data;
	void __user *arg = (void __user *)value;
	struct bh_reason why = { };
	int err;

	switch (command) {
	case BH_IOC_ENABLE:
		err = bh.by_firmware ? bh_refuse(&why, -EBUSY, "the hypervisor runs already, firmware started it: create cells") :
				       bh_enable(arg, &why);
		break;
	case BH_IOC_DISABLE:
		err = do_disable(&why);
		break;
	case BH_IOC_CELL_CREATE:
		err = do_cell_create(arg, &why);
		break;
	case BH_IOC_CELL_LOAD:
		err = do_cell_load(arg, &why);
		break;
	case BH_IOC_CELL_START:
		err = do_cell_command(arg, bh_cell_start, &why);
		break;
	case BH_IOC_CELL_DESTROY:
		err = do_cell_command(arg, bh_cell_destroy, &why);
		break;
	case BH_IOC_LINK_INFO:
		err = do_link_info(arg, &why);
		break;
	case BH_IOC_LAST_ERROR:
		return do_last_error(open, arg);
	default:
		err = bh_refuse(&why, -EINVAL, "unknown command 0x%x: use tools that fit this driver", command);
		break;
	}

	if (!err)
		why.text[0] = 0;
	bh_make_printable(&why);
	mutex_lock(&open->text_lock);
	open->last = why;
	mutex_unlock(&open->text_lock);
	return err;
}

static int bh_open(struct inode *inode, struct file *file)
{
	struct open_file *open = kzalloc(sizeof(*open), GFP_KERNEL);

	if (!open)
		return -ENOMEM;
	mutex_init(&open->text_lock);
	file->private_data = open;
	return 0;
}

static int bh_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static ssize_t bh_read(struct file *file, char __user *buffer, size_t count, loff_t *position)
{
	struct open_file *open = file->private_data;

	return bh_console_read(&open->reader, buffer, count, file->f_flags & O_NONBLOCK);
}

static const struct file_operations bh_fops = {
	.owner = THIS_MODULE,
	.open = bh_open,
	.release = bh_release,
	.read = bh_read,
	.unlocked_ioctl = bh_ioctl,
	.compat_ioctl = bh_ioctl,
	.llseek = noop_llseek,
};

static struct miscdevice bh_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "jailhouse",
	.fops = &bh_fops,
};

/* Firmware requests, memory and the virtual PCI host need a device; nothing binds to this one. */
static int add_platform_device(void)
{
	const struct platform_device_info info = {
		.name = "jailhouse",
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};

	bh.pdev = platform_device_register_full(&info);
	return PTR_ERR_OR_ZERO(bh.pdev);
}

static int __init bh_init(void)
{
	int err;

	err = bh_cpus_init();
	if (err)
		return err;
	err = add_platform_device();
	if (err)
		goto forget_cpus;
	err = bh_sysfs_init();
	if (err)
		goto remove_device;
	err = bh_pci_stub_init();
	if (err)
		goto remove_sysfs;
	err = bh_firmware_attach();
	if (err)
		goto remove_stub;
	err = misc_register(&bh_misc);
	if (err)
		goto detach;
	err = bh_notifiers_init();
	if (!err)
		return 0;

	misc_deregister(&bh_misc);
detach:
	bh_firmware_detach();
remove_stub:
	bh_pci_stub_exit();
remove_sysfs:
	bh_sysfs_exit();
remove_device:
	platform_device_unregister(bh.pdev);
forget_cpus:
	bh_cpus_exit();
	return err;
}

/* After a late launch, and while there are cells that were made here, the module is pinned: only "rmmod -f" gets here then. */
static void __exit bh_exit(void)
{
	bh_notifiers_exit();
	misc_deregister(&bh_misc);
	bh_firmware_detach();
	bh_pci_stub_exit();
	bh_sysfs_exit();
	bh_hvmem_release(&bh.hvmem);
	bh_claims_exit();
	platform_device_unregister(bh.pdev);
	bh_cpus_exit();
}

module_init(bh_init);
module_exit(bh_exit);

MODULE_DESCRIPTION("Bulkhead partitioning hypervisor: launcher and cell management");
MODULE_LICENSE("GPL v2");
MODULE_FIRMWARE(BH_IMAGE_NAME);
