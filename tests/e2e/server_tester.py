"""Runs caldav-server-tester against the demo with its window open, and keeps what it finds.

``python -m tests.e2e.server_tester [FILE]`` writes the report, by default over the one that is kept. A sentence that
is written there beside a feature stays as long as the tool finds the same of it.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from unittest.mock import patch

from caldav.davclient import DAVClient
from caldav.lib.error import DAVError
from caldav_server_tester.checker import ServerQuirkChecker
from caldav_server_tester.checks import PrepareCalendar

from tests.e2e.replay import DavX5Replay
from tests.e2e.serving import DemoServer

REPORT = Path(__file__).parents[2] / "docs" / "conformance" / "caldav-server-tester.md"
CALENDAR = "HX_Harbour Street Psychology"
FULL = {"full", "True"}
"""How the tool says that a feature is there, and that what it looked for is the case."""

HEAD = """\
# What caldav-server-tester finds

caldav-server-tester {tester} with python-caldav {caldav} against `hxdav demo --unlimited`, with the calendar
`{calendar}` named to it and no hints about the server. Written by
`python -m tests.e2e.server_tester`, which does two things for the tool. It replaces its preparation of a calendar for
tasks: the tool would stop where it can neither make one nor keep tasks in the calendar it has, and here it notes that
there are none and goes on. And it takes the demo's own appointments out first, because the tool counts what it finds
on its days. `tests/e2e/test_server_tester.py` fails when anything changes.

{full} of {all} features are found in full.

## What is not

| feature | result | why |
|---|---|---|
"""


ROW_TEXT = "| `{feature}` | {result} | {sentence} |\n"
ROW = re.compile(r"\| `(.+?)` \| (\w+) \| (.*) \|")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the tool found of one feature; ``sentence`` says why, where that is not all of it."""

    feature: str
    result: str
    sentence: str = ""


def clear(server: DemoServer) -> None:
    """Take every appointment out of the calendar: with the practice's word where rule 6 protects it."""
    for each in server.appointments("--practitioner", server.user.username):
        if "present" in {each["note"], each["invoice"]}:
            server.hxdav("appointments", "cancel", str(each["id"]), "--yes")
    with server.http() as http:
        client = DavX5Replay(http, server.user.calendar_path)
        client.sync()
        for href in list(client.objects):
            client.remove(href)
        client.sync()
    assert client.refused == []
    assert client.objects == {}


def observe(server: DemoServer) -> dict[str, str]:
    """What the tool finds of each feature that it looks at, none folded into another."""
    user = server.user
    with DAVClient(url=server.base_url, username=user.username, password=user.app_password) as client:
        checker = ServerQuirkChecker(client, debug_mode=None)
        checker.expected_features.set_feature("test-calendar.compatibility-tests", {"name": CALENDAR})
        with without_a_calendar_for_tasks():
            checker.check_all()
        found = checker.features_checked
        return {feature: found.is_supported(feature, str) for feature in found.dotted_feature_set_list()}


@contextmanager
def without_a_calendar_for_tasks() -> Iterator[None]:
    """Where the tool finds that it can neither keep a task nor make a calendar for tasks, let it say so and go on."""
    prepare = PrepareCalendar._prepare_task_calendar

    def prepare_or_go_on(check: PrepareCalendar, *arguments: Any) -> bool:
        try:
            return bool(prepare(check, *arguments))
        except DAVError:
            check.set_feature("save-load.todo", value=False)
            return False

    with patch.object(PrepareCalendar, "_prepare_task_calendar", prepare_or_go_on):
        yield


def findings_in(report: str) -> list[Finding]:
    """What a report says of what is not in full."""
    rows = (row.groups() for row in map(ROW.fullmatch, report.splitlines()) if row)
    return [Finding(feature=feature, result=result, sentence=sentence) for feature, result, sentence in rows]


def report_of(observed: dict[str, str], known: Iterable[Finding]) -> str:
    """The report; ``known`` has the sentences."""
    sentences = {(each.feature, each.result): each.sentence for each in known}
    full = sorted(feature for feature, result in observed.items() if result in FULL)
    head = HEAD.format(
        tester=version("caldav-server-tester"),
        caldav=version("caldav"),
        calendar=CALENDAR,
        full=len(full),
        all=len(observed),
    )
    rows = [
        ROW_TEXT.format(feature=feature, result=result, sentence=sentences.get((feature, result), ""))
        for feature, result in sorted(observed.items())
        if result not in FULL
    ]
    return "".join([head, *rows, "\n## What is\n\n", *(f"- `{feature}`\n" for feature in full)])


def main(path: Path = REPORT) -> None:
    """Serve, look, and write the report to ``path``."""
    kept = REPORT.read_text(encoding="utf-8") if REPORT.exists() else ""
    with tempfile.TemporaryDirectory(prefix="hxdav-tester-") as folder:
        server = DemoServer(Path(folder), "--unlimited")
        try:
            server.start()
            clear(server)
            observed = observe(server)
        finally:
            server.kill()
    path.write_text(report_of(observed, findings_in(kept)), encoding="utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
