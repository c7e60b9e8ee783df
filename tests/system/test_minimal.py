# SPDX-License-Identifier: BSD-2-Clause
"""Under Linux, the image with nothing that a system can do without (configs/minimal_linux_defconfig): cells live, and each
command whose feature is not there says so. The image for direct boot is refused."""
from cellfile import abi
from conftest import INMATE, RTOS, SYSTEM, host_path

IMAGE = "/lib/firmware/jailhouse.bin"


def use(machine, name):
    with open(host_path(f"/{name}/arm64/jailhouse.bin"), "rb") as file:
        machine.push(IMAGE, file.read())


def with_8250(config):
    config.header.debug_console.type = abi.CFG_CONSOLE_8250


def with_watchdog(config):
    config.memory_regions[-1].flags |= abi.CFG_WATCHDOG


def test_life_of_cells(machine, system_config, rtos_config):
    machine.check(f"cp {IMAGE} /tmp/jailhouse.bin")
    try:
        use(machine, "minimal-direct")
        result = machine.run(f"jailhouse enable {SYSTEM}")
        assert result.status == 1 and "was built without CONFIG_LATE_LAUNCH" in result.lines[0]
        use(machine, "minimal-linux")
        path = machine.push_config("serial", system_config.changed(with_8250).bytes())
        result = machine.run(f"jailhouse enable {path}")
        assert result.status == 1 and "jailhouse.bin was built without CONFIG_UART_8250" in result.lines[0], result
        machine.jailhouse(f"enable {SYSTEM}")
        machine.jailhouse(f"cell create {RTOS}")
        cell = machine.cells()["rtos"][0]
        machine.jailhouse(f"cell load rtos {INMATE}")
        machine.jailhouse("cell start rtos")
        assert machine.cells()["rtos"][1] == "running"
        for command, words in {
                "link list": "built without CONFIG_LINK_INFO", "cell console rtos": "built without CONFIG_CELL_CONSOLE",
                "trace": "it was built without; set CONFIG_TRACE=y"}.items():
            result = machine.run(f"jailhouse {command}")
            assert result.status == 1 and len(result.lines) == 1 and words in result.lines[0], result
        machine.jailhouse("cell show rtos")
        assert machine.check(f"cat /sys/devices/jailhouse/cells/{cell}/counters") == ""
        assert machine.run("jailhouse crash").lines
        machine.jailhouse("cell destroy rtos")
        path = machine.push_config("watched", rtos_config.changed(with_watchdog).bytes())
        result = machine.run(f"jailhouse cell create {path}")
        assert result.status == 1 and "is a watchdog: jailhouse.bin was built without CONFIG_WATCHDOG" in result.lines[0], result
        machine.jailhouse("disable")
        machine.all_cpus_work()
    finally:
        machine.check(f"mv /tmp/jailhouse.bin {IMAGE}")
