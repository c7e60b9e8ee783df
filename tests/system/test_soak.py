# SPDX-License-Identifier: BSD-2-Clause
"""Two cells live at random under a root Linux, by command, and by what their programs do. After each round Linux sees
the cells that have to be there, and what they cost is what they have cost before. SYSTEM_SOAK_ROUNDS=N, SEED=N.

tests/direct/soak.py does this many times faster without Linux; here it is about the driver.
"""
import os
import random
import subprocess

import pytest

from cellfile import CellFile, abi
from conftest import INMATE, SYSFS
from test_lifecycle import cma_free

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "../.."))
ROUNDS = int(os.environ.get("SYSTEM_SOAK_ROUNDS", 30))
SEED = int(os.environ.get("SEED", 1))
CPUS = {"one": "3", "two": "1-2"}
PEERS = {"one": 1, "two": 2}
NONE, STOPPED, RUNNING, FAILED = None, "shut down", "running", "failed"
UNUSED_ID = 200


def passive(config):
    config.cell.flags |= abi.CFG_CELL_PASSIVE_COMM_REGION


def impatient(config):
    config.cell.msg_reply_timeout = 10000


class Soak:
    """The machine, and what its cells have to be like: name -> state, program"""

    def __init__(self, machine, directory):
        self.machine, self.dice = machine, random.Random(SEED)
        source = os.path.join(HERE, "soak.yaml")
        subprocess.run([os.path.join(ROOT, "tools/bulkhead-config"), "compile", "-B",
                        os.path.join(ROOT, "configs/boards"), "-o", directory, source], check=True, capture_output=True)
        files = {name: CellFile.read(os.path.join(directory, f"{name}.cell")) for name in ("qemu-arm64", *CPUS)}
        self.system = machine.push_config("qemu-arm64", files["qemu-arm64"].bytes())
        self.configs = {name: [machine.push_config(name, files[name].bytes()),
                               machine.push_config(f"{name}-passive", files[name].changed(passive).bytes()),
                               machine.push_config(f"{name}-impatient", files[name].changed(impatient).bytes())]
                        for name in CPUS}
        self.states, self.demo, self.patient = {name: NONE for name in CPUS}, {}, {}
        self.lent = dict.fromkeys(CPUS, False)	# its memory is in Linux, too
        self.costs, self.done = {}, []

    def do(self, command):
        self.done.append(command)
        return self.machine.check(command)

    def refused(self, command):
        self.done.append(f"! {command}")
        result = self.machine.run(command)
        assert result.status == 1 and len(result.lines) == 1, repr(result)

    # --- steps

    def create(self, name):
        config = self.dice.randrange(3)
        self.do(f"jailhouse cell create {self.configs[name][config]}")
        self.states[name], self.demo[name], self.patient[name] = STOPPED, False, config != 2
        self.look_for_silent()

    def look_for_silent(self):
        """An impatient cell that did not answer in time to what it was told is stopped for that."""
        for name, state in self.states.items():
            if state == RUNNING and not self.patient[name]:
                self.states[name] = self.machine.cells()[name][1]
                assert self.states[name] in (RUNNING, FAILED), self.done

    def load(self, name, image=INMATE, parameters=""):
        self.do(f"jailhouse cell load {name} {image} -s '{parameters}' -a 0x1000")
        self.states[name], self.demo[name], self.lent[name] = STOPPED, image == INMATE, True

    def start(self, name):
        self.load(name)
        self.do(f"jailhouse cell start {name}")
        self.states[name], self.lent[name] = RUNNING, False

    def restart(self, name):
        if not self.demo[name]:
            self.load(name)
        self.do(f"jailhouse cell start {name}")
        self.states[name], self.lent[name] = RUNNING, False

    def shutdown(self, name):
        self.do(f"jailhouse cell shutdown {name}")
        self.states[name], self.lent[name] = STOPPED, True

    def destroy(self, name):
        self.do(f"jailhouse cell destroy {name}")
        self.states[name], self.lent[name] = NONE, False
        self.look_for_silent()

    def cut(self, name):
        """Stopped while it starts: the shell has nothing to do in between."""
        self.load(name)
        last, state = self.dice.choice([("destroy", NONE), ("shutdown", STOPPED), ("start", RUNNING)])
        self.do(f"jailhouse cell start {name} && jailhouse cell {last} {name}")
        self.states[name], self.lent[name] = state, state == STOPPED
        self.look_for_silent()

    def crash(self, name):
        # with the link's register page, and a device of the machine
        attack = self.dice.choice(["read", "write-device", "decode-off"])
        self.load(name, "/inmates/attack_memory.bin", f"attack={attack}")
        mark = self.machine.console.mark()
        self.do(f"jailhouse cell start {name}")
        self.lent[name] = False
        self.machine.inmate_says(f'^cell "{name}" failed$', mark)
        self.states[name] = FAILED

    def off(self, name):
        self.load(name, "/inmates/attack_memory.bin", "attack=off")
        self.do(f"jailhouse cell start {name}")
        self.states[name], self.lent[name] = RUNNING, False

    def silent(self, name):
        """Only with little time for the answer; the others would be waited for."""
        if self.patient[name]:
            return
        self.load(name, "/inmates/attack_memory.bin", "attack=silent")
        self.do(f"jailhouse cell start {name}")
        self.states[name], self.lent[name] = RUNNING, False
        self.shutdown(name)

    def deny(self, name):
        if self.patient[name] and self.is_asked(name):
            self.load(name, parameters="deny=1")
            mark = self.machine.console.mark()
            self.do(f"jailhouse cell start {name}")
            self.states[name], self.lent[name] = RUNNING, False
            self.machine.inmate_says("demo: on the link", mark)
            self.refused(f"jailhouse cell {self.dice.choice(['shutdown', 'start', 'destroy'])} {name}")

    def is_asked(self, name):
        """Its configuration is the default one."""
        return self.configs[name][0] in next(line for line in reversed(self.done)
                                             if line.startswith("jailhouse cell create") and f"/{name}" in line).split()

    def talk(self, name):
        """Doorbells and State changes between it and Linux"""
        self.start(name)
        self.do(f"ivshmem-demo --uio=0 --target={PEERS[name]} --rounds={self.dice.randrange(1, 20)}")

    def refuse(self, name):
        if self.states[name] is NONE:
            self.refused(f"jailhouse cell {self.dice.choice(['start', 'shutdown', 'destroy'])} {name}")
        else:
            self.refused(f"jailhouse cell create {self.dice.choice(self.configs[name])}")
        self.refused(f"jailhouse cell destroy {UNUSED_ID}")

    def step(self):
        name = self.dice.choice(list(CPUS))
        if self.states[name] is NONE:
            self.dice.choice([self.create, self.create, self.refuse])(name)
        else:
            self.dice.choice([self.start, self.restart, self.shutdown, self.destroy, self.cut, self.crash, self.off,
                              self.silent, self.deny, self.talk, self.talk, self.refuse])(name)

    # --- what has to be true

    def check(self):
        cells = {name: (state, cpus) for name, (_, state, cpus) in self.machine.cells().items()}
        there = {name: (state, CPUS[name]) for name, state in self.states.items() if state is not NONE}
        assert {name: cells[name] for name in cells if name != "qemu-arm64"} == there, self.done
        free = {cpu for cpu in range(4) if not any(cpu in ({3} if name == "one" else {1, 2}) for name in there)}
        online = self.machine.check("cat /sys/devices/system/cpu/online").strip()
        assert {cpu for part in online.split(",") for first, *last in [part.split("-")]
                for cpu in range(int(first), int((last or [first])[0]) + 1)} == free, (online, self.done)
        # what is in use follows from what there is
        what, cost = (tuple(there), tuple(self.lent.items())), self.machine.pool_used()
        assert self.costs.setdefault(what, cost) == cost, (what, self.done)

    def clear(self):
        for name, state in self.states.items():
            if state is not NONE:
                self.destroy(name)


def test_random_life(machine, tmp_path):
    # what Linux has to say about CPUs would end up in the middle of an inmate's lines
    level = machine.check("cut -f1 /proc/sys/kernel/printk").strip()
    machine.check("echo 1 >/proc/sys/kernel/printk")
    soak = Soak(machine, tmp_path)
    machine.jailhouse(f"enable {soak.system}")
    for name in CPUS:		# Linux allocates its own things for the first cell
        soak.create(name)
        soak.talk(name)
    soak.clear()
    before, free = machine.snapshot(), cma_free(machine)
    for number in range(ROUNDS):
        for _ in range(soak.dice.randrange(1, 5)):
            soak.step()
        soak.check()
        if soak.dice.randrange(4) == 0 or number == ROUNDS - 1:
            soak.clear()
            assert machine.snapshot() == before, (SEED, soak.done)
            soak.done.clear()
    # a page lost in each round would be seen; Linux puts some pages of its own there meanwhile
    assert free - cma_free(machine) < 2048, soak.costs
    machine.all_cpus_work()
    machine.check(f"echo {level} >/proc/sys/kernel/printk")
