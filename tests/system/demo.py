# SPDX-License-Identifier: BSD-2-Clause
"""The demo: boots Debian's arm64 kernel in QEMU, partitions the running machine, lets two cells talk over an
ivshmem link, and gives everything back. Tells what it does; the exit status says whether all of it happened.
"""
import argparse
import os
import re
import sys
import time

from guest import CPU, CPUS, MACHINE, Guest, GuestError

SYSTEM = "/configs/qemu-arm64.cell"
CELL_CONFIG = "/configs/rtos.cell"
CELL = "rtos"
INMATE = "/inmates/ivshmem-demo.bin"
SYSFS = "/sys/devices/jailhouse"
ALARMING = r"WARNING:|Oops|BUG:|Call trace|Internal error|rcu: INFO|soft lockup|Unable to handle"


class NotSo(Exception):
    """Something that the demo promises did not happen."""


class Teller:
    """Headlines, commands, the few lines of output that matter, check marks. Everything goes to the log, too."""

    def __init__(self, log_path, total):
        os.makedirs(os.path.dirname(log_path), exist_ok=True)
        self._log = open(log_path, "w", encoding="utf-8")
        self._total = total
        self._step = 0
        self._tty = sys.stdout.isatty()
        fancy = (sys.stdout.encoding or "").lower().startswith("utf")
        self._good, self._bad = ("\u2713", "\u2717") if fancy else ("ok:", "NO:")

    def _print(self, text, style=""):
        self._log.write(text + "\n")
        self._log.flush()
        print(f"\033[{style}m{text}\033[0m" if style and self._tty else text, flush=True)

    def headline(self, text):
        self._step += 1
        self._print("")
        self._print(f"[{self._step}/{self._total}] {text}", "1")

    def remark(self, text):
        self._print(f"    {text}")

    def command(self, text):
        self._print(f"    # {text}", "36")

    def output(self, text):
        for line in text.strip("\n").splitlines():
            self._print(f"      {line.rstrip()}")

    def good(self, text):
        self._print(f"    {self._good} {text}", "32")

    def bad(self, text):
        self._print(f"    {self._bad} {text}", "31")

    def plain(self, text):
        self._print(text)

    def log_only(self, text):
        self._log.write(text + "\n")
        self._log.flush()


