# SPDX-License-Identifier: BSD-2-Clause
"""The runner cannot be made to say "passed" by a suite that crashed, lied or was silent."""
import os
import subprocess
import textwrap

import pytest

RUN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "run")

GOOD_XML = '<testsuites><testsuite><testcase name="a"/><testcase name="b"/></testsuite></testsuites>'
BAD_XML = '<testsuites><testsuite><testcase name="a"/><testcase name="b"><failure/></testcase></testsuite></testsuites>'
SKIP_XML = '<testsuites><testsuite><testcase name="a"><skipped/></testcase></testsuite></testsuites>'


def run(tmp_path, recipe, *arguments, whole=False):
    """recipe: of the target "suite", or a whole makefile."""
    lines = textwrap.dedent(recipe).strip().splitlines()
    makefile = recipe if whole else "suite:\n" + "".join(f"\t@{line}\n" for line in lines)
    (tmp_path / "Makefile").write_text(makefile)
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL")}
    result = subprocess.run([RUN, *(arguments or ["suite"])], cwd=tmp_path, capture_output=True, text=True, check=False,
                            env=environment)
    return result.returncode, result.stdout.splitlines()[-1]


@pytest.mark.parametrize("recipe, last", [
    (f"echo '{GOOD_XML}' >build/results/suite.x.xml", "2 passed, 0 failed"),
    (f"echo '{BAD_XML}' >build/results/suite.x.xml; exit 1", "1 passed, 1 failed"),
    (f"echo '{BAD_XML}' >build/results/suite.x.xml", "1 passed, 1 failed"),
    (f"echo '{SKIP_XML}' >build/results/suite.x.xml", "0 passed, 1 failed"),
    (f"echo '{GOOD_XML}' >build/results/suite.x.xml; exit 139", "2 passed, 1 failed"),
    ("echo '<testsuites><testsuite>' >build/results/suite.x.xml", "0 passed, 1 failed"),
    ("true", "0 passed, 1 failed"),
    ("exit 3", "0 passed, 1 failed"),
    ("printf '1..2\\nok 1 a\\nok 2 b\\n' >$$BULKHEAD_TAP", "2 passed, 0 failed"),
    ("printf '1..3\\nok 1 a\\nnot ok 2 b\\n' >$$BULKHEAD_TAP", "1 passed, 2 failed"),
    ("printf 'ok 1 a\\n' >$$BULKHEAD_TAP", "1 passed, 1 failed"),
    ("printf '1..1\\nok 1 a # SKIP\\n' >$$BULKHEAD_TAP", "0 passed, 1 failed"),
])
def test_suite(tmp_path, recipe, last):
    status, line = run(tmp_path, recipe)
    assert line == last
    assert (status == 0) == last.endswith(" 0 failed")


def test_check_counts_by_its_exit_status(tmp_path):
    assert run(tmp_path, "true", "--check", "suite") == (0, "1 passed, 0 failed")
    assert run(tmp_path, "false", "--check", "suite") == (1, "0 passed, 1 failed")


def test_several_suites_add_up(tmp_path):
    recipe = f"echo '{GOOD_XML}' >build/results/suite.x.xml"
    assert run(tmp_path, recipe, "suite", "nosuch") == (1, "2 passed, 1 failed")


WAITS = "touch $@.runs; for i in $$(seq 600); do [ -e {}.runs ] && break; sleep 0.1; done; [ -e {}.runs ]"


@pytest.mark.parametrize("xml, last", [(GOOD_XML, "5 passed, 0 failed"), (BAD_XML, "4 passed, 1 failed")])
def test_two_beside_each_other(tmp_path, xml, last):
    """Each waits for the other one to begin; what is named as a check is one, and runs once."""
    arguments = ["suite", "--check", "check", "--beside", "other", "check"]
    makefile = (f"suite:\n\t@echo '{GOOD_XML}' >build/results/suite.x.xml\n"
                f"other:\n\t@echo '{xml}' >build/results/other.x.xml\n\t@{WAITS.format('check', 'check')}\n"
                f"check:\n\t@echo run >>checked\n\t@{WAITS.format('other', 'other')}\n")
    status, line = run(tmp_path, makefile, *arguments, whole=True)
    assert (status == 0, line) == (last.endswith(" 0 failed"), last)
    assert (tmp_path / "checked").read_text() == "run\n"


def test_results_of_an_earlier_run_do_not_count(tmp_path):
    (tmp_path / "build/results").mkdir(parents=True)
    (tmp_path / "build/results/suite.old.xml").write_text(GOOD_XML)
    assert run(tmp_path, "true") == (1, "0 passed, 1 failed")


def test_nothing_at_all_is_a_failure(tmp_path):
    assert run(tmp_path, "true", "--check") == (1, "0 passed, 1 failed")
