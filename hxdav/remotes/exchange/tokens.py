"""Modern authentication at an Exchange server: a person consents at Entra or AD FS, and tokens replace the password.

https://learn.microsoft.com/en-us/exchange/plan-and-deploy/post-installation-tasks/enable-modern-auth-in-exchange-server-on-premises
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hxdav.remote import AccessLost, TryLater
from hxdav.remotes.microsoft.tokens import KeptTokens, TokenApp, redeemed

_ADDRESSES = ("email", "preferred_username", "upn", "unique_name")
"""Claims of an id token that may be the mailbox's address: those of Entra first, then those of AD FS."""

_APPROVAL = re.compile(r"AADSTS(?:65001|90093|90094|90095|900941)\b|consent_required", re.IGNORECASE)
_MISCONFIGURED = frozenset({"invalid_client", "unauthorized_client", "invalid_resource", "invalid_scope"})
_GONE = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})

_IS_MISCONFIGURED = (
    "The sign-in service does not know this hxdav, or not the Exchange server as it is asked for: the administrator has"
    " to compare [exchange] in the settings with the application's registration, whose secret may have expired."
)
_NO_MORE = "The Exchange server's sign-in service does not let hxdav in any more. Connect the account again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a person has consented to: ``address`` is that of their mailbox, ``cache`` is msal's, to be sealed."""

    address: str
    cache: str = field(repr=False)


def exchange(app: TokenApp, answer: Mapping[str, str], *, verifier: str, redirect_uri: str) -> Granted:
    """What an answer to the consent page is worth; AccessLost where that is nothing, and TryLater."""
    if answer.get("error"):
        raise _refused(answer)
    got = redeemed(app, answer.get("code", ""), verifier=verifier, redirect_uri=redirect_uri)
    if "error" in got.answer:
        raise _refused(got.answer)
    if not got.lasts:
        raise AccessLost(
            "The sign-in service gave no lasting access: the administrator has to allow refresh tokens there.",
            code="no_refresh_token",
        )
    return Granted(address=_address(got.answer.get("id_token_claims") or {}), cache=got.cache)


def access(app: TokenApp, cache: str, *, keep: Callable[[str], None]) -> KeptTokens:
    """The tokens of a mailbox; ``keep`` is handed the cache whenever it has changed."""
    return KeptTokens(app, cache, keep=keep, failure=_not_renewed)


def _address(claims: Mapping[str, Any]) -> str:
    found = (str(claims.get(name, "")) for name in _ADDRESSES)
    address = next((each for each in found if "@" in each), "")
    if not address:
        raise AccessLost(
            "The sign-in service does not tell the account's e-mail address: the administrator has to add it to what"
            " the application is told (the claims email or upn).",
            code="no_address",
        )
    return address


def _refused(answer: Mapping[str, Any]) -> AccessLost | TryLater:
    """What a refusal means; the service's own text says more by a number (AADSTS…), and is not shown."""
    error = str(answer.get("error", ""))
    if _APPROVAL.search(f"{error} {answer.get('suberror', '')} {answer.get('error_description', '')}"):
        return AccessLost(
            "Only an administrator may allow hxdav to use the Exchange server: ask them to grant it in the"
            " application's registration, and connect again.",
            code="approval_needed",
        )
    if error == "access_denied":
        return AccessLost("hxdav was not allowed to use the mailbox. Connect again, and accept.", code="denied")
    if error == "invalid_grant":
        return AccessLost("The answer was too old or already used. Connect again.", code=error)
    if error in _MISCONFIGURED:
        return AccessLost(_IS_MISCONFIGURED, code="misconfigured")
    return TryLater("The sign-in service could not finish connecting. Try again later.", code="token_endpoint")


def _not_renewed(answer: Mapping[str, Any]) -> AccessLost | TryLater:
    """Only what needs the person says that the consent is gone (RFC 6749 §5.2)."""
    error = str(answer.get("error", ""))
    if not error or error in _GONE:
        return AccessLost(_NO_MORE, code=error or "no_refresh_token")
    if error in _MISCONFIGURED:
        return TryLater(_IS_MISCONFIGURED, code="misconfigured")
    return TryLater("The sign-in service did not renew the access. Try again later.", code="refresh_failed")
