"""What it means that Microsoft sends a person back without a yes, or gives no tokens for it.

Its numbers (AADSTS…) may change, as https://learn.microsoft.com/entra/identity-platform/reference-error-codes says, and
are all that tells these cases apart; where one is not known here, the error's word counts (RFC 6749 §4.1.2.1, §5.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.graph.refusal import no_access

if TYPE_CHECKING:
    from hxdav.remotes.graph.oauth import GraphApp

CALENDAR_SCOPE = "Calendars.ReadWrite"
USER_SCOPE = "User.Read"
SCOPES = {
    CALENDAR_SCOPE: "Have full access to your calendars",
    USER_SCOPE: "Sign you in and read your profile",
}
"""The least that does: Graph has no permission for one calendar alone. By scope, Microsoft's words for it; msal adds
``offline_access``, ``openid`` and ``profile`` ("Maintain access to data you have given it access to")."""

CONSUMERS = "consumers"
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
"""The tenant of all personal accounts."""

_ANY_ORGANISATION = "organizations"
_NO_ONE_TENANT = frozenset({"common", CONSUMERS, _ANY_ORGANISATION})
_RESOURCE = "https://graph.microsoft.com"
_ALWAYS_ADDED = "offline_access openid profile"


class _Meaning(Enum):
    APPROVAL = auto()
    DECLINED = auto()
    WRONG_ACCOUNT = auto()
    NOT_LET_IN = auto()
    MISCONFIGURED = auto()


_NUMBERS = {
    _Meaning.APPROVAL: (65001, 90008, 90093, 90094, 90095, 900941),
    _Meaning.DECLINED: (65004,),
    _Meaning.WRONG_ACCOUNT: (50020, 50034, 51004, 90072, 500200),
    # Not assigned to the application; disabled; kept out by conditional access, or by what the network lets through.
    _Meaning.NOT_LET_IN: (50057, 50105, 53000, 53001, 53002, 53003, 53004, 500021, 500212, 530003),
    # No such application or redirect URI, for other kinds of accounts, or a secret that is wrong or has expired.
    _Meaning.MISCONFIGURED: (50011, 50194, 65005, 650056, 650057, 700016, 7000112, 7000215, 7000222, 9002331, 9002346),
}
_BY_NUMBER = {number: meaning for meaning, numbers in _NUMBERS.items() for number in numbers}
_BY_WORD = {
    "consent_required": _Meaning.APPROVAL,
    "access_denied": _Meaning.DECLINED,
    "invalid_client": _Meaning.MISCONFIGURED,
    "unauthorized_client": _Meaning.MISCONFIGURED,
    "invalid_resource": _Meaning.MISCONFIGURED,
}
_NUMBER = re.compile(r"AADSTS(\d{1,9})(?!\d)", re.ASCII)

_PERSONAL_ACCOUNT = (
    "This is a personal Microsoft account. Connect it as Outlook.com, or begin anew with your work or school account."
)
_WORK_ACCOUNT = (
    "This is a work or school account. Connect it as Office 365, or begin anew with your personal Microsoft account."
)
_OTHER_ORGANISATION = (
    "This account is not of the organisation whose accounts the administrator lets in here. Begin anew with the "
    "account that you have at the practice."
)
_NOT_LET_IN = (
    "Your organisation does not let this account use hxdav, or not from where you are. Your IT person finds the reason "
    "in the sign-in log of the Entra admin center."
)
_MISCONFIGURED = (
    "Microsoft does not know this hxdav: the administrator has to compare client id, client secret, tenant and "
    "redirect URI in the settings with the app registration in the Entra admin center, where the secret may have "
    "expired."
)
_DECLINED = "Microsoft was not allowed to connect the calendar. Connect again, and choose Accept on Microsoft's page."
_PERHAPS_APPROVAL = (
    f"{_DECLINED} If that page asked for an administrator's approval instead, send your IT person the link below, and "
    "connect again once they have approved hxdav there."
)
_APPROVAL = (
    "Your organisation lets only an administrator allow hxdav. Send your IT person the link below, and connect again "
    "once they have approved hxdav there."
)

_TOLD = {
    _Meaning.DECLINED: ("denied", _DECLINED),
    _Meaning.WRONG_ACCOUNT: ("wrong_account", ""),
    _Meaning.NOT_LET_IN: ("not_let_in", _NOT_LET_IN),
    _Meaning.MISCONFIGURED: ("misconfigured", _MISCONFIGURED),
}
"""Code and sentence; which account would be right depends on whose were asked for."""


class ApprovalNeeded(AccessLost):
    """An administrator of the person's organisation has to allow hxdav, or may have to.

    ``link`` is the page on which they do that for everybody there; it holds nothing secret.
    """

    def __init__(self, link: str, *, sentence: str = _APPROVAL, code: str = "approval_needed") -> None:
        super().__init__(sentence, code=code)
        self.link = link


def admin_consent_url(app: GraphApp, *, redirect_uri: str) -> str:
    """The page on which an administrator approves for their organisation what hxdav asks for, and nothing else.

    https://learn.microsoft.com/entra/identity-platform/v2-admin-consent; no secret is in it, and no state: it is sent
    to somebody else.
    """
    tenant = _ANY_ORGANISATION if app.tenant in _NO_ONE_TENANT else app.tenant
    asked = {
        "client_id": app.client_id,
        "scope": " ".join((*(f"{_RESOURCE}/{scope}" for scope in SCOPES), _ALWAYS_ADDED)),
        "redirect_uri": redirect_uri,
    }
    return f"{app.authority.rstrip('/')}/{tenant}/v2.0/adminconsent?{urlencode(asked)}"


def refused(app: GraphApp, answer: Mapping[str, Any], *, redirect_uri: str) -> AccessLost | TryLater:
    """What an answer with an ``error`` means to the person; Microsoft's own text is not shown."""
    meaning = _meaning(answer)
    if meaning is _Meaning.APPROVAL:
        return ApprovalNeeded(admin_consent_url(app, redirect_uri=redirect_uri))
    if meaning is _Meaning.DECLINED and app.tenant != CONSUMERS:
        # Who cannot but leave the page "Need admin approval" comes back with the same words as who says no.
        link = admin_consent_url(app, redirect_uri=redirect_uri)
        return ApprovalNeeded(link, sentence=_PERHAPS_APPROVAL, code="denied")
    if meaning:
        code, sentence = _TOLD[meaning]
        return AccessLost(sentence or _wrong_account(app), code=code)
    if answer.get("error") == "invalid_grant":
        return AccessLost("Microsoft's answer was too old or already used. Connect again.", code="invalid_grant")
    return TryLater("Microsoft could not finish connecting. Try again later.", code="token_endpoint")


