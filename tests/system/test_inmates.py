# SPDX-License-Identifier: BSD-2-Clause
"""Bare-metal programs that check a cell from inside, and others that try what a cell must not do: under the real
hypervisor, with the root Linux looking on."""
import re

import pytest

import attacks
from attacks import ATTACKS, STOPPED
from cellfile import abi
from conftest import INMATE, RTOS, SYSFS, SYSTEM
from guest import HYPERVISOR_LINES
from test_errors import CREATE, DESTROY, INVALID
from test_link import begin_to_wait, interrupts, peer_state, wait_for
from test_root_misbehaves import uio_maps

DENIED = "Operation not permitted"
PARAMETERS = 0x1000
UART_SPI = 1
UART_INTID = 32 + UART_SPI
GICD = 0x08000000
CELL_STATE = 2


@pytest.fixture
def root(fleet):
    """As elsewhere, with a Linux that lets a test look at the interrupt controller through /dev/mem."""
    machine = fleet.get(cmdline="iomem=relaxed")
    machine.load_modules()
    if not machine.enabled():
        machine.enable()
        # what Linux has to say about CPUs would end up in the middle of an inmate's lines
        machine.check("echo 1 >/proc/sys/kernel/printk")
    machine.destroy_cells()
    yield machine
    if machine.guest.alive:
        machine.destroy_cells()
        assert machine.online() == "0-3"
        machine.no_alarm()


# --- configurations: the demo's cell, with changes

def passive(config):
    """Not asked before it is stopped: programs that end in a loop would cost the time limit for the answer."""
    config.cell.flags |= abi.CFG_CELL_PASSIVE_COMM_REGION


def impatient(config):
    """Asked, with little time for the answer."""
    config.cell.msg_reply_timeout = 10000


def two_cpus(config):
    config.set_cpus([2, 3])


def ram(config):
    return next(region for region in config.memory_regions if region.flags & abi.CFG_MEM_LOADABLE)


def identity_mapped(config):
    ram(config).virt_start = ram(config).phys_start
    config.cell.cpu_reset_address = ram(config).phys_start


def with_uart_interrupt(config):
    bitmap = (abi.u32 * 4)(1 << UART_SPI)
    config.irqchips.append(abi.Irqchip(GICD, 0, 32, bitmap))


def without_link(config):
    """A second cell beside the demo's: other name, other CPU, other memory, no device."""
    config.cell.name = b"second"
    config.set_cpus([2])
    config.memory_regions = [region for region in config.memory_regions
                             if not region.flags & abi.CFG_MEM_ROOTSHARED or region.flags & abi.CFG_MEM_IO]
    ram(config).phys_start += 0x1000000
    config.pci_devices = []
    config.irqchips = []


def other_shared_section(config):
    device = next(device for device in config.pci_devices if device.type == abi.CFG_PCI_IVSHMEM)
    config.memory_regions[device.shmem_regions_start + 1].size -= 0x1000


def create(machine, config, *changes):
    """Creates a variant of the demo's cell; gives its configuration's path."""
    for change in changes:
        config = config.changed(change)
    path = machine.push_config("-".join(change.__name__ for change in changes), config.bytes())
    machine.create(path)
    return path


def start(machine, image, parameters="", name="rtos", base=0):
    """Loads and starts; gives the place on the serial line from which on the program speaks."""
    machine.jailhouse(f"cell load {name} /inmates/{image}.bin -a {base:#x} "
                      f"-s '{parameters}' -a {base + PARAMETERS:#x}")
    mark = machine.console.mark()
    machine.jailhouse(f"cell start {name}")
    return mark


def spoken(machine, mark):
    """What programs have said since mark. The hypervisor may have said something in the middle of it, of another CPU."""
    return HYPERVISOR_LINES.sub("", machine.console.text(mark))


def says(machine, pattern, mark, timeout=120):
    return machine.inmate_says(pattern, mark, timeout)


def state(machine, name="rtos"):
    """(state, list of failed CPUs)"""
    cell = f"{SYSFS}/cells/{machine.cells()[name][0]}"
    return tuple(machine.check(f"cat {cell}/{file}").strip() for file in ("state", "cpus_failed_list"))


