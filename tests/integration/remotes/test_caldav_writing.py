"""Writing to servers that refuse, rename or were asked by somebody else just before."""

from __future__ import annotations

import pytest

from hxdav.remote import CalendarId, Changed, NotTaken, RemoteObject, TryLater
from hxdav.remotes.caldav import CalDavRemote
from tests.contract.remotes.texts import an_event, pulled, uid_of
from tests.integration.remotes.rephrasing import Rephrased, path_of, refusing
from tests.simulators.caldav.listening import Answer, Asked


def test_a_put_without_a_tag_is_read_back(remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased) -> None:
    def untagged(asked: Asked, answer: Answer) -> Answer:
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "etag"}
        return Answer(code=answer.code, headers=headers, body=answer.body)

    server.change = untagged

    made = remote.create(calendar_id, an_event())

    sighting = remote.read(calendar_id, made.remote_id)
    assert isinstance(sighting, RemoteObject)
    assert (sighting.tag, sighting.text) == (made.tag, made.text)


def test_an_object_elsewhere_in_the_calendar_with_its_uid_is_adopted(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    text = an_event("Swimming")
    server.put(path_of(calendar_id, "chosen-by-a-device.ics"), text)

    made = remote.create(calendar_id, text.replace("Swimming", "Sailing"))

    assert made.remote_id == "chosen-by-a-device.ics"
    assert "Sailing" in made.text
    assert len(pulled(remote, calendar_id).texts) == 1


def test_a_name_that_an_object_with_another_uid_has_is_not_overwritten(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    text = an_event()
    server.put(path_of(calendar_id, f"{uid_of(text)}.ics"), an_event("Swimming"))

    with pytest.raises(NotTaken):
        remote.create(calendar_id, text)

    assert "Swimming" in next(iter(pulled(remote, calendar_id).texts.values()))


def test_a_uid_that_is_no_address_gives_a_name_all_the_same(remote: CalDavRemote, calendar_id: CalendarId) -> None:
    uid = "../%2e%2e/é ?#@practice.example"

    made = remote.create(calendar_id, an_event(uid=uid))

    assert uid_of(made.text) == uid
    assert made.remote_id.isascii()
    assert remote.create(calendar_id, an_event(uid=uid)).remote_id == made.remote_id


@pytest.mark.parametrize("code", [400, 413, 415, 422, 507])
def test_an_object_that_is_not_taken_is_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, code: int
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method == "PUT", code)

    with pytest.raises(NotTaken):
        remote.create(calendar_id, an_event())
    with pytest.raises(NotTaken):
        remote.update(calendar_id, made, made.text)


@pytest.mark.parametrize("code", [408, 423, 425, 429, 500, 502, 503])
def test_a_write_that_may_work_later_is_not_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, code: int
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method in {"PUT", "DELETE"}, code)

    with pytest.raises(TryLater):
        remote.create(calendar_id, an_event())
    with pytest.raises(TryLater):
        remote.update(calendar_id, made, made.text)
    with pytest.raises(TryLater):
        remote.remove(calendar_id, made)


def test_a_forbidden_update_of_what_is_there_is_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())
    server.change = refusing(lambda asked: asked.method == "PUT", 403)

    with pytest.raises(NotTaken):
        remote.update(calendar_id, made, made.text)


@pytest.mark.parametrize("etag", ["weak", "none"])
@pytest.mark.parametrize("write", ["create", "update"])
def test_an_edit_between_a_write_and_its_reading_back_is_not_taken_for_ours(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased, write: str, etag: str
) -> None:
    text = an_event("Supervision")
    made = remote.create(calendar_id, text) if write == "update" else None

    def quicker(asked: Asked, answer: Answer) -> Answer:
        if asked.method != "PUT" or answer.code == 412:
            return answer
        # The remote reads the object back then; the person is there before it.
        headers = {name.lower(): value for name, value in answer.headers.items()}
        strong = headers.pop("etag")
        if etag == "weak":
            headers["etag"] = f"W/{strong}"
        body = asked.body.replace(b"Intervision", b"Swimming")
        edited = Asked(method="PUT", path=asked.path, headers={"content-type": "text/calendar"}, body=body)
        server.straight(edited)
        return Answer(code=answer.code, headers=headers)

    server.change = quicker
    text = text.replace("Supervision", "Intervision")
    written = remote.update(calendar_id, made, text) if made else remote.create(calendar_id, text)

    assert "Intervision" in written.text
    sighting = remote.read(calendar_id, written.remote_id)
    assert isinstance(sighting, RemoteObject)
    assert "Swimming" in sighting.text
    assert sighting.tag != written.tag
    with pytest.raises(Changed):
        remote.update(calendar_id, written, text)


def test_an_object_that_vanishes_while_it_is_adopted_is_created_later(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    made = remote.create(calendar_id, an_event())

    def vanishing(asked: Asked, answer: Answer) -> Answer:
        if "if-match" not in asked.headers:
            return answer
        server.straight(Asked(method="DELETE", path=asked.path, headers={}))
        return Answer(code=412)

    server.change = vanishing

    with pytest.raises(TryLater):
        remote.create(calendar_id, made.text)


def test_a_put_that_is_not_found_in_a_calendar_that_answers_is_parked(
    remote: CalDavRemote, calendar_id: CalendarId, server: Rephrased
) -> None:
    server.change = refusing(lambda asked: asked.method == "PUT", 404)

    with pytest.raises(NotTaken):
        remote.create(calendar_id, an_event())
