"""Connecting a calendar elsewhere, and steering it: by mouse, by thumb, by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.bridged import SHOWN, BridgedDemo, a_bridged_demo
from tests.e2e.browsing import a_browser
from tests.e2e.hands import HANDS, Hands, at_hand, named
from tests.e2e.neighbours import Neighbours, settle
from tests.e2e.outlook import Microsoft, a_microsoft
from tests.e2e.serving import DemoServer, DemoUser
from tests.integration.remotes.exchange_fronts import OwnCertificate, certificate_of_its_own
from tests.simulators.caldav.servers import RadicaleServer, a_radicale_server
from tests.simulators.ews.server import exchange_server
from tests.simulators.ews.simulator import ExchangeSimulator
from tests.waiting import until

NO_NAMES = "The word “Appointment”, and when; no names."
ONLY_BUSY = "Only that you are busy."


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """The demo server with every service beside it, as it is simulated."""

    bridged: BridgedDemo
    microsoft: Microsoft
    exchange: ExchangeSimulator
    certificate: OwnCertificate
    radicale: RadicaleServer

    @property
    def server(self) -> DemoServer:
        return self.bridged.server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everything]:
    folder, certificate = tmp_path_factory.mktemp("everything"), certificate_of_its_own()
    with ExitStack() as stack:
        microsoft = stack.enter_context(a_microsoft())
        exchange = stack.enter_context(exchange_server(certificate=certificate.context))
        radicale = stack.enter_context(a_radicale_server())
        settings = microsoft.settings(folder, port=0)
        for shared in ("HXDAV_SERVER__PUBLIC_URL", "HXDAV_BRIDGES__ALLOWED_ADDRESSES"):
            del settings[shared]
        bridged = stack.enter_context(a_bridged_demo(folder, **settings))
        everything = Everything(
            bridged=bridged, microsoft=microsoft, exchange=exchange, certificate=certificate, radicale=radicale
        )
        settle(everything.server, *(practice_of(each) for each in HANDS))
        yield everything


def practice_of(kind: type[Hands]) -> Neighbours:
    """For each kind of hands a practice of its own, and in it somebody for each service."""
    names = ("gail", "hugo", "ivy", "carl", "olga", "erik")
    return Neighbours(key=kind.name, synchronising=names, booked=("hugo", "ivy"))


NAME_OF = {each.name: f"HX_{practice_of(each).name}" for each in HANDS}
"""What a calendar is called that the practice of such hands makes."""


@pytest.fixture(params=HANDS, ids=named)
def hands(request: pytest.FixtureRequest, browser: Browser, everything: Everything) -> Iterator[Hands]:
    # Microsoft's sign-in is simulated on this machine, by a certificate that no browser has heard of.
    with at_hand(request.param, browser, everything.server, ignore_https_errors=True) as hands:
        yield hands


def begin(hands: Hands, everything: Everything, name: str, service: str) -> None:
    """From where that practitioner arrives to the form of a service."""
    hands.come_in(user_of(hands, everything, name))
    hands.press("Add Calendar Integration", role="link")
    hands.arrives("Where do you look at your calendar?")
    hands.press(re.compile(f"^{service}"), role="link")
    hands.arrives(service)


def user_of(hands: Hands, everything: Everything, name: str) -> DemoUser:
    return everything.server.users[f"{name}-{hands.name}"]


def email_of(hands: Hands, name: str, host: str) -> str:
    return f"{name}.{hands.name}@{host}.example"


def come_back(hands: Hands) -> None:
    """Look at one's calendars again, in the window in which that was begun."""
    hands.page.goto("/app/settings/integrations")
    hands.arrives("Integrations")


@contextmanager
def consenting(everything: Everything, email: str, *, denies: bool = False) -> Iterator[None]:
    """Whoever sits before the browser is signed in at Google."""
    google = everything.bridged.google
    google.user(email)
    consent = google.authority.consent
    consent.user, consent.denies = email, denies
    try:
        yield
    finally:
        consent.user, consent.denies = None, False


def connect_google(hands: Hands, everything: Everything, name: str) -> str:
    """Through Google's consent page; the address of the account."""
    email = email_of(hands, name, "gmail")
    begin(hands, everything, name, "Google Calendar")
    hands.press("Continue")
    hands.arrives("One step at Google Calendar")
    with consenting(everything, email):
        hands.press("Go to Google Calendar", role="link")
        hands.arrives("Connected")
    return email


def test_google_is_connected_by_a_consent(hands: Hands, everything: Everything) -> None:
    email = connect_google(hands, everything, "gail")

    hands.sees(f"The calendar {NAME_OF[hands.name]} appears in the account {email}")
    everything.bridged.google_face(email, NAME_OF[hands.name])
    come_back(hands)
    hands.sees(f"· {email}")


def test_a_consent_that_is_declined_connects_nothing_and_says_so(hands: Hands, everything: Everything) -> None:
    email = email_of(hands, "gail.private", "gmail")
    begin(hands, everything, "gail", "Google Calendar")
    hands.tick(ONLY_BUSY)
    hands.press("Continue")
    with consenting(everything, email, denies=True):
        hands.press("Go to Google Calendar", role="link")

        hands.arrives("Not connected")

    hands.sees("was not allowed to connect")
    come_back(hands)
    expect(hands.page.get_by_text(email)).to_have_count(0)
    assert [each.summary for each in everything.bridged.google.user(email).calendars()] == [email]


