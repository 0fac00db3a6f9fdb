"""PROPPATCH (RFC 4918 §9.2): the calendar's name, and dead properties, which are kept as XML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from urllib.parse import quote
from xml.etree.ElementTree import Element

from hxdav.dav.addresses import ResourceKind
from hxdav.dav.conditions import Missing, barred, error, forbidden
from hxdav.dav.documents import is_timezone, tree_of
from hxdav.dav.properties import is_live
from hxdav.dav.request import CalDavRequest
from hxdav.dav.responses import RequestRefused, Response, multistatus, plain
from hxdav.dav.xmltext import CALDAV, DAV, document, element, href, standalone
from hxdav.domain.integration import name_given
from hxdav.services.integrations.connection import rename
from hxdav.store.store import Tx

_NAME = f"{DAV}displayname"
_LARGEST = 65_536
_MOST = 200
_DEEPEST = 50
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


class PropertyStatus(StrEnum):
    """What is said of one property: its status and, where there is one, the condition."""

    DONE = "<D:status>HTTP/1.1 200 OK</D:status>"
    PROTECTED = "<D:status>HTTP/1.1 403 Forbidden</D:status><D:error><D:cannot-modify-protected-property/></D:error>"
    NOT_CALENDAR = "<D:status>HTTP/1.1 403 Forbidden</D:status><D:error><C:valid-calendar-data/></D:error>"
    TOO_MUCH = "<D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
    UNACCEPTABLE = "<D:status>HTTP/1.1 409 Conflict</D:status>"
    DEPENDS = "<D:status>HTTP/1.1 424 Failed Dependency</D:status>"


@dataclass(slots=True, kw_only=True)
class Patch:
    """What a PROPPATCH comes to: the new name, dead properties to set (XML) or remove (None), and the verdicts."""

    name: str | None = None
    dead: dict[str, str | None] = field(default_factory=dict)
    verdicts: dict[str, PropertyStatus] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether all of it can be done: otherwise nothing is."""
        return all(verdict is PropertyStatus.DONE for verdict in self.verdicts.values())


def answer(request: CalDavRequest) -> Response:
    """Change properties of a calendar or of the home, all or none of them."""
    kind = request.target.kind
    if kind not in {ResourceKind.HOME, ResourceKind.CALENDAR}:
        url = quote(request.backend.settings.prefix + request.target.path)
        missing = Missing(url=url, privilege="write-properties")
        return forbidden("Properties can be set of a calendar and of the home only.", missing)
    root = tree_of(request.body or b"")
    if root.tag != f"{DAV}propertyupdate":
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The body is not a DAV:propertyupdate."))
    patch = _patch_of(root, may_rename=kind is ResourceKind.CALENDAR)
    with request.backend.store.transaction() as tx:
        return _home(request, tx, patch) if kind is ResourceKind.HOME else _calendar(request, tx, patch)


def _home(request: CalDavRequest, tx: Tx, patch: Patch) -> Response:
    user = tx.people.user(request.caller.user_id)
    _count(patch, tx.integrations.home_properties(user.id))
    if patch.is_good:
        tx.integrations.change_home_properties(user.practice_group_id, user.id, patch.dead)
    return _answered(request.links.home, patch)


def _calendar(request: CalDavRequest, tx: Tx, patch: Patch) -> Response:
    if request.poll is None:
        return error(HTTPStatus.NOT_FOUND, sentence="There is no calendar at this address.")
    # Locked, so that what is decided here still holds when it is written.
    place = tx.integrations.lock_place(request.poll.integration_id)
    integration = place.integration
    if place.shut:
        return barred(place.shut, Missing(url=request.calendar_url, privilege="write-properties"))
    _count(patch, tx.integrations.properties([integration.id])[integration.id])
    if patch.is_good:
        tx.integrations.change_properties(integration, patch.dead)
        if patch.name is not None:
            source = request.source(integration.id)
            rename(tx, request.backend.clock, integration=integration, name=patch.name, source=source)
    return _answered(request.calendar_url, patch)


def _patch_of(root: Element, *, may_rename: bool) -> Patch:
    """Every property of the instructions, in their order: the last word on each counts."""
    patch = Patch()
    for instruction in root:
        if instruction.tag not in {f"{DAV}set", f"{DAV}remove"}:
            continue
        for prop in instruction.iterfind(f"{DAV}prop"):
            language = prop.get(_LANGUAGE) or instruction.get(_LANGUAGE) or root.get(_LANGUAGE)
            for tree in prop:
                value = tree if instruction.tag == f"{DAV}set" else None
                _decide(patch, tree.tag, value, language=language, may_rename=may_rename)
    return patch


def _decide(patch: Patch, name: str, value: Element | None, *, language: str | None, may_rename: bool) -> None:
    if name == _NAME and may_rename and value is not None:
        patch.name = None if len(value) else name_given(value.text or "")
        patch.verdicts[name] = PropertyStatus.UNACCEPTABLE if patch.name is None else PropertyStatus.DONE
    elif is_live(name):
        patch.verdicts[name] = PropertyStatus.PROTECTED
    elif value is None:
        patch.dead[name] = None
        patch.verdicts[name] = PropertyStatus.DONE
    else:
        patch.verdicts[name] = _keep(patch, name, value, language=language)


def _keep(patch: Patch, name: str, value: Element, *, language: str | None) -> PropertyStatus:
    """Keep ``value`` with its attributes, children and language (RFC 4918 §4.3)."""
    if _is_deep(value):
        return PropertyStatus.TOO_MUCH
    if name == f"{CALDAV}calendar-timezone" and not is_timezone(value.text or ""):
        return PropertyStatus.NOT_CALENDAR
    if language and value.get(_LANGUAGE) is None:
        value.set(_LANGUAGE, language)
    text = standalone(value)
    if len(text.encode()) > _LARGEST:
        return PropertyStatus.TOO_MUCH
    patch.dead[name] = text
    return PropertyStatus.DONE


def _is_deep(tree: Element) -> bool:
    level = [tree]
    for _ in range(_DEEPEST):
        level = [child for each in level for child in each]
        if not level:
            return False
    return True


def _count(patch: Patch, existing: Mapping[str, str]) -> None:
    """Refuse those with which there would be more than a resource may have."""
    names = set(existing)
    for name, xml in patch.dead.items():
        if xml is None:
            names.discard(name)
        elif len(names | {name}) > _MOST:
            patch.verdicts[name] = PropertyStatus.TOO_MUCH
        else:
            names.add(name)


def _answered(url: str, patch: Patch) -> Response:
    """One propstat for each verdict; what could have been done but for others failed with them (RFC 4918 §9.2)."""
    grouped: dict[PropertyStatus, list[str]] = {}
    for name, verdict in patch.verdicts.items():
        said = PropertyStatus.DEPENDS if verdict is PropertyStatus.DONE and not patch.is_good else verdict
        grouped.setdefault(said, []).append(element(name))
    if not grouped:
        raise RequestRefused(plain(HTTPStatus.BAD_REQUEST, "The body names no property."))
    propstats = "".join(
        f"<D:propstat><D:prop>{''.join(names)}</D:prop>{verdict}</D:propstat>" for verdict, names in grouped.items()
    )
    return multistatus(document("D:multistatus", [f"<D:response>{href(url)}{propstats}</D:response>"]))
