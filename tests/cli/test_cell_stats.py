# SPDX-License-Identifier: BSD-2-Clause
"""cell stats: what it prints, and what it shows on a terminal, of a driver's files."""
import json
import os
import re
import shutil
import signal
import subprocess
import termios

import time

import jsonschema
import pexpect
import pyte
import pytest

from conftest import BUILD, ROOT

PROGRAM = BUILD / "tools/host/jailhouse-cell-stats-test"
CAUSES = ["hypercall", "psci", "ivshmem", "irq", "link_irq"]
TIMEOUT = 60			# for a loaded host
SLOW, FAST = "3600", "0.1"
OUTPUT_MODES, LOCAL_MODES = termios.OPOST | termios.ONLCR, termios.ECHO | termios.ICANON | termios.ISIG
KEYS = "q quit  Tab cell  c CPU  a all CPUs  v view  s sort  r reverse  p pause"


class Driver:
    """Its files, which a test changes."""

    def __init__(self, box):
        self.box, self.path = box, box.path / "sys/cells"

    def write(self, path, text):
        """At once: a reader sees the old or the new content."""
        new = self.box.path / "new"
        new.write_text(text)
        path.parent.mkdir(parents=True, exist_ok=True)
        new.rename(path)

    def cell(self, number, name, cpus=(), state="running", counters="starts 2\nrestarts 1\nfaults 0\n"):
        directory = self.path / str(number)
        for file, text in ("name", f"{name}\n"), ("state", f"{state}\n"), ("counters", counters):
            self.write(directory / file, text)
        (directory / "statistics").mkdir(exist_ok=True)
        self.write(directory / "statistics/vmexits_total", "0\n")
        for cpu, exits in dict(cpus).items():
            self.exits(number, cpu, *exits)

    def exits(self, number, cpu, *values):
        self.write(self.path / str(number) / f"statistics/cpu{cpu}/exits",
                   "".join(f"{cause} {value}\n" for cause, value in zip(CAUSES, values)))

    def move(self, cpu, old, new):
        (self.path / f"{old}/statistics/cpu{cpu}").rename(self.path / f"{new}/statistics/cpu{cpu}")

    def remove(self, number):
        shutil.rmtree(self.path / str(number))


@pytest.fixture
def driver(box):
    assert PROGRAM.exists(), f"{PROGRAM} is missing: run `make check-cli`"
    driver = Driver(box)
    driver.cell(0, "linux", {0: (100, 3, 0, 5000, 7), 2: (1, 0, 0, 900, 0)})
    driver.cell(1, "rtos", {1: (0, 1, 40, 30, 2)})
    driver.cell(10, "a-name-of-exactly-31-characters", {3: (0, 0, 0, 0, 0)}, state="shut down")
    return driver


def environment(**more):
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "TERM": "linux", **more}


def run(box, *arguments, **options):
    return subprocess.run([PROGRAM, *arguments], cwd=box.path, capture_output=True, text=True, timeout=TIMEOUT,
                          stdin=subprocess.DEVNULL, env=environment(**options))


def good(box, *arguments):
    result = run(box, *arguments)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout


# --- on standard output

def test_once(driver, box):
    assert good(box, "--once") == (
        "ID  Cell                State             Counters\n"
        "0   linux               running           starts 2, restarts 1, faults 0\n"
        "1   rtos                running           starts 2, restarts 1, faults 0\n"
        "10  a-name-of-exactly-31-characters shut down         starts 2, restarts 1, faults 0\n"
        "\n"
        "ID  Cell                CPU  Cause of exit                 Total   Per second\n"
        "0   linux               all  total                          6011            -\n"
        "1   rtos                all  total                            73            -\n"
        "10  a-name-of-exactly-31-characters all  total                             0            -\n"
        "0   linux               0    irq                            5000            -\n"
        "0   linux               0    hypercall                       100            -\n"
        "0   linux               0    link_irq                          7            -\n"
        "0   linux               0    psci                              3            -\n"
        "0   linux               2    irq                             900            -\n"
        "0   linux               2    hypercall                         1            -\n"
        "1   rtos                1    ivshmem                          40            -\n"
        "1   rtos                1    irq                              30            -\n"
        "1   rtos                1    link_irq                          2            -\n"
        "1   rtos                1    psci                              1            -\n")


