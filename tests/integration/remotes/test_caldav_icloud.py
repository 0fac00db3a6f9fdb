"""The CalDAV remote before iCloud's quirks (``docs/providers.md`` §5.2)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from itertools import count
from urllib.parse import urlsplit

import pytest

from hxdav.net.reach import Reach
from hxdav.remote import (
    AccessLost,
    CalendarId,
    CalendarUnavailable,
    CursorExpired,
    Forbidden,
    NotTaken,
    RemoteObject,
    TryLater,
)
from hxdav.remotes.caldav import APPLE_WANTS, CalDavAccount, CalDavRemote, Flavour, open_caldav
from tests.contract.remotes.texts import an_event, meaning, pulled, uid_of
from tests.simulators.caldav.account import AppleAccount
from tests.simulators.caldav.icloud import ICloud, an_icloud
from tests.simulators.caldav.quirks import FaultKind

LOOPBACK = Reach(allowed=("127.0.0.1", "localhost"), hosts=("127.0.0.1", "localhost"))
NUMBERS = count(1)


@pytest.fixture(scope="module")
def service() -> Iterator[ICloud]:
    with an_icloud() as service:
        yield service


@pytest.fixture
def account(service: ICloud) -> AppleAccount:
    return service.add_account(f"visitor{next(NUMBERS)}@icloud.example")


@pytest.fixture
def remote(service: ICloud, account: AppleAccount) -> Iterator[CalDavRemote]:
    entered = CalDavAccount(
        url=service.url, username=account.username, password=account.new_app_password(), flavour=Flavour.ICLOUD
    )
    with contextlib.closing(open_caldav(entered, reach=LOOPBACK)) as remote:
        yield remote


@pytest.fixture
def calendar_id(remote: CalDavRemote) -> CalendarId:
    return remote.make_calendar("HX_One", marker="hxdav-0001", zone="Europe/Dublin")


def test_an_account_is_told_by_its_principal_whichever_host_names_it(
    remote: CalDavRemote, account: AppleAccount
) -> None:
    assert remote.identify().subject == account.principal.rstrip("/")


def test_calendars_are_called_on_the_partitions_host(
    remote: CalDavRemote, calendar_id: CalendarId, service: ICloud
) -> None:
    assert calendar_id.startswith(service.partition_url)


def test_a_revoked_password_tells_what_apple_wants(remote: CalDavRemote, account: AppleAccount) -> None:
    account.revoke()

    with pytest.raises(AccessLost) as caught:
        remote.identify()

    assert str(caught.value) == APPLE_WANTS


def test_every_write_gives_back_the_tag_that_the_object_has(remote: CalDavRemote, calendar_id: CalendarId) -> None:
    # One in three puts is answered without one.
    for _ in range(4):
        made = remote.create(calendar_id, an_event("Supervision"))
        updated = remote.update(calendar_id, made, made.text.replace("Supervision", "Intervision"))

        sighting = remote.read(calendar_id, made.remote_id)

        assert isinstance(sighting, RemoteObject)
        assert sighting == updated


def test_the_calendar_is_no_member_of_itself(remote: CalDavRemote, calendar_id: CalendarId) -> None:
    cursor = pulled(remote, calendar_id).cursor
    made = remote.create(calendar_id, an_event())

    changes = pulled(remote, calendar_id, cursor)

    assert list(changes.seen) == [made.remote_id]


def test_an_event_without_an_end_is_taken(remote: CalDavRemote, calendar_id: CalendarId) -> None:
    text = "".join(line for line in an_event().splitlines(keepends=True) if not line.startswith("DTEND"))

    made = remote.create(calendar_id, text)

    assert meaning(remote, made.text) == meaning(remote, text)


def test_a_uid_that_another_calendar_of_the_account_has_is_not_taken(
    remote: CalDavRemote, calendar_id: CalendarId, account: AppleAccount
) -> None:
    text = an_event()
    account.device.put("home", "there.ics", text)

    with pytest.raises(NotTaken, match="another of its calendars"):
        remote.create(calendar_id, text)

    assert account.device.objects("home").keys() == {"there.ics"}
    assert pulled(remote, calendar_id).texts == {}


def test_another_tag_without_another_content_means_the_same(
    remote: CalDavRemote, calendar_id: CalendarId, account: AppleAccount
) -> None:
    made = remote.create(calendar_id, an_event())
    cursor = pulled(remote, calendar_id).cursor
    account.touch("hxdav-0001", made.remote_id)

    (seen,) = pulled(remote, calendar_id, cursor).seen.values()

    assert isinstance(seen, RemoteObject)
    assert seen.tag != made.tag
    assert meaning(remote, seen.text) == meaning(remote, made.text)


def test_a_refused_token_means_that_the_cursor_has_expired(
    remote: CalDavRemote, calendar_id: CalendarId, account: AppleAccount
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    remote.create(calendar_id, an_event())
    account.fail(FaultKind.STALE_TOKEN)

    with pytest.raises(CursorExpired):
        remote.pull(calendar_id, cursor)


@pytest.mark.parametrize("kind", [FaultKind.EMPTY, FaultKind.PARTIAL])
def test_a_listing_that_lies_tells_nothing_to_be_gone(
    remote: CalDavRemote, calendar_id: CalendarId, account: AppleAccount, kind: FaultKind
) -> None:
    made = [remote.create(calendar_id, an_event()) for _ in range(4)]
    account.fail(kind, path=urlsplit(calendar_id).path)

    listing = pulled(remote, calendar_id)

    assert listing.is_listing
    assert listing.gone == set()
    assert len(listing.texts) < len(made)
    assert all(isinstance(remote.read(calendar_id, each.remote_id), RemoteObject) for each in made)


@pytest.mark.parametrize("kind", [FaultKind.BUSY, FaultKind.BROKEN, FaultKind.TRUNCATED, FaultKind.LOST])
def test_a_failed_pull_is_done_again_from_the_same_cursor(
    remote: CalDavRemote, calendar_id: CalendarId, account: AppleAccount, kind: FaultKind
) -> None:
    cursor = pulled(remote, calendar_id).cursor
    made = remote.create(calendar_id, an_event())
    account.fail(kind)

    with pytest.raises(TryLater):
        remote.pull(calendar_id, cursor)

    assert pulled(remote, calendar_id, cursor).texts.keys() == {uid_of(made.text)}


def test_a_calendar_elsewhere_in_the_service_is_none_of_ours(
    remote: CalDavRemote, calendar_id: CalendarId, service: ICloud
) -> None:
    with pytest.raises((Forbidden, CalendarUnavailable)):
        remote.pull(CalendarId(f"{service.partition_url}20000009999/calendars/home/"), None)
