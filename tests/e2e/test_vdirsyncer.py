"""vdirsyncer keeps folders and the calendar the same, both ways, and has nothing to do when nothing changed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.events import an_event
from tests.e2e.replay import DavX5Replay
from tests.e2e.serving import DemoServer, DemoUser
from tests.waiting import PATIENCE_SECONDS, until

CONFIG = """\
[general]
status_path = "{folder}/status/"

[pair {name}]
a = "{name}_folder"
b = "{name}_calendar"
collections = ["from b"]
conflict_resolution = "b wins"

[storage {name}_folder]
type = "filesystem"
path = "{folder}/{name}/"
fileext = ".ics"

[storage {name}_calendar]
type = "caldav"
url = "{url}"
username = "{user.username}"
password = "{user.app_password}"
"""

CTAG = """\
<D:propfind xmlns:D="DAV:" xmlns:CS="http://calendarserver.org/ns/"><D:prop><CS:getctag/><D:sync-token/></D:prop>
</D:propfind>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A folder that vdirsyncer keeps the same as a user's calendar."""

    folder: Path
    name: str
    user: DemoUser

    @property
    def files(self) -> Path:
        """Where the calendar's objects are, one a file."""
        return self.folder / self.name / self.user.calendar_path.strip("/").rpartition("/")[2]

    def contents(self) -> list[bytes]:
        return [path.read_bytes() for path in self.files.iterdir()]

    def file_with(self, words: str) -> Path:
        (found,) = [path for path in self.files.iterdir() if words in path.read_text()]
        return found

    def sync(self) -> str:
        """Synchronise once; what vdirsyncer said."""
        return self.run("sync")

    def run(self, command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "vdirsyncer", "--config", str(self.folder / f"{self.name}.conf"), command],
            # It asks whether to make the folder of a calendar that it has found.
            input="y\n" * 4,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said


def a_pair(server: DemoServer, folder: Path, name: str) -> Pair:
    pair = Pair(folder=folder, name=name, user=server.user)
    config = CONFIG.format(folder=folder, name=name, url=server.base_url, user=server.user)
    (folder / f"{name}.conf").write_text(config)
    pair.run("discover")
    return pair


@pytest.fixture
def pair(unlimited_demo_server: DemoServer, tmp_path: Path) -> Pair:
    """A folder that was synchronised once, with two objects of this test's own among the others."""
    for name in ("change", "delete"):
        with unlimited_demo_server.http() as http:
            href = unlimited_demo_server.user.calendar_path + f"{name}-{tmp_path.name}.ics"
            text = an_event(f"{name}-{tmp_path.name}", days=3, summary=f"To {name} in {tmp_path.name}")
            http.put(href, content=text).raise_for_status()
    found = a_pair(unlimited_demo_server, tmp_path, "disk")
    found.sync()
    return found


def edit_in_folder(pair: Pair) -> None:
    """Add one object, change one and delete one, which then have the test's name in their titles."""
    test = pair.folder.name
    added = an_event(f"add-{test}", days=3, summary=f"Added in {test}")
    (pair.files / "added.ics").write_text(added, newline="")
    changed = pair.file_with(f"To change in {test}")
    changed.write_bytes(changed.read_bytes().replace(b"To change", b"Changed"))
    pair.file_with(f"To delete in {test}").unlink()


def test_the_first_synchronisation_fetches_everything_as_it_is(pair: Pair, unlimited_demo_server: DemoServer) -> None:
    with unlimited_demo_server.http() as http:
        client = DavX5Replay(http, pair.user.calendar_path)
        client.sync()

    assert sorted(pair.contents()) == sorted(local.text.encode() for local in client.objects.values())


def test_synchronising_again_changes_nothing_on_either_side(pair: Pair, unlimited_demo_server: DemoServer) -> None:
    edit_in_folder(pair)
    assert "Copying" in pair.sync()
    before = everything(pair, unlimited_demo_server)

    for _ in range(2):
        said = pair.sync()
        assert "Copying" not in said
        assert "Deleting" not in said

    assert everything(pair, unlimited_demo_server) == before


def test_what_is_edited_in_the_folder_is_in_the_practice(pair: Pair, unlimited_demo_server: DemoServer) -> None:
    edit_in_folder(pair)
    pair.sync()

    test = pair.folder.name

    def titles() -> set[str]:
        listed = unlimited_demo_server.appointments("--practitioner", pair.user.username)
        return {each["title"] for each in listed if each["title"].endswith(test)}

    until(lambda: titles() == {f"Added in {test}", f"Changed in {test}"}, what="the edits of the folder")


def test_what_is_edited_in_one_folder_is_in_another_one_and_then_there_is_nothing_to_do(
    pair: Pair, unlimited_demo_server: DemoServer, tmp_path: Path
) -> None:
    other = a_pair(unlimited_demo_server, tmp_path, "other_disk")
    other.sync()

    edit_in_folder(pair)
    there = an_event(f"there-{tmp_path.name}", days=4, summary="There")
    (other.files / "there.ics").write_text(there, newline="")
    for each in (pair, other, pair):
        each.sync()

    assert there.encode() in pair.contents()
    assert sorted(pair.contents()) == sorted(other.contents())
    before = everything(pair, unlimited_demo_server), everything(other, unlimited_demo_server)
    pair.sync()
    other.sync()
    assert (everything(pair, unlimited_demo_server), everything(other, unlimited_demo_server)) == before


def everything(pair: Pair, server: DemoServer) -> tuple[object, ...]:
    """The files with the moments of their last change, vdirsyncer's notes, and the calendar's tag and token."""
    files = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in pair.files.iterdir()}
    notes = [notes_of(path) for path in sorted((pair.folder / "status" / pair.name).glob("*.items"))]
    assert notes
    with server.http() as http:
        polled = http.request("PROPFIND", pair.user.calendar_path, content=CTAG, headers={"Depth": "0"}).text
    return files, notes, polled


def notes_of(path: Path) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return sorted(connection.execute("SELECT * FROM status"))
    finally:
        connection.close()
