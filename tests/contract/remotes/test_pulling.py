"""Pulling: a listing of everything, then what changed, and never a guess."""

from __future__ import annotations

import pytest

from hxdav.domain.ids import AppointmentId, IntegrationId
from hxdav.domain.mirror import derived_uid
from hxdav.remote import CalendarId, CursorExpired, RemoteObject, Unreadable
from tests.contract.remotes.place import Person, RemotePlace
from tests.contract.remotes.texts import an_event, meaning, pulled, uid_of


def test_an_empty_calendar_lists_nothing(place: RemotePlace, calendar_id: CalendarId) -> None:
    first = pulled(place.remote, calendar_id)

    assert first.is_listing
    assert first.seen == {}


def test_a_listing_has_everything_once_over_several_pages(place: RemotePlace, calendar_id: CalendarId) -> None:
    made = [place.remote.create(calendar_id, an_event(f"No. {n}")) for n in range(place.objects_on_pages)]

    listing = pulled(place.remote, calendar_id)

    assert len(listing.pages) > 1
    assert listing.is_listing
    shown = [sighting for page in listing.pages for sighting in page.sightings]
    assert sorted(each.remote_id for each in shown) == sorted(each.remote_id for each in made)
    assert listing.texts.keys() == {uid_of(each.text) for each in made}


def test_what_a_listing_shows_can_be_written_to(place: RemotePlace, calendar_id: CalendarId) -> None:
    made = place.remote.create(calendar_id, an_event())

    (shown,) = pulled(place.remote, calendar_id).seen.values()

    assert isinstance(shown, RemoteObject)
    assert (shown.remote_id, shown.tag) == (made.remote_id, made.tag)


def test_nothing_changed_is_an_empty_page(place: RemotePlace, calendar_id: CalendarId) -> None:
    place.remote.create(calendar_id, an_event())
    first = pulled(place.remote, calendar_id)

    second = pulled(place.remote, calendar_id, first.cursor)

    assert second.seen == {}
    assert not any(page.listing for page in second.pages)


def test_only_what_changed_comes_after_a_listing(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    still, edited, removed = (place.remote.create(calendar_id, an_event(title)) for title in ("A", "B", "C"))
    cursor = pulled(place.remote, calendar_id).cursor
    added = person.add(an_event("Swimming"))
    person.retitle(uid_of(edited.text), "Sailing")
    person.remove(uid_of(removed.text))

    changes = pulled(place.remote, calendar_id, cursor)

    assert changes.texts.keys() == {added, uid_of(edited.text)}
    assert "SUMMARY:Sailing" in changes.texts[uid_of(edited.text)]
    assert changes.gone == {removed.remote_id}
    assert still.remote_id not in changes.seen


def test_changes_come_over_several_pages(place: RemotePlace, calendar_id: CalendarId) -> None:
    cursor = pulled(place.remote, calendar_id).cursor
    made = [place.remote.create(calendar_id, an_event(f"No. {n}")) for n in range(place.objects_on_pages)]

    changes = pulled(place.remote, calendar_id, cursor)

    assert changes.texts.keys() == {uid_of(each.text) for each in made}


def test_the_same_cursor_tells_the_same_again(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    cursor = pulled(place.remote, calendar_id).cursor
    added = person.add(an_event("Swimming"))

    once, twice = (pulled(place.remote, calendar_id, cursor) for _ in range(2))

    assert once.texts.keys() == twice.texts.keys() == {added}


def test_each_round_goes_on_where_the_last_one_ended(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    cursor = pulled(place.remote, calendar_id).cursor
    person.add(an_event("Swimming"))
    cursor = pulled(place.remote, calendar_id, cursor).cursor
    second = person.add(an_event("Sailing"))

    changes = pulled(place.remote, calendar_id, cursor)

    assert changes.texts.keys() == {second}


def test_a_cursor_that_cannot_be_gone_on_from_says_so(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    place.remote.create(calendar_id, an_event())
    cursor = pulled(place.remote, calendar_id).cursor
    person.add(an_event("Swimming"))

    with pytest.raises(CursorExpired):
        place.remote.pull(calendar_id, place.expire(cursor))


def test_a_listing_after_an_expired_cursor_has_everything(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    made = place.remote.create(calendar_id, an_event())
    place.expire(pulled(place.remote, calendar_id).cursor)
    added = person.add(an_event("Swimming"))

    listing = pulled(place.remote, calendar_id)

    assert listing.is_listing
    assert listing.texts.keys() == {uid_of(made.text), added}


def test_a_listing_is_silent_about_what_is_gone(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    made = place.remote.create(calendar_id, an_event())
    person.remove(uid_of(made.text))

    listing = pulled(place.remote, calendar_id)

    assert listing.seen.keys() <= {made.remote_id}
    assert listing.texts == {}


def test_what_the_person_made_comes_with_the_uid_that_it_has_there(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    text = an_event("Swimming", location="Andrew “Boy” Charlton Pool")

    added = person.add(text)

    shown = pulled(place.remote, calendar_id).texts
    assert shown.keys() == {added}
    assert meaning(place.remote, shown[added]) == meaning(place.remote, text)


def test_nothing_of_what_is_kept_in_a_cursor_is_content(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    for number in range(place.objects_on_pages):
        person.add(an_event(f"Swimming {number}"))

    rounds = pulled(place.remote, calendar_id)

    assert not any("Swimming" in page.cursor for page in rounds.pages)
    assert not any(isinstance(sighting, Unreadable) for sighting in rounds.seen.values())


def test_what_hxdav_has_made_is_known_by_its_key(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    own = derived_uid(IntegrationId(1), AppointmentId(7), generation=1)
    place.remote.create(calendar_id, an_event("Ours", uid=own))
    person.add(an_event("Theirs"))

    pages = pulled(place.remote, calendar_id).pages

    keys = {each.key for page in pages for each in page.sightings if isinstance(each, RemoteObject)}
    assert keys == {own, None}
