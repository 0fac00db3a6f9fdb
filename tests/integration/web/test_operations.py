"""What is told to whatever watches over the server."""

from __future__ import annotations

from pathlib import Path

import pytest

from hxdav.services.practice.check_accounts import RESERVED_NAMES
from hxdav.web.paths import PROBES
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk


@pytest.fixture
def watcher(desk: Desk) -> Browser:
    return Browser(desk.application)


def test_anybody_may_ask_and_gets_no_cookie(watcher: Browser) -> None:
    answer = watcher.get("/readyz")

    assert (answer.status_code, answer.text, answer.mimetype) == (200, "hxdav is ready.\n", "text/plain")
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_old_schema_is_not_ready_and_says_what_to_do(watcher: Browser, desk: Desk) -> None:
    with desk.store.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")

    answer = watcher.get("/readyz")

    assert answer.status_code == 503
    assert "The database is at schema 0001" in answer.text
    assert "hxdav db upgrade" in answer.text
    assert answer.headers["Retry-After"] == "5"


def test_a_store_that_does_not_answer_is_not_ready_and_tells_no_address(watcher: Browser, desk: Desk) -> None:
    # Nothing can be opened where there is a folder, as after a disk was taken away.
    file = Path(desk.store.engine.url.database or "")
    desk.store.close()
    file.unlink()
    file.mkdir()

    answer = watcher.get("/readyz")

    assert answer.status_code == 503
    assert file.name not in answer.text
    assert "cannot be reached" in answer.text


def test_a_disk_without_room_is_not_ready(watcher: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hxdav.store.health.LEAST_ROOM", 1 << 62)

    answer = watcher.get("/readyz")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "The disk with the database has" in answer.text


@pytest.mark.parametrize("path", sorted(PROBES))
def test_no_user_is_in_the_way(path: str) -> None:
    assert path.strip("/") in RESERVED_NAMES
