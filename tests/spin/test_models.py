# SPDX-License-Identifier: BSD-2-Clause
"""Each property holds in all states of the models, and fails in a model that was spoiled on purpose."""
import concurrent.futures
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parent
ROOT = MODELS.parents[1]
BUILD = Path(os.environ.get("BULKHEAD_BUILD", ROOT / "build")).resolve() / "spin"

MEGABYTES = 1000
DEPTH = 3_000_000
MUTANT_DEPTH = 20_000       # what is wrong is found near the beginning
TIMEOUT = 900       # for machines that have a lot to do; each run takes a few seconds

# Run: the model with these macros; `ltl` selects a formula. `properties` hold in it.
# Mutant: a run of which exactly this property fails; at least one for each property.
DEADLOCK = "deadlock"
STAY = ["told", "not_stuck", "quiet", "agree", "sum", "lock_order", DEADLOCK]


@dataclass(frozen=True)
class Run:
    model: str
    macros: str = ""
    ltl: str = ""

    @property
    def name(self):
        return "-".join([self.model, *self.macros.split(), *filter(None, [self.ltl])]).replace("=", "")


HOLDS = {
    Run("told"): STAY,
    Run("told", "ONE_SHOT"): STAY + ["at_most_once"],
    Run("told", "PEERS=3"): STAY,
    Run("told", "PEERS=3 ONE_SHOT"): STAY + ["at_most_once"],
    Run("told", "LIVE QUEUED", "told_at_last"): ["told_at_last"],
    Run("told", "LIVE QUEUED ONE_SHOT", "told_at_last"): ["told_at_last"],
    Run("order"): ["in_order"],
    Run("leaves"): STAY + ["zero"],
    Run("leaves", "ONE_SHOT"): STAY + ["zero", "at_most_once"],
    Run("returns"): STAY + ["zero"],
    Run("returns", "ONE_SHOT"): STAY + ["zero", "at_most_once"],
    Run("locks", "QUEUED"): ["bounded", "lock_order", DEADLOCK],
    Run("locks", "QUEUED", "writes"): ["writes"],
    Run("locks", "QUEUED", "rings"): ["rings"],
    Run("locks", "QUEUED STALL", "rings"): ["rings"],
    Run("failing"): ["declared", "too_early", "once", "counted", DEADLOCK],
    Run("suspend"): ["untouched", "not_lost", "sleeps", DEADLOCK],
    Run("revoke"): ["innocent", "untouched", DEADLOCK],
    Run("slots"): ["recorded", "current", DEADLOCK],
    Run("doorbell"): ["together", "off", DEADLOCK],
}

