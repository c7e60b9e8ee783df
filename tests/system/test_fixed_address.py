# SPDX-License-Identifier: BSD-2-Clause
"""Hypervisor memory at the address of the configuration, kept free by mem=, as files made for Jailhouse have it."""
import pytest

HYPERVISOR = 0x7fc00000
SIZE = 0x400000
CMDLINE = "mem=768M"


@pytest.fixture(scope="module")
def fixed_config(system_config):
    def change(config):
        config.header.hypervisor_memory.phys_start = HYPERVISOR
        config.header.hypervisor_memory.size = SIZE
        config.cut_memory(HYPERVISOR, SIZE)
    return system_config.changed(change).bytes()


def test_fixed_address(fleet, fixed_config):
    machine = fleet.get(cmdline=CMDLINE)
    machine.load_modules()
    path = machine.push_config("fixed", fixed_config)
    machine.jailhouse(f"enable {path}")
    assert f"{HYPERVISOR:08x}-{HYPERVISOR + SIZE - 1:08x} : Jailhouse hypervisor" in machine.check("cat /proc/iomem")
    machine.create()
    mark = machine.console.mark()
    machine.start()
    machine.inmate_says("demo: on the link", mark)
    machine.jailhouse("disable")
    machine.all_cpus_work()


def test_fixed_address_that_linux_uses(machine, fixed_config):
    """Without mem= Linux has its own data there."""
    before = machine.snapshot()
    path = machine.push_config("fixed", fixed_config)
    result = machine.run(f"jailhouse enable {path}")
    if result.ok:
        # the driver may take free memory there from Linux; then all has to work
        machine.all_cpus_work()
        machine.jailhouse("disable")
        return
    assert result.status == 1 and len(result.lines) == 1, repr(result)
    assert result.lines[0].startswith("JAILHOUSE_ENABLE: ") and f"{HYPERVISOR:x}" in result.lines[0], result.lines
    assert machine.snapshot() == before
    machine.all_cpus_work()
