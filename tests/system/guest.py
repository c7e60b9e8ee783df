# SPDX-License-Identifier: BSD-2-Clause
"""The demo's machine: Debian's arm64 kernel in QEMU, with a command channel beside the serial line.

The serial line belongs to the kernel, the hypervisor and the inmates: it is only recorded and watched.
Commands go through a virtio serial port to a shell; each answer ends in a marker with the exit status, so
no output on the serial line can be mistaken for it.
"""
import argparse
import base64
import itertools
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time

import pexpect
import pexpect.fdpexpect

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../bench"))

from excursions import watch		# noqa: E402

MACHINE = ["-machine", "virt,gic-version=3,virtualization=on", "-m", "1G", "-nographic", "-nodefaults", "-no-reboot",
           "-global", "virtio-mmio.force-legacy=false"]
CPU = "cortex-a57"
CPUS = 4
CMDLINE = "console=ttyAMA0 panic=-1"

# Times are for an emulated machine on a loaded host; nothing waits for them when all is well.
BOOT_TIMEOUT = 300
COMMAND_TIMEOUT = 120

# What ends a guest: nothing that is asked of it afterwards means anything.
DEADLY = re.compile(r"Kernel panic|Unable to handle kernel|Internal error: |BUG: |watchdog: BUG|"
                    r"rcu: INFO: rcu_\w+ (self-)?detected stall")


# Of the hypervisor: each is whole, but may stand in the middle of a program's, or be anywhere beside one.
HYPERVISOR_LINES = re.compile(r'(?:Bulkhead |root cell "|cell "|refused \(|  ESR 0x|  x\d+: |The system was not |\d+ cells run, )[^\n]*\n')


