"""The audit log: who did what, and nothing about a patient."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from hxdav.domain.appointment import RecordMark
from hxdav.domain.practice import Band
from hxdav.secrets.keyring import Keyring
from hxdav.services.access import app_passwords, logins
from hxdav.services.billing import subscriptions
from hxdav.services.integrations import connection
from hxdav.services.practice import apply_accounts
from hxdav.services.practice.apply_accounts import WantedPracticeGroup, WantedPractitioner, WantedUser
from hxdav.store.rows import AuditRow
from hxdav.store.store import Store
from tests.builders import BY_PRACTICE, MovableClock, a_practice, an_object

KEYRING = Keyring(b"k" * 32)


def audit_of(store: Store) -> list[dict[str, Any]]:
    columns = AuditRow.__table__.columns
    with store.snapshot() as tx:
        return [dict(row._mapping) for row in tx.connection.execute(select(*columns).order_by(AuditRow.id))]


def actions(store: Store) -> list[str]:
    return [entry["action"] for entry in audit_of(store)]


def test_every_edit_is_audited_with_who_and_from_where(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.put(calendar, "a.ics", an_object())
    practice.put(calendar, "a.ics", an_object(summary="Lunch"))
    practice.move(calendar, "a.ics", "b.ics")
    practice.removed(calendar, "b.ics")

    entries = audit_of(store)

    assert [entry["action"] for entry in entries] == ["created", "changed", "moved", "removal_held", "removed"]
    assert {(entry["user_id"], entry["integration_id"], entry["authority"]) for entry in entries} == {
        (practice.user_id, calendar, "outside")
    }


def test_a_refusal_is_audited_with_its_reason_alone(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    practice.book(an_object(summary="Jo Doe"), note=RecordMark.PRESENT, patients=("Jo Doe",))
    (href,) = practice.shown(calendar)

    practice.remove(calendar, href)

    entry = audit_of(store)[-1]
    assert (entry["action"], entry["detail"]) == ("refused", {"reason": "note_protects"})


def test_nothing_about_a_patient_is_in_the_log(store: Store) -> None:
    practice = a_practice(store)
    calendar = practice.integration()
    booked = practice.book(an_object(summary="Jo Doe", uid="p"), patients=("Jo Doe",))
    (href,) = practice.shown(calendar)
    practice.put(calendar, href, b"not Jo Doe's calendar")
    practice.cancel(booked.id)

    assert "Jo Doe" not in json.dumps(audit_of(store), default=str)


def test_what_is_done_to_people_and_their_calendars_is_audited(store: Store) -> None:
    clock = MovableClock()
    wanted = WantedPracticeGroup(
        key="harbour",
        name="Harbour Street Psychology",
        zone="Australia/Sydney",
        band=Band.SILVER,
        users=(WantedUser(username="maya", name="Maya Lin"),),
        practitioners=(WantedPractitioner(key="maya", name="Maya Lin", username="maya"),),
    )
    with store.transaction() as tx:
        apply_accounts.apply(tx, clock, wanted=[wanted], source=BY_PRACTICE)
        user = logins.known_user(tx, "maya")
        secret = logins.invite(tx, clock, KEYRING, user=user, source=BY_PRACTICE)
        logins.take_up_invitation(tx, clock, KEYRING, user=user, secret=secret, password_hash="a hash")
        login = logins.practitioner_login(tx, user=user)
        subscriptions.buy(tx, clock, practitioner=login.practitioner, source=BY_PRACTICE)
        integration = connection.connect_native(tx, clock, practitioner=login.practitioner, source=BY_PRACTICE)
        connection.rename(tx, clock, integration=integration, name="Maya's work", source=BY_PRACTICE)
        made = app_passwords.create_app_password(tx, clock, KEYRING, login=login, label="phone", expires_at=None)
        app_passwords.revoke_app_password(tx, clock, login=login, app_password_id=made.id)
        connection.disconnect(tx, clock, integration=integration, source=BY_PRACTICE)

    assert actions(store) == [
        "accounts_applied",
        "invited",
        "web_password_set",
        "subscription_bought",
        "connected",
        "renamed",
        "app_password_created",
        "app_password_revoked",
        "disconnected",
    ]
    log = json.dumps(audit_of(store), default=str)
    assert not any(secret_part in log for secret_part in (secret, made.password, "correct horse"))


def test_applying_the_same_accounts_again_leaves_no_trace(store: Store) -> None:
    wanted = WantedPracticeGroup(key="harbour", name="Harbour Street Psychology", zone="Australia/Sydney")
    for _ in range(2):
        with store.transaction() as tx:
            apply_accounts.apply(tx, MovableClock(), wanted=[wanted], source=BY_PRACTICE)

    assert actions(store) == ["accounts_applied"]
