"""A lost phone: one step shuts it out and freezes what comes from its calendar, until edits are let in again."""

from __future__ import annotations

import re

import pytest

from hxdav.domain.edit import Applied, Authority, Held, Refused, Source
from hxdav.domain.ids import AppPasswordId, Href, IntegrationId
from hxdav.domain.notification import NotificationKind
from hxdav.domain.refusal import SENTENCES, Reason
from hxdav.domain.removal import RemovalState
from hxdav.errors import NotPermitted
from hxdav.gate import PutObject, RemoveObject, read_body
from hxdav.services.integrations import control
from tests.builders import a_practice, an_object
from tests.integration.web.browsing import Browser
from tests.integration.web.desk import Desk

INTEGRATIONS = "/app/settings/integrations"


@pytest.fixture
def number(desk: Desk) -> IntegrationId:
    return desk.practice.integration()


def a_device(desk: Desk, label: str = "iPhone") -> AppPasswordId:
    desk.practice.app_password(label)
    with desk.store.snapshot() as tx:
        return tx.app_passwords.of_user(desk.practice.user_id)[-1].id


def lose(maya: Browser, number: IntegrationId, device: AppPasswordId) -> str:
    """Report it lost; the page that is shown then."""
    maya.get(f"{INTEGRATIONS}/{number}/lost?device={device}")
    answer = maya.post(f"{INTEGRATIONS}/{number}/lost", device=str(device))
    return maya.get(answer.headers["Location"]).text


def put_by(desk: Desk, number: IntegrationId, device: AppPasswordId, *, summary: str) -> None:
    body = an_object(summary=summary).encode()
    source = Source(
        authority=Authority.OUTSIDE,
        user_id=desk.practice.user_id,
        integration_id=number,
        app_password_id=device,
        agent="iOS/18.1",
    )
    change = PutObject(integration_id=number, href=Href("a.ics"), body=body, reading=read_body(body))
    assert isinstance(desk.practice.submit(change, source=source), Applied)


