"""Connecting an Apple device: the profile, its one-time address, and what the desk says meanwhile."""

from __future__ import annotations

import html
import plistlib
import re
from datetime import timedelta
from typing import Any

import pytest

from hxdav.domain.ids import AppPasswordId
from hxdav.secrets.keyring import Keyring
from hxdav.services.access import suspension
from hxdav.services.access.apple_profiles import ProfileAccount, profile_text
from hxdav.services.practice.check_accounts import RESERVED_NAMES
from hxdav.web.paths import BEGINNINGS
from tests.builders import BY_PRACTICE, a_practice
from tests.integration.web.browsing import PASSWORD, Browser, give_password
from tests.integration.web.desk import PUBLIC_URL, Desk

ADD = "/app/settings/integrations/add/apple"
PROFILE = "application/x-apple-aspen-config"


@pytest.fixture
def phone(desk: Desk) -> Browser:
    """A browser in which nobody has signed in."""
    return Browser(desk.application)


def offered(maya: Browser, label: str = "iPhone") -> str:
    """Where the page is on which the desk waits for a telephone."""
    maya.get(ADD)
    answer = maya.post(ADD, label=label, to="another")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def path_on(page: str) -> str:
    """The one-time address that the page shows, without the server."""
    (address,) = re.findall(r'<code id="address">([^<]+)</code>', page)
    assert html.unescape(address).startswith(f"{PUBLIC_URL}/profile/")
    return str(address).removeprefix(PUBLIC_URL)


def account_in(body: bytes) -> dict[str, Any]:
    (account,) = plistlib.loads(body)["PayloadContent"]
    found: dict[str, Any] = account
    return found


def test_one_tap_on_the_device_hands_its_profile_out(maya: Browser, desk: Desk) -> None:
    maya.get(ADD)

    answer = maya.post(ADD, label="iPhone", to="this")

    account = account_in(answer.data)
    assert (answer.status_code, answer.mimetype) == (200, PROFILE)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="hxdav.mobileconfig"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert account["PayloadType"] == "com.apple.caldav.account"
    assert (account["CalDAVHostName"], account["CalDAVPort"], account["CalDAVUseSSL"]) == ("hx.example", 443, True)
    assert (account["CalDAVUsername"], account["CalDAVPrincipalURL"]) == ("maya", "/maya/")
    with desk.store.snapshot() as tx:
        (integration,) = tx.integrations.of(desk.practice.practitioner_id)
        digest = desk.practice.keyring.app_password_digest(account["CalDAVPassword"])
        assert tx.app_passwords.login("maya", digest, now=desk.practice.clock.now()) is not None
        assert [each.label for each in tx.app_passwords.of_user(desk.practice.user_id)] == ["iPhone"]
    assert integration.name == "HX_Harbour Street Psychology"


def test_a_second_device_shows_the_calendar_that_is_there(maya: Browser, desk: Desk) -> None:
    number = desk.practice.integration()
    maya.get(ADD)

    maya.post(ADD, label="iPad", to="this")

    with desk.store.snapshot() as tx:
        assert [each.id for each in tx.integrations.of(desk.practice.practitioner_id)] == [number]


@pytest.mark.parametrize("to", ["this", "another"])
@pytest.mark.parametrize("label", ["", "  ", "x" * 101, "i\x00Phone"])
def test_a_device_without_a_name_gets_nothing(maya: Browser, desk: Desk, label: str, to: str) -> None:
    maya.get(ADD)

    answer = maya.post(ADD, label=label, to=to)

    assert answer.status_code == 400
    assert "which device it is for" in answer.text
    with desk.store.snapshot() as tx:
        assert tx.app_passwords.of_user(desk.practice.user_id) == []
        assert tx.integrations.of(desk.practice.practitioner_id) == []


def test_the_page_guesses_the_device_that_it_is_on(maya: Browser) -> None:
    agents = {"Mozilla/5.0 (iPad; CPU OS 18_1 like Mac OS X)": "iPad", "Mozilla/5.0 (Macintosh; Intel)": "Mac"}

    for agent, name in agents.items():
        page = maya.cookies.get(ADD, base_url=maya.base, headers={"User-Agent": agent}).text
        assert f'name="label" value="{name}"' in page


@pytest.mark.parametrize(
    ("agent", "first"), [("iPhone; CPU iPhone OS 18_1 like Mac OS X", "this"), ("X11; Linux x86_64", "another")]
)
def test_enter_does_what_the_device_is_there_for(maya: Browser, agent: str, first: str) -> None:
    page = maya.cookies.get(ADD, base_url=maya.base, headers={"User-Agent": f"Mozilla/5.0 ({agent})"}).text

    assert re.findall(r'name="to" value="(\w+)"', page)[0] == first


