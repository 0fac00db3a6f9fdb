"""Passkeys: added, asked for, refused where they prove nothing or are another's, renamed and removed."""

from __future__ import annotations

import json
import re

import pytest

from tests.builders import a_practice
from tests.integration.web.browsing import PASSWORD, Browser
from tests.integration.web.desk import Desk
from tests.integration.web.passkey_holder import (
    CODES,
    NEW,
    SECURITY,
    Person,
    a_person,
    passkeys_of,
    trail,
)
from tests.simulators.authenticator import SoftAuthenticator


@pytest.fixture
def maya(desk: Desk) -> Person:
    return a_person(desk, desk.practice.user_id)


@pytest.fixture
def noor(desk: Desk) -> Person:
    """Somebody of another practice group on the same server, with a passkey of their own."""
    practice = a_practice(desk.store, key="hill", username="noor")
    person = a_person(desk, practice.user_id, "noor")
    person.add()
    return person


def test_a_device_is_asked_for_a_passkey_that_it_keeps_and_for_no_attestation(maya: Person, desk: Desk) -> None:
    maya.browser.get(NEW)

    asked = json.loads(maya.asked(f"{NEW}/question"))

    assert asked["rp"] == {"name": "hxdav", "id": "hx.example"}
    assert asked["attestation"] == "none"
    chosen = asked["authenticatorSelection"]
    assert (chosen["residentKey"], chosen["userVerification"]) == ("preferred", "preferred")
    assert "maya" not in asked["user"]["id"]


def test_a_second_passkey_brings_no_new_codes(maya: Person) -> None:
    maya.add()
    tablet = Person(maya.desk, device=SoftAuthenticator())
    tablet.browser = maya.browser

    answer = tablet.add("Tablet")

    assert (answer.status_code, answer.headers["Location"]) == (302, SECURITY)
    assert "10 of them left" in maya.browser.get(SECURITY).text


def test_one_device_is_asked_for_one_passkey(maya: Person) -> None:
    maya.add()

    with pytest.raises(AssertionError, match="InvalidStateError"):
        maya.add()


