# SPDX-License-Identifier: BSD-2-Clause
"""One machine for each test: a boot takes a second or two."""
import pytest

from direct import Bundle, Machine, make_bundle


class Bench:
    """Where a test makes its bundles and machines."""

    def __init__(self, directory):
        self.directory = directory
        self.machines = []

    def make(self, text, **options):
        """The path of the bundle of a system file."""
        return make_bundle(text, self.directory, **options)

    def open(self, path):
        return Bundle(path.read_bytes())

    def write(self, bundle):
        return bundle.write(self.directory / "changed.bundle")

    def board(self, text):
        """A board file; a system finds it as "other"."""
        (self.directory / "other.yaml").write_text(text, encoding="utf-8")

    def boot(self, kernel=None, **options):
        self.machines.append(Machine(kernel, **options))
        return self.machines[-1]


@pytest.fixture
def bench(tmp_path, request):
    bench = Bench(tmp_path)
    request.node.bench = bench
    yield bench
    for machine in bench.machines:
        machine.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    item.passed = report.passed
    if report.failed:
        for machine in getattr(item, "bench", Bench(None)).machines:
            report.sections.append((f"serial line ({machine.log})", machine.console.tail(40)))