def test_a_telephone_fetches_the_profile_once_and_without_a_sign_in(maya: Browser, phone: Browser, desk: Desk) -> None:
    path = path_on(maya.get(offered(maya)).text)

    page = phone.get(path)
    fetched = phone.post(path)
    again = phone.post(path)

    assert (page.status_code, fetched.status_code, again.status_code) == (200, 200, 404)
    assert "Harbour Street Psychology" in page.text
    assert fetched.mimetype == PROFILE
    assert account_in(fetched.data)["CalDAVUsername"] == "maya"
    assert "used already" in again.text
    with desk.store.snapshot() as tx:
        assert len(tx.app_passwords.of_user(desk.practice.user_id)) == 1
        actions = [each.action for each in tx.trail.audit_entries()]
    assert actions[-3:] == ["profile_offered", "app_password_created", "profile_fetched"]


def test_a_program_that_previews_the_address_does_not_use_it_up(maya: Browser, phone: Browser) -> None:
    path = path_on(maya.get(offered(maya)).text)

    previews = [phone.get(path).status_code for _ in range(3)]
    head = phone.cookies.head(path, base_url=phone.base).status_code

    assert (previews, head) == ([200] * 3, 200)
    assert phone.post(path).mimetype == PROFILE


def test_the_address_is_told_to_nobody(maya: Browser, phone: Browser) -> None:
    answer = phone.get(path_on(maya.get(offered(maya)).text))

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_address_is_good_for_ten_minutes(maya: Browser, phone: Browser, desk: Desk) -> None:
    page = offered(maya)
    path = path_on(maya.get(page).text)
    phone.get(path)
    desk.practice.clock.advance(minutes=10)

    assert (phone.post(path).status_code, phone.get(path).status_code) == (404, 404)
    assert "The ten minutes are over" in maya.get(page).text
    assert path not in maya.get(page).text


def test_a_revoked_address_leads_nowhere(maya: Browser, phone: Browser) -> None:
    page = offered(maya)
    path = path_on(maya.get(page).text)
    phone.get(path)

    maya.post(f"{page}/revoke")

    assert phone.post(path).status_code == 404
    assert "You have revoked this code" in maya.get(page).text


def test_a_profile_that_was_fetched_is_revoked_by_its_device(maya: Browser, phone: Browser) -> None:
    page = offered(maya)
    path = path_on(maya.get(page).text)
    phone.get(path)
    phone.post(path)

    maya.post(f"{page}/revoke")

    assert "revoke the device itself" in maya.get(page).text


def test_whoever_is_suspended_meanwhile_gets_nothing(maya: Browser, phone: Browser, desk: Desk) -> None:
    path = path_on(maya.get(offered(maya)).text)
    phone.get(path)
    with desk.store.transaction() as tx:
        user = tx.people.user(desk.practice.user_id)
        suspension.suspend_user(tx, desk.practice.clock, user=user, source=BY_PRACTICE)

    assert (phone.post(path).status_code, phone.get(path).status_code) == (404, 404)


@pytest.mark.parametrize("secret", ["x", "A" * 43, "..", "%00", "é"])
def test_an_address_that_was_made_up_leads_nowhere(phone: Browser, secret: str) -> None:
    phone.get("/app/sign-in")

    answers = (phone.post(f"/profile/{secret}"), phone.get(f"/profile/{secret}"))

    assert [answer.status_code for answer in answers] == [404, 404]


def test_a_profile_is_not_handed_out_to_another_site(maya: Browser, phone: Browser) -> None:
    path = path_on(maya.get(offered(maya)).text)

    assert phone.cookies.post(path, base_url=phone.base).status_code == 400


def test_the_secret_has_256_bits_and_is_not_in_the_database(maya: Browser, desk: Desk) -> None:
    secret = path_on(maya.get(offered(maya)).text).removeprefix("/profile/")

    assert len(secret) == 43
    with desk.store.snapshot() as tx:
        ticket = tx.profile_tickets.find(desk.practice.keyring.profile_ticket_digest(secret))
    assert ticket is not None
    assert secret not in repr(ticket)
    assert Keyring(b"o" * 32).profile_secret(ticket.nonce) != secret


def test_the_code_is_a_picture_that_only_the_desk_sees(maya: Browser, phone: Browser) -> None:
    page = offered(maya)

    code = maya.get(f"{page}/code.svg")

    assert (code.status_code, code.mimetype) == (200, "image/svg+xml")
    assert code.data.startswith(b"<svg")
    assert b"style" not in code.data
    assert phone.get(f"{page}/code.svg").status_code == 302


