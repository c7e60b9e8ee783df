# SPDX-License-Identifier: BSD-2-Clause
"""link list and link show: every byte of the output, JSON and its schema, and drivers that answer nonsense."""
import errno
import struct
import subprocess

import pytest

from conftest import NOT_LOADED
from linkdriver import (abi, ARMED, COUNTERS, DROPS, ENABLED, INTX_OFF, LATCHED, LINK_INFO, MASTER, MEMORY, MSIX, MSIX_MASKED, NEXT,
                        ONE_SHOT, PEERS, CELL, STATE, FLAGS, PROTOCOL, ROUTE, VECTOR_COUNTERS, VECTORS, Driver, pci_device, region,
                        route)

LIST_HEADER = "Link        Peers   Sent        Delivered   Dropped     Present: ID, cell, State\n"
PEER_HEADER = ("ID      Cell                    Cell state        State       Vectors   Protocol                        "
               "Interrupts\n")
EVENT_HEADER = (
    "Events                                      Dropped because\n"
    "ID      Sent        Delivered   Merged      disabled    masked      no peer     no vector   inactive    \n")
VECTOR_HEADER = ("\nID      Vector  INTID       CPU     Priority  Interrupt                 Sent        Delivered   disabled    "
                 "masked      \n")


@pytest.fixture
def driver(box):
    return Driver(box)


@pytest.fixture
def two_links(box, driver):
    box.cell(0, "qemu-arm64\n")
    box.cell(1, "rtos\n", "running/locked\n")
    driver.link(0x08, 3)
    driver.peer(0x08, 0, 0, 1, ENABLED | ARMED | ONE_SHOT | MEMORY | MASTER, 1, 0, (10, 2, 0, 1, 0, 3, 4, 0),
                {(0, 0): 3, (0, 1): 2, (0, 3): 1, (15, 0): 7}, [route(36, pending=True, active=True, cpu=3)])
    driver.peer(0x08, 1, 1, 0xffffffff, LATCHED | ARMED | MEMORY, 0, 0, (5, 4, 1, 0, 0, 0, 0, 0))
    driver.peer(0x08, 2)
    driver.link(0x1ff, 4)
    driver.peer(0x1ff, 0)
    driver.peer(0x1ff, 1, counters=(0, 0, 0, 0, 0, 0, 0, 6))
    driver.peer(0x1ff, 2)
    driver.peer(0x1ff, 3, 0, 2, MSIX | MSIX_MASKED | MEMORY, 0xc003, 4, (7, 8, 0, 0, 9, 0, 0, 1 << 62),
                {(1, 4): 9, (5, 0): 7}, [route(0, False, True), route(0xffffffff, False), route(1019, cpu=0x7fff),
                                         route(64, enabled=False, cpu=0)])
    return driver


def test_list(two_links):
    assert two_links.good("list") == LIST_HEADER + (
        "00:01.0     3       15          6           8           0 qemu-arm64 0x1, 1 rtos 0xffffffff\n"
        "01:1f.7     4       7           8           4611686018427387919 3 qemu-arm64 0x2\n")


def test_list_json(two_links):
    assert two_links.json("list") == {"links": [
        {"bdf": "00:01.0", "peer_ids": 3, "sent": 15, "delivered": 6, "merged": 1, "dropped": 8, "peers": [
            {"id": 0, "cell_id": 0, "cell": "qemu-arm64", "state": 1},
            {"id": 1, "cell_id": 1, "cell": "rtos", "state": 0xffffffff}]},
        {"bdf": "01:1f.7", "peer_ids": 4, "sent": 7, "delivered": 8, "merged": 0, "dropped": (1 << 62) + 15, "peers": [
            {"id": 3, "cell_id": 0, "cell": "qemu-arm64", "state": 2}]}]}


def test_list_without_links(driver):
    assert driver.good("list") == ""
    assert driver.json("list") == {"links": []}


