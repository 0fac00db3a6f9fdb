"""What iCloud does unlike other CalDAV servers, each by a switch, and what can be made to go wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.simulators.caldav.listening import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """What iCloud does (``docs/providers.md`` §5.2). On, unless it was only said from memory, or happens sometimes."""

    app_passwords_only: bool = True
    """The account's own password is answered with 401."""

    hrefs_name_the_entry: bool = True
    """Collections are named by absolute hrefs on caldav.icloud.com, whichever host was asked."""

    collection_in_reports: bool = True
    """A sync report lists the collection itself as a member."""

    inverted_if_match: bool = True
    """``If-Match: *`` is 412 on what exists, and creates what does not."""

    uid_once: bool = True
    """A UID lives in one calendar of the account; a put into another is 403."""

    end_required: bool = True
    """An event with neither DTEND nor DURATION is 403."""

    one_kind_of_object: bool = True
    """A calendar takes events or tasks, never both, and no journal."""

    put_without_etag_every: int = 3
    """Each so-manieth put is answered without an ETag; 0 for none."""

    rewritten: bool = True
    """Objects come back in Apple's order, with properties of Apple's."""

    principal_depth_1_refused: bool = True
    """PROPFIND with depth 1 of the principal is 400."""

    allprop_without_resourcetype: bool = True
    """``DAV:allprop`` lacks the resource type."""

    long_colours: bool = True
    """Colours come back as #RRGGBBAA."""

    few_queries: bool = True
    """Queries need a component, find no categories; free-busy and principal search are refused."""

    wrong_content_type: bool = True
    """Content types say nothing of the content."""

    limit_ignored: bool = True
    """``DAV:limit`` does nothing."""

    default_alarms: bool = False
    """Alarms are added to events that come without one."""

    deleted_calendars_come_back: bool = False
    """A calendar made anew under the same address has its old events."""


class FaultKind(StrEnum):
    """What goes wrong."""

    BUSY = "busy"
    """503 with Retry-After; nothing is done."""

    BROKEN = "broken"
    """500; nothing is done."""

    LOST = "lost"
    """It is done, and the connection closes without an answer."""

    TRUNCATED = "truncated"
    """It is done, and the answer breaks off in the middle."""

    EMPTY = "empty"
    """A listing without members, as if there were none."""

    PARTIAL = "partial"
    """A listing with half of its members, as if that were all."""

    STALE_TOKEN = "stale_token"
    """403 DAV:valid-sync-token on a sync report."""

    DELAY = "delay"
    """The answer comes late."""


_LISTINGS = frozenset({FaultKind.EMPTY, FaultKind.PARTIAL})


@dataclass(slots=True, kw_only=True)
class Fault:
    """What goes wrong with the next ``times`` requests by ``method`` (empty: any) whose path contains ``path``."""

    kind: FaultKind
    method: str = ""
    path: str = ""
    times: int = 1
    seconds: float = 1

    def befalls(self, asked: Asked) -> bool:
        """Whether a request is one of those."""
        if self.kind in _LISTINGS and not _lists(asked):
            return False
        if self.kind is FaultKind.STALE_TOKEN and not _syncs(asked):
            return False
        return self.method in {"", asked.method} and self.path in asked.path


def _lists(asked: Asked) -> bool:
    if asked.method == "PROPFIND":
        return asked.depth == "1"
    return asked.method == "REPORT" and b"multiget" not in asked.body


def _syncs(asked: Asked) -> bool:
    return asked.method == "REPORT" and b"sync-collection" in asked.body and b"HwoQ" in asked.body