def test_a_device_leads_to_the_page_that_asks_first(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    device = a_device(desk)
    page = maya.get(f"{INTEGRATIONS}/{number}").text
    (path,) = re.findall(r'href="([^"]+/lost[^"]*)" aria-label="Lost phone: iPhone"', page)

    asked = maya.get(path).text

    assert "Lost: iPhone" in asked
    assert "worthless at once" in asked
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.of_user(desk.practice.user_id)[0].id == device
        assert tx.app_passwords.of_user(desk.practice.user_id)[0].revoked_at is None
        assert tx.integrations.one(number).frozen_at is None


def test_one_step_shuts_it_out_and_lets_no_edit_in(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    device = a_device(desk)

    page = lose(maya, number, device)

    assert "iPhone is shut out." in page
    assert desk.practice.put(number, "a.ics", an_object()) == Refused(reason=Reason.FROZEN)
    assert SENTENCES[Reason.FROZEN] in maya.get(INTEGRATIONS).text
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.of_user(desk.practice.user_id)[0].revoked_at == desk.practice.clock.now()
        actions = [each.action for each in tx.trail.audit_entries()]
    assert {"app_password_revoked", "device_lost", "edits_frozen"} <= set(actions)
    assert NotificationKind.CALENDAR_FROZEN in desk.practice.told()


def test_what_the_practice_changes_is_shown_all_the_same(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    appointment = desk.practice.book(an_object(summary="Before"))
    with desk.store.transaction() as tx:
        control.freeze(
            tx,
            desk.practice.clock,
            desk.practice.policy,
            integration=tx.integrations.one(number),
            source=desk.source,
        )

    desk.practice.book(an_object(summary="After"), appointment_id=appointment.id)

    (href,) = desk.practice.shown(number)
    assert "SUMMARY:After" in desk.practice.text_of(number, href)
    assert maya.get(f"{INTEGRATIONS}/{number}").status_code == 200


def test_deletions_and_moves_are_refused_too_and_put_back(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    desk.practice.put(number, "a.ics", an_object())
    lose(maya, number, a_device(desk))
    before = desk.practice.shown(number)["a.ics"]

    refused = desk.practice.remove(number, "a.ics"), desk.practice.move(number, "a.ics", "b.ics")

    assert refused == (Refused(reason=Reason.FROZEN),) * 2
    assert desk.practice.shown(number)["a.ics"] != before


def test_a_deletion_that_is_not_carried_out_yet_waits_for_an_answer(
    maya: Browser, desk: Desk, number: IntegrationId
) -> None:
    desk.practice.put(number, "a.ics", an_object())
    assert isinstance(desk.practice.remove(number, "a.ics"), Held)

    lose(maya, number, a_device(desk))

    desk.practice.clock.advance(seconds=61)
    desk.practice.settle()
    assert [each.state for each in desk.practice.removals()] == [RemovalState.REVIEW]


def test_edits_are_let_in_again(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    page = lose(maya, number, a_device(desk))
    assert "Let edits in again" in page

    maya.post(f"{INTEGRATIONS}/{number}/let-in")

    assert isinstance(desk.practice.put(number, "a.ics", an_object()), Applied)
    assert NotificationKind.CALENDAR_THAWED in desk.practice.told()
    with desk.store.snapshot() as tx:
        assert [each.action for each in tx.trail.audit_entries()][-2:] == ["edits_let_in", "created"]


def test_letting_in_twice_says_so(maya: Browser, number: IntegrationId) -> None:
    maya.get(f"{INTEGRATIONS}/{number}")

    maya.post(f"{INTEGRATIONS}/{number}/let-in")

    assert "Edits are let in already." in maya.get(f"{INTEGRATIONS}/{number}").text


def test_it_is_told_what_the_device_did_in_the_last_seven_days(
    maya: Browser, desk: Desk, number: IntegrationId
) -> None:
    device, other = a_device(desk), a_device(desk, "iPad")
    put_by(desk, number, device, summary="Long ago")
    desk.practice.clock.advance(days=8)
    put_by(desk, number, device, summary="By the phone")
    put_by(desk, number, other, summary="By the phone, corrected")
    maya.sign_in()

    page = lose(maya, number, device)

    assert page.count("By the phone, corrected</a>") == 1
    assert page.count("Changed:") == 1
    assert "Added:" not in page
    assert "undo it" in page


def test_another_device_goes_on_reading(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    lost = a_device(desk)
    kept = desk.practice.app_password("iPad")

    lose(maya, number, lost)

    digest = desk.practice.keyring.app_password_digest(kept)
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.login("maya", digest, now=desk.practice.clock.now()) is not None


def test_a_code_that_waits_for_a_telephone_is_revoked(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    maya.get(f"{INTEGRATIONS}/add/apple")
    page = maya.post(f"{INTEGRATIONS}/add/apple", label="iPhone", to="another").headers["Location"]

    lose(maya, number, a_device(desk))

    assert "You have revoked this code" in maya.get(page).text


def test_a_device_that_was_revoked_before_can_still_be_reported(
    maya: Browser, desk: Desk, number: IntegrationId
) -> None:
    maya.get(f"{INTEGRATIONS}/{number}/lost")

    maya.post(f"{INTEGRATIONS}/{number}/lost", device="")

    assert desk.practice.put(number, "a.ics", an_object()) == Refused(reason=Reason.FROZEN)


def test_it_has_to_be_said_which_device(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    a_device(desk)
    maya.get(f"{INTEGRATIONS}/{number}/lost")

    answer = maya.post(f"{INTEGRATIONS}/{number}/lost")

    assert "Say which device you have lost." in maya.get(answer.headers["Location"]).text
    with desk.store.snapshot() as tx:
        assert tx.integrations.one(number).frozen_at is None


def test_a_calendar_in_an_account_elsewhere_is_frozen_as_well(maya: Browser, desk: Desk) -> None:
    desk.pages.get(desk.consented(desk.ask()))
    with desk.store.snapshot() as tx:
        (google,) = tx.integrations.of(desk.practice.practitioner_id)
    assert "hxdav cannot sign the phone out" in maya.get(f"{INTEGRATIONS}/{google.id}/lost").text

    maya.post(f"{INTEGRATIONS}/{google.id}/lost")

    assert desk.practice.put(google.id, "a", an_object()) == Refused(reason=Reason.FROZEN)
    assert SENTENCES[Reason.FROZEN] in maya.get(f"{INTEGRATIONS}/{google.id}").text


@pytest.mark.parametrize("path", ["lost", "let-in"])
def test_nobody_reaches_the_calendar_of_another_practice(maya: Browser, desk: Desk, path: str) -> None:
    other = a_practice(desk.store, key="elsewhere", username="noa").integration("hx-other")
    maya.get(INTEGRATIONS)

    assert maya.post(f"{INTEGRATIONS}/{other}/{path}", device="").status_code == 404
    with desk.store.snapshot() as tx:
        assert tx.integrations.one(other).frozen_at is None
    assert maya.get(f"{INTEGRATIONS}/{other}/lost").status_code == 404


def test_nobody_reports_the_device_of_another_practice(maya: Browser, desk: Desk, number: IntegrationId) -> None:
    noa = a_practice(desk.store, key="elsewhere", username="noa")
    noa.app_password("Noa's phone")
    with desk.store.snapshot() as tx:
        (device,) = tx.app_passwords.of_user(noa.user_id)
    maya.get(INTEGRATIONS)

    assert maya.post(f"{INTEGRATIONS}/{number}/lost", device=str(device.id)).status_code == 404
    assert maya.get(f"{INTEGRATIONS}/{number}/lost?device={device.id}").status_code == 404
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.of_user(noa.user_id)[0].revoked_at is None


def test_only_the_practitioner_freezes_and_lets_in(desk: Desk, number: IntegrationId) -> None:
    source = Source(authority=Authority.PRACTICE)
    with desk.store.transaction() as tx:
        integration = tx.integrations.one(number)
        with pytest.raises(NotPermitted):
            control.freeze(tx, desk.practice.clock, desk.practice.policy, integration=integration, source=source)
        with pytest.raises(NotPermitted):
            control.thaw(tx, desk.practice.clock, integration=integration, source=source)


def test_a_device_is_shut_out_on_the_page_of_a_disconnected_calendar_too(
    maya: Browser, desk: Desk, number: IntegrationId
) -> None:
    device = a_device(desk)
    maya.get(f"{INTEGRATIONS}/{number}")
    maya.post(f"{INTEGRATIONS}/{number}/disconnect")

    page = lose(maya, number, device)

    assert "iPhone is shut out. This calendar is disconnected" in page
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.of_user(desk.practice.user_id)[0].revoked_at is not None
        assert tx.integrations.one(number).frozen_at is None


def test_what_the_device_deleted_in_another_calendar_waits_for_an_answer_too(
    maya: Browser, desk: Desk, number: IntegrationId
) -> None:
    device, other = a_device(desk), desk.practice.integration("hx-two")
    put_by(desk, other, device, summary="By the phone")
    source = Source(
        authority=Authority.OUTSIDE, user_id=desk.practice.user_id, integration_id=other, app_password_id=device
    )
    deletion = RemoveObject(integration_id=other, href=Href("a.ics"))
    assert isinstance(desk.practice.submit(deletion, source=source), Held)

    lose(maya, number, device)

    assert [each.state for each in desk.practice.removals()] == [RemovalState.REVIEW]