@pytest.mark.parametrize("arguments", [["1"], ["0x1"], ["rtos"], ["--name", "rtos"], ["--name=rtos"]])
def test_one_cell(driver, box, arguments):
    text = good(box, "--once", *arguments)
    assert "linux" not in text and len(text.splitlines()) == 9


def test_name_that_looks_like_an_id(driver, box):
    driver.cell(4, "1")
    assert good(box, "--once", "--name", "1").splitlines()[1].startswith("4   1 ")
    assert good(box, "--once", "1").splitlines()[1].startswith("1   rtos ")


def test_long_name_is_cut(driver, box):
    assert "10  a-name" in good(box, "--once", "a-name-of-exactly-31-charactersXYZ")


def test_through_the_command(driver, box):
    (box.path / "libexec/jailhouse").mkdir(parents=True)
    (box.path / "libexec/jailhouse/jailhouse-cell-stats").symlink_to(PROGRAM)
    result = box.run("cell", "stats", "rtos", "--once", argv0=f"{box.path}/bin/jailhouse")
    assert (result.returncode, result.stderr) == (0, "") and "rtos" in result.stdout


def test_json(driver, box):
    text = good(box, "--json")
    found = json.loads(text)
    jsonschema.validate(found, json.loads((ROOT / "configs/schema/stats.json").read_text()))
    assert text.isascii() and text.endswith("}\n")
    linux, rtos, idle = found["cells"]
    assert found["seconds"] is None
    assert (rtos["id"], rtos["name"], rtos["state"]) == (1, "rtos", "running")
    assert rtos["counters"] == {"starts": 2, "restarts": 1, "faults": 0}
    cpu, = rtos["cpus"]
    assert (cpu["cpu"], cpu["total"], cpu["per_second"]) == (1, 73, None)
    assert {name: value["total"] for name, value in cpu["exits"].items()} == dict(zip(CAUSES, (0, 1, 40, 30, 2)))
    assert [cpu["total"] for cpu in linux["cpus"]] == [5110, 901] and idle["cpus"][0]["total"] == 0
    one = json.loads(good(box, "--json", "rtos"))
    assert one["cells"] == [rtos]


def test_large_and_strange(driver, box):
    """Counters have 63 bits; names are a guest's root cell's; more counters than are known today."""
    driver.cell(7, 'a"\\b\x1bc\xe4', {5: (2**63 - 1, 0, 0, 0, 0)}, counters="starts 1\nmore_of_them 4294967295\n")
    found = json.loads(good(box, "--json", "7"))
    assert found["cells"][0]["name"] == 'a"\\b?c??'
    assert found["cells"][0]["cpus"][0]["exits"]["hypercall"]["total"] == 2**63 - 1
    assert found["cells"][0]["counters"] == {"starts": 1, "restarts": 0, "faults": 0, "more_of_them": 4294967295} or \
        found["cells"][0]["counters"] == {"starts": 1, "more_of_them": 4294967295}
    assert "9223372036854775807" in good(box, "--once", "7")


def measured(driver, box, change, *arguments):
    """JSON of two looks, with a change in between: the first one is over once it has read the last file, a pipe."""
    last = driver.path / "99/statistics/cpu9/exits"
    driver.cell(99, "last", {9: (0, 0, 0, 0, 0)})
    last.unlink()
    os.mkfifo(last)
    program = subprocess.Popen([PROGRAM, "--json", "--interval", "0.5", *arguments], cwd=box.path, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, env=environment())
    with open(last, "w") as pipe:			# opened by the reader, too: all before it has been read
        change()
        pipe.write("hypercall 0\n")
        last.unlink()
        driver.exits(99, 9, 0)
    out, err = program.communicate(timeout=TIMEOUT)
    assert (program.returncode, err) == (0, "")
    found = json.loads(out)
    jsonschema.validate(found, json.loads((ROOT / "configs/schema/stats.json").read_text()))
    return found


def counted(found, cell, cpu, cause):
    """Exits in the time between the looks"""
    cell, = (each for each in found["cells"] if each["id"] == cell)
    cpu, = (each for each in cell["cpus"] if each["cpu"] == cpu)
    rate = cpu["exits"][cause]["per_second"]
    return None if rate is None else rate * found["seconds"]


