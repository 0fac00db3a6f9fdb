"""What is refused, in the words of the protocol: status, condition element, missing privilege, sentence.

A client needs the first three, the person the last; docs/gate.md says in which order.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

from hxdav.dav.responses import Response, xml
from hxdav.dav.xmltext import document, escaped, href
from hxdav.domain.edit import Refused
from hxdav.domain.refusal import SENTENCES, Reason

_CONDITIONS: dict[Reason, str] = {
    Reason.NOT_CALENDAR_DATA: "C:valid-calendar-data",
    Reason.UNSUPPORTED_CALENDAR_DATA: "C:supported-calendar-data",
    Reason.NOT_ONE_OBJECT: "C:valid-calendar-object-resource",
    Reason.WRONG_COMPONENT: "C:supported-calendar-component",
    Reason.TOO_LARGE: "C:max-resource-size",
    Reason.TOO_MANY_INSTANCES: "C:max-instances",
    Reason.UNSUPPORTED_RSCALE: "C:supported-rscale",
    Reason.NEVER_TAKES_PLACE: "C:valid-calendar-object-resource",
    Reason.BEFORE_WINDOW: "C:min-date-time",
    Reason.AFTER_WINDOW: "C:max-date-time",
    Reason.UID_IN_USE: "C:no-uid-conflict",
    Reason.UID_CHANGED: "C:no-uid-conflict",
}
"""RFC 4791 §5.3.2.1, RFC 7529; a reason that is not here is a missing privilege only (RFC 3744 §7.1.1)."""

_STATUSES: dict[Reason, HTTPStatus] = {
    Reason.STALE: HTTPStatus.PRECONDITION_FAILED,
    Reason.EXISTS: HTTPStatus.PRECONDITION_FAILED,
    Reason.MISSING: HTTPStatus.NOT_FOUND,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A privilege that would have been needed on the resource at ``url`` (percent-encoded)."""

    url: str
    privilege: str


def refused(outcome: Refused, missing: Missing, *, conflicting: str | None = None) -> Response:
    """What an edit that the gate refused is answered with; ``conflicting`` is the URL of the object in the way."""
    status = _STATUSES.get(outcome.reason, HTTPStatus.FORBIDDEN)
    if status is not HTTPStatus.FORBIDDEN:
        return error(status, sentence=outcome.sentence)
    condition = ""
    name = _CONDITIONS.get(outcome.reason)
    if name:
        condition = f"<{name}>{href(conflicting)}</{name}>" if conflicting else f"<{name}/>"
    return error(status, condition, missing=missing, sentence=outcome.sentence)


def barred(reason: Reason, missing: Missing) -> Response:
    """403 for something that is not an edit of an object, for one of the gate's reasons."""
    return forbidden(SENTENCES[reason], missing)


def forbidden(sentence: str, missing: Missing, condition: str = "") -> Response:
    """403 with the missing privilege and a sentence."""
    return error(HTTPStatus.FORBIDDEN, condition, missing=missing, sentence=sentence)


def over_budget(method: str) -> Response:
    """403 for a request that costs more than one request may (RFC 4791 §5.3.2.1, §7.8)."""
    if method == "REPORT":
        sentence = "This report finds too much for one answer. Ask for a shorter time."
        return error(HTTPStatus.FORBIDDEN, "<D:number-of-matches-within-limits/>", sentence=sentence)
    return error(HTTPStatus.FORBIDDEN, "<C:max-instances/>", sentence=SENTENCES[Reason.TOO_MANY_INSTANCES])


def error(status: HTTPStatus, condition: str = "", *, missing: Missing | None = None, sentence: str = "") -> Response:
    """DAV:error (RFC 4918 §16); ``condition`` is XML."""
    content = [condition]
    if missing is not None:
        privilege = f"<D:privilege><D:{missing.privilege}/></D:privilege>"
        content.append(
            f"<D:need-privileges><D:resource>{href(missing.url)}{privilege}</D:resource></D:need-privileges>"
        )
    if sentence:
        content.append(f"<hx:message>{escaped(sentence)}</hx:message>")
    return xml(status, document("D:error", content))
