"""What is wrong with an account elsewhere: each code that a remote gives its errors, and what the person reads."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One kind of trouble.

    ``answer`` says what the provider answered, for the documentation. ``happened`` names the account as ``{account}``.
    ``to_do`` is for the person; where it is empty, nobody need act.
    ``needs_person`` says that hxdav stops once the trouble lasts, until the person has connected the account again.
    """

    answer: str
    happened: str
    to_do: str = ""
    needs_person: bool = False

    def sentence(self, account: str) -> str:
        """Return what happened, the likely cause, and what to do."""
        return f"{self.happened.format(account=account)} {self.to_do}".rstrip()


_CONNECT = "Connect the account again."
_ADMINISTRATOR = "Ask the hxdav administrator to"

TROUBLES: dict[tuple[str, ...], Trouble] = {
    ("no_connection", "no_answer"): Trouble(
        answer="no connection, or no answer in time",
        happened="hxdav cannot reach the provider of {account}. Its server is down, or the network between is broken.",
    ),
    ("certificate",): Trouble(
        answer="a TLS certificate that cannot be verified",
        happened="hxdav does not trust the certificate of the server of {account}. It has expired, or its issuer"
        " is unknown.",
        to_do="Ask the administrator of that server to renew it, or the hxdav administrator to set [bridges] ca_file.",
    ),
    ("server_error",): Trouble(
        answer="HTTP 5xx",
        happened="The provider of {account} reports an error of its own.",
    ),
    ("quota", "overloaded"): Trouble(
        answer="HTTP 429, 503, or a quota that is used up",
        happened="The provider of {account} is busy, or received too many requests. It asks hxdav to wait.",
    ),
    ("senseless", "bad_answer", "too_large", "no_tag", "no_primary"): Trouble(
        answer="an answer that hxdav cannot read",
        happened="The provider of {account} sends answers that hxdav cannot read. A proxy or a fault there is likely.",
        to_do="If this lasts for hours, tell the hxdav administrator.",
    ),
    ("not_understood",): Trouble(
        answer="HTTP 4xx that has no other row",
        happened="The provider of {account} does not understand a request of hxdav. A fault in hxdav is likely.",
        to_do="Tell the hxdav administrator.",
    ),
    ("redirected",): Trouble(
        answer="a redirect to another server",
        happened="The server of {account} refers hxdav to another server. It has probably moved.",
        to_do="Connect the account again with the new address.",
    ),
    ("not_reachable",): Trouble(
        answer="(an address that the settings do not allow)",
        happened="The settings of hxdav do not allow it to call the server of {account}. The server is probably in a"
        " private network.",
        to_do=f"{_ADMINISTRATOR} add its address to allowed_addresses in [bridges]. hxdav goes on by itself.",
    ),
    ("no_ews", "no_autodiscover", "no_server", "no_home", "no_principal"): Trouble(
        answer="no calendar service at the address",
        happened="hxdav finds no calendar service at the address of {account}. The server is being updated, or"
        " has moved.",
        to_do="If this lasts, connect the account again with the right address.",
    ),
    ("forbidden",): Trouble(
        answer="HTTP 403, or a right that is missing",
        happened="The provider of {account} knows the account, and does not allow hxdav to use its calendars. A right"
        " or a setting has changed.",
        to_do="Check the account's rights there. hxdav goes on by itself.",
    ),
    ("no_mailbox",): Trouble(
        answer="no mailbox for the account",
        happened="The provider has no mailbox with a calendar for {account}. It was removed, or has no licence.",
        to_do="Ask the administrator of the mailbox, or connect another account.",
    ),
    ("mailbox_full",): Trouble(
        answer="the mailbox is full",
        happened="The mailbox of {account} is full.",
        to_do="Delete old mail there. hxdav goes on by itself.",
    ),
    ("too_many_names",): Trouble(
        answer="every name for the calendar is taken",
        happened="{account} already has calendars with each name that hxdav tried.",
        to_do="Rename or delete the old calendars of hxdav there.",
    ),
    ("misconfigured", "api_disabled"): Trouble(
        answer="`invalid_client` and the like, an API that is not enabled, or settings that are missing",
        happened="The settings of hxdav for the provider of {account} are missing or not valid. A client secret has"
        " probably expired.",
        to_do=f"{_ADMINISTRATOR} compare the settings with the registration at the provider.",
    ),
    ("refresh_failed", "token_endpoint", "revoke"): Trouble(
        answer="an error of the sign-in service",
        happened="The sign-in service of {account} did not renew the access. A fault there is likely.",
    ),
    ("calendar_unavailable", "not_shown"): Trouble(
        answer="a calendar that is there and does not answer",
        happened="The calendar in {account} does not answer. A fault at the provider is likely.",
    ),
    ("conflict", "lost_again", "keeps_changing", "expires"): Trouble(
        answer="a conflict, or a state that changes all the time",
        happened="The calendar in {account} changes while hxdav reads it. Another program is probably writing to it.",
        to_do="If this lasts, disconnect other programs that copy appointments into that calendar.",
    ),
    ("not_kept", "mixed_up"): Trouble(
        answer="success, and then the appointment is missing or is another one",
        happened="The provider of {account} does not keep the appointments that hxdav writes. A fault there is likely.",
        to_do="If this lasts for hours, tell the hxdav administrator.",
    ),
    ("unavailable",): Trouble(
        answer="anything else that may pass",
        happened="The provider of {account} did not do what hxdav asked.",
    ),
    ("internal",): Trouble(
        answer="(a fault in hxdav)",
        happened="A fault in hxdav stopped the synchronisation with {account}.",
        to_do=f"{_ADMINISTRATOR} look at the log.",
    ),
    ("access_lost",): Trouble(
        needs_person=True,
        answer="HTTP 401 to a user name and password",
        happened="The password for {account} was not accepted. It was probably changed there.",
        to_do="Connect the account again with the present password.",
    ),
    ("no_app_password",): Trouble(
        needs_person=True,
        answer="a password that is no app-specific password",
        happened="The password for {account} was not accepted. Apple accepts app-specific passwords only.",
        to_do="Make a new app-specific password at Apple, then connect the account again.",
    ),
    (
        "unauthorized",
        "invalid_grant",
        "interaction_required",
        "consent_required",
        "login_required",
        "not_let_in",
        "no_refresh_token",
        "token_not_taken",
    ): Trouble(
        needs_person=True,
        answer="HTTP 401 to a token, or `invalid_grant` and the like",
        happened="The provider of {account} no longer accepts the permission for hxdav. It was withdrawn, or the"
        " password was changed.",
        to_do=_CONNECT,
    ),
    ("denied", "scope_missing", "no_code"): Trouble(
        needs_person=True,
        answer="`access_denied`, or less than hxdav asked for",
        happened="hxdav does not have all permissions that it needs in {account}. The page of the provider was left, or"
        " a box was not ticked.",
        to_do="Connect the account again, and allow all that hxdav asks for.",
    ),
    ("approval_needed",): Trouble(
        needs_person=True,
        answer="an administrator's approval is needed",
        happened="The organisation of {account} lets only its administrator allow hxdav.",
        to_do="Ask that administrator to approve hxdav, then connect the account again.",
    ),
    ("wrong_account", "no_address"): Trouble(
        needs_person=True,
        answer="an account of another kind, or without an address",
        happened="{account} is not an account that can be connected here.",
        to_do="Connect an account of the service that you chose, by its e-mail address.",
    ),
    ("locked",): Trouble(
        needs_person=True,
        answer="the account is locked, or its password has expired",
        happened="The server has locked {account}, or its password has expired.",
        to_do="Sign in there and do what the server asks for, then connect the account again.",
    ),
    ("basic_wanted", "ntlm_wanted", "oauth_wanted", "unknown_scheme"): Trouble(
        needs_person=True,
        answer="HTTP 401 that asks for another way to sign in",
        happened="The server of {account} asks for another way to sign in. Its settings were probably changed.",
        to_do="Connect the account again, and choose the way that the server asks for.",
    ),
    ("exchange_online",): Trouble(
        needs_person=True,
        answer="a mailbox at Exchange Online",
        happened="The mailbox {account} is at Microsoft 365, and no longer on a server of your own.",
        to_do="Connect it as Office 365.",
    ),
    ("too_old",): Trouble(
        needs_person=True,
        answer="a version of Exchange that hxdav does not support",
        happened="The Exchange server of {account} is too old for hxdav.",
        to_do="Ask the administrator of that server to update it.",
    ),
    ("unreadable",): Trouble(
        needs_person=True,
        answer="(credentials that hxdav cannot read)",
        happened="hxdav cannot read the access to {account} that it keeps.",
        to_do=_CONNECT,
    ),
}
"""By the codes that mean it. Each code stands once."""

_BY_CODE = {code: trouble for codes, trouble in TROUBLES.items() for code in codes}
_STATUS = "http_"
"""How a code begins that names a status which has no other."""


def trouble_of(code: str) -> Trouble:
    """Return what a code means; one that is unknown, as of an older version, may pass."""
    if code.startswith(_STATUS):
        code = "not_understood" if code.startswith(f"{_STATUS}4") else "server_error"
    return _BY_CODE.get(code, _BY_CODE["unavailable"])
