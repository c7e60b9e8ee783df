# SPDX-License-Identifier: BSD-2-Clause
"""Cells come, run, stop and go; the hypervisor comes and goes; nothing is left behind."""
import subprocess
import sys

import pytest

from cellfile import abi
from conftest import BUILD, CACHE, INMATE, RTOS, SYSFS, SYSTEM


def test_demo():
    """What the first page promises."""
    run = subprocess.run([sys.executable, f"{sys.path[0]}/demo.py", "--build", BUILD, "--cache", CACHE],
                         capture_output=True, text=True, timeout=1200, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_states_of_a_cell(root):
    assert root.cells() == {"qemu-arm64": (0, "running", "0-3")}
    root.create()
    assert root.cells() == {"qemu-arm64": (0, "running", "0-2"), "rtos": (1, "shut down", "3")}
    assert root.online() == "0-2"
    mark = root.start_demo()
    assert root.cells()["rtos"] == (1, "running", "3")
    root.jailhouse("cell shutdown rtos")
    root.inmate_says("demo: shutting down", mark)
    assert root.cells()["rtos"] == (1, "shut down", "3")
    root.jailhouse("cell destroy rtos")
    assert root.cells() == {"qemu-arm64": (0, "running", "0-3")}
    assert root.online() == "0-3"


def test_cell_list_format(root):
    root.create()
    lines = root.jailhouse("cell list").splitlines()
    row = "%-8s%-24s%-18s%-24s%-24s"
    assert lines == [row % ("ID", "Name", "State", "Assigned CPUs", "Failed CPUs"),
                     row % ("0", "qemu-arm64", "running", "0-2", ""), row % ("1", "rtos", "shut down", "3", "")]


def test_rounds_leave_nothing_behind(root):
    before = root.snapshot()
    for _ in range(5):
        root.create()
        for _ in range(2):
            root.start_demo()
            root.jailhouse("cell shutdown rtos")
        root.jailhouse("cell destroy rtos")
        assert root.snapshot() == before
    root.all_cpus_work()


def test_odd_sizes_leave_no_page_behind(root, rtos_config):
    """Regions smaller than a block split the root cell's tables; what comes back makes them whole again."""
    def shrink(config):
        next(region for region in config.memory_regions if region.flags & abi.CFG_MEM_LOADABLE).size = 0x11000
    path = root.push_config("odd", rtos_config.changed(shrink).bytes())
    before = root.pool_used()
    for _ in range(3):
        root.create(path)
        assert root.pool_used() > before
        root.jailhouse("cell destroy rtos")
        assert root.pool_used() == before


def test_destroy_a_running_cell(root):
    before = root.snapshot()
    root.create()
    root.start()
    root.jailhouse("cell destroy rtos")
    assert root.snapshot() == before


def test_load_stops_a_running_cell(root):
    root.create()
    root.start_demo()
    root.jailhouse(f"cell load rtos {INMATE}")
    assert root.cells()["rtos"][1] == "shut down"
    mark = root.console.mark()
    root.jailhouse("cell start rtos")
    root.inmate_says("demo: on the link", mark)


def test_cells_by_id_and_by_name(root):
    root.create()
    root.jailhouse(f"cell load 1 {INMATE}")
    root.jailhouse("cell start --name rtos")
    root.jailhouse("cell shutdown 1")
    root.jailhouse("cell destroy 0x1")
    assert list(root.cells()) == ["qemu-arm64"]


def test_disable_destroys_living_cells(root):
    root.create()
    root.start()
    root.jailhouse("disable")
    assert not root.enabled()
    assert root.cells() == {}
    assert root.online() == "0-3"
    root.all_cpus_work()


def test_enable_and_disable_three_times(machine):
    before = machine.snapshot()
    pools = set()
    for _ in range(3):
        machine.jailhouse(f"enable {SYSTEM}")
        assert machine.enabled()
        pools.add(machine.pool_used())
        machine.create()
        machine.start_demo()
        machine.jailhouse("disable")
        machine.all_cpus_work()
    assert len(pools) == 1, f"page pools in use after each enable: {pools}"
    # the hypervisor's memory stays claimed until the module goes
    after = machine.snapshot()
    before.pop("iomem")
    after.pop("iomem")
    assert after == before


def test_module_reload(machine):
    machine.jailhouse(f"enable {SYSTEM}")
    assert not machine.run("rmmod jailhouse").ok, "the driver can be removed under a running hypervisor"
    assert machine.enabled()
    machine.jailhouse("disable")
    machine.check("rmmod uio_ivshmem; rmmod jailhouse")
    assert not machine.run(f"ls -d /dev/jailhouse {SYSFS}").ok
    machine.load_modules()
    machine.jailhouse(f"enable {SYSTEM}")
    machine.create()
    machine.jailhouse("disable")
    machine.all_cpus_work()


def cma_free(machine):
    return int(machine.check("awk '$1 == \"CmaFree:\" { print $2 }' /proc/meminfo"))


def test_memory_comes_back_with_removal(machine):
    rounds = 6
    machine.check("rmmod uio_ivshmem; rmmod jailhouse")
    before = machine.check("cat /proc/iomem")
    free_before = cma_free(machine)
    for _ in range(rounds):
        machine.load_modules()
        machine.jailhouse(f"enable {SYSTEM}")
        machine.create()
        machine.jailhouse("disable")
        machine.check("rmmod uio_ivshmem; rmmod jailhouse")
    assert machine.check("cat /proc/iomem") == before
    # a leak would be 4096 KiB in each round; Linux puts some pages of its own there meanwhile
    assert free_before - cma_free(machine) < rounds * 4096 / 2
    machine.load_modules()


def test_linux_takes_cpus_off_and_on(root):
    for _ in range(3):
        for cpu in (1, 2, 3):
            root.check(f"echo 0 >/sys/devices/system/cpu/cpu{cpu}/online")
        assert root.online() == "0"
        for cpu in (1, 2, 3):
            root.check(f"echo 1 >/sys/devices/system/cpu/cpu{cpu}/online")
        assert root.online() == "0-3"
    root.all_cpus_work()


def test_cpu_offline_at_creation_stays_offline(root):
    root.check("echo 0 >/sys/devices/system/cpu/cpu3/online")
    root.create()
    root.start_demo()
    root.jailhouse("cell destroy rtos")
    assert root.online() == "0-2"
    root.check("echo 1 >/sys/devices/system/cpu/cpu3/online")
    assert root.online() == "0-3"
    root.all_cpus_work()


def test_disable_with_a_cpu_offline(root):
    root.check("echo 0 >/sys/devices/system/cpu/cpu2/online")
    root.refused("jailhouse disable", "JAILHOUSE_DISABLE", "Device or resource busy", "online")
    assert root.enabled()
    root.check("echo 1 >/sys/devices/system/cpu/cpu2/online")
    root.jailhouse("disable")
    root.all_cpus_work()


def test_reboot_with_a_cell_alive(root, fleet):
    """Restart disables first; the emulator ends instead of starting again (-no-reboot)."""
    machine = root
    machine.create()
    machine.start()
    mark = machine.console.mark()
    machine.guest.send("reboot -f\n")
    assert machine.console.wait("reboot: Restarting system", mark), machine.console.tail()
    assert "disabled, all CPUs go back to Linux" in machine.console.text(mark), machine.console.tail()
    fleet.drop()


@pytest.mark.parametrize("workload", ["for i in 1 2 3 4; do (seq 30000 | sha256sum) & done; wait"])
def test_linux_under_load_while_cells_come_and_go(root, workload):
    root.check("rm -f /tmp/stop /tmp/over; mkfifo /tmp/over")
    root.check(f"(while [ ! -e /tmp/stop ]; do {workload}; done >/tmp/load 2>&1; echo >/tmp/over) "
               "</dev/null >/dev/null 2>&1 &")
    try:
        for _ in range(3):
            root.jailhouse(f"cell create {RTOS}")
            root.start()
            root.jailhouse("cell destroy rtos")
    finally:
        root.run("touch /tmp/stop")
    root.check("read over </tmp/over")
    root.check("[ $(sort -u /tmp/load | wc -l) = 1 ] && rm /tmp/stop /tmp/over")
    root.all_cpus_work()
