# SPDX-License-Identifier: BSD-2-Clause
"""Direct boot with Debian as root cell: it finds the hypervisor running, sees what is its own, and manages the cells."""
import os
import re
import subprocess
import sys

import pytest

from cellfile import CellFile, abi
from conftest import BUILD, CACHE, SYSFS

SOURCES = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
SYSTEM_FILE = os.path.join(SOURCES, "configs/systems/qemu-arm64-direct-linux.yaml")
MADE = os.path.join(BUILD, "configs/direct-linux")
BUNDLE = os.path.join(MADE, "bundle")
ROOT, RTOS, SPARE = "qemu-arm64", "rtos", "spare"
AT_START = {ROOT: (0, "running", "0-2"), RTOS: (1, "running", "3")}
DEMO_UIO, SPARE_UIO = 0, 1
FREE_RAM = 0x50000000		# of Linux, where it has nothing that stays


def cell_file(name, directory=MADE):
    return CellFile.read(os.path.join(directory, f"{name}.cell"))


def interrupts(machine, uio):
    return machine.guest.interrupts(f"/sys/class/uio/uio{uio}/device")


def talk(machine, uio=DEMO_UIO):
    """The program checks data, State and answers; here is counted that it went by interrupt, both ways."""
    before = interrupts(machine, uio)
    mark = machine.console.mark()
    machine.check(f"ivshmem-demo --uio={uio}", timeout=300)
    machine.inmate_says("demo: peer 0: state 0 -> 1", mark)
    machine.inmate_says("demo: peer 0: state 1 -> 0", mark)
    assert interrupts(machine, uio) >= before + 10, "no doorbell came to Linux"


def start(machine, name):
    mark = machine.console.mark()
    machine.start(name)
    machine.inmate_says("demo: on the link with state 2", mark)


@pytest.fixture
def linux(fleet):
    """The machine of the bundle, with the cells that it starts with."""
    machine = fleet.get(bundle=BUNDLE)
    machine.load_modules()
    assert machine.cells() == AT_START
    yield machine
    if machine.guest.alive:
        if SPARE in machine.cells():
            machine.jailhouse(f"cell destroy {SPARE}")
        assert machine.cells() == AT_START and machine.online() == "0-2"
        machine.no_alarm()


def test_linux_sees_what_is_its_own(linux):
    assert linux.check("cat /sys/devices/system/cpu/possible").strip() == "0-2"
    assert linux.online() == "0-2"
    log = linux.check("dmesg")
    assert "started at EL1" in log and "violation of boot protocol" not in log
    ram = [tuple(int(number, 16) for number in line.split(" : ")[0].split("-"))
           for line in linux.check("cat /proc/iomem").splitlines() if line.endswith(" : System RAM")]
    others = [(region.phys_start, region.phys_start + region.size - 1) for name in (RTOS, SPARE)
              for region in cell_file(name).memory_regions if not region.flags & (abi.CFG_MEM_IO | abi.CFG_MEM_COMM_REGION)]
    others.append((0x40200000, 0x441fffff))
    assert ram and not any(low <= end and start <= high for low, high in ram for start, end in others)
    assert sum(high + 1 - low for low, high in ram) > 900 << 20
    assert linux.check("ls /sys/bus/pci/devices").split() == ["0001:00:00.0", "0001:00:01.0"]
    linux.all_cpus_work()


def test_nothing_to_enable_or_disable(linux):
    before = linux.snapshot()
    linux.refused("jailhouse enable /configs/qemu-arm64.cell", "JAILHOUSE_ENABLE", "Device or resource busy",
                  "firmware started it", "create cells")
    linux.refused("jailhouse disable", "JAILHOUSE_DISABLE", "Operation not permitted", "firmware started",
                  "shut this Linux down")
    assert linux.enabled()
    assert linux.snapshot() == before


def test_cells_of_the_bundle(linux):
    lines = [line.split() for line in linux.jailhouse("cell list").splitlines()]
    assert lines[1:] == [["0", ROOT, "running", "0-2"], ["1", RTOS, "running", "3"]]
    cpus = [set(linux.check(f"ls {SYSFS}/cells/{cell}/statistics | grep ^cpu").split()) for cell in (0, 1)]
    assert cpus == [{"cpu0", "cpu1", "cpu2"}, {"cpu3"}]
    assert linux.check(f"cat {SYSFS}/cells/0/cpus_assigned {SYSFS}/cells/1/cpus_assigned").split() == ["7", "8"]
    for cell in (0, 1):
        assert int(linux.check(f"cat {SYSFS}/cells/{cell}/statistics/vmexits_total")) > 0
    assert linux.run(f"ls {SYSFS}/core").status != 0
    assert int(linux.check(f"cat {SYSFS}/mem_pool_size")) > int(linux.check(f"cat {SYSFS}/mem_pool_used")) > 0


