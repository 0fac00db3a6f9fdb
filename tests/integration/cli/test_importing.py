"""``hxdav import`` and ``hxdav export``."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from io import BytesIO
from pathlib import Path

import pytest

from hxdav.bootstrap.installation import Installation
from hxdav.config import load_settings
from hxdav.services.appointments.ics_import import AT_ONCE
from tests.integration.cli.command_line import CommandLine, soon

BERLIN = (
    "BEGIN:VTIMEZONE\r\nTZID:Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\n"
    "TZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)


def an_event(uid: str, *lines: str, start: str = "DTSTART:20261201T000000Z", summary: str = "Tea") -> str:
    inner = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        "DTSTAMP:20261101T000000Z",
        start,
        f"SUMMARY:{summary}",
        *lines,
        "END:VEVENT",
    ]
    return "".join(f"{line}\r\n" for line in inner if line)


def a_file(hxdav: CommandLine, *events: str) -> Path:
    text = "".join(("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n", *events, "END:VCALENDAR\r\n"))
    path = hxdav.folder / "file.ics"
    path.write_bytes(text.encode())
    return path


def import_(hxdav: CommandLine, path: Path, *options: str) -> list[tuple[str, str]]:
    rows = hxdav.run("import", path, "--practitioner", "maya", "--json", *options).json
    return [(row["uid"], row["fate"]) for row in rows]


def titles(hxdav: CommandLine) -> list[str]:
    return [row["title"] for row in hxdav.listed("appointments", "list")]


def test_a_file_with_several_uids_is_split(practice: CommandLine) -> None:
    override = an_event("b", "RECURRENCE-ID:20261202T000000Z", start="DTSTART:20261202T010000Z")
    path = a_file(
        practice,
        BERLIN,
        an_event("a", start="DTSTART;TZID=Berlin:20261201T000000"),
        an_event("b", "RRULE:FREQ=DAILY;COUNT=3"),
        override,
    )

    assert import_(practice, path) == [("a", "added"), ("b", "added")]
    assert {row["kind"] for row in practice.listed("appointments", "list")} == {"personal"}


def test_a_dry_run_says_what_would_be_done_and_does_nothing(practice: CommandLine) -> None:
    path = a_file(practice, an_event("a"), an_event("b"))

    assert import_(practice, path, "--dry-run") == [("a", "added"), ("b", "added")]
    assert titles(practice) == []


def test_a_known_uid_updates_its_appointment_and_what_is_the_same_stays(practice: CommandLine) -> None:
    import_(practice, a_file(practice, an_event("a"), an_event("b")))

    done = import_(practice, a_file(practice, an_event("a", summary="Coffee"), an_event("b")))

    assert done == [("a", "updated"), ("b", "unchanged")]
    assert sorted(titles(practice)) == ["Coffee", "Tea"]


def test_an_update_keeps_what_only_the_practice_knows(practice: CommandLine) -> None:
    import_(practice, a_file(practice, an_event("a")))
    practice.must("appointments", "edit", "1", "--patient", "Demo Patient 1", "--invoice", "present")

    import_(practice, a_file(practice, an_event("a", summary="Coffee")))

    (row,) = practice.listed("appointments", "list")
    assert (row["title"], row["kind"], row["invoice"]) == ("Coffee", "patient", "present")


def test_what_cannot_be_kept_is_told_and_the_rest_goes_in(practice: CommandLine) -> None:
    path = a_file(
        practice,
        an_event("good"),
        an_event("endless", "RRULE:FREQ=SECONDLY"),
        an_event("backwards", "DTEND:20261130T000000Z"),
        an_event("startless", start=""),
    )

    done = practice.run("import", path, "--practitioner", "maya")

    lines = {line.split("  ")[1]: line for line in done.out.splitlines()}
    assert done.code == 1
    assert {uid: line.split("  ")[0] for uid, line in lines.items()} == {
        "good": "added",
        "endless": "refused",
        "backwards": "refused",
        "startless": "refused",
    }
    assert "repeats too often" in lines["endless"]
    assert "1 added, 0 updated, 0 unchanged, 3 refused." in done.err


def test_patients_are_not_given_a_series(practice: CommandLine) -> None:
    practice.must(
        "appointments", "add", "--practitioner", "maya", "--start", "2026-12-01", "--patient", "Demo Patient 1"
    )
    uid = practice.listed("appointments", "list")[0]["uid"]

    assert import_(practice, a_file(practice, an_event(uid, "SEQUENCE:1", "RRULE:FREQ=DAILY;COUNT=2"))) == [
        (uid, "refused")
    ]


def test_a_file_larger_than_a_transaction_goes_in_whole(practice: CommandLine) -> None:
    path = a_file(practice, *(an_event(f"e{number}") for number in range(AT_ONCE + 1)))

    fates = Counter(fate for _, fate in import_(practice, path))

    assert fates == {"added": AT_ONCE + 1}
    assert len(titles(practice)) == AT_ONCE + 1


class InterruptedFile(BytesIO):
    """A file of which Ctrl+C interrupts the reading, after so many reads."""

    reads_left = AT_ONCE + AT_ONCE // 2

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads_left -= 1
        if self.reads_left < 0:
            raise KeyboardInterrupt
        return super().read(size)


def test_an_interrupted_import_goes_on_where_it_ended(practice: CommandLine) -> None:
    path = a_file(practice, *(an_event(f"e{number}") for number in range(2 * AT_ONCE)))

    done = practice.run("import", "-", "--practitioner", "maya", "--json", typed=InterruptedFile(path.read_bytes()))

    assert done.code == 130
    assert len(done.json) == AT_ONCE
    assert f"Interrupted after {AT_ONCE} of {2 * AT_ONCE} events. Import the file again to go on." in done.err
    assert Counter(fate for _, fate in import_(practice, path)) == {"unchanged": AT_ONCE, "added": AT_ONCE}
    assert len(titles(practice)) == 2 * AT_ONCE


def test_what_is_exported_is_what_is_imported_again(practice: CommandLine) -> None:
    import_(
        practice, a_file(practice, BERLIN, an_event("a", start="DTSTART;TZID=Berlin:20261201T000000"), an_event("b"))
    )
    practice.must("appointments", "cancel", "2", "--yes")
    target = practice.folder / "out.ics"

    practice.must("export", "--practitioner", "maya", target)

    printed = practice.must("export", "--practitioner", "maya").out
    assert target.read_bytes().decode() == printed
    assert target.stat().st_mode & 0o777 == 0o600
    assert printed.count("BEGIN:VTIMEZONE") == 1
    assert import_(practice, target) == [("a", "unchanged")]


def test_a_file_in_the_words_of_a_calendar_that_showed_it_is_recognised(practice: CommandLine) -> None:
    practice.set_password("maya")
    practice.must("appointments", "add", "--practitioner", "maya", "--start", soon(), "--title", "Tea")
    practice.as_user("maya", "integrations", "add")
    shown_uid = _shown_uid(practice)

    done = import_(practice, a_file(practice, an_event(shown_uid, "SEQUENCE:1", summary="Coffee")))

    assert done == [(shown_uid, "updated")]
    assert titles(practice) == ["Coffee"]


@pytest.mark.parametrize("content", [b"", b"no calendar", b"\xff\xfe"])
def test_a_file_that_is_no_calendar_takes_nothing_in(practice: CommandLine, content: bytes) -> None:
    path = practice.folder / "file.ics"
    path.write_bytes(content)

    done = practice.run("import", path, "--practitioner", "maya")

    assert done.code == 1
    assert done.err.startswith("hxdav: ")
    assert titles(practice) == []


def test_a_file_that_is_not_there_is_a_sentence(practice: CommandLine) -> None:
    done = practice.run("import", practice.folder / "none.ics", "--practitioner", "maya")

    assert (done.code, done.err) == (
        1,
        f"hxdav: {practice.folder}/none.ics cannot be read: No such file or directory.\n",
    )


def _shown_uid(practice: CommandLine) -> str:
    with closing(Installation(load_settings(practice.config))) as here, here.store.snapshot() as tx:
        (integration,) = tx.integrations.all()
        (shown,) = tx.feed.every_object(integration.id)
        return shown.shown_uid


def test_a_time_zone_that_is_not_known_is_told_in_the_appointments_story(practice: CommandLine) -> None:
    practice.set_password("maya")
    assert practice.as_user("maya", "integrations", "add", "--json").code == 0
    import_(practice, a_file(practice, an_event("a", start="DTSTART;TZID=Nowhere:20261201T090000")))
    number = practice.listed("appointments", "list")[0]["id"]

    path = a_file(practice, an_event("b", start="DTSTART;TZID=Nowhere:20261201T090000"))
    assert practice.run("import", path, "--practitioner", "maya").out == (
        "added  b  hxdav does not know the time zone Nowhere and uses Australia/Sydney instead. "
        "Check the time of this appointment.\n"
    )

    (row,) = practice.run("integrations", "explain", str(number), "--json").json

    assert "hxdav does not know the time zone Nowhere and uses Australia/Sydney instead." in row["story"]