def end_process(process):
    """Ends an emulator, if it has not ended by itself, and closes what it says."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    process.stdout.close()


class GuestError(Exception):
    """The machine did not do what it has to; the text ends in the last lines of its serial line."""


class Result:
    """Output and exit status of one command in the guest."""

    def __init__(self, command, status, output):
        self.command = command
        self.status = status
        self.output = output
        self.lines = output.splitlines()

    @property
    def ok(self):
        return self.status == 0

    def __repr__(self):
        return f"$ {self.command}\n{self.output}[exit status {self.status}]"


class Console:
    """Records the serial line in a thread, so that the emulator never waits for a reader."""

    def __init__(self, sock, log_path):
        self._sock = sock
        self._log = open(log_path, "ab", buffering=0)
        self._changed = threading.Condition()
        self._text = ""
        self.closed = False
        self.deadly = None
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self):
        while True:
            try:
                data = self._sock.recv(4096)
            except OSError:
                data = b""
            with self._changed:
                if not data:
                    self.closed = True
                    self._changed.notify_all()
                    return
                self._log.write(data)
                start = max(0, len(self._text) - 200)
                self._text += data.decode("utf-8", "replace").replace("\r", "")
                if self.deadly is None:
                    hit = DEADLY.search(self._text, start)
                    self.deadly = hit and hit.group(0)
                self._changed.notify_all()

    def mark(self):
        """A position; text and wait look at what came after it."""
        with self._changed:
            return len(self._text)

    def text(self, since=0):
        with self._changed:
            return self._text[since:]

    def tail(self, lines=25):
        return "\n".join(self.text().splitlines()[-lines:])

    def wait(self, pattern, since=0, timeout=COMMAND_TIMEOUT):
        """Waits until pattern matches what came after since; the match, or None."""
        regex = re.compile(pattern, re.M)
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                match = regex.search(self._text, since)
                left = end - time.monotonic()
                if match or self.closed or left <= 0:
                    return match
                self._changed.wait(left)

    def write(self, text):
        self._sock.sendall(text.encode())

    def close(self):
        self._thread.join(10)
        self._log.close()
        self._sock.close()


class Guest:
    """One running machine."""

    _numbers = itertools.count(1)

    def __init__(self, build, cache, cpu=CPU, cpus=CPUS, cmdline="", log=None, rootfs=None, bundle=None,
                 restarts=False, tree=None, doors=False, memory=None, bios=None):
        self.alive = True
        self._nonce = itertools.count(1)
        log = log or os.path.join(build, "results", f"console-{os.getpid()}-{next(self._numbers)}.log")
        os.makedirs(os.path.dirname(log), exist_ok=True)
        self.log = log
        open(log, "wb").close()
        serial, serial_far = socket.socketpair()
        channel, channel_far = socket.socketpair()
        # a bundle has kernel, root file system and command line in it
        system = ["-kernel", bundle] if bundle else [
            "-kernel", os.path.join(cache, "Image"), "-initrd", rootfs or os.path.join(build, "rootfs.cpio.gz"),
            "-append", f"{CMDLINE} {cmdline}".strip()]
        system += ["-dtb", tree] if tree else []
        system += ["-m", memory] if memory else []
        system += ["-bios", bios] if bios else []
        machine = [word for word in MACHINE if not (restarts and word == "-no-reboot")]
        command = ["qemu-system-aarch64", *machine, "-cpu", cpu, "-smp", str(cpus), *system,
                   "-chardev", f"socket,id=serial,fd={serial_far.fileno()}", "-serial", "chardev:serial",
                   "-chardev", f"socket,id=channel,fd={channel_far.fileno()}",
                   "-device", "virtio-serial-device",
                   "-device", "virtserialport,chardev=channel,name=bulkhead.command"]
        # the emulator's monitor, and the machine's memory: for direct.Monitor and direct.Memory
        self.doors, far_doors = zip(*(socket.socketpair() for _ in range(2))) if doors else ((), ())
        for name, options, far in zip(("monitor", "qtest"), (["-mon", "monitor,mode=control"],
                                                             ["-qtest", "chardev:qtest", "-qtest-log", "none"]), far_doors):
            command += ["-chardev", f"socket,id={name},fd={far.fileno()}", *options]
        command += ["-accel", "tcg"] if doors else []
        command = watch(build, command)
        self.qemu_command = command
        # a run of tests that is killed takes its machines with it
        self._qemu = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT,
                                      pass_fds=[far.fileno() for far in (serial_far, channel_far, *far_doors)])
        for far in (serial_far, channel_far, *far_doors):
            far.close()
        self.console = Console(serial, log)
        self._socket = channel
        self._channel = pexpect.fdpexpect.fdspawn(channel.fileno(), encoding="utf-8", codec_errors="replace",
                                                  timeout=1)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def _fail(self, what):
        self.alive = False
        emulator = ""
        if self._qemu.poll() is not None:
            emulator = self._qemu.stdout.read().decode("utf-8", "replace").strip()
        raise GuestError(f"{what}\n{emulator}\n--- last lines of the serial line ({self.log}):\n"
                         f"{self.console.tail()}")

    def wait_boot(self, timeout=BOOT_TIMEOUT):
        if not self.console.wait("bulkhead: root file system is up", timeout=timeout):
            self._fail(f"the guest did not come up within {timeout} s")
        self.run("true", timeout=timeout)
        return self

    def run(self, command, timeout=COMMAND_TIMEOUT):
        """Executes a shell command; GuestError if the guest dies or does not answer."""
        if not self.alive:
            self._fail("the guest is dead already")
        marker = f"@bulkhead-{os.getpid()}-{next(self._nonce)}"
        # quoted in two parts, so that an echo of the command is not the marker
        self.send(f"sh -c {shlex.quote(command)} </dev/null 2>&1; "
                   f"printf '\\n%s:%d@\\n' '{marker[:5]}''{marker[5:]}' $?\n")
        end = time.monotonic() + timeout
        pattern = re.compile(r"\n" + re.escape(marker) + r":(\d+)@\n")
        while True:
            # wakes up now and then to see whether the guest still lives
            try:
                seen = self._channel.expect([pattern, pexpect.EOF, pexpect.TIMEOUT], timeout=2)
            except OSError:
                seen = 1
            if seen == 0:
                return Result(command, int(self._channel.match.group(1)), self._channel.before)
            if self.console.deadly:
                self._fail(f"the guest died ({self.console.deadly}) during: {command}")
            if seen == 1 or self._qemu.poll() is not None:
                self._fail(f"the emulator ended during: {command}")
            if time.monotonic() >= end:
                self._fail(f"no answer within {timeout} s to: {command}\n{self._channel.before or ''}")

    def wait_end(self, timeout=COMMAND_TIMEOUT):
        """Until the machine has switched itself off."""
        try:
            self._qemu.wait(timeout)
        except subprocess.TimeoutExpired:
            self._fail(f"the machine is still on after {timeout} s")
        self.alive = False

    def send(self, text):
        """To the shell, without waiting for anything."""
        try:
            self._socket.sendall(text.encode())
        except OSError:
            self._fail("the command channel is closed")

    def check(self, command, timeout=COMMAND_TIMEOUT):
        """As run, and the command has to succeed. Gives its output."""
        result = self.run(command, timeout)
        if not result.ok:
            raise GuestError(f"command failed: {result!r}")
        return result.output

    def interrupts(self, device):
        """How often the interrupt of a device (its sysfs directory) came, over all CPUs that are online."""
        irq = self.check(f"cat {device}/irq").strip()
        counts = self.check(f"grep -E '^ *{irq}:' /proc/interrupts").split(":", 1)[1].split()
        return sum(int(count) for count in itertools.takewhile(str.isdigit, counts))

    def push(self, path, data):
        """Writes a file in the guest."""
        text = base64.b64encode(data).decode()
        self.check(f"mkdir -p {shlex.quote(os.path.dirname(path))}; : >{shlex.quote(path)}")
        for at in range(0, len(text), 16384):
            self.check(f"echo {text[at:at + 16384]} | base64 -d >>{shlex.quote(path)}")

    def pull(self, path):
        return base64.b64decode(self.check(f"base64 {shlex.quote(path)}"))

    def close(self):
        self.alive = False
        end_process(self._qemu)
        self.console.close()
        for near in (self._socket, *self.doors):
            near.close()


def main():
    parser = argparse.ArgumentParser(description="A shell in the demo's machine on this terminal.")
    parser.add_argument("--build", default="build")
    parser.add_argument("--cache", default="/var/cache/bulkhead/arm64")
    args = parser.parse_args()
    os.execvp("qemu-system-aarch64", [
        "qemu-system-aarch64", *[a for a in MACHINE if a != "-nodefaults"], "-cpu", CPU, "-smp", str(CPUS),
        "-net", "none", "-kernel", os.path.join(args.cache, "Image"),
        "-initrd", os.path.join(args.build, "rootfs.cpio.gz"), "-append", CMDLINE])


if __name__ == "__main__":
    main()
