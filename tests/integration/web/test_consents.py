"""The way to a provider's consent page and back: what counts, once, and what the person reads."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hxdav import log
from hxdav.domain.bridge import AccountState, BridgeState
from hxdav.domain.consent import ANSWERED_WITHIN
from hxdav.domain.ids import PracticeGroupId
from hxdav.domain.integration import IntegrationState, Service
from hxdav.domain.notification import NotificationKind
from hxdav.domain.privacy import PrivacyLevel
from hxdav.domain.subscription import SubscriptionState
from hxdav.errors import UseCaseError
from hxdav.services.integrations import bridges, connection
from hxdav.services.practice.retention import ANSWER_READ_FOR, purge
from hxdav.store.sealed import credentials_place
from hxdav.store.store import Store
from tests.builders import an_object
from tests.integration.web.desk import MAYA, Desk, a_desk, query_of
from tests.simulators.google.oauth import LIST_READONLY

TOMORROW = "DTSTART;TZID=Australia/Sydney:20261123T090000"


def group_of(desk: Desk) -> PracticeGroupId:
    with desk.store.snapshot() as tx:
        return tx.people.practitioner(desk.practice.practitioner_id).practice_group_id


def test_who_consents_is_connected_and_reads_so(store: Store, tmp_path: Path) -> None:
    with a_desk(store, tmp_path) as desk:
        desk.practice.book(an_object(start=TOMORROW, end=""))
        asked = desk.ask()

        answer = desk.pages.get(desk.consented(asked))

        consent = desk.consent(asked.consent_id)
        assert consent.integration_id is not None
        with store.snapshot() as tx:
            integration = tx.integrations.one(consent.integration_id)
            bridge = tx.bridges.one(integration.id)
            account = tx.external_accounts.one(bridge.account_id)
        assert answer.status_code == 200
        assert f"HX_Harbour Street Psychology appears in the account {MAYA}" in answer.text
        assert (integration.service, integration.state) == (Service.GOOGLE, IntegrationState.CONNECTED)
        assert (bridge.state, account.subject) == (BridgeState.MAKING, MAYA)
        assert len(desk.practice.shown(integration.id)) == 1
        credentials = desk.connector.vault.open(account.credentials, place=credentials_place(account.id))
        assert json.loads(credentials)["refresh_token"] not in account.credentials


def test_a_name_that_google_has_already_is_not_used_again(desk: Desk) -> None:
    desk.google.user(MAYA).add_calendar("HX_Harbour Street Psychology")

    answer = desk.pages.get(desk.consented(desk.ask()))

    assert "HX_Harbour Street Psychology (2026-11-22)" in answer.text


def test_the_level_that_was_chosen_holds_from_the_beginning(desk: Desk) -> None:
    asked = desk.ask(privacy=PrivacyLevel.BUSY)

    desk.pages.get(desk.consented(asked))

    consent = desk.consent(asked.consent_id)
    assert consent.integration_id is not None
    with desk.store.snapshot() as tx:
        assert tx.bridges.one(consent.integration_id).privacy is PrivacyLevel.BUSY


def test_a_consent_counts_once(desk: Desk) -> None:
    asked = desk.ask()
    path = desk.consented(asked)
    desk.pages.get(path)

    again = desk.pages.get(path)

    assert again.status_code == 400
    assert "does not belong to a connection that is waiting for it" in again.text
    assert desk.consent(asked.consent_id).refused is None
    with desk.store.snapshot() as tx:
        assert len(tx.integrations.of(desk.practice.practitioner_id)) == 1


@pytest.mark.parametrize("path", ["", "?state=", "?state=wrong&code=4/abc", "?code=4/abc", "?error=access_denied"])
def test_whoever_comes_without_a_right_state_changes_nothing(desk: Desk, path: str) -> None:
    asked = desk.ask()

    answer = desk.pages.get(f"/connect/google/callback{path}")

    assert answer.status_code == 400
    assert desk.consent(asked.consent_id).answered_at is None


@pytest.mark.parametrize(("late", "code"), [(timedelta(seconds=-1), 200), (timedelta(), 400)])
def test_a_consent_counts_for_ten_minutes(desk: Desk, late: timedelta, code: int) -> None:
    path = desk.consented(desk.ask())

    desk.practice.clock.moment += ANSWERED_WITHIN + late

    assert desk.pages.get(path).status_code == code


def test_who_says_no_is_told_how_to_say_yes_and_the_waiting_command_too(desk: Desk) -> None:
    desk.google.authority.consent.denies = True
    asked = desk.ask()

    answer = desk.pages.get(desk.consented(asked))

    assert answer.status_code == 400
    refused = desk.consent(asked.consent_id).refused
    assert refused is not None
    assert "Continue" in refused
    assert refused.split(".")[0] in answer.text


def test_a_box_that_was_not_ticked_is_named(desk: Desk) -> None:
    desk.google.authority.consent.unticked = {LIST_READONLY}
    asked = desk.ask()

    answer = desk.pages.get(desk.consented(asked))

    assert "See the list of Google calendars" in (desk.consent(asked.consent_id).refused or "")
    assert answer.status_code == 400


def test_a_code_that_google_did_not_give_is_refused(desk: Desk) -> None:
    asked = desk.ask()
    state = query_of(desk.consented(asked))["state"]

    answer = desk.pages.get("/connect/google/callback", query_string={"state": state, "code": "4/stolen"})

    assert answer.status_code == 400
    assert "4/stolen" not in answer.text
    assert desk.consent(asked.consent_id).refused


def test_an_address_that_a_programme_only_looks_at_is_not_used_up(desk: Desk) -> None:
    path = desk.consented(desk.ask())

    looked = desk.pages.head(path)

    assert (looked.status_code, desk.pages.get(path).status_code) == (405, 200)


def test_a_second_calendar_in_the_account_is_refused_and_its_credentials_stay(desk: Desk) -> None:
    desk.pages.get(desk.consented(desk.ask()))
    asked = desk.ask()

    answer = desk.pages.get(desk.consented(asked))

    assert answer.status_code == 400
    assert "already" in (desk.consent(asked.consent_id).refused or "")


def test_an_account_that_was_lost_goes_on_with_a_new_consent(desk: Desk) -> None:
    desk.pages.get(desk.consented(desk.ask()))
    with desk.store.transaction() as tx:
        (account,) = tx.external_accounts.all()
        tx.external_accounts.shut_out(account.id, trouble="access_lost")

    answer = desk.pages.get(desk.consented(desk.ask()))

    with desk.store.snapshot() as tx:
        (account,) = tx.external_accounts.all()
    assert "goes on where it stopped" in answer.text
    assert account.state is AccountState.CONNECTED
    assert desk.practice.told()[-1] is NotificationKind.BRIDGE_RESUMED


def test_a_login_that_is_suspended_meanwhile_connects_nothing(desk: Desk) -> None:
    asked = desk.ask()
    path = desk.consented(asked)
    with desk.store.transaction() as tx:
        tx.people.suspend_user(desk.practice.user_id, at=desk.practice.clock.now())

    answer = desk.pages.get(path)

    assert answer.status_code == 400
    assert "suspended" in (desk.consent(asked.consent_id).refused or "")


def test_without_a_subscription_nobody_is_sent_to_google(desk: Desk) -> None:
    with desk.store.transaction() as tx:
        subscription = tx.subscriptions.of(desk.practice.practitioner_id)
        assert subscription is not None
        tx.subscriptions.change(replace(subscription, state=SubscriptionState.ENDED))

    with pytest.raises(UseCaseError, match="does not subscribe"):
        desk.ask()


def test_what_nobody_foresaw_is_told_without_what_it_was(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="info", as_json=True)
    asked = desk.ask()
    path = desk.consented(asked)
    # The secret that stands in the row was put there by somebody else.
    with desk.store.transaction() as tx:
        tx.consents.keep_verifier(asked.consent_id, "sesame")

    answer = desk.pages.get(path)

    assert answer.status_code == 500
    assert "vault" not in answer.text
    assert "Begin anew" in (desk.consent(asked.consent_id).refused or "")
    recorded = capsys.readouterr().err
    assert '"error": "SecretsError"' in recorded
    assert query_of(path)["code"] not in recorded


def test_only_hashes_and_sealed_texts_are_stored(desk: Desk) -> None:
    asked = desk.ask()
    query = query_of(asked.url)

    with desk.store.snapshot() as tx:
        (row,) = tx.connection.exec_driver_sql("SELECT state, verifier FROM consent").all()

    assert query["state"] not in row.state
    assert row.verifier.startswith("v1:")


def test_the_verifier_is_wiped_once_it_has_served(desk: Desk) -> None:
    asked = desk.ask()

    desk.pages.get(desk.consented(asked))

    assert desk.consent(asked.consent_id).verifier == ""


def test_the_page_is_kept_nowhere_and_loads_nothing(desk: Desk) -> None:
    answer = desk.pages.get(desk.consented(desk.ask()))

    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self' 'sha256-")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not {"src=", "href=", "<script"} & set(answer.text.split())


def test_what_a_page_says_is_text_and_never_markup(desk: Desk) -> None:
    with desk.store.transaction() as tx:
        group = tx.people.practice_group(group_of(desk))
        tx.people.change_practice_group(replace(group, name="Ada & <b>Sons</b>"))

    answer = desk.pages.get(desk.consented(desk.ask()))

    assert "Ada &amp; &lt;b&gt;Sons&lt;/b&gt;" in answer.text


def test_no_code_and_no_state_reaches_a_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    path = desk.consented(desk.ask())

    log.configure(level="debug", as_json=True)

    with caplog.at_level(logging.DEBUG):
        desk.pages.get(path)
        desk.pages.get(path)

    captured = capsys.readouterr()
    said = caplog.text + captured.out + captured.err
    query = query_of(path)
    assert not {name for name in ("code", "state") if query[name] in said}


def test_a_consent_is_purged_a_day_after_it_expired(store: Store, tmp_path: Path) -> None:
    with a_desk(store, tmp_path) as desk:
        desk.ask()
        practice = desk.practice

        def purged() -> int:
            with store.transaction() as tx:
                return purge(tx, practice.clock, practice.policy, practice_group_id=group_of(desk))

        practice.clock.moment += ANSWERED_WITHIN + ANSWER_READ_FOR - timedelta(seconds=1)
        early = purged()
        practice.clock.advance(seconds=1)

        assert (early, purged()) == (0, 1)


def test_the_account_is_forgotten_with_its_last_calendar(desk: Desk) -> None:
    desk.pages.get(desk.consented(desk.ask()))
    with desk.store.transaction() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
        connection.disconnect(tx, desk.practice.clock, integration=integration, source=desk.source)
        (account,) = bridges.accounts_unused(tx)

    with desk.store.transaction() as tx:
        bridges.forget_account(tx, desk.practice.clock, account_id=account.id, source=desk.source)

    with desk.store.snapshot() as tx:
        assert tx.sealed.beginnings(3) == set()