def test_show(two_links):
    assert two_links.good("show", "00:01.0") == (
        "Link 00:01.0, 3 peer IDs\n\n" + PEER_HEADER +
        "0       qemu-arm64              running           0x1         INTx      ethernet                        "
        "on, one-shot, armed\n"
        "1       rtos                    running/locked    0xffffffff  INTx      undefined                       "
        "off, latched, armed\n"
        "\n" + EVENT_HEADER +
        "0       10          2           0           1           0           3           4           0           \n"
        "1       5           4           1           0           0           0           0           0           \n" +
        VECTOR_HEADER +
        "0       0       36          3       0xa0      enabled, pending, active  3           2           1           0           \n"
        "0       15      -           -       -         as vector 0               7           0           0           0           \n"
        "1       0       116         2       0xa0      enabled                   0           0           0           0           \n")


def test_show_absent_peer_with_a_past(two_links):
    """Peers 0 and 2 are not there and never were."""
    assert two_links.good("show", "01:1f.7") == (
        "Link 01:1f.7, 4 peer IDs\n\n" + PEER_HEADER +
        "1       (absent)\n"
        "3       qemu-arm64              running           0x2         4         virtio-console back-end         "
        "off, not armed, MSI-X masked, no bus master\n"
        "\n" + EVENT_HEADER +
        "1       0           0           0           0           0           0           0           6           \n"
        "3       7           8           0           0           9           0           0           "
        "4611686018427387904 \n" + VECTOR_HEADER +
        "3       0       0           -       -         masked                    0           0           0           0           \n"
        "3       1       4294967295  -       -         not armed                 0           0           0           9           \n"
        "3       2       1019        none    0xa0      enabled                   0           0           0           0           \n"
        "3       3       64          0       0xa0      disabled                  0           0           0           0           \n"
        "3       5       -           -       -         no such vector            7           0           0           0           \n")


def test_show_json(two_links):
    nothing = dict.fromkeys(DROPS, 0)
    no_flags = dict.fromkeys(["enabled", "armed", "one_shot", "latched", "memory_space", "bus_master",
                              "intx_disabled", "msix_enabled", "msix_masked"], False)
    assert two_links.json("show", "1") == {"bdf": "00:01.0", "peer_ids": 3, "peers": [
        {"id": 0, "present": True, "cell_id": 0, "cell": "qemu-arm64", "state": 1, "vectors": 0, "protocol": 1,
         "protocol_name": "ethernet", "sent": 10, "delivered": 2, "merged": 0, "cell_state": "running", "driver": None,
         "sections": None, "vector_list": [
             {"vector": 0, "intid": 36, "armed": True, "masked": False, "enabled": True, "pending": True, "active": True,
              "priority": 0xa0, "cpu": 3, "sent": 3, "delivered": 2, "dropped": {"disabled": 1, "masked": 0}},
             {"vector": 15, "sent": 7, "delivered": 0, "dropped": {"disabled": 0, "masked": 0}}],
         "flags": {**no_flags, "enabled": True, "armed": True, "one_shot": True, "memory_space": True,
                   "bus_master": True},
         "dropped": {**nothing, "disabled": 1, "no_peer": 3, "no_vector": 4}},
        {"id": 1, "present": True, "cell_id": 1, "cell": "rtos", "state": 0xffffffff, "vectors": 0, "protocol": 0,
         "protocol_name": "undefined", "sent": 5, "delivered": 4, "merged": 1, "cell_state": "running/locked", "driver": None,
         "sections": None, "vector_list": [
             {"vector": 0, "intid": 116, "armed": True, "masked": False, "enabled": True, "pending": False,
              "active": False, "priority": 0xa0, "cpu": 2, "sent": 0, "delivered": 0,
              "dropped": {"disabled": 0, "masked": 0}}],
         "flags": {**no_flags, "latched": True, "armed": True, "memory_space": True}, "dropped": nothing}]}
    other = two_links.json("show", "01:1f.7")
    assert other["peers"][0] == {"id": 1, "present": False, "sent": 0, "delivered": 0, "merged": 0,
                                 "dropped": {**nothing, "inactive": 6}}
    assert other["peers"][1]["flags"] == {**no_flags, "msix_enabled": True, "msix_masked": True, "memory_space": True}
    assert [other["peers"][1][key] for key in ("vectors", "protocol", "protocol_name")] == [
        4, 0xc003, "virtio-console back-end"]
    assert other["peers"][1]["dropped"] == {**nothing, "masked": 9, "inactive": 1 << 62}
    vectors = other["peers"][1]["vector_list"]
    assert [vector["vector"] for vector in vectors] == [0, 1, 2, 3, 5]
    assert [vector.get("cpu", "-") for vector in vectors] == ["-", "-", None, 0, "-"]
    assert vectors[1] == {"vector": 1, "intid": 0xffffffff, "armed": False, "masked": False, "sent": 0, "delivered": 0,
                          "dropped": {"disabled": 0, "masked": 9}}


