"""Asks a mail domain where its EWS is ([MS-OXDSCLI], the older of the two ways, which every version answers)."""

from __future__ import annotations

from http import HTTPStatus

import httpx
from lxml import etree  # type: ignore[import-untyped]

from hxdav.errors import CallFailed, NotReachable
from hxdav.net.addresses import parts_of
from hxdav.remote import Forbidden, TryLater
from hxdav.remotes.exchange.account import ExchangeAccount
from hxdav.remotes.exchange.elements import InvalidEwsAnswer, parsed
from hxdav.remotes.exchange.refusal import busy, no_answer
from hxdav.remotes.exchange.signing_in import not_let_in

_REQUEST = "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"
_RESPONSE = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
_KINDS = ("EXPR", "EXCH")
"""The server as it is called from outside, then from inside."""

_NOT_FOUND = (
    "hxdav could not find the Exchange server of this address by itself. Ask whoever looks after it for the server's"
    " name (as in mail.practice.example), and connect the account with that. Where it is Microsoft's (Microsoft 365),"
    " connect it as Office 365 instead."
)


def host_of(account: ExchangeAccount) -> str:
    """The only host that is asked.

    Not the domain itself, where other programs begin: its web pages may be anybody's, and would be shown the password.
    """
    return f"autodiscover.{account.domain}"


def url_of(account: ExchangeAccount) -> str:
    """Where it is asked."""
    return f"https://{host_of(account)}/autodiscover/autodiscover.xml"


def discovered(account: ExchangeAccount, session: httpx.Client, *, url: str = "") -> str:
    """The URL of EWS for an account, asked for at ``url``, which is the domain's own unless it is given.

    Raises AccessLost where nobody tells it; no redirect is believed.
    """
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    try:
        answer = session.request("POST", url or url_of(account), content=_asked(account), headers=headers)
    except NotReachable as error:
        raise Forbidden(str(error), code="not_reachable") from None
    except CallFailed as error:
        why = no_answer(error)
        if why.code == "certificate":
            raise why from None
        raise Forbidden(_NOT_FOUND, code="no_autodiscover") from None
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        challenges = answer.headers.get_list("WWW-Authenticate")
        raise not_let_in(answer.status_code, challenges, auth=account.auth)
    if answer.status_code in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        raise busy(None)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise TryLater("The Exchange server has trouble of its own; hxdav tries again later.", code="server_error")
    found = "" if answer.status_code != HTTPStatus.OK or answer.history else _told(answer.content, account)
    if not found:
        raise Forbidden(_NOT_FOUND, code="no_autodiscover")
    return found


def _asked(account: ExchangeAccount) -> bytes:
    root = etree.Element(f"{{{_REQUEST}}}Autodiscover", nsmap={None: _REQUEST})
    request = etree.SubElement(root, f"{{{_REQUEST}}}Request")
    etree.SubElement(request, f"{{{_REQUEST}}}EMailAddress").text = account.address
    etree.SubElement(request, f"{{{_REQUEST}}}AcceptableResponseSchema").text = _RESPONSE
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _told(content: bytes, account: ExchangeAccount) -> str:
    """The URL that an answer tells; empty where it tells none. AccessLost where the mailbox has moved to Microsoft."""
    try:
        root = parsed(content)
    except InvalidEwsAnswer:
        return ""
    account.moved_to(root.findtext(f".//{{{_RESPONSE}}}RedirectAddr") or "")
    found: dict[str, str] = {}
    for protocol in root.iter(f"{{{_RESPONSE}}}Protocol"):
        kind = (protocol.findtext(f"{{{_RESPONSE}}}Type") or protocol.get("Type") or "").upper()
        found.setdefault(kind, _address(protocol.findtext(f"{{{_RESPONSE}}}EwsUrl") or ""))
    return next((found[kind] for kind in _KINDS if found.get(kind)), "")


def _address(told: str) -> str:
    """An address that is told; empty where it is none."""
    try:
        parts_of(told.strip())
    except NotReachable:
        return ""
    return told.strip()