def about(value, expected):
    """Each CPU has a time of its own, a little shorter than the whole; decimals are three"""
    return value is not None and expected * 0.98 <= value <= expected * 1.5 + 0.01


def test_rates(driver, box):
    found = measured(driver, box, lambda: driver.exits(1, 1, 0, 1, 40 + 10**6, 30, 2))
    assert found["seconds"] >= 0.5
    assert about(counted(found, 1, 1, "ivshmem"), 10**6)
    assert counted(found, 1, 1, "irq") == 0 and counted(found, 0, 0, "irq") == 0


def test_rate_of_a_cpu_that_moved(driver, box):
    """It counts from 0 in its new cell, and again when it comes back."""
    def to_rtos():
        driver.move(2, 0, 1)
        driver.exits(1, 2, 2 * 10**6, 0, 0, 900 * 10**6, 0)
    driver.exits(0, 2, 10**6, 0, 0, 900 * 10**6, 0)
    found = measured(driver, box, to_rtos)
    assert about(counted(found, 1, 2, "hypercall"), 2 * 10**6)
    assert about(counted(found, 1, 2, "irq"), 900 * 10**6)


def test_rate_of_a_cpu_that_came_back(driver, box):
    found = measured(driver, box, lambda: driver.exits(0, 0, 10**6, 0, 0, 20, 0))
    assert about(counted(found, 0, 0, "hypercall"), 10**6) and about(counted(found, 0, 0, "irq"), 20)


def test_rate_of_a_cell_in_the_place_of_another_one(driver, box):
    def other():
        driver.cell(1, "other")
        driver.exits(1, 1, *[2 * 10**6] * 5)
    driver.exits(1, 1, *[10**6] * 5)
    found = measured(driver, box, other)
    assert about(counted(found, 1, 1, "ivshmem"), 2 * 10**6)


def test_rate_over_the_end_of_a_counter(driver, box):
    driver.exits(1, 1, 2**63 - 1000, 0, 5, 5, 5)
    found = measured(driver, box, lambda: driver.exits(1, 1, 10**6 - 1000, 0, 5, 5, 5))
    assert about(counted(found, 1, 1, "hypercall"), 10**6) and counted(found, 1, 1, "irq") == 0


def test_rate_of_a_new_cpu_is_not_known(driver, box):
    found = measured(driver, box, lambda: driver.exits(1, 6, 1, 1, 1, 1, 1))
    assert counted(found, 1, 6, "irq") is None


# --- errors

@pytest.mark.parametrize("arguments, word", [
    (["a", "b"], "one cell"), (["--name"], "requires an argument"), (["--interval", "0"], "0.1 to 3600"),
    (["--interval", "x"], "0.1 to 3600"), (["--interval", "nan"], "0.1 to 3600"), (["--interval", "3601"], "0.1 to 3600"),
    (["--bogus"], "unrecognized option"), (["99999999999"], "too large"), (["--name", "a", "b"], "one cell"),
])
def test_wrong_usage(driver, box, arguments, word):
    result = run(box, "--once", *arguments)
    assert (result.returncode, result.stdout) == (1, "")
    assert word in result.stderr and str(PROGRAM) not in result.stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(box, option):
    text = good(box, option)
    assert text.startswith("Usage: jailhouse cell stats [OPTION...] [ID | [--name] NAME]\n")
    assert all(word in text for word in ("--once", "--json", "--interval=SECONDS", "Keys:"))


@pytest.mark.parametrize("arguments", [["--once"], ["--json"], []])
def test_no_cells(box, arguments):
    for make in None, box.path / "sys", box.path / "sys/cells":
        if make:
            make.mkdir()
        result = run(box, *arguments)
        assert (result.returncode, result.stdout) == (1, "")
        assert result.stderr == "reading stats: there are no cells: the hypervisor is not enabled\n"


@pytest.mark.parametrize("arguments", [["--once"], ["--json"], []])
def test_no_such_cell(driver, box, arguments):
    result = run(box, *arguments, "nobody")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "reading stats: there is no such cell; see jailhouse cell list\n"


@pytest.mark.parametrize("text", ["hypercall\n", "hypercall x\n", "hypercall -1\n", "hypercall 1 2\n", "Hyper call 1\n",
                                  "hypercall 99999999999999999999\n", f"{'x' * 24} 1\n", " 1\n"])