def test_a_passkey_alone_signs_in(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()

    answer = other.use_alone()

    assert (answer.status_code, answer.headers["Location"]) == (302, "/app/")
    assert other.browser.is_in()
    assert passkeys_of(desk, desk.practice.user_id)[0].used_at is not None


def test_it_does_so_only_where_the_device_has_made_sure_of_its_owner(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.device.verifies = False

    answer = other.use_alone()

    assert answer.status_code == 403
    assert not other.browser.is_in()


def test_a_cookie_from_between_the_factors_is_worth_nothing_after_them(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.sign_in()
    planted = other.browser.cookies.get_cookie("__Host-hxdav", domain="hx.example")
    assert planted is not None
    other.use_second()
    assert other.browser.is_in()
    thief = Browser(desk.application)
    thief.cookies.set_cookie("__Host-hxdav", planted.value, domain="hx.example", secure=True)

    assert not thief.is_in()


def test_a_passkey_is_not_added_from_another_origin(maya: Person, desk: Desk) -> None:
    maya.device.origin = "https://hx.example.evil.example"

    assert maya.add().status_code == 400
    assert passkeys_of(desk, desk.practice.user_id) == []


def test_a_passkey_used_at_another_origin_opens_nothing(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.device.origin = "https://evil.example"

    assert other.use_alone().status_code == 403


def test_an_answer_to_another_challenge_is_refused(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    credential = other.device.get(other.asked("/app/sign-in/passkey/question"), challenge=b"another" * 5)

    assert other.browser.post("/app/sign-in/passkey", credential=credential).status_code == 403
    assert not other.browser.is_in()


def test_a_passkey_made_for_another_challenge_is_refused(maya: Person, desk: Desk) -> None:
    maya.browser.get(NEW)
    credential = maya.device.create(maya.asked(f"{NEW}/question"), challenge=b"another" * 5)

    assert maya.browser.post(NEW, credential=credential, name="x").status_code == 400
    assert passkeys_of(desk, desk.practice.user_id) == []


def test_an_answer_counts_once(maya: Person) -> None:
    maya.device.counts = False
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    credential = other.device.get(other.asked("/app/sign-in/passkey/question"))
    kept = other.browser.cookies.get_cookie("__Host-hxdav", domain="hx.example")
    assert kept is not None
    fields = {**other.browser.hidden, "credential": credential}
    assert other.browser.post("/app/sign-in/passkey", **fields).status_code == 302

    again = maya.elsewhere()
    again.browser.cookies.set_cookie("__Host-hxdav", kept.value, domain="hx.example", secure=True)

    answer = again.browser.post("/app/sign-in/passkey", **fields)
    assert answer.status_code == 403
    assert "was answered already" in answer.text
    assert not again.browser.is_in()


def test_an_answer_of_one_browser_counts_at_no_other(maya: Person) -> None:
    maya.add()
    one, other = maya.elsewhere(), maya.elsewhere()
    one.browser.get("/app/sign-in")
    credential = one.device.get(one.asked("/app/sign-in/passkey/question"))
    other.browser.get("/app/sign-in")

    assert other.browser.post("/app/sign-in/passkey", credential=credential).status_code == 403


def test_an_answer_that_comes_after_five_minutes_is_refused(maya: Person, desk: Desk) -> None:
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    credential = other.device.get(other.asked("/app/sign-in/passkey/question"))
    desk.practice.clock.advance(minutes=5)

    answer = other.browser.post("/app/sign-in/passkey", credential=credential)

    assert (answer.status_code, "longer than five minutes" in answer.text) == (403, True)


def test_a_passkey_that_is_said_to_be_somebody_elses_opens_nothing(maya: Person, noor: Person) -> None:
    maya.add()
    own, theirs = maya.device.credentials[0], noor.device.credentials[0]
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    claimed = other.device.take_over(theirs, owner=own.owner)
    credential = other.device.get(other.asked("/app/sign-in/passkey/question"), credential=claimed)

    assert other.browser.post("/app/sign-in/passkey", credential=credential).status_code == 403


def test_a_passkey_that_nobody_knows_is_told_like_a_wrong_one(maya: Person) -> None:
    maya.add()
    known, unknown = maya.elsewhere(), Person(maya.desk)
    known.device.verifies = False
    asking = known.asked if known.browser.get("/app/sign-in") else None
    assert asking
    unknown.device.create(json.dumps({"rp": {"id": "hx.example"}, "user": {"id": "eA"}, "challenge": "eA"}))

    told = [re.findall(r'role="alert">([^<]+)<', each.use_alone().text) for each in (known, unknown)]

    assert told[0] == told[1] != []


def test_what_the_sign_in_page_asks_names_nobodys_passkeys(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")

    asked = json.loads(other.asked("/app/sign-in/passkey/question"))

    assert not asked.get("allowCredentials")
    assert asked["userVerification"] == "required"


def test_a_counter_that_goes_backwards_is_refused_and_written_down(maya: Person, desk: Desk) -> None:
    maya.add()
    maya.elsewhere().use_alone()
    copy = maya.elsewhere()
    copy.device.counter = 0

    answer = copy.use_alone()

    assert answer.status_code == 403
    assert "counts backwards" in answer.text
    assert not copy.browser.is_in()
    assert trail(desk).count("passkey_counted_backwards") == 1


def test_nobody_can_have_a_counter_go_backwards_without_the_key(maya: Person, desk: Desk) -> None:
    maya.add()
    maya.elsewhere().use_alone()
    forger = Person(desk)
    forger.device.create(json.dumps({"rp": {"id": "hx.example"}, "user": {"id": "eA"}, "challenge": "eA"}))
    own, hers = forger.device.credentials[0], maya.device.credentials[0]
    forged = type(own)(id=hers.id, key=own.key, host=hers.host, owner=hers.owner)
    forger.browser.get("/app/sign-in")
    forger.device.counter = 0
    credential = forger.device.get(forger.asked("/app/sign-in/passkey/question"), credential=forged)

    answer = forger.browser.post("/app/sign-in/passkey", credential=credential)

    assert answer.status_code == 403
    assert "passkey_counted_backwards" not in trail(desk)


def test_a_device_that_does_not_count_is_taken_again_and_again(maya: Person) -> None:
    maya.device.counts = False
    maya.add()

    assert [maya.elsewhere().use_alone().status_code for _ in range(3)] == [302] * 3


def test_whoever_is_suspended_is_let_in_by_no_passkey(maya: Person, desk: Desk) -> None:
    maya.add()
    with desk.store.transaction() as tx:
        tx.people.suspend_user(desk.practice.user_id, at=desk.practice.clock.now())

    answer = maya.elsewhere().use_alone()

    assert (answer.status_code, "disabled or suspended" in answer.text) == (403, True)


def nonsense_of(**response: object) -> str:
    return json.dumps({"id": "eA", "rawId": "eA", "type": "public-key", "response": response})


BROKEN = dict.fromkeys(("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"), "é!")
NONSENSE = (
    *("", "null", "[]", "{", "{}", '"x"', "[" * 20_000),
    nonsense_of(),
    nonsense_of(**BROKEN),
    nonsense_of(**{**BROKEN, "userHandle": 7}),
    nonsense_of(clientDataJSON="e30", attestationObject="_____w", authenticatorData="eA", signature="eA"),
)


@pytest.mark.parametrize("nonsense", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_refused_like_anything_else(maya: Person, nonsense: str) -> None:
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    other.asked("/app/sign-in/passkey/question")
    maya.browser.get(NEW)
    maya.asked(f"{NEW}/question")

    assert other.browser.post("/app/sign-in/passkey", credential=nonsense).status_code == 403
    assert maya.browser.post(NEW, credential=nonsense, name="x").status_code == 400


def test_what_is_changed_by_a_bit_is_refused(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    answer = json.loads(other.device.get(other.asked("/app/sign-in/passkey/question")))
    for part in ("authenticatorData", "signature"):
        text = answer["response"][part]
        answer["response"][part] = text[:30] + ("A" if text[30] != "A" else "B") + text[31:]

    assert other.browser.post("/app/sign-in/passkey", credential=json.dumps(answer)).status_code == 403


@pytest.mark.parametrize("path", [NEW, CODES, f"{SECURITY}/passkeys/1/remove"])
def test_whoever_has_not_just_proved_who_they_are_is_asked_again(maya: Person, desk: Desk, path: str) -> None:
    maya.add()
    maya.browser.get(SECURITY)
    desk.practice.clock.advance(minutes=10)

    answers = [maya.browser.post(f"{NEW}/question" if path == NEW else path), maya.browser.get(path)]

    assert [each.headers["Location"].partition("?")[0] for each in answers] == ["/app/prove"] * 2
    assert len(passkeys_of(desk, desk.practice.user_id)) == 1


def test_a_passkey_proves_it_too(maya: Person, desk: Desk) -> None:
    maya.add()
    desk.practice.clock.advance(minutes=10)
    ask = maya.browser.get(NEW).headers["Location"]
    maya.browser.get(ask)
    credential = maya.device.get(maya.asked("/app/prove/question"))

    answer = maya.browser.post("/app/prove", credential=credential)

    assert answer.headers["Location"] == NEW
    assert maya.browser.get(NEW).status_code == 200


def test_a_passkey_of_somebody_else_proves_nothing(maya: Person, noor: Person, desk: Desk) -> None:
    maya.add()
    desk.practice.clock.advance(minutes=10)
    maya.browser.get("/app/prove")
    asked = maya.asked("/app/prove/question")
    credential = noor.device.get(asked, credential=noor.device.credentials[0])

    assert maya.browser.post("/app/prove", credential=credential).status_code == 403
    assert maya.browser.get(NEW).status_code == 302


def test_what_was_asked_to_sign_in_adds_nothing(maya: Person, desk: Desk) -> None:
    maya.browser.get(NEW)
    maya.asked("/app/sign-in/passkey/question")
    credential = maya.device.create(maya.browser.post(f"{NEW}/question").text)
    maya.asked("/app/sign-in/passkey/question")

    assert maya.browser.post(NEW, credential=credential, name="x").status_code == 400


def test_a_passkey_is_renamed(maya: Person, desk: Desk) -> None:
    maya.add()
    (passkey,) = passkeys_of(desk, desk.practice.user_id)
    page = f"{SECURITY}/passkeys/{passkey.id}"
    maya.browser.get(page)

    maya.browser.post(page, name="  Left   <b>drawer</b> ")

    assert "Left &lt;b&gt;drawer&lt;/b&gt;" in maya.browser.get(SECURITY).text


@pytest.mark.parametrize("page", ["", "/remove"])
def test_a_passkey_of_somebody_else_is_not_there(maya: Person, noor: Person, page: str) -> None:
    maya.browser.get(SECURITY)
    with maya.desk.store.snapshot() as tx:
        user = tx.people.user_named("noor")
        assert user is not None
        (theirs,) = tx.passkeys.of(user.id)
    path = f"{SECURITY}/passkeys/{theirs.id}{page}"

    answers = [maya.browser.post(path, name="mine").status_code, maya.browser.get(path).status_code]

    assert answers == [404, 404]
    with maya.desk.store.snapshot() as tx:
        assert tx.passkeys.of(user.id) == [theirs]


def test_the_browsers_are_listed_and_signed_out_everywhere(maya: Person, desk: Desk) -> None:
    phone = maya.elsewhere()
    phone.sign_in()

    page = maya.browser.get(SECURITY).text
    assert page.count("last seen at") == 2
    assert page.count("this one") == 1
    maya.browser.post("/app/sign-out", everywhere="yes")

    assert not phone.browser.is_in()


@pytest.mark.parametrize(
    "path", [NEW, f"{NEW}/question", CODES, "/app/sign-in/passkey", "/app/sign-in/passkey/question"]
)
def test_a_change_without_the_pages_token_is_refused(maya: Person, path: str) -> None:
    maya.browser.hidden.clear()

    assert maya.browser.post(path).status_code == 400


def test_nobody_asks_without_end(maya: Person, desk: Desk) -> None:
    other = maya.elsewhere()
    other.browser.get("/app/sign-in")
    codes = [other.browser.post("/app/sign-in/passkey/question").status_code for _ in range(61)]

    assert codes == [200] * 60 + [429]
    with desk.store.snapshot() as tx:
        before = tx.connection.exec_driver_sql("SELECT count(*) FROM web_ceremony").scalar_one()
    desk.practice.clock.advance(minutes=5)
    other.asked("/app/sign-in/passkey/question")
    with desk.store.snapshot() as tx:
        after = tx.connection.exec_driver_sql("SELECT count(*) FROM web_ceremony").scalar_one()
    assert (before, after) == (60, 1)


def test_a_password_that_is_wrong_tells_nothing_of_passkeys(maya: Person) -> None:
    maya.add()
    other = maya.elsewhere()

    answer = other.browser.sign_in("maya", "wrong")

    assert answer.status_code == 403
    assert "do not belong together" in answer.text
    assert other.browser.sign_in("maya", PASSWORD).status_code == 302