class Demo:
    def __init__(self, guest, teller):
        self.guest = guest
        self.tell = teller
        self.device = None
        self.console_mark = 0

    # --- how a step speaks to the guest

    def do(self, command, show=r".*", timeout=120):
        """A command that the reader sees, with those lines of its output that match show; it has to succeed."""
        self.tell.command(command)
        result = self.guest.run(command, timeout)
        self.tell.log_only(f"<<< {result!r}")
        shown = [line for line in result.lines if line.strip() and re.search(show, line)] if show else []
        self.tell.output("\n".join(shown))
        if not result.ok:
            self.tell.output(result.output)
            raise NotSo(f"'{command}' failed with exit status {result.status}")
        return result

    def look(self, command):
        """A look that the reader need not see."""
        result = self.guest.run(command)
        self.tell.log_only(f"<<< {result!r}")
        return result.output.strip()

    def so(self, condition, text, otherwise=""):
        if not condition:
            raise NotSo(f"not so: {text}" + (f" ({otherwise})" if otherwise else ""))
        self.tell.good(text)

    def inmate_says(self, pattern, text, timeout=120):
        match = self.guest.console.wait(pattern, self.console_mark, timeout)
        if not match:
            raise NotSo(f"the inmate did not say '{pattern}' within {timeout} s")
        self.tell.output(f"inmate> {match.group(0).strip()}")
        self.tell.good(text)
        return match

    def cpus(self):
        return self.look("cat /sys/devices/system/cpu/online")

    def cell_state(self):
        return self.look(f"for c in {SYSFS}/cells/*; do [ \"$(cat $c/name)\" = {CELL} ] && cat $c/state; done")

    def interrupts(self):
        """How often the link's interrupt came to the root cell so far."""
        return self.guest.interrupts(self.device)

    # --- the steps

    def boot(self):
        self.guest.wait_boot()
        self.do("uname -sr")
        self.do("cat /proc/cmdline")
        self.so("mem=" not in self.look("cat /proc/cmdline"), "an unmodified Debian kernel; no memory was set aside")
        self.so(self.cpus() == "0-3", "Linux has all four CPUs")
        self.look("echo bulkhead-demo-begins >/dev/kmsg")

    def modules(self):
        self.do("insmod /lib/modules/jailhouse.ko")
        self.do("insmod /lib/modules/uio.ko && insmod /lib/modules/uio_ivshmem.ko")
        self.so(self.look("ls -d /dev/jailhouse") == "/dev/jailhouse", "/dev/jailhouse is there")

    def enable(self):
        self.do(f"jailhouse enable {SYSTEM}")
        self.so(self.look(f"cat {SYSFS}/enabled") == "1", "the hypervisor runs below the very same Linux")
        self.do("jailhouse console | head -n 5")
        self.do("jailhouse cell list")
        self.so(self.cpus() == "0-3", "Linux is the root cell now and still has all CPUs")
        self.device = self.look("grep -lx 0x110a /sys/bus/pci/devices/*/vendor").split("\n")[0]
        self.device = os.path.dirname(self.device)
        self.so(self.device.startswith("/sys/bus/pci/devices/"), "a new PCI device appeared for the link")
        self.do(f"cd {self.device} && echo $(basename $PWD) vendor $(cat vendor) device $(cat device) "
                "class $(cat class) irq $(cat irq)")
        self.so(self.look(f"cat {self.device}/device") == "0x4106", "it is an ivshmem v2 device (110a:4106)")

    def create(self):
        self.do(f"jailhouse cell create {CELL_CONFIG}")
        self.so(self.cpus() == "0-2", "CPU 3 left Linux and belongs to the new cell")

    def start(self):
        self.console_mark = self.guest.console.mark()
        self.do(f"jailhouse cell load {CELL} {INMATE}")
        self.do(f"jailhouse cell start {CELL}")
        self.inmate_says(r"demo: bare-metal cell started", "a bare-metal program runs on CPU 3, without any Linux")
        self.inmate_says(r"demo: shared memory device at .*", "it found its end of the link on its own PCI bus")
        self.inmate_says(r"demo: on the link with state \d+.*", "it announced itself in the state table")
        self.do("jailhouse cell list")
        self.so(self.cell_state() == "running", "the cell is running")

    def talk(self):
        self.console_mark = self.guest.console.mark()
        before = self.interrupts()
        self.do("ivshmem-demo", timeout=300)
        self.inmate_says(r"demo: peer 0: state .*", "the State change of Linux reached the inmate")
        self.inmate_says(r"demo: message \d+ from peer 0, data right.*",
                         "doorbell to the inmate: it woke up by interrupt, and the data was right")
        came = self.interrupts() - before
        self.so(came > 0, f"doorbells to Linux: {came} interrupts counted in /proc/interrupts")

    def shutdown(self):
        self.console_mark = self.guest.console.mark()
        self.do(f"jailhouse cell shutdown {CELL}")
        self.inmate_says(r"demo: shutting down after \d+ messages", "the inmate was asked, and agreed")
        self.so(self.cell_state() == "shut down", "the cell is shut down")

    def again(self):
        self.start()
        self.talk()

    def destroy(self):
        self.do(f"jailhouse cell destroy {CELL}")
        self.so(self.cpus() == "0-3", "CPU 3 is back in Linux")
        self.do("jailhouse cell list")

    def disable(self):
        self.do("jailhouse disable")
        self.so(self.look(f"cat {SYSFS}/enabled") == "0", "the hypervisor is gone")
        self.do("rmmod uio_ivshmem jailhouse")
        self.so(self.look("ls /dev/jailhouse 2>/dev/null") == "", "and so are its driver's traces")

    def linux_goes_on(self):
        self.do("for cpu in 0 1 2 3; do taskset $((1 << cpu)) sh -c \"seq 20000 | sha256sum >/tmp/$cpu\" & done; wait; "
                "cat /tmp/[0-3] | sort | uniq -c")
        self.so(self.look("cat /tmp/[0-3] | sort -u | wc -l") == "1", "every CPU computes, and all the same")
        self.so(self.cpus() == "0-3", "all four CPUs are online")
        kernel_log = self.look("dmesg | sed '1,/bulkhead-demo-begins/d'")
        alarm = re.search(ALARMING, kernel_log)
        self.so(not alarm, "the kernel log has no warning and no oops", alarm and alarm.group(0))


STEPS = [
    ("Boot a stock Debian kernel with four CPUs", Demo.boot),
    ("Load the driver", Demo.modules),
    ("Slide the hypervisor under the running Linux", Demo.enable),
    ("Create a cell", Demo.create),
    ("Start a bare-metal program in it", Demo.start),
    ("The two cells talk: State, shared sections, doorbells both ways", Demo.talk),
    ("Shut the cell down", Demo.shutdown),
    ("Start it again, and talk again", Demo.again),
    ("Destroy the cell", Demo.destroy),
    ("Take the hypervisor away", Demo.disable),
    ("Linux goes on as if nothing had happened", Demo.linux_goes_on),
]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", default="build")
    parser.add_argument("--cache", default="/var/cache/bulkhead/arm64")
    args = parser.parse_args()

    started = time.monotonic()
    tell = Teller(os.path.join(args.build, "demo.log"), len(STEPS))
    serial_log = os.path.join(args.build, "demo-serial.log")
    tell.plain("Bulkhead demo: one machine, two cells, one link")
    tell.plain(f"machine: qemu-system-aarch64 {' '.join(MACHINE[:4])} -cpu {CPU} -smp {CPUS}")
    with Guest(args.build, args.cache, log=serial_log) as guest:
        demo = Demo(guest, tell)
        try:
            for headline, step in STEPS:
                tell.headline(headline)
                step(demo)
        except (NotSo, GuestError) as error:
            text = str(error)
            tell.bad(text.splitlines()[0])
            tell.output("\n".join(text.splitlines()[1:]))
            if isinstance(error, NotSo):
                tell.plain("    last lines of the serial line:")
                tell.output(guest.console.tail(15))
            tell.plain("")
            tell.plain(f"DEMO FAILED. Everything that was said: {args.build}/demo.log, serial line: {serial_log}")
            return 1
    tell.plain("")
    tell.plain(f"Demo complete in {time.monotonic() - started:.0f} s: everything above happened. "
               f"Log: {args.build}/demo.log, serial line: {serial_log}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