def test_nonsense_of_the_driver(driver, box, text):
    driver.write(driver.path / "1/statistics/cpu1/exits", text)
    result = run(box, "--once")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("reading stats: sys/cells/1/statistics/cpu1/exits: not a name and a number: ")


def test_more_causes_than_there_is_room_for(driver, box):
    driver.write(driver.path / "1/statistics/cpu1/exits", "".join(f"cause_{n} {n}\n" for n in range(100)))
    assert " cause_50 " in good(box, "--once", "1")


def test_file_that_cannot_be_read(driver, box):
    (driver.path / "1/state").unlink()
    (driver.path / "1/state").mkdir()
    result = run(box, "--once")
    assert (result.returncode, result.stderr) == (1, "reading stats: sys/cells/1/state: Is a directory\n")


def test_what_goes_away_is_left_out(driver, box):
    (driver.path / "1/counters").unlink()
    shutil.rmtree(driver.path / "0/statistics/cpu2")
    text = good(box, "--once")
    assert "rtos" not in text and "linux" in text


def test_no_terminal(driver, box):
    result = run(box)
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "cell stats: this is no terminal; use --once or --json\n"


@pytest.mark.parametrize("arguments", [["--once"], ["--json"], ["--help"], ["-h"], ["--usage"]])
def test_output_that_cannot_be_written(driver, box, arguments):
    with open("/dev/full", "w") as full:
        result = subprocess.run([PROGRAM, *arguments], cwd=box.path, stdout=full, stderr=subprocess.PIPE, text=True,
                                env=environment())
    assert (result.returncode, result.stderr) == (1, "writing output: No space left on device\n")


# --- on a terminal

class Terminal:
    """What the user sees."""

    def __init__(self, box, *arguments, lines=24, columns=80, **env):
        self.lines, self.columns = lines, columns
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.raw = b""
        self.child = pexpect.spawn(str(PROGRAM), list(arguments), cwd=box.path, env=environment(**env), dimensions=(lines, columns),
                                   timeout=TIMEOUT)

    def read(self):
        """What has come, or False at the end."""
        try:
            data = self.child.read_nonblocking(65536, timeout=1)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self.stream.feed(data)
        return True

    def text(self):
        return [line.rstrip() for line in self.screen.display]

    def wait(self, condition, what):
        end = time.monotonic() + TIMEOUT
        while not condition(self.text()):
            assert self.read() and time.monotonic() < end, f"{what}\n" + "\n".join(self.text())
        return self.text()

    def shows(self, *patterns, line=None):
        """Until all patterns are on the screen, or in one line of it."""
        def condition(text):
            where = text if line is None else [text[line]]
            return all(any(re.search(pattern, each) for each in where) for pattern in patterns)
        return self.wait(condition, f"not shown: {patterns}")

    def rows(self):
        """(cell, CPU, cause, total, rate) of the rows"""
        return [re.split(r"\s+", line[2 if line[1] == " " else 3:].strip()) for line in self.text()[3:-2]
                if re.search(r"\d (total|[a-z_]+) +\d+ +(-|[\d.]+)$", line) or re.search(r" (all|\d+) +[a-z_]+ +\d+ +\S+$", line)]

    def order(self, *expected):
        """Until the rows are these, of each the values that are given by number."""
        return self.wait(lambda _: [tuple(row[n] for n in (0, 1, 2)) for row in self.rows()] == list(expected),
                         f"not in the order {expected}: {self.rows()}")

    def press(self, keys):
        self.child.send(keys)

    def resize(self, lines, columns):
        self.screen.resize(lines, columns)
        self.child.setwinsize(lines, columns)

    def end(self):
        """Until the program has ended: its exit status, or the negative number of the signal."""
        end = time.monotonic() + TIMEOUT
        while self.read():
            assert time.monotonic() < end, "it does not end"
        modes = termios.tcgetattr(self.child.child_fd)
        self.child.close()
        assert (modes[1] & OUTPUT_MODES, modes[3] & LOCAL_MODES) == (OUTPUT_MODES, LOCAL_MODES)
        assert b"\x1b[?25h" in self.raw.split(b"\x1b[?25l")[-1], "the cursor is hidden"
        return self.child.exitstatus if self.child.signalstatus is None else -self.child.signalstatus


