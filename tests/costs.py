"""What each file of tests costs: the ten slowest are printed at the end of a run.

Processor time is counted, of the tests and of the processes that they start and wait for: unlike the time by the clock,
it is much the same on a busy machine.
"""

from __future__ import annotations

import resource
from collections import defaultdict
from collections.abc import Generator
from operator import itemgetter

import pytest

_SHOWN = 10
_ATTRIBUTE = "processor_seconds"


class _Costs:
    """Notes with each report what was spent since the one before; pytest-xdist carries it to where it is summed up."""

    def __init__(self) -> None:
        self._spent = _processor_seconds()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        spent = _processor_seconds()
        setattr(report, _ATTRIBUTE, spent - self._spent)
        self._spent = spent
        return report


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to count when everything has been imported."""
    session.config.pluginmanager.register(_Costs())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the slowest files, where there are several."""
    spent: defaultdict[str, float] = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                spent[report.nodeid.partition("::")[0]] += getattr(report, _ATTRIBUTE, 0.0)
    if len(spent) > 1:
        terminalreporter.section("slowest files (seconds of processor time)")
        for path, seconds in sorted(spent.items(), key=itemgetter(1), reverse=True)[:_SHOWN]:
            terminalreporter.write_line(f"{seconds:8.1f}  {path}")
        terminalreporter.write_line(f"{sum(spent.values()):8.1f}  all {len(spent)} files")


def _processor_seconds() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)