MUTANTS = [
    # no latching, as with CFG_SHMEM_LOSSY_STATE
    (Run("told", "NO_LATCH"), "told"),
    (Run("told", "NO_LATCH ONE_SHOT"), "told"),
    (Run("leaves", "NO_LATCH"), "told"),
    (Run("returns", "NO_LATCH"), "told"),
    (Run("told", "NO_LATCH LIVE QUEUED", "told_at_last"), "told_at_last"),
    # memory order
    (Run("told", "NO_BARRIER"), "told"),
    (Run("told", "NO_BARRIER LIVE QUEUED", "told_at_last"), "told_at_last"),
    (Run("order", "NO_BARRIER"), "in_order"),
    # delivery
    (Run("told", "FORGET_ENABLE"), "not_stuck"),
    (Run("told", "FORGET_ARM"), "not_stuck"),
    (Run("told", "LATCH_STAYS"), "not_stuck"),
    (Run("told", "LATCH_LATE"), "told"),
    (Run("told", "LOOK_EARLY"), "told"),
    (Run("told", "NO_MERGED"), "sum"),
    (Run("told", "ONE_SHOT NO_ONE_SHOT"), "at_most_once"),
    (Run("told", "RAISE_OUTSIDE"), "quiet"),
    (Run("told", "DISABLE_UNLOCKED"), "quiet"),
    (Run("told", "NO_LINK_LOCK"), "agree"),
    # life cycle
    (Run("leaves", "RESET_SILENT"), "told"),
    (Run("leaves", "FAIL_SILENTLY"), "zero"),
    (Run("leaves", "LEAVE_ONLY"), "zero"),
    (Run("leaves", "NO_STOP"), "zero"),
    (Run("returns", "RAISE_OUTSIDE"), "quiet"),
    (Run("returns", "RESET_UNLOCKED"), "quiet"),
    (Run("returns", "DROP_UNCOUNTED"), "sum"),
    (Run("returns", "LEAVE_LATCHED"), "zero"),
    (Run("returns", "RESET_NESTED"), "lock_order"),
    (Run("returns", "STOP_UNDER_LOCK"), DEADLOCK),
    # waiting
    (Run("locks"), "bounded"),
    (Run("locks", "", "rings"), "rings"),
    (Run("locks", "", "writes"), "writes"),
    (Run("locks", "QUEUED STALL", "writes"), "writes"),
    (Run("locks", "QUEUED STALL RING_TAKES_LINK", "rings"), "rings"),
    # stopping and failing CPUs
    (Run("failing", "COUNT_LATE"), "too_early"),
    (Run("failing", "COUNT_TORN NO_CPU_ON"), "counted"),
    (Run("failing", "LOOK_AGAIN NO_CPU_ON"), "once"),
    (Run("failing", "FAIL_LATE NO_CPU_ON"), "declared"),
    (Run("failing", "FAIL_SILENTLY"), "declared"),
    # suspending CPUs
    (Run("suspend", "NO_RESUME_KICK"), DEADLOCK),
    (Run("suspend", "KICK_FIRST"), DEADLOCK),
    (Run("suspend", "LOOK_FIRST"), DEADLOCK),
    (Run("suspend", "NO_WAIT"), "untouched"),
    (Run("suspend", "NO_REPEND"), "not_lost"),
    (Run("suspend", "NO_CLEAR"), "sleeps"),
    # CPUs that take no kicks
    (Run("revoke", "ODD_ONLY"), "innocent"),
    (Run("revoke", "COUNT_LATE"), "innocent"),
    (Run("revoke", "EVEN_EARLY"), "innocent"),
    (Run("revoke", "NO_FLUSH"), DEADLOCK),
    (Run("revoke", "NO_WAKE"), DEADLOCK),
    (Run("revoke", "WAKE_EARLY"), DEADLOCK),
    (Run("revoke", "NO_ANSWER"), "untouched"),
    # what a fast path may do is taken away
    (Run("slots", "NO_LOOK_AT_MODE"), "recorded"),
    (Run("slots", "NO_FENCE NO_SIBLING"), "recorded"),
    (Run("slots", "EMPTY_FIRST NO_SIBLING"), "recorded"),
    (Run("slots", "LOOK_FIRST NO_SIBLING"), "recorded"),
    (Run("slots", "NO_DSB NO_SIBLING"), "recorded"),
    (Run("slots", "NO_LOOK_AT_PRIORITY"), "current"),
    (Run("slots", "LOOK_FIRST NO_ROOT"), "current"),
    (Run("slots", "NO_DSB NO_ROOT"), "current"),
    (Run("slots", "NO_DSB_OF_SIBLING"), "current"),
    # what rings by itself
    (Run("doorbell", "NO_WAIT NO_CHANGE"), "off"),
    (Run("doorbell", "NO_DSB_OF_SENDER NO_CHANGE"), "off"),
    (Run("doorbell", "NO_DSB_OF_RECEIVER NO_CHANGE"), "off"),
    (Run("doorbell", "NO_JOIN NO_CHANGE"), "off"),
    (Run("doorbell", "NO_WITHDRAWAL"), "together"),
    (Run("doorbell", "NO_SECOND_WAIT"), "together"),
    (Run("doorbell", "NO_SECOND_WAIT NO_RELEASE"), "together"),
]


@dataclass
class Result:
    run: Run
    output: str

    @property
    def complete(self):
        """All reachable states were looked at, and no more than that is assumed."""
        return (re.search(r"^Full statespace search for:", self.output, re.M) is not None
                and ", errors: 0" in self.output
                and int(re.search(r"depth reached (\d+)", self.output).group(1)) < DEPTH
                and not re.search(r"error:|not completed|MEMLIM|warning(?!: only one claim)", self.output,
                                  re.I))

    @property
    def violated(self):
        """Which property; assertions end in its name."""
        match = re.search(r"^pan:\d+: (.*) \(at depth", self.output, re.M)
        if not match:
            return None
        text = match.group(1)
        if text == "acceptance cycle":
            return self.run.ltl
        if text.startswith("invalid end state"):
            return DEADLOCK
        return re.search(r"(\w+)\)*$", text.removeprefix("assertion violated ")).group(1)

    @property
    def unreached(self):
        """Statements of the model that no run executes; that endless processes do not end is no news."""
        found = []
        for part in re.split(r"^unreached in ", self.output, flags=re.M)[1:]:
            if not part.startswith("claim"):
                found += re.findall(r'^\t(.*, state \d+, "(?!-end-").*)$', part, re.M)
        return found

    def explain(self):
        return (f"{self.output}\nto see the steps: cd {BUILD / self.run.name} && "
                f"spin -t -p -g -l {self.run.model}.pml")