def test_sections(box, driver):
    """Of the device of this link among those of the cell; what has size 0 is not there."""
    box.cell(3, "x\n")
    driver.link(0x10, 2)
    driver.peer(0x10, 0)
    driver.peer(0x10, 1, 3)
    driver.config(3, [pci_device(0x18, 9), abi.PciDevice(type=abi.CFG_PCI_DEVICE, bdf=0x10), pci_device(0x10, 2, 1)], [
        region(0, 0, 0x1000), region(0x40000000, 0x80000000, 0x1000), region(0, 0, 0),
        region(0x40001000, 0x80001000, 0x2000), region(0x40003000, 0x80003000, 0x2000, write=True)])
    assert driver.good("show", "2").endswith(
        "\nID      Section       Address             Physical            Size          Access\n"
        "1       state table   0x80000000          0x40000000          0x1000        read\n"
        "1       output 0      0x80001000          0x40001000          0x2000        read\n"
        "1       output 1      0x80003000          0x40003000          0x2000        read, write\n")
    peer, = driver.json("show", "2")["peers"]
    assert peer["sections"][2] == {"name": "output 1", "address": "0x80003000", "physical": "0x40003000", "size": "0x2000",
                                   "read": True, "write": True}
    assert [section["name"] for section in peer["sections"]] == ["state table", "output 0", "output 1"]


@pytest.mark.parametrize("devices, regions", [
    ([], 9), ([pci_device(0x18, 2)], 9), ([pci_device(0x10, 2, 6)], 9), ([pci_device(0x10, 255)], 9),
    ([pci_device(0x10, 2, 0xffffffff)], 9), ([pci_device(0x10, 2)], 3),
])
def test_sections_that_the_configuration_does_not_have(box, driver, devices, regions):
    box.cell(3, "x\n")
    driver.link(0x10, 1)
    driver.peer(0x10, 0, 3)
    driver.config(3, devices, [region(0x1000 * n, 0x1000 * n, 0x1000) for n in range(regions)])
    assert driver.json("show", "2")["peers"][0]["sections"] is None
    assert "Section" not in driver.good("show", "2")


def test_driver_of_the_root_cell(box, driver):
    """By the number of the device, whatever its PCI domain, and only if it is such a device."""
    for cell in (0, 1):
        box.cell(cell)
    driver.link(0x10, 2)
    driver.peer(0x10, 0, 0)
    driver.peer(0x10, 1, 1)

    def found():
        return [peer["driver"] for peer in driver.json("show", "2")["peers"]]
    assert found() == [None, None]
    for name, vendor in (("0000:00:02.0", "0x1af4"), ("0001:00:03.0", "0x110a"), ("x", "0x110a"), ("0001:00:02.0 ", "0x110a")):
        box.file(f"pci/{name}/vendor", vendor + "\n")
        box.file(f"pci/{name}/device", "0x4106\n")
    assert found() == [None, None]
    box.file("pci/0001:00:02.0/vendor", "0x110a\n")
    box.file("pci/0001:00:02.0/device", "0x4106\n")
    assert found() == ["", None]
    (box.path / "pci/0001:00:02.0/driver").symlink_to("../../bus/pci/drivers/uio_\x1bivshmem")
    assert found() == ["uio_?ivshmem", None]


@pytest.mark.parametrize("item, flag", list(enumerate([
    "enabled", "armed", "one_shot", "latched", "memory_space", "bus_master", "intx_disabled", "msix_enabled",
    "msix_masked"])))
def test_each_flag_has_its_key(box, driver, item, flag):
    driver.link(0, 1)
    driver.peer(0, 0, 0, flags=1 << item)
    flags = driver.json("show", "0")["peers"][0]["flags"]
    assert [key for key, value in flags.items() if value] == [flag]