def test_icloud_explains_the_wrong_kind_of_password_and_shows_what_would_be_sent(
    hands: Hands, everything: Everything
) -> None:
    account = everything.bridged.icloud.add_account(email_of(hands, "ivy", "icloud"))
    begin(hands, everything, "ivy", "iCloud")
    hands.sees("Nothing is sent before you have connected.")
    examples = hands.page.get_by_role("group").filter(has_text="What would be sent").get_by_role("list").first
    expect(examples).to_contain_text("No names: “Appointment”")
    hands.fill("E-mail address of your Apple account", account.username)
    hands.fill("App-specific password", account.password)
    hands.press("Connect")
    hands.is_refused("app-specific password")
    assert account.requests.total() == 0
    expect(hands.page.get_by_label("E-mail address of your Apple account")).to_have_value(account.username)

    hands.fill("App-specific password", account.new_app_password())
    hands.tick(NO_NAMES)
    hands.press("Connect")

    hands.is_told("Connected:")
    face = everything.bridged.apple_face(account, NAME_OF[hands.name])
    until(lambda: len(face.seen()) == SHOWN, what="the appointments on the device")
    assert "Appointment" in face.titles()
    assert not any("Patient" in each for each in face.titles())
    hands.press(NAME_OF[hands.name], role="link", nth=1)
    hands.arrives(NAME_OF[hands.name])


def test_any_caldav_account_is_connected_by_its_address(hands: Hands, everything: Everything) -> None:
    account = everything.radicale.add_account(f"carl-{hands.name}")
    begin(hands, everything, "carl", "Another CalDAV account")
    hands.fill("Address of the account", account.url)
    hands.fill("User name there", account.username)
    hands.fill("Password for programs", "wrong")
    hands.press("Connect")
    hands.is_refused(re.compile("."))

    hands.fill("Password for programs", account.password)
    hands.press("Connect")

    hands.is_told("Connected:")
    hands.sees(f"· {account.username}")


def test_outlook_is_connected_by_a_consent(hands: Hands, everything: Everything) -> None:
    email = email_of(hands, "olga", "outlook")
    person = everything.microsoft.graph.user(email, personal=True)
    everything.microsoft.authority.user = email
    begin(hands, everything, "olga", "Outlook.com")
    hands.press("Continue")
    hands.press("Go to Outlook.com", role="link")

    hands.arrives("Connected")

    until(lambda: NAME_OF[hands.name] in [each.name for each in person.calendars()], what="the calendar in Outlook")
    come_back(hands)
    hands.sees(f"· {email}")


def test_a_mailbox_on_a_server_that_nobody_has_heard_of_is_connected(hands: Hands, everything: Everything) -> None:
    mailbox = everything.exchange.user(email_of(hands, "erik", "practice"))
    begin(hands, everything, "erik", "Exchange")
    hands.fill("E-mail address of the mailbox", mailbox.email)
    hands.fill("Password", mailbox.password)
    hands.press("If hxdav cannot find or trust the server", role="summary")
    hands.fill("Server", everything.exchange.address)
    hands.press("Connect")
    hands.is_refused("If your practice has a certificate authority of its own, paste its certificate below")

    hands.fill("Certificate authority of the practice's own", everything.certificate.authorities)
    hands.fill("Password", mailbox.password)
    hands.press("Connect")

    hands.is_told("Connected:")
    hands.sees(f"· {mailbox.email}")
    until(
        lambda: NAME_OF[hands.name] in [each.name for each in mailbox.calendars()], what="the calendar in the mailbox"
    )


def test_a_calendar_elsewhere_is_paused_resumed_told_less_renamed_and_disconnected(
    hands: Hands, everything: Everything
) -> None:
    email = connect_google(hands, everything, "hugo")
    face = everything.bridged.google_face(email, NAME_OF[hands.name])
    until(lambda: len(face.seen()) == SHOWN, what="the appointments in Google")
    come_back(hands)
    hands.press(NAME_OF[hands.name], role="link", nth=1)
    hands.arrives(NAME_OF[hands.name])
    hands.press("Pause")
    hands.sees("Paused by you. Resume it to go on.")
    hands.press("Resume")
    expect(hands.page.get_by_role("button", name="Pause")).to_be_visible()
    with hands.page.expect_event("load"):
        hands.press("Sync now")

    hands.tick(ONLY_BUSY)
    hands.press("Keep this")

    hands.is_told("Kept. What is in the calendar is written anew.")
    until(lambda: "Appointment" not in face.titles(), what="the titles to be taken back")
    assert face.titles().count("Busy") > 1
    hands.fill("What hxdav calls it", "Sessions")
    hands.press("Rename")
    hands.arrives("Sessions")
    hands.sees(f"The calendar stays in {email} as it is, and is not kept current any more.")
    hands.press("Disconnect")
    hands.is_told("Sessions is disconnected.")
    assert len(face.seen()) == SHOWN
    assert everything.bridged.google.user(email).calendars()