def execute(run, mutant):
    folder = BUILD / run.name
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    for source in MODELS.glob("*.pml"):
        text = source.read_text(encoding="utf-8")
        if source.stem == run.model:    # macros inside, so that a trail can be replayed without them
            text = "".join(f"#define {m.replace('=', ' ')}\n" if "=" in m else f"#define {m} 1\n"
                           for m in run.macros.split()) + text
        (folder / source.name).write_text(text, encoding="utf-8")

    def call(command):
        done = subprocess.run(shlex.split(command), cwd=folder, timeout=TIMEOUT, check=False, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    words = call(f"spin -a {run.model}.pml")
    assert not re.search(r"error|warning", words, re.I), words
    flags = f"-w {'-O1' if mutant else '-O2'} -DMEMLIM={MEGABYTES}"
    depth = MUTANT_DEPTH if mutant else DEPTH
    if run.ltl:
        call(f"gcc {flags} -DCOLLAPSE -DNFAIR=3 -o pan pan.c")
        output = call(f"./pan -m{depth} -a -A -f -N {run.ltl}")
    else:
        call(f"gcc {flags} -DSAFETY -DNOFAIR -DNOCLAIM -o pan pan.c")
        output = call(f"./pan -m{depth}")
    (folder / "output").write_text(output, encoding="utf-8")
    return Result(run, output)


@pytest.fixture(scope="session")
def results(request):
    """Futures of the runs that the selected tests need, made by two at once."""
    runs = {item.callspec.params["run"]: item.callspec.params.get("mutant", False)
            for item in request.session.items if hasattr(item, "callspec") and "run" in item.callspec.params}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        yield {run: pool.submit(execute, run, mutant) for run, mutant in runs.items()}
        pool.shutdown(cancel_futures=True)


def cases(*rows):
    return [pytest.param(*row, id=":".join(part.name if isinstance(part, Run) else part for part in row))
            for row in rows]


@pytest.mark.parametrize("run, name", cases(*[(run, name) for run, names in HOLDS.items() for name in names]))
def test_holds(results, run, name):
    result = results[run].result()
    assert result.violated is None, f"{name}: " + result.explain()
    assert result.complete, result.output
    if name == DEADLOCK:
        assert re.search(r"^\s*invalid end states\s*\+", result.output, re.M), result.output
    elif run.ltl:
        assert re.search(rf"^\s*never claim\s*\+ \({name}\)", result.output, re.M), result.output
        assert re.search(r"^\s*acceptance +cycles\s*\+ \(fairness", result.output, re.M), result.output
    else:
        assert re.search(r"^\s*assertion violations\s*\+", result.output, re.M), result.output


@pytest.mark.parametrize("run", cases(*[(run,) for run in HOLDS]))
def test_nothing_is_dead(results, run):
    """A model in which parts never run proves less than it says."""
    assert not results[run].result().unreached


@pytest.mark.parametrize("run, name, mutant", [
    pytest.param(run, name, True, id=f"{run.name}:{name}") for run, name in MUTANTS])
def test_mutant_is_found(results, run, name, mutant):
    assert mutant
    result = results[run].result()
    assert result.violated == name, result.output


def test_every_property_can_fail():
    assert {name for names in HOLDS.values() for name in names} == {name for _, name in MUTANTS}


def test_every_mutation_is_used():
    used = {macro.split("=")[0] for run, _ in MUTANTS for macro in run.macros.split()}
    text = "".join(path.read_text(encoding="utf-8") for path in MODELS.glob("*.pml"))
    assert not set(re.findall(r"^#if(?:n?def) (\w+)\s*/\* mutant", text, re.M)) - used


def test_properties_are_documented():
    text = (ROOT / "docs/verification.md").read_text(encoding="utf-8")
    section = re.search(r"^### Properties$(.*?)^###", text, re.M | re.S).group(1)
    names = {name for names in HOLDS.values() for name in names}
    assert names == set(re.findall(r"^\| `(\w+)` \|", section, re.M))