def tap(machine, mark):
    """Waits for the end of a program's TAP; every check in it has to be there and ok."""
    end = says(machine, r"^TAP done$|^Bail out!.*$|^inmate: .*stopped$|^cell .* failed$", mark)
    text = spoken(machine, mark)
    assert end.group(0) == "TAP done", text
    plan = re.search(r"^1\.\.(\d+)$", text, re.M)
    assert plan, f"no plan: {text}"
    lines = [line for line in text.splitlines() if re.match(r"(not )?ok \d|# ", line)]
    failed = [line for line in lines if line.startswith("not ok")]
    assert not failed, "\n".join(lines)
    numbers = [int(match) for match in re.findall(r"^ok (\d+) - ", text, re.M)]
    assert numbers == list(range(1, int(plan.group(1)) + 1)), "\n".join(lines)


# --- conformance

@pytest.mark.parametrize("image", ["check_harmless", "check_ivshmem"])
def test_check(root, rtos_config, image):
    """Twice: a cell that is started again has to look new again."""
    create(root, rtos_config, passive)
    for _ in range(2):
        tap(root, start(root, image))
        assert state(root) == ("running", "")
    root.all_cpus_work()


def test_two_cpus(root, rtos_config):
    before = root.snapshot()
    create(root, rtos_config, passive, two_cpus)
    for _ in range(2):
        tap(root, start(root, "check_cpus", "second=3"))
        # both CPUs are on now, and the program has let one fail in between
        assert state(root) == ("running", "3")
    root.jailhouse("cell load rtos /inmates/check_cpus.bin")
    assert state(root) == ("shut down", "")
    root.jailhouse("cell destroy rtos")
    assert root.snapshot() == before
    root.all_cpus_work()


# --- attacks

WORDS = {**attacks.WORDS, STOPPED: r'^cell "rtos", CPU 3: .*: CPU stopped$'}


@pytest.fixture
def attacked(root, rtos_config):
    """The root cell beside a cell to attack from, which may be there from the test before."""
    create(root, rtos_config, passive)
    return root


def announce_and_attack(machine, name):
    """Starts an attack once a program in Linux waits for the interrupt of whatever comes of it."""
    maps = uio_maps(machine)
    mark = start(machine, "attack_memory", f"attack={name} state={CELL_STATE}")
    says(machine, r"^# ready$|^Bail out", mark)
    assert peer_state(machine, 1) == CELL_STATE
    begin_to_wait(machine)
    shared = next(index for map_name, (index, _) in maps.items() if map_name == "rw_section")
    assert machine.check(f"bh-probe poke /dev/uio0 {shared} 0 1").startswith("ok")
    says(machine, f"^# attack {name}:", mark)
    return mark


@pytest.mark.parametrize("name, outcome", ATTACKS.items(), ids=ATTACKS)
def test_attack(attacked, name, outcome):
    before = interrupts(attacked)
    mark = announce_and_attack(attacked, name)
    says(attacked, WORDS[outcome], mark)
    if outcome == STOPPED:
        says(attacked, '^cell "rtos" failed$', mark)
        attacked.check(wait_for("interrupt"))
        assert interrupts(attacked) > before
        assert state(attacked) == ("failed", "3")
        assert peer_state(attacked, 1) == 0
    else:
        assert state(attacked) == ("running", "")
        assert peer_state(attacked, 1) == CELL_STATE
        attacked.check("kill $(cat /tmp/waiter)")
        assert "CPU stopped" not in attacked.console.text(mark)
    attacked.all_cpus_work()


def test_cell_whose_only_running_cpu_fails(root, rtos_config):
    """The other one is off: nobody is left to switch anything on."""
    create(root, rtos_config, passive, two_cpus)
    says(root, '^cell "rtos" failed$', start(root, "attack_memory", "attack=read"))
    assert state(root) == ("failed", "2")
    tap(root, start(root, "check_cpus", "second=3"))


