"""Devices: each keeps a copy of one calendar, looks at it when it likes, and edits what it believes to be there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from hxdav.domain.edit import Precondition, Refused, Source
from hxdav.domain.ids import ETag, IntegrationId, Modseq
from hxdav.domain.refusal import Reason
from hxdav.errors import SyncTokenInvalid
from hxdav.secrets.keyring import Keyring
from hxdav.services.integrations import sync_tokens
from hxdav.store.feed import FeedChange
from hxdav.store.store import Store, Tx

_LEARNS_BY_ITSELF = {Reason.STALE, Reason.EXISTS, Reason.MISSING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """An object as a device has it; ``etag`` is None where the server has not told it one."""

    text: str
    etag: ETag | None

    @property
    def uid(self) -> str:
        """The UID by which this calendar knows it."""
        return value_of(self.text, "UID")


@dataclass(slots=True, kw_only=True)
class Replica:
    """One device's copy of one calendar, and what it has deleted there."""

    integration_id: IntegrationId
    source: Source
    token: str = ""
    copies: dict[str, Copy] = field(default_factory=dict)
    deleted: list[tuple[str, Copy]] = field(default_factory=list)

    def look(self, store: Store, keyring: Keyring) -> bool:
        """Bring the copy up to date by what the feed says; whether the device had to start over."""
        with store.snapshot() as tx:
            position = position_of(tx, self.integration_id)
            try:
                since = sync_tokens.since(keyring, self.token, position)
                is_refused = False
            except SyncTokenInvalid:
                since = Modseq(0)
                is_refused = True
            if not since:
                # The first look, or one that starts over: what is not listed is not there.
                self.copies.clear()
            to_fetch: list[str] = []
            for change in tx.feed.changes(self.integration_id, since):
                known = self.copies.pop(change.href, None)
                if change.etag is None:
                    continue
                if known is not None and known.etag == change.etag:
                    self.copies[change.href] = known
                else:
                    to_fetch.append(change.href)
            self.copies |= fetched(tx, self.integration_id, to_fetch)
            self.token = sync_tokens.token_of(keyring, position)
            self._is_what_is_shown(tx)
        return is_refused

    def refetch(self, store: Store, href: str) -> None:
        """Fetch what the server has at one address, as a device does whose precondition was not met."""
        with store.snapshot() as tx:
            self.copies.pop(href, None)
            self.copies |= fetched(tx, self.integration_id, [href])

    def waits_for_ours(self, refused: Refused) -> bool:
        """Whether a refusal tells the device nothing of its copy, so that only its next look can put that right."""
        return refused.reason not in _LEARNS_BY_ITSELF

    def _is_what_is_shown(self, tx: Tx) -> None:
        listed = {each.href: each.etag for each in tx.feed.listing(self.integration_id)}
        assert {href: copy.etag for href, copy in self.copies.items()} == listed
        for each in tx.feed.every_object(self.integration_id):
            assert self.copies[each.href].text == sent(each.text, own=each.uid, shown=each.shown_uid)


def position_of(tx: Tx, integration_id: IntegrationId) -> sync_tokens.Position:
    """Where a calendar's feed stands."""
    integration = tx.integrations.one(integration_id)
    return sync_tokens.Position(
        epoch=tx.installation.epoch(),
        integration_id=integration.id,
        modseq=integration.modseq,
        purge_floor=integration.purge_floor,
    )


def fetched(tx: Tx, integration_id: IntegrationId, hrefs: list[str]) -> dict[str, Copy]:
    """The objects at these addresses as the server sends them; nothing of those at which there is none."""
    return {
        each.href: Copy(text=sent(each.text, own=each.uid, shown=each.shown_uid), etag=each.etag)
        for each in tx.feed.objects(integration_id, hrefs).values()
    }


def sent(text: str, *, own: str, shown: str) -> str:
    """The kept text under the UID that a calendar knows it by."""
    return text.replace(f"UID:{own}\r\n", f"UID:{shown}\r\n")


def replayed(before: Mapping[str, str], changes: list[FeedChange]) -> dict[str, str]:
    """What a listing has become by changes."""
    after = dict(before)
    for change in changes:
        if change.etag is None:
            after.pop(change.href, None)
        else:
            after[change.href] = change.etag
    return after


def value_of(text: str, name: str) -> str:
    """What the first line of that name says."""
    found = re.search(rf"(?m)^{name}[:;]([^\r\n]*)", text)
    return found[1] if found else ""


def with_line(text: str, line: str) -> str:
    """A calendar object with ``line`` in the place of the one of that name, or added."""
    name = re.match(r"[A-Z-]+", line)
    assert name is not None
    bare = re.sub(rf"(?m)^{name[0]}[:;][^\r\n]*\r\n", "", text)
    return bare.replace("END:VEVENT", f"{line}\r\nEND:VEVENT")


def matching(copy: Copy) -> Precondition:
    """Only if it is as the device knows it."""
    return Precondition(if_match=frozenset({copy.etag} if copy.etag else ()))