def require_kind(app: GraphApp, claims: Mapping[str, Any]) -> None:
    """Raise AccessLost unless the account, by its id token, is of the kind that was asked for."""
    tenant = str(claims.get("tid", "")).lower()
    if app.tenant == CONSUMERS and tenant not in {"", PERSONAL_TENANT}:
        raise AccessLost(_WORK_ACCOUNT, code="wrong_account")
    if app.tenant not in {"common", CONSUMERS} and tenant == PERSONAL_TENANT:
        raise AccessLost(_PERSONAL_ACCOUNT, code="wrong_account")


def renewal_failure(answer: Mapping[str, Any]) -> AccessLost | TryLater:
    """What it means that a token was not renewed.

    Only what needs the person says that the consent is gone (RFC 6749 §5.2; OpenID Connect Core §3.1.2.6): a secret
    that has expired is the administrator's affair, after which every account goes on.
    """
    error = str(answer.get("error", ""))
    if _meaning(answer) is _Meaning.MISCONFIGURED:
        return TryLater(_MISCONFIGURED, code="misconfigured")
    if not answer or error in {"invalid_grant", "interaction_required", "consent_required", "login_required"}:
        return no_access(error or "no_refresh_token")
    return TryLater("Microsoft did not renew the access. Try again later.", code="refresh_failed")


def _meaning(answer: Mapping[str, Any]) -> _Meaning | None:
    found = _NUMBER.findall(str(answer.get("error_description", "")))
    words = (str(answer.get(name, "")) for name in ("suberror", "error_subcode", "error"))
    by_number = (_BY_NUMBER.get(int(number)) for number in found)
    return next((meaning for meaning in (*by_number, *map(_BY_WORD.get, words)) if meaning), None)


def _wrong_account(app: GraphApp) -> str:
    if app.tenant == CONSUMERS:
        return _WORK_ACCOUNT
    return _PERSONAL_ACCOUNT if app.tenant in _NO_ONE_TENANT else _OTHER_ORGANISATION
