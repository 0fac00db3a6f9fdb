"""Writing: each write names the version that it is about, and can be done again."""

from __future__ import annotations

from uuid import uuid4

import pytest

from hxdav.remote import CalendarId, Changed, Gone, ObjectGone, RemoteObject, TryLater
from tests.contract.remotes.place import Person, RemotePlace, Write
from tests.contract.remotes.texts import an_event, meaning, pulled, uid_of


def the_object(place: RemotePlace, calendar_id: CalendarId, known: RemoteObject) -> RemoteObject:
    """An object as it is now."""
    sighting = place.remote.read(calendar_id, known.remote_id)
    assert isinstance(sighting, RemoteObject)
    return sighting


def title_of(text: str) -> str:
    """The title of a sole event."""
    line = next(line for line in text.splitlines() if line.startswith("SUMMARY"))
    return line.partition(":")[2]


def test_what_is_created_is_given_back_as_a_read_gives_it(place: RemotePlace, calendar_id: CalendarId) -> None:
    created = place.remote.create(calendar_id, an_event(location="Room 2", description="Bring\nthe notes; all"))

    seen = the_object(place, calendar_id, created)

    assert seen.tag == created.tag
    assert meaning(place.remote, seen.text) == meaning(place.remote, created.text)


def test_what_is_created_means_what_was_sent(place: RemotePlace, calendar_id: CalendarId) -> None:
    text = an_event(location="Room 2", description="Bring\nthe notes; all")

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, created.text) == meaning(place.remote, text)


def test_what_is_created_is_there_once(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    created = place.remote.create(calendar_id, an_event())

    assert person.uids() == [uid_of(created.text)]


def test_a_creation_whose_answer_was_lost_makes_one_object_when_it_is_done_again(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    text = an_event()
    place.lose_answer(Write.CREATE)
    with pytest.raises(TryLater):
        place.remote.create(calendar_id, text)

    created = place.remote.create(calendar_id, text)

    assert person.uids() == [uid_of(created.text)]
    assert the_object(place, calendar_id, created).tag == created.tag


def test_creating_again_with_the_same_uid_brings_the_object_to_the_new_text(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    uid = str(uuid4())
    first = place.remote.create(calendar_id, an_event("Supervision", uid=uid))

    second = place.remote.create(calendar_id, an_event("Intervision", uid=uid))

    assert second.remote_id == first.remote_id
    assert title_of(the_object(place, calendar_id, second).text) == "Intervision"
    assert len(person.uids()) == 1


def test_what_was_removed_can_be_created_again(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    text = an_event()
    place.remote.remove(calendar_id, place.remote.create(calendar_id, text))

    again = place.remote.create(calendar_id, text)

    assert person.uids() == [uid_of(again.text)]
    assert isinstance(place.remote.read(calendar_id, again.remote_id), RemoteObject)


def test_an_update_gives_back_the_object_under_a_new_tag(place: RemotePlace, calendar_id: CalendarId) -> None:
    created = place.remote.create(calendar_id, an_event("Supervision"))

    updated = place.remote.update(calendar_id, created, created.text.replace("Supervision", "Intervision"))

    assert updated.remote_id == created.remote_id
    assert updated.tag != created.tag
    assert the_object(place, calendar_id, updated).tag == updated.tag
    assert title_of(updated.text) == title_of(the_object(place, calendar_id, updated).text) == "Intervision"


def test_an_update_against_an_old_version_changes_nothing(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    created = place.remote.create(calendar_id, an_event("Supervision"))
    person.retitle(uid_of(created.text), "Swimming")

    with pytest.raises(Changed):
        place.remote.update(calendar_id, created, created.text.replace("Supervision", "Intervision"))

    assert title_of(the_object(place, calendar_id, created).text) == "Swimming"


def test_an_update_of_what_is_gone_does_not_bring_it_back(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    created = place.remote.create(calendar_id, an_event())
    person.remove(uid_of(created.text))

    with pytest.raises(ObjectGone):
        place.remote.update(calendar_id, created, created.text)

    assert person.uids() == []


def test_an_update_whose_answer_was_lost_is_seen_by_the_next_pull(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    created = place.remote.create(calendar_id, an_event("Supervision"))
    cursor = pulled(place.remote, calendar_id).cursor
    text = created.text.replace("Supervision", "Intervision")
    place.lose_answer(Write.UPDATE)
    with pytest.raises(TryLater):
        place.remote.update(calendar_id, created, text)

    with pytest.raises(Changed):
        place.remote.update(calendar_id, created, text)
    seen = pulled(place.remote, calendar_id, cursor).texts

    assert [title_of(text) for text in seen.values()] == ["Intervision"]
    assert len(person.uids()) == 1


def test_what_is_removed_is_gone(place: RemotePlace, calendar_id: CalendarId, person: Person) -> None:
    created = place.remote.create(calendar_id, an_event())

    place.remote.remove(calendar_id, created)

    assert place.remote.read(calendar_id, created.remote_id) == Gone(remote_id=created.remote_id)
    assert person.uids() == []


def test_removing_twice_is_done(place: RemotePlace, calendar_id: CalendarId) -> None:
    created = place.remote.create(calendar_id, an_event())
    place.remote.remove(calendar_id, created)

    place.remote.remove(calendar_id, created)

    assert isinstance(place.remote.read(calendar_id, created.remote_id), Gone)


def test_a_removal_whose_answer_was_lost_is_done_when_it_is_asked_again(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    created = place.remote.create(calendar_id, an_event())
    place.lose_answer(Write.REMOVE)
    with pytest.raises(TryLater):
        place.remote.remove(calendar_id, created)

    place.remote.remove(calendar_id, created)

    assert person.uids() == []


def test_a_removal_against_an_old_version_removes_nothing(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    created = place.remote.create(calendar_id, an_event("Supervision"))
    person.retitle(uid_of(created.text), "Swimming")

    with pytest.raises(Changed):
        place.remote.remove(calendar_id, created)

    assert len(person.uids()) == 1


def test_the_version_that_was_pulled_can_be_written(
    place: RemotePlace, calendar_id: CalendarId, person: Person
) -> None:
    person.add(an_event("Swimming"))
    (known,) = pulled(place.remote, calendar_id).seen.values()
    assert isinstance(known, RemoteObject)

    updated = place.remote.update(calendar_id, known, known.text.replace("Swimming", "Sailing"))

    assert title_of(the_object(place, calendar_id, updated).text) == "Sailing"


def test_text_in_other_scripts_comes_back(place: RemotePlace, calendar_id: CalendarId) -> None:
    text = an_event("עברית, 静か; naïve \\ 🦘" * 4, location="Zürich — Straße", description="„Ελλάδα“\n\n  über")

    created = place.remote.create(calendar_id, text)

    assert meaning(place.remote, the_object(place, calendar_id, created).text) == meaning(place.remote, text)
