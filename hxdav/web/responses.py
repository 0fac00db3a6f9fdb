"""Answers: sentences and small pages that need nothing from elsewhere, and headers that keep them to themselves."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request
from markupsafe import Markup, escape

_STYLE = """
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem; color: #222;
  background: #fff; }
h1 { font-size: 1.5rem; }
a { overflow-wrap: anywhere; color: inherit; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1c1c1e; } }
"""


def _hashed(style: str) -> str:
    """A style sheet as a policy names it (CSP3 §2.3.1)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


_PAGE = Markup(
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><style>{style}</style></head>'
    "<body><main><h1>{title}</h1>{paragraphs}</main></body></html>\n"
)

_ONLY_HTTPS = f"max-age={365 * 24 * 3600}"
"""For a year a browser asks this host over https only (RFC 6797)."""

_HEADERS = {
    # The address of the page that asked for it may hold a code.
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": (
        # FullCalendar puts an empty style element into the page, and fills it through the CSSOM.
        f"default-src 'none'; style-src 'self' {_hashed(_STYLE)} {_hashed('')}; img-src 'self'; script-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
}


@dataclass(frozen=True, slots=True)
class PageLink:
    """A paragraph that is an address: to be opened, or copied and sent on. It is one of ours, and holds no secret."""

    address: str


def plain(http_status: HTTPStatus, sentence: str) -> Response:
    """An answer that is a sentence."""
    return Response(f"{sentence}\n", status=http_status, mimetype="text/plain")


def page(http_status: HTTPStatus, title: str, *paragraphs: str | PageLink) -> Response:
    """An answer for a person in front of a browser; the texts are escaped here."""
    inner = Markup("").join(Markup("<p>{}</p>").format(_inline(each)) for each in paragraphs)
    body = _PAGE.format(title=title, style=Markup(_STYLE), paragraphs=inner)  # noqa: S704 - a constant of ours
    return Response(body, status=http_status, mimetype="text/html")


def _inline(paragraph: str | PageLink) -> Markup:
    if isinstance(paragraph, PageLink):
        return Markup('<a href="{0}" rel="noreferrer">{0}</a>').format(paragraph.address)
    return escape(paragraph)


def protected(response: Response) -> Response:
    """``response`` with the headers that every answer has: framed nowhere, loading nothing from elsewhere, not kept.

    What a route says of keeping its own answer stands.
    """
    kept = response.headers.get("Cache-Control")
    response.headers.update(_HEADERS)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = _ONLY_HTTPS
    if kept is not None and response.headers.get("Vary") != "Cookie":
        response.headers["Cache-Control"] = kept
    return response