def test_life_after_an_attack(root, rtos_config):
    """Failed, destroyed, created again: nothing is missing, and the next program finds all as usual."""
    before = root.snapshot()
    create(root, rtos_config, passive)
    says(root, WORDS[STOPPED], announce_and_attack(root, "write"))
    root.jailhouse("cell destroy rtos")
    assert root.snapshot() == before
    assert peer_state(root, 1) == 0
    root.create(RTOS)
    root.start_demo(image=INMATE)


# --- cells that do not answer, or do not want to

SILENT = r'^cell "rtos" does not answer messages: stopped$'


@pytest.fixture
def uptime(root):
    return lambda: float(root.check("cut -d' ' -f1 /proc/uptime"))


@pytest.mark.parametrize("name, request_", [("silent", "shutdown"), ("page-walk", "destroy")])
def test_silent_cell(root, uptime, name, request_):
    """It loops with interrupts masked, or faults for ever: 5 seconds, then it is stopped."""
    before = root.snapshot()
    root.create(RTOS)
    mark = start(root, "attack_memory", f"attack={name}")
    says(root, f"^# attack {name}:", mark)
    assert state(root) == ("running", "")
    begin = uptime()
    root.jailhouse(f"cell {request_} rtos")
    assert 4 < uptime() - begin < 60
    says(root, SILENT, mark)
    if request_ == "shutdown":
        assert state(root) == ("shut down", "")
        root.jailhouse("cell destroy rtos")
    assert root.snapshot() == before
    root.all_cpus_work()


def test_silent_cell_with_a_time_limit(root, rtos_config):
    create(root, rtos_config, impatient)
    mark = start(root, "attack_memory", "attack=silent")
    says(root, "^# attack silent:", mark)
    create(root, rtos_config, passive, without_link)
    says(root, SILENT, mark)
    assert state(root) == ("failed", "")
    tap(root, start(root, "check_ivshmem"))


def test_locked_cell(root, rtos_config):
    """Nobody comes or goes beside it, but it can be destroyed itself."""
    create(root, rtos_config, impatient)
    create(root, rtos_config, without_link)
    mark = start(root, "attack_memory", "attack=locked")
    says(root, "^# cell_state is locked$", mark)
    assert state(root) == ("running/locked", "")
    before = root.snapshot()
    root.refused("jailhouse cell destroy second", DESTROY, DENIED, "rtos", "running/locked")
    assert root.snapshot() == before
    root.jailhouse("cell destroy rtos")
    root.jailhouse("cell destroy second")

    create(root, rtos_config, impatient)
    mark = start(root, "attack_memory", "attack=locked")
    says(root, "^# cell_state is locked$", mark)
    before = root.snapshot()
    path = root.push_config("second", rtos_config.changed(without_link).bytes())
    root.refused(f"jailhouse cell create {path}", CREATE, DENIED, "rtos", "running/locked")
    assert root.snapshot() == before
    root.all_cpus_work()


def test_nonsense_in_cell_state(root, rtos_config):
    create(root, rtos_config, impatient)
    mark = start(root, "attack_memory", "attack=bad-state")
    says(root, "^# cell_state is 12345678h$", mark)
    assert state(root) == ("invalid", "")
    tap(root, start(root, "check_ivshmem"))


# --- two CPUs against the root cell

@pytest.mark.parametrize("fails", [0, 1], ids=["waits", "fails"])
def test_revived_cpu_stays_in_its_cell(root, rtos_config, fails):
    """A CPU that its sibling switches on whenever it is off comes back to Linux as all others do."""
    before = root.snapshot()
    path = create(root, rtos_config, passive, two_cpus, identity_mapped)
    base = ram(rtos_config).phys_start
    assert base == 0x60000000, "attack_revive is linked for this address: see inmates/build.mk"
    begin = root.console.mark()
    for delay in (0, 300, 1000, 3000, 10000, 100000):
        if len(root.cells()) == 1:
            root.create(path)
        mark = start(root, "attack_revive", f"second=3 fail={fails} delay={delay}", base=base)
        says(root, "CPU stopped$|^Bail out", mark)
        root.jailhouse("cell destroy rtos")
        assert root.online() == "0-3", f"delay {delay}: {root.console.text(mark)}"
    assert root.snapshot() == before
    root.all_cpus_work()
    said = root.console.text(begin)
    assert "TAKEOVER" not in said and "Bail out" not in said, said


