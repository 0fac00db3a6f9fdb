"""DAV:sync-collection (RFC 6578): what changed since a token."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby

from hxdav.dav.conditions import error
from hxdav.dav.documents import SyncCollection
from hxdav.dav.request import CalDavRequest, position_of
from hxdav.dav.response_elements import ObjectWriter
from hxdav.dav.responses import Response, multistatus
from hxdav.dav.xmltext import document
from hxdav.domain.ids import Modseq
from hxdav.errors import SyncTokenInvalid
from hxdav.services.integrations.sync_tokens import Position, TokenAhead, begin_epoch, since, token_of
from hxdav.store.feed import FeedChange, Poll, ShownObject

_CUT = (
    "<D:response><D:href>{url}</D:href><D:status>HTTP/1.1 507 Insufficient Storage</D:status>"
    "<D:error><D:number-of-matches-within-limits/></D:error></D:response>"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Part of the feed, and the position that it leads to; ``is_cut`` where there is more."""

    changes: Sequence[FeedChange]
    position: Position
    is_cut: bool = False


def report(request: CalDavRequest, poll: Poll, asked: SyncCollection) -> Response:
    """What changed since the client's token, or all there is for an empty one; and the next token."""
    position = position_of(poll)
    try:
        after = since(request.backend.keyring, asked.token, position)
    except TokenAhead:
        with request.backend.store.transaction() as tx:
            begin_epoch(tx)
        return _invalid()
    except SyncTokenInvalid:
        return _invalid()
    # What changes between the two reads is told now and once more the next time, which does no harm.
    page = _cut(_changes(request, asked, position, after=after), position, asked.limit)
    token = token_of(request.backend.keyring, page.position)
    content = [*_responses(request, poll, asked, changes=page.changes)]
    if page.is_cut:
        content.append(_CUT.format(url=request.calendar_url))
    return multistatus(document("D:multistatus", [*content, f"<D:sync-token>{token}</D:sync-token>"]))


def _changes(request: CalDavRequest, asked: SyncCollection, position: Position, *, after: Modseq) -> list[FeedChange]:
    if after == position.modseq and asked.token:
        return []
    with request.backend.store.single_read() as tx:
        if not asked.token:
            return tx.feed.listing(position.integration_id)
        return tx.feed.changes(position.integration_id, after)


def _cut(changes: Sequence[FeedChange], position: Position, limit: int | None) -> _Page:
    """The first page of ``changes`` (RFC 6578 §3.6): never between two of one modseq, nor below the purge floor.

    The token that it ends with could not tell the one from the other, or would be refused.
    """
    if limit is None or len(changes) <= limit:
        return _Page(changes=changes, position=position)
    kept: list[FeedChange] = []
    for modseq, together in groupby(sorted(changes, key=lambda change: change.modseq), lambda change: change.modseq):
        kept += together
        if len(kept) >= limit and modseq >= position.purge_floor:
            break
    if len(kept) == len(changes):
        return _Page(changes=changes, position=position)
    reached = Position(
        epoch=position.epoch,
        integration_id=position.integration_id,
        modseq=kept[-1].modseq,
        purge_floor=position.purge_floor,
    )
    return _Page(changes=kept, position=reached, is_cut=True)


def _responses(
    request: CalDavRequest, poll: Poll, asked: SyncCollection, *, changes: Sequence[FeedChange]
) -> Iterator[str]:
    writer = ObjectWriter(request, poll, asked.properties)
    objects: dict[str, ShownObject] = {}
    if writer.needs_object and changes:
        with request.backend.store.single_read() as tx:
            objects = tx.feed.objects(poll.integration_id, [each.href for each in changes if each.etag])
    for change in changes:
        if change.etag is None:
            yield writer.gone(change.href)
        elif not writer.needs_object:
            yield writer.listed(change.href, change.etag)
        elif change.href in objects:
            yield writer.found(objects[change.href])
        else:
            yield writer.gone(change.href)


def _invalid() -> Response:
    return error(HTTPStatus.FORBIDDEN, "<D:valid-sync-token/>", sentence="This sync token has run out: list anew.")