def test_console(linux):
    assert linux.run("jailhouse cell shutdown nobody").status == 1
    talk(linux)
    assert "demo: peer 0: state 0 -> 1" in linux.jailhouse("console")
    assert "demo: peer 0: state 0 -> 1" in linux.check(f"cat {SYSFS}/console")


def test_talk_with_a_cell_of_the_bundle(linux):
    talk(linux)
    talk(linux)


def test_new_cell(linux):
    before = linux.snapshot()
    for _ in range(2):
        linux.create(linux.push_config(SPARE, cell_file(SPARE).bytes()))
        assert linux.cells() == {**AT_START, ROOT: (0, "running", "0-1"), SPARE: (2, "shut down", "2")}
        assert linux.online() == "0-1"
        start(linux, SPARE)
        assert linux.cells()[SPARE] == (2, "running", "2")
        talk(linux, SPARE_UIO)
        talk(linux, DEMO_UIO)
        linux.jailhouse(f"cell destroy {SPARE}")
        assert {**linux.snapshot(), "pool": None} == {**before, "pool": None}
        linux.all_cpus_work()


def test_new_cell_in_memory_of_linux(linux):
    def moved(config):
        next(region for region in config.memory_regions if region.flags & abi.CFG_MEM_LOADABLE).phys_start = FREE_RAM
    linux.create(linux.push_config(SPARE, cell_file(SPARE).changed(moved).bytes()))
    start(linux, SPARE)
    talk(linux, SPARE_UIO)
    linux.jailhouse(f"cell destroy {SPARE}")
    linux.all_cpus_work()


def test_cpus_of_others_are_not_to_be_had(linux):
    before = linux.snapshot()
    path = linux.push_config(SPARE, cell_file(SPARE).changed(lambda config: config.set_cpus([2, 3])).bytes())
    linux.refused(f"jailhouse cell create {path}", "JAILHOUSE_CELL_CREATE", "Device or resource busy", "CPUs 3 are not")
    path = linux.push_config(SPARE, cell_file(SPARE).changed(lambda config: config.set_cpus([4])).bytes())
    linux.refused(f"jailhouse cell create {path}", "JAILHOUSE_CELL_CREATE", "Device or resource busy",
                  "CPU 4 does not exist, the machine has 4")
    assert linux.snapshot() == before


def test_cell_of_the_bundle_is_stopped_and_loaded_anew(linux):
    linux.jailhouse(f"cell shutdown {RTOS}")
    assert linux.cells()[RTOS] == (1, "shut down", "3")
    mark = linux.console.mark()
    linux.jailhouse(f"cell start {RTOS}")
    linux.inmate_says("demo: on the link", mark)
    linux.jailhouse(f"cell shutdown {RTOS}")
    start(linux, RTOS)
    talk(linux)


def test_cell_of_the_bundle_is_made_anew(linux):
    """Linux does not know its CPU: nothing has to be taken offline, and nothing comes online."""
    linux.jailhouse(f"cell destroy {RTOS}")
    assert linux.cells() == {ROOT: (0, "running", "0-3")}
    assert linux.online() == "0-2"
    assert linux.check(f"ls -d {SYSFS}/cells/0/statistics/cpu3").strip()
    linux.create(linux.push_config(RTOS, cell_file(RTOS).bytes()))
    assert linux.cells() == {ROOT: (0, "running", "0-2"), RTOS: (1, "shut down", "3")}
    assert linux.run(f"jailhouse cell start {RTOS}").status == 1, "it has not been loaded"
    start(linux, RTOS)
    talk(linux)
    # from here on the module holds on to what it made
    assert linux.run("rmmod uio_ivshmem jailhouse").status != 0
    linux.guest.alive = False


def test_module_goes_and_comes(linux):
    before = linux.snapshot()
    for _ in range(2):
        linux.check("rmmod uio_ivshmem jailhouse")
        assert "Jailhouse hypervisor" not in linux.check("cat /proc/iomem")
        assert linux.run(f"[ -d {SYSFS} ]").status != 0
        linux.load_modules()
        assert {**linux.snapshot(), "pool": None} == {**before, "pool": None}
        talk(linux)


