"""The cards of Add Calendar Integration: each service as the practitioner knows it, and what helps with a mailbox."""

from __future__ import annotations

from dataclasses import dataclass

from hxdav.domain.integration import Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A service as the practitioner knows it: ``way`` is how one gets in, ``hint`` what they need for that."""

    key: str
    service: Service
    title: str
    way: str
    hint: str


CARDS = (
    Card(
        key="apple",
        service=Service.NATIVE,
        title="iPhone, iPad, Mac",
        way="profile",
        hint="One tap on the device, or a code that its camera reads from this screen. Nothing has to be typed.",
    ),
    Card(
        key="native",
        service=Service.NATIVE,
        title="Thunderbird, Android",
        way="here",
        hint="Shown by your own device's calendar. You get an address, a user name and a password to copy there.",
    ),
    Card(
        key="google",
        service=Service.GOOGLE,
        title="Google Calendar",
        way="consent",
        hint="You are sent to Google, and allow it.",
    ),
    Card(
        key="outlook",
        service=Service.OUTLOOK,
        title="Outlook.com",
        way="consent",
        hint="A personal Microsoft account. You are sent to Microsoft, and allow it.",
    ),
    Card(
        key="office365",
        service=Service.OFFICE365,
        title="Office 365",
        way="consent",
        hint="A work or school account. Your organisation may want to approve it first.",
    ),
    Card(
        key="exchange",
        service=Service.EXCHANGE,
        title="Exchange",
        way="mailbox",
        hint="A mailbox on a server of your own organisation. You need its address and its password.",
    ),
    Card(
        key="icloud",
        service=Service.ICLOUD,
        title="iCloud",
        way="password",
        hint="You need an app-specific password: account.apple.com, Sign-In and Security.",
    ),
    Card(
        key="caldav",
        service=Service.CALDAV,
        title="Another CalDAV account",
        way="password",
        hint="You need its address, your user name, and a password that it gives out for programs.",
    ),
)

_SAY_WHERE = "Say below where the server is, by its name or by the whole address of its web services (EWS)."
_SAY_WHO = "If you sign in there with another name than the e-mail address, say it as user name: PRACTICE\\name."
_ASK_ADMINISTRATOR = "Your administrator can allow that, in the settings of hxdav: allowed_addresses in [bridges]."

ADVICE = {
    "access_lost": _SAY_WHO,
    "certificate": (
        "If your practice has a certificate authority of its own, paste its certificate below; whoever looks after the "
        "server has it."
    ),
    "exchange_online": "Go back, and choose Office 365 or Outlook.com.",
    "no_answer": _SAY_WHERE,
    "no_autodiscover": _SAY_WHERE,
    "no_ews": _SAY_WHERE,
    "no_mailbox": _SAY_WHO,
    "not_reachable": _ASK_ADMINISTRATOR,
    "quota": "Nothing was connected; try again later.",
    "redirected": _SAY_WHERE,
    "senseless": f"Is it an Exchange server? {_SAY_WHERE}",
    "server_error": "Nothing was connected; try again later.",
}
"""What to do on the page of a mailbox about what went wrong, by the code of the error."""