@pytest.mark.parametrize("flags, vectors, words", [
    (0, 0, "off, not armed, registers off"),
    (MEMORY, 0, "off, not armed"),
    (MEMORY | ENABLED, 0, "on, not armed, interrupt not the cell's"),
    (MEMORY | ENABLED | INTX_OFF, 0, "on, not armed, INTx disabled"),
    (MEMORY | INTX_OFF | MSIX_MASKED, 0, "off, not armed, INTx disabled"),
    (MEMORY | ENABLED | ARMED, 0, "on, armed"),
    (MEMORY | ENABLED | ARMED | MSIX | MASTER, 1, "on, armed"),
    (MEMORY | ENABLED | MASTER, 1, "on, not armed, MSI-X off"),
    (MEMORY | MSIX, 16, "off, not armed, no bus master"),
    (MEMORY | MSIX | MASTER, 16, "off, not armed"),
    (MEMORY | ENABLED | MSIX | MASTER, 16, "on, not armed, vector 0 masked or not the cell's"),
    (MEMORY | ENABLED | MSIX | MASTER | MSIX_MASKED | INTX_OFF, 16, "on, not armed, MSI-X masked"),
    (0xfffffe00 | MEMORY | ONE_SHOT | LATCHED, 0, "off, one-shot, latched, not armed"),
])
def test_interrupt_words(box, driver, flags, vectors, words):
    box.cell(5, "x\n")
    driver.link(0, 1)
    driver.peer(0, 0, 5, flags=flags, vectors=vectors)
    row = driver.good("show", "0").splitlines()[3]
    assert row == f"{0:<8}{'x':24}{'running':18}{'0x0':12}{vectors or 'INTx':<10}{'undefined':32}{words}"


@pytest.mark.parametrize("protocol, words", [
    (0, "undefined"), (1, "ethernet"), (2, "reserved 0x0002"), (0x3fff, "reserved 0x3fff"),
    (0x4000, "user-defined 0x4000"), (0x7fff, "user-defined 0x7fff"), (0x8001, "virtio-net front-end"),
    (0xc002, "virtio-block back-end"), (0x8003, "virtio-console front-end"), (0xc013, "virtio-vsock back-end"),
    (0x8000, "virtio device 0 front-end"), (0xc007, "virtio device 7 back-end"),
    (0xbfff, "virtio device 16383 front-end"), (0xffff, "virtio device 16383 back-end"),
])
def test_protocol_words(driver, protocol, words):
    driver.link(0, 1)
    driver.peer(0, 0, 0, protocol=protocol)
    row = driver.good("show", "0").splitlines()[3]
    assert row[72:104] == f"{words:32}"
    peer, = driver.json("show", "0")["peers"]
    assert (peer["protocol"], peer["protocol_name"]) == (protocol, words)