@pytest.fixture
def terminal(driver, box):
    opened = []

    def open_terminal(*arguments, **options):
        opened.append(Terminal(box, *arguments, **options))
        return opened[-1]
    yield open_terminal
    for each in opened:
        each.child.close(force=True)


ALL = [("linux", "all", "irq"), ("linux", "all", "hypercall"), ("rtos", "all", "ivshmem"), ("rtos", "all", "irq"),
       ("linux", "all", "link_irq"), ("linux", "all", "psci"), ("rtos", "all", "link_irq"), ("rtos", "all", "psci")]


def test_first_screen(terminal):
    screen = terminal("--interval", SLOW)
    screen.order(*ALL)
    screen.wait(lambda text: text[-1] == KEYS, "the last line is not there")
    text = screen.text()
    assert text[0].startswith("Statistics for all cells ") and text[0].endswith("by cause, every 3600 s") and len(text[0]) == 80
    assert text[1] in ("3 cells, 4 CPUs", "3 cells, 4 CPUs, 0.0 exits per second")
    assert text[2] == "CELL                       CPU  CAUSE                         TOTAL     vPER SEC"
    assert text[3][:67] == "0 linux                    all  irq                            5900" and text[3][67:].strip() in ("-", "0.0")
    assert text[-1] == KEYS
    screen.press("q")
    assert screen.end() == 0
    assert screen.text()[-1] == ""		# for the prompt


def test_rates_come_with_the_second_look(driver, terminal):
    screen = terminal("--interval", FAST)
    screen.shows(r"^0 linux +all +irq +5900 +0\.0$", r"^3 cells, 4 CPUs, 0\.0 exits per second$")
    driver.exits(1, 1, 0, 1, 10**6, 30, 2)
    screen.shows(r"^1 rtos +all +ivshmem +1000000 +[1-9]\d+\.\d$")
    # it is over
    screen.shows(r"^1 rtos +all +ivshmem +1000000 +0\.0$")
    screen.press("q")
    assert screen.end() == 0


def test_cells(terminal):
    screen = terminal("--interval", SLOW)
    screen.order(*ALL)
    screen.press("\t")
    screen.shows("^Statistics for linux cell ", "^ID 0, running, 2 CPUs(, 0.0 exits per second)?, starts 2, restarts 1, faults 0$")
    screen.order(*[row for row in ALL if row[0] == "linux"])
    screen.press("\t\t")
    screen.shows("^Statistics for a-name-of-exactly-31-characters cell ", "^ID 10, shut down, 1 CPU, ")
    screen.press("\t")
    screen.shows("^Statistics for all cells ")
    screen.press("\x1b\t")
    screen.shows("^Statistics for a-name-of-exactly-31-characters cell ")
    screen.press("q")
    assert screen.end() == 0


@pytest.mark.parametrize("cell", [["rtos"], ["1"], ["--name", "rtos"]])
def test_given_cell(terminal, cell):
    screen = terminal("--interval", SLOW, *cell)
    screen.shows("^Statistics for rtos cell ")
    screen.press("q")
    assert screen.end() == 0


def test_cpus(driver, terminal):
    screen = terminal("--interval", FAST, "linux")
    screen.shows("^0 linux +all +irq +5900 ")
    screen.press("c")
    screen.shows("^0 linux +0 +irq +5000 ")
    screen.press("c")
    screen.shows("^0 linux +2 +irq +900 ")
    driver.move(2, 0, 1)
    screen.shows(r"^CPU 2 is not here any more; a: all CPUs$")
    screen.press("c")
    screen.shows("^0 linux +0 +irq +5000 ")
    screen.press("a")
    screen.shows("^0 linux +all +irq +5000 ")
    screen.press("q")
    assert screen.end() == 0