# --- interrupts

def test_deactivation_of_an_own_pending_interrupt(root, rtos_config):
    create(root, rtos_config, passive)
    tap(root, start(root, "attack_gic", "attack=deactivate"))
    path = f"{SYSFS}/cells/{root.cells()['rtos'][0]}/statistics/vmexits_maintenance"
    assert int(root.check(f"cat {path}")) < 200


def gic_fields(machine, intid):
    """What the distributor holds for an SPI, as far as it is Linux's."""
    word, bit = 4 * (intid // 32), intid % 32
    fields = {}
    for name, register, shift, mask in (
            ("group", 0x80 + word, bit, 1), ("enabled", 0x100 + word, bit, 1), ("active", 0x300 + word, bit, 1),
            ("priority", 0x400 + (intid & ~3), 8 * (intid % 4), 0xff),
            ("trigger", 0xc00 + 4 * (intid // 16), 2 * (intid % 16), 3)):
        result = machine.check(f"bh-probe mem read 4 {GICD + register:#x}").strip()
        assert result.startswith("ok "), result
        fields[name] = int(result[3:], 0) >> shift & mask
    return fields


def serial_input_works(machine):
    """Linux's shell on the serial line gets what is typed, by interrupt."""
    count = ("awk '/uart-pl011/ { n = 0; for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i; print n }' "
             "/proc/interrupts")
    before = int(machine.check(count))
    mark = machine.console.mark()
    machine.console.write("echo serial-$((6 * 7))-input\n")
    assert machine.console.wait("^serial-42-input$", mark), machine.console.tail()
    assert int(machine.check(count)) > before


def test_interrupt_comes_back_as_it_was(root, rtos_config):
    serial_input_works(root)
    before = gic_fields(root, UART_INTID)
    assert before["enabled"] and before["priority"], before
    create(root, rtos_config, passive, with_uart_interrupt)
    assert not any(gic_fields(root, UART_INTID).values()), "Linux sees the interrupt of another cell"
    tap(root, start(root, "attack_gic", f"attack=reconfigure intid={UART_INTID}"))
    root.jailhouse("cell destroy rtos")
    assert gic_fields(root, UART_INTID) == before
    serial_input_works(root)


def test_refused_creation_leaves_interrupts_alone(root, rtos_config):
    before = root.snapshot()
    enabled = root.check(f"bh-probe mem read 4 {GICD + 0x104:#x}")
    path = root.push_config("refused", rtos_config.changed(with_uart_interrupt).changed(other_shared_section).bytes())
    root.refused(f"jailhouse cell create {path}", CREATE, INVALID, "ivshmem")
    assert root.check(f"bh-probe mem read 4 {GICD + 0x104:#x}") == enabled
    assert root.snapshot() == before
    serial_input_works(root)


# --- disable

def test_disable_under_an_open_device(root):
    """A program waits for an interrupt of the link; it is told that there will be none."""
    begin_to_wait(root)
    root.jailhouse("disable")
    root.check(wait_for("errno=EIO"))
    root.all_cpus_work()
    assert not root.run("ls /dev/uio0").ok
    root.jailhouse(f"enable {SYSTEM}")
    root.create(RTOS)
    root.start_demo(image=INMATE)
    root.check("ivshmem-demo", timeout=300)


def test_reboot_with_a_silent_cell(root):
    """The last test of this machine: it restarts, which the emulator takes as its end."""
    root.create(RTOS)
    mark = start(root, "attack_memory", "attack=silent")
    says(root, "^# attack silent:", mark)
    root.guest.send("reboot -f\n")
    root.guest.alive = False
    root.inmate_says("reboot: Restarting system", mark)
    assert "does not answer messages: stopped" in root.console.text(mark)
