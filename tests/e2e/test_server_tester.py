"""What caldav-server-tester finds is what docs/conformance/ says that it finds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.e2e.server_tester import REPORT, findings_in
from tests.waiting import PATIENCE_SECONDS

ROOT = REPORT.parents[2]


def test_the_tester_runs_through_and_finds_what_the_kept_report_says(tmp_path: Path) -> None:
    found = tmp_path / "report.md"

    # A process of its own, because the tool changes the client library that it uses.
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.server_tester", str(found)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE_SECONDS,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert found.read_text(encoding="utf-8") == REPORT.read_text(encoding="utf-8")


def test_each_feature_that_is_not_found_in_full_has_a_sentence() -> None:
    findings = findings_in(REPORT.read_text(encoding="utf-8"))

    assert findings
    assert [each.feature for each in findings if not each.sentence.endswith(".")] == []