def test_the_desk_says_how_far_the_device_has_come(maya: Browser, phone: Browser, desk: Desk) -> None:
    page = offered(maya)
    path = path_on(maya.get(page).text)
    said = [maya.get(f"{page}/stage").json]
    phone.get(path)
    account = account_in(phone.post(path).data)
    said.append(maya.get(f"{page}/stage").json)
    with desk.store.transaction() as tx:
        digest = desk.practice.keyring.app_password_digest(account["CalDAVPassword"])
        login = tx.app_passwords.login("maya", digest, now=desk.practice.clock.now())
        assert login is not None
        tx.app_passwords.note_use(login.app_password_id, at=desk.practice.clock.now(), agent="iOS/18.1", address="::1")
    said.append(maya.get(f"{page}/stage").json)

    assert [each["stage"] for each in said if each] == ["waiting", "fetched", "connected"]
    assert said[2] == {"stage": "connected", "health": "well", "sentence": "Your iPhone is connected."}
    assert "Your iPhone is connected." in maya.get(page).text


def test_the_name_of_a_device_is_only_a_text(maya: Browser, phone: Browser) -> None:
    name = "<script>alert(1)</script>"
    page = maya.get(offered(maya, name)).text

    assert name not in page
    assert name not in phone.get(path_on(page)).text


@pytest.mark.parametrize("rest", ["", "/code.svg", "/stage"])
def test_nobody_sees_the_code_of_another_practice(desk: Desk, maya: Browser, rest: str) -> None:
    page = offered(maya)
    other = a_practice(desk.store, key="elsewhere", username="noa")
    give_password(desk.store, other.user_id)
    noa = Browser(desk.application)
    noa.sign_in("noa", PASSWORD)

    assert noa.get(f"{page}{rest}").status_code == 404


def test_nobody_revokes_the_code_of_another_practice(desk: Desk, maya: Browser, phone: Browser) -> None:
    page = offered(maya)
    path = path_on(maya.get(page).text)
    other = a_practice(desk.store, key="elsewhere", username="noa")
    give_password(desk.store, other.user_id)
    noa = Browser(desk.application)
    noa.sign_in("noa", PASSWORD)
    noa.get("/app/settings/integrations")

    assert noa.post(f"{page}/revoke").status_code == 404
    assert phone.get(path).status_code == 200


def test_what_is_over_is_purged(maya: Browser, desk: Desk) -> None:
    page = offered(maya)
    practice = desk.practice
    practice.clock.advance(days=2)
    with desk.store.transaction() as tx:
        group = tx.people.user(practice.user_id).practice_group_id
        purged = tx.retention.profile_tickets(group, practice.clock.now() - timedelta(days=1), limit=10)

    assert purged == 1
    maya.sign_in()
    assert maya.get(page).status_code == 404


def an_account(app_password_id: int = 1, url: str = "https://dav.example:8443/calendars") -> ProfileAccount:
    return ProfileAccount(
        calendars_url=url,
        practice="Böhm & Söhne <Praxis>",
        username="maya@practice.example",
        app_password_id=AppPasswordId(app_password_id),
        password="abcd-efgh",
    )


def test_a_newer_profile_takes_the_place_of_an_older_one() -> None:
    first, second = (plistlib.loads(profile_text(an_account(number))) for number in (1, 2))

    assert first["PayloadIdentifier"] == second["PayloadIdentifier"] == "example.dav.hxdav.maya-practice.example"
    assert first["PayloadContent"][0]["PayloadIdentifier"] == second["PayloadContent"][0]["PayloadIdentifier"]
    assert first["PayloadUUID"] != second["PayloadUUID"]
    assert plistlib.loads(profile_text(an_account(1))) == first


def test_a_profile_says_where_the_server_is_and_whose_it_is() -> None:
    profile = plistlib.loads(profile_text(an_account()))
    account = profile["PayloadContent"][0]

    assert (account["CalDAVHostName"], account["CalDAVPort"], account["CalDAVUseSSL"]) == ("dav.example", 8443, True)
    assert account["CalDAVPrincipalURL"] == "/calendars/maya%40practice.example/"
    assert profile["PayloadOrganization"] == account["CalDAVAccountDescription"] == "Böhm & Söhne <Praxis>"
    assert not profile["PayloadRemovalDisallowed"]


def test_a_profile_does_not_claim_tls_where_there_is_none() -> None:
    account = plistlib.loads(profile_text(an_account(url="http://127.0.0.1:5232")))["PayloadContent"][0]

    assert (account["CalDAVPort"], account["CalDAVUseSSL"]) == (5232, False)


def test_no_user_is_called_like_the_address() -> None:
    assert {each.strip("/") for each in BEGINNINGS} <= RESERVED_NAMES