def test_module_stays_with_cells_that_it_made(linux):
    linux.create(linux.push_config(SPARE, cell_file(SPARE).bytes()))
    linux.check("rmmod uio_ivshmem")
    assert linux.run("rmmod jailhouse").status != 0
    linux.jailhouse(f"cell destroy {SPARE}")
    linux.check("rmmod jailhouse")
    linux.load_modules()


def test_cpus_of_linux_go_offline_and_come_back(linux):
    for cpu in (1, 2):
        linux.check(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
    assert linux.online() == "0"
    assert linux.cells() == AT_START
    talk(linux)
    for cpu in (1, 2):
        linux.check(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")
    linux.all_cpus_work()


@pytest.fixture
def own(fleet):
    """A machine that does not survive its test."""
    def get(**options):
        fleet.drop()
        machine = fleet.get(bundle=BUNDLE, **options)
        machine.load_modules()
        return machine
    yield get
    fleet.drop()


def test_poweroff(own):
    machine = own()
    mark = machine.console.mark()
    machine.guest.send("poweroff -f\n")
    machine.guest.wait_end()
    assert re.search(f'cell "{ROOT}" switches off the machine', machine.console.text(mark))


def test_reboot(own):
    """All of it: the hypervisor, the cells, Linux."""
    machine = own(restarts=True)
    mark = machine.console.mark()
    machine.guest.send("reboot -f\n")
    for line in (f'cell "{ROOT}" restarts the machine', "^Bulkhead .* on CPU 0", f'cell "{RTOS}" started',
                 "demo: on the link with state 2", "bulkhead: root file system is up"):
        match = machine.console.wait(line, mark, timeout=300)
        assert match, f"'{line}' is missing; serial line:\n{machine.console.tail()}"
        mark = match.end()


@pytest.mark.parametrize("cpu", ["cortex-a76", "max,pauth-impdef=on"], ids=["cortex-a76", "max"])
def test_other_processors(own, cpu):
    machine = own(cpu=cpu)
    machine.all_cpus_work()
    assert machine.cells() == AT_START
    machine.create(machine.push_config(SPARE, cell_file(SPARE).bytes()))
    start(machine, SPARE)
    talk(machine, SPARE_UIO)
    talk(machine, DEMO_UIO)
    machine.jailhouse(f"cell destroy {SPARE}")
    machine.all_cpus_work()


@pytest.fixture(scope="module")
def swapped(tmp_path_factory):
    """The bare-metal cell on CPU 0 and the spare one on CPU 3, so that Linux numbers its CPUs otherwise."""
    directory = tmp_path_factory.mktemp("swapped")
    with open(SYSTEM_FILE, encoding="utf-8") as file:
        text = file.read().replace("cpus: [3]", "cpus: [0]").replace("cpus: [2]", "cpus: [3]")
    (directory / "system.yaml").write_text(text)
    subprocess.run([sys.executable, os.path.join(SOURCES, "tools/bulkhead-config"), "bundle", directory / "system.yaml",
                    "--boards", os.path.join(SOURCES, "configs/boards"), "--image",
                    os.path.join(BUILD, "arm64/jailhouse.bin"), "--files", os.path.join(BUILD, "inmates"), "--files", BUILD,
                    "--files", CACHE, "--cells", directory, "-o", directory / "bundle"], check=True, timeout=300)
    return str(directory)


def test_numbers_of_cpus_differ(fleet, swapped):
    machine = fleet.get(bundle=os.path.join(swapped, "bundle"))
    machine.load_modules()
    cells = {ROOT: (0, "running", "1-3"), RTOS: (1, "running", "0")}
    assert (machine.cells(), machine.online()) == (cells, "0-2")
    machine.all_cpus_work()
    talk(machine)
    machine.create(machine.push_config(SPARE, cell_file(SPARE, swapped).bytes()))
    assert machine.cells() == {**cells, ROOT: (0, "running", "1-2"), SPARE: (2, "shut down", "3")}
    assert machine.online() == "0-1", "CPU 3 is Linux's number 2"
    start(machine, SPARE)
    talk(machine, SPARE_UIO)
    machine.jailhouse(f"cell destroy {SPARE}")
    assert (machine.cells(), machine.online()) == (cells, "0-2")
    machine.all_cpus_work()
