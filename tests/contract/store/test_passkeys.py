"""What the store keeps of passkeys, recovery codes and open questions, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hxdav.domain.passkey import MadePasskey
from hxdav.store.store import Store
from hxdav.store.web_ceremonies import Purpose
from tests.builders import a_practice

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
MADE = MadePasskey(credential_id=b"\x00\xffid", public_key=b"\x00\xffkey", counter=2**32 - 1)


def test_a_passkey_comes_back_as_it_was_kept(store: Store) -> None:
    practice = a_practice(store)
    with store.transaction() as tx:
        passkey_id = tx.passkeys.add(tx.people.user(practice.user_id), made=MADE, name="Phone", now=NOW)
        tx.passkeys.use(passkey_id, counter=2**32, now=LATER)
        tx.passkeys.rename(passkey_id, "Left drawer")

    with store.snapshot() as tx:
        found = tx.passkeys.find(b"\x00\xffid")
        assert found is not None
        assert tx.passkeys.of(practice.user_id) == [found]
        assert tx.passkeys.has(practice.user_id)
        assert tx.passkeys.find(b"\x00") is None
    assert (found.id, found.user_id, found.public_key) == (passkey_id, practice.user_id, b"\x00\xffkey")
    assert (found.counter, found.name, found.added_at, found.used_at) == (2**32, "Left drawer", NOW, LATER)


def test_passkeys_go_one_by_one_or_all_of_a_users(store: Store) -> None:
    practice, other = a_practice(store), a_practice(store, key="elsewhere", username="noa")
    with store.transaction() as tx:
        user = tx.people.user(practice.user_id)
        ids = [
            tx.passkeys.add(user, made=MadePasskey(credential_id=each, public_key=b"k", counter=0), name="x", now=NOW)
            for each in (b"1", b"2", b"3")
        ]
        tx.passkeys.add(tx.people.user(other.user_id), made=MADE, name="x", now=NOW)
        tx.passkeys.remove(ids[0])
        removed = tx.passkeys.remove_all(user.id)

    with store.snapshot() as tx:
        assert (removed, tx.passkeys.has(practice.user_id), tx.passkeys.has(other.user_id)) == (2, False, True)


def test_a_recovery_code_is_taken_once_by_its_owner(store: Store) -> None:
    practice, other = a_practice(store), a_practice(store, key="elsewhere", username="noa")
    with store.transaction() as tx:
        tx.recovery_codes.replace(tx.people.user(practice.user_id), digests=["old"], now=NOW)
        tx.recovery_codes.replace(tx.people.user(practice.user_id), digests=["a", "b"], now=NOW)
        taken = [
            tx.recovery_codes.take(user_id, digest, now=NOW)
            for user_id, digest in (
                (other.user_id, "a"),
                (practice.user_id, "old"),
                (practice.user_id, "a"),
                (practice.user_id, "a"),
            )
        ]

    with store.snapshot() as tx:
        assert (taken, tx.recovery_codes.unused(practice.user_id)) == ([False, False, True, False], 1)


def test_a_question_is_answered_once_in_time_and_for_its_purpose(store: Store) -> None:
    practice = a_practice(store)
    with store.transaction() as tx:
        user = tx.people.user(practice.user_id)
        for digest, whose in (("a", user), ("b", None), ("c", user)):
            tx.web_ceremonies.add(
                Purpose.PROVING, user=whose, digest=digest, challenge=b"\x00?", expires_at=LATER, now=NOW
            )
        first = tx.web_ceremonies.take(Purpose.PROVING, "a", now=NOW)
        again = tx.web_ceremonies.take(Purpose.PROVING, "a", now=NOW)
        nobodys = tx.web_ceremonies.find(Purpose.PROVING, "b", now=NOW)
        otherwise = tx.web_ceremonies.find(Purpose.ADDING, "b", now=NOW)
        late = tx.web_ceremonies.find(Purpose.PROVING, "b", now=LATER)
        tx.web_ceremonies.forget(user.id)
        forgotten = tx.web_ceremonies.find(Purpose.PROVING, "c", now=NOW)

    assert first is not None
    assert nobodys is not None
    assert (first.user_id, first.challenge, nobodys.user_id) == (practice.user_id, b"\x00?", None)
    assert (again, otherwise, late, forgotten) == (None, None, None, None)