@pytest.mark.parametrize("given, bdf", [
    ("3", 0x18), ("03", 0x18), ("00:03", 0x18), ("0:3", 0x18), ("00:03.0", 0x18), ("3.7", 0x1f), ("1f", 0xf8),
    ("1F", 0xf8), ("10", 0x80), ("0", 0), ("ff:1f.7", 0xffff), ("01:00.0", 0x100),
])
def test_designation(box, driver, given, bdf):
    for command in (["show", given], ["show", given, "--json"], ["show", "--json", given]):
        result = driver.run(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == "JAILHOUSE_LINK_INFO: No such file or directory\n"
        request = box.requests()[-1]
        assert request.number == LINK_INFO
        assert struct.unpack("<HHIQ", request.blobs[0]) == (bdf, 0, PEERS, 0)


@pytest.mark.parametrize("given", [
    "", "x", "3x", "0x3", "-1", "+3", " 3", "3 ", "20", "003", "00:20", "00:03.8", "00:03.", "00:03.00", ":3", "3:",
    "3.", ".0", "100:00.0", "00:03:0", "0000:00:03.0", "0001:00:03.0", "00.03.0", "00:03.0.0", "65536",
    "99999999999999999999", "0" * 5000, "--jso",
])
def test_wrong_designation(box, usage, given):
    result = box.run("link", "show", given)
    assert (result.returncode, result.stdout) == (1, usage)
    assert result.stderr == (f"{given} is no link; give [BUS:]DEVICE[.FUNCTION] in hexadecimal digits, "
                             "e.g. 00:03.0\n")
    assert box.requests() == []


# --- cells


def test_cell_that_is_gone_from_sysfs(driver):
    driver.link(0, 1)
    driver.peer(0, 0, 77)
    assert driver.good("list").endswith(" 0 77 0x0\n")
    assert driver.json("list")["links"][0]["peers"] == [{"id": 0, "cell_id": 77, "cell": "77", "state": 0}]


@pytest.mark.parametrize("name, text, in_json", [
    (b"a\"b\\c\n", "a\"b\\c", "a\"b\\c"), (b"a\x1b[31mb\r\x7f\n", "a?[31mb??", "a?[31mb??"),
    (b"n" * 40, "n" * 31, "n" * 40), (b"\n", "", ""),
    ("zelle-\u00e4\n".encode(), "zelle-\u00e4", "zelle-??"), (b"\xff\xc0\x80\n", None, "???"),
])
def test_names_are_not_trusted(box, driver, name, text, in_json):
    box.cell(1)
    box.file("sys/cells/1/name", name)
    driver.link(0, 1)
    driver.peer(0, 0, 1, 3)
    assert driver.json("show", "0")["peers"][0]["cell"] == in_json
    assert driver.json("list")["links"][0]["peers"][0]["cell"] == in_json
    if text is not None:
        assert driver.good("list").endswith(f" 0 {text} 0x3\n")


# --- what may happen between two questions


@pytest.mark.parametrize("item", [ROUTE, VECTOR_COUNTERS, VECTOR_COUNTERS + 0xf4])
def test_peer_that_leaves_while_its_details_are_read(driver, item):
    driver.link(0, 2)
    driver.peer(0, 0, 0, counters=(1, 0, 0, 0, 0, 0, 0, 0))
    driver.peer(0, 1, 1)
    driver.answer(0, 0, item, -errno.ENOENT)
    assert [peer["present"] for peer in driver.json("show", "0")["peers"]] == [False, True]
    driver.answer(0, 1, item, -errno.EIO)
    result = driver.run("show", "0")
    assert (result.returncode, result.stdout, result.stderr) == (1, "", "JAILHOUSE_LINK_INFO: Input/output error\n")


def test_peer_that_leaves_meanwhile(driver):
    """Half of its description is no description."""
    driver.link(0, 2)
    driver.peer(0, 0, 0, counters=(1, 0, 0, 0, 0, 0, 0, 0))
    driver.peer(0, 1, 1)
    driver.answer(0, 0, FLAGS, -errno.ENOENT)
    assert [peer["id"] for peer in driver.json("list")["links"][0]["peers"]] == [1]
    assert "0       (absent)\n" in driver.good("show", "0")


@pytest.mark.parametrize("peer, item", [("*", PEERS), (0, COUNTERS), (1, COUNTERS + 7)])
def test_link_that_ends_meanwhile(driver, peer, item):
    for bdf in (0x08, 0x10, 0x18):
        driver.link(bdf, 2)
        driver.peer(bdf, 0, 0)
        driver.peer(bdf, 1)
    driver.answer(0x10, peer, item, -errno.ENOENT)
    assert [link["bdf"] for link in driver.json("list")["links"]] == ["00:01.0", "00:03.0"]
    result = driver.run("show", "2")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "JAILHOUSE_LINK_INFO: No such file or directory\n"


# --- errors


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["show", "0"], ["show", "0", "--json"]])
@pytest.mark.parametrize("error, text, printed", [
    (errno.EINVAL, "not enabled: enable first", "Invalid argument: not enabled: enable first"),
    (errno.EINTR, "", "Interrupted system call"), (errno.EBUSY, "two\nlines", "Device or resource busy: two?lines"),
])
def test_driver_refuses(box, driver, command, error, text, printed):
    result = driver.run(*command, env={"SHIM_FAIL": f"{LINK_INFO}:{error}:{text}"})
    assert (result.returncode, result.stdout, result.stderr) == (1, "", f"JAILHOUSE_LINK_INFO: {printed}\n")
    assert len(box.requests()) == 1


def test_no_such_link_with_reason(driver):
    result = driver.run("show", "5", env={"SHIM_FAIL": f"{LINK_INFO}:{errno.ENOENT}:there is no link 00:05.0"})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "JAILHOUSE_LINK_INFO: No such file or directory: there is no link 00:05.0\n"