def test_views(terminal):
    screen = terminal("--interval", SLOW)
    screen.order(*ALL)
    screen.press("v")
    screen.order(("linux", "0", "total"), ("linux", "2", "total"), ("rtos", "1", "total"),
                 ("a-name-of-exactly-31-ch", "3", "total"))
    screen.shows("by CPU, every", line=0)
    screen.press("v")
    screen.shows("by CPU and cause, every", line=0)
    screen.shows("^0 linux +2 +irq +900 ")
    screen.wait(lambda _: len(screen.rows()) == 10, "not ten rows")
    screen.press("v")
    screen.order(("linux", "all", "total"), ("rtos", "all", "total"), ("a-name-of-exactly-31-ch", "all", "total"))
    screen.press("v")
    screen.order(*ALL)
    screen.press("q")
    assert screen.end() == 0


def test_sorting(driver, terminal):
    driver.exits(0, 2, 0, 0, 0, 0, 0)
    screen = terminal("--interval", SLOW)
    screen.shows("vPER SEC", line=2)
    rtos = [row for row in ALL if row[0] == "rtos"]
    linux = [row for row in ALL if row[0] == "linux"]
    screen.press("s")
    screen.shows(r"^CELL\^ ", line=2)
    screen.order(*linux, *rtos)
    screen.press("r")
    screen.shows("^CELLv ", line=2)
    screen.order(*rtos, *linux)
    screen.press("s")
    screen.shows(r" CPU\^ ", line=2)
    screen.press("s")
    screen.shows(r" CAUSE\^ ", line=2)
    screen.order(*sorted(ALL, key=lambda row: (row[2], row[0])))
    screen.press("r")
    screen.order(*sorted(ALL, key=lambda row: (row[2], -ord(row[0][0])), reverse=True))
    screen.press("s")
    screen.shows(" vTOTAL ", line=2)
    screen.order(*ALL)
    screen.press("r")
    screen.shows(r" \^TOTAL ", line=2)
    screen.order(*[("rtos", "all", "psci"), *reversed(ALL[:-1])])
    screen.press("s")
    screen.shows(" vPER SEC$", line=2)
    screen.press("q")
    assert screen.end() == 0


def test_the_highest_rate_is_first(driver, terminal):
    screen = terminal("--interval", FAST)
    screen.shows(r"^0 linux +all +irq +5900 +0\.0$", line=3)
    values = [0, 1, 40, 30, 2]
    for _ in range(TIMEOUT * 10):
        values[4] += 1000
        driver.exits(1, 1, *values)
        screen.read()
        if re.match(r"^1 rtos +all +link_irq +\d+ +[1-9]", screen.text()[3]):
            break
        time.sleep(0.05)
    else:
        pytest.fail("\n".join(screen.text()))
    screen.press("q")
    assert screen.end() == 0


def test_pause(driver, terminal):
    screen = terminal("--interval", FAST)
    screen.shows(r"^1 rtos +all +ivshmem +40 +0\.0$")
    screen.press("p")
    screen.shows(", paused$", line=0)
    driver.exits(1, 1, 0, 1, 41, 30, 2)
    screen.press("v")
    screen.shows("^1 rtos +1 +total +73 ")			# keys are obeyed, numbers stay
    screen.press("vvvp")
    screen.shows("^1 rtos +all +ivshmem +41 ", ", every 0.1 s$")
    screen.press("q")
    assert screen.end() == 0


def test_cell_goes_and_comes(driver, terminal):
    screen = terminal("--interval", FAST, "rtos")
    screen.shows("^ID 1, running, 1 CPU")
    driver.remove(1)
    screen.shows('^Cell 1 "rtos" has gone. It is shown when it comes back. Tab: another one$', '^cell 1 "rtos" has gone$')
    driver.cell(1, "another", {1: (1, 1, 1, 1, 1)})
    screen.shows('^Cell 1 "rtos" has gone', '^cell 1 "another" is new$')
    driver.remove(1)
    driver.cell(1, "rtos", {1: (5, 5, 5, 5, 5)})
    screen.shows("^ID 1, running, 1 CPU", "^1 rtos +all +psci +5 ")
    driver.remove(1)
    screen.shows('^Cell 1 "rtos" has gone')
    screen.press("\t")
    screen.shows("^Statistics for a-name-of-exactly-31-characters cell ")
    screen.press("q")
    assert screen.end() == 0


def test_hypervisor_goes(driver, box, terminal):
    screen = terminal("--interval", FAST)
    screen.shows("^3 cells")
    shutil.rmtree(box.path / "sys")
    screen.shows("^There are no cells: the hypervisor is not enabled.$")
    screen.press("\tcavsrp\x1b[A\x1b[6~")
    screen.shows("paused$", line=0)
    screen.press("pq")
    assert screen.end() == 0


def test_errors_are_shown_and_pass(driver, terminal):
    screen = terminal("--interval", FAST)
    screen.shows("^3 cells")
    driver.write(driver.path / "1/counters", "nonsense\n")
    screen.shows("^reading stats: sys/cells/1/counters: not a name and a number: nonsense$", line=-2)
    driver.cell(1, "rtos", counters="starts 9\n")
    screen.shows("^$", line=-2)
    screen.press("\t\t")
    screen.shows("starts 9")
    screen.press("q")
    assert screen.end() == 0


def test_scrolling(driver, terminal):
    for cell in range(20, 45):
        driver.cell(cell, f"cell-{cell}", {cell: (0, 0, 0, cell, 0)})
    screen = terminal("--interval", SLOW)
    screen.shows("^rows 1 to 19 of 33$", line=-2)
    screen.press("\x1b[B")
    screen.shows("^rows 2 to 20 of 33$", line=-2)
    screen.press("\x1b[6~")
    screen.shows("^rows 15 to 33 of 33$", "^1 rtos +all +psci ")
    screen.press("\x1b[A")
    screen.shows("^rows 14 to 32 of 33$", line=-2)
    screen.press("\x1b[5~")
    screen.shows("^rows 1 to 19 of 33$", "^0 linux +all +irq")
    screen.press("\x1b[4~")
    screen.shows("^rows 15 to 33 of 33$", line=-2)
    screen.press("\x1b[1~")
    screen.shows("^rows 1 to 19 of 33$", line=-2)
    screen.press("q")
    assert screen.end() == 0


def test_resize(terminal):
    screen = terminal("--interval", SLOW)
    screen.shows(r"^q quit .* p pause$", line=23)
    screen.resize(10, 62)
    screen.shows(r"^q quit ", line=9)
    screen.shows(r"^0 linux  all  irq +5900 +(-|0.0)$", "^rows 1 to 5 of 8$")
    screen.resize(8, 40)
    screen.shows("^too small$", line=0)
    screen.resize(40, 132)
    text = screen.shows(r"^q quit .* p pause$", line=39)
    assert len(text[2]) == 132 and len(text[3]) == 132
    screen.press("q")
    assert screen.end() == 0


def test_control_c(terminal):
    screen = terminal("--interval", SLOW)
    screen.shows("^3 cells")
    screen.press("\x03")
    assert screen.end() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals(terminal, number):
    screen = terminal("--interval", SLOW)
    screen.shows("^3 cells")
    screen.child.kill(number)
    assert screen.end() == -number


def test_screen_of_the_shell_comes_back(terminal):
    screen = terminal("--interval", SLOW, TERM="xterm")
    screen.shows("^3 cells")
    screen.press("q")
    assert screen.end() == 0
    assert screen.raw.startswith(b"\x1b[?1049h")
    assert re.sub(rb"\x1b(\[[?0-9;]*[a-z]|.)", b"", screen.raw.split(b"\x1b[?1049l")[1]) == b"\r"


@pytest.mark.parametrize("type_of_terminal", ["vt100", "xterm-256color", "screen", "tmux"])
def test_other_terminals(terminal, type_of_terminal):
    screen = terminal("--interval", SLOW, TERM=type_of_terminal)
    screen.child.expect("5900")
    screen.press("q")
    screen.child.expect(pexpect.EOF)
    screen.child.close()
    assert screen.child.exitstatus == 0


def test_unknown_terminal(terminal):
    child = terminal(TERM="no-such-type").child
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 1
    assert b'no description of the terminal "no-such-type"; set TERM' in child.before


def test_terminal_that_goes_away(box, driver):
    """Without a signal: it is not the program's own."""
    far, near = os.openpty()
    program = subprocess.Popen([PROGRAM, "--interval", SLOW], cwd=box.path, stdin=near, stdout=near, stderr=subprocess.PIPE,
                               start_new_session=True, env=environment())
    os.close(near)
    while b"5900" not in os.read(far, 65536):
        pass
    os.close(far)
    try:
        assert program.wait(TIMEOUT) == 0
    finally:
        program.kill()