@pytest.mark.parametrize("item", [NEXT, PEERS, CELL, VECTORS, COUNTERS, COUNTERS + 7])
def test_failure_in_the_middle_prints_nothing_else(two_links, item):
    two_links.answer(0x1ff, 3, item, -errno.EIO)
    two_links.answer(0x1ff, "*", PEERS if item == PEERS else 0xffff, -errno.EIO)
    two_links.answer(9, "*", NEXT if item == NEXT else 0xffff, -errno.EIO)
    for command in (["list"], ["list", "--json"]):
        result = two_links.run(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == "JAILHOUSE_LINK_INFO: Input/output error\n"


@pytest.mark.parametrize("command", [["list"], ["show", "0"]])
def test_device_missing(box, command):
    box.device.unlink()
    result = box.run("link", *command)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"opening dev/jailhouse: No such file or directory: {NOT_LOADED}\n"


@pytest.mark.parametrize("command", [["list"], ["show", "1", "--json"]])
def test_output_that_cannot_be_written(two_links, command):
    with open("/dev/full", "w") as full:
        result = two_links.run(*command, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert (result.returncode, result.stderr) == (1, "writing output: No space left on device\n")


# --- hostile drivers: one line, and an end


NONSENSE = "JAILHOUSE_LINK_INFO: Protocol error: {}: use a driver that fits this tool\n"


def refuses(driver, what, *command):
    for option in ([], ["--json"]):
        result = driver.run(*command, *option)
        assert (result.returncode, result.stdout, result.stderr) == (1, "", NONSENSE.format(what))


@pytest.mark.parametrize("value", [0, 0x17])
def test_next_that_never_advances(box, driver, value):
    driver.link(0x18, 1)
    driver.peer(0x18, 0)
    driver.answer(0x19, "*", NEXT, value)
    refuses(driver, f"{value:#x} as item 0x0 of 00:03.1, peer 0", "list")
    assert len(box.requests()) < 50


@pytest.mark.parametrize("value", [0x10000, 0xffffffff, 1 << 63, (1 << 64) - 1])
def test_next_out_of_range(driver, value):
    driver.answer(0, "*", NEXT, value)
    refuses(driver, f"{value:#x} as item 0x0 of 00:00.0, peer 0", "list")


def test_last_possible_link(driver):
    driver.link(0xffff, 1)
    driver.peer(0xffff, 0, 0)
    driver.answer(0x0, "*", NEXT, 0xffff)
    driver.bdfs.clear()
    assert driver.good("list").splitlines()[1].startswith("ff:1f.7 ")


@pytest.mark.parametrize("value", [0, 65537, 1 << 32, (1 << 64) - 1])
def test_number_of_peers(driver, value):
    driver.link(0, value)
    refuses(driver, f"{value:#x} as item 0x1 of 00:00.0, peer 0", "list")
    refuses(driver, f"{value:#x} as item 0x1 of 00:00.0, peer 0", "show", "0")


@pytest.mark.parametrize("item, value", [
    (CELL, 1 << 31), (STATE, 1 << 32), (FLAGS, 1 << 32), (PROTOCOL, 0x10000), (VECTORS, 17), (COUNTERS, 1 << 63),
    (VECTOR_COUNTERS + 0xf4, 1 << 63), (ROUTE, 1 << 63),
    (COUNTERS + 7, (1 << 64) - 1),
])
def test_values_out_of_range(driver, item, value):
    driver.link(0, 2)
    driver.peer(0, 0)
    driver.peer(0, 1, 0)
    driver.answer(0, 1, item, value)
    refuses(driver, f"{value:#x} as item {item:#x} of 00:00.0, peer 1", "show", "0")


@pytest.mark.parametrize("peers", [65533, 65536])
def test_more_peers_than_there_can_be(box, driver, peers):
    """A link behind every number, each with many peers: the tool does not count for ever."""
    driver.link(0, 4)
    for peer in range(4):
        driver.peer(0, peer)
    driver.link(1, peers)
    refuses(driver, f"{peers:#x} as item 0x1 of 00:00.1, peer 0", "list")
    assert len(box.requests()) < 100


def test_output_does_not_depend_on_the_locale(two_links):
    for locale in ("C.UTF-8", "de_DE.UTF-8"):
        assert two_links.run("list", env={"LC_ALL": locale}).stdout == two_links.good("list")
