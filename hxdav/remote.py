"""The port: what the engine needs of a provider, whichever it is (docs/engine.md).

A remote is one account at a provider, opened with its credentials. It exchanges *whole calendar objects* as RFC 5545
text, a series with its exceptions in one: how a provider cuts them into resources of its own is the remote's affair.
It holds no rules, keeps nothing of its own beyond a session, and never decides that something was deleted.

Every answer may be late, doubled, truncated or a lie, so a remote

- raises one of the errors below, named for what the engine does about it, and nothing else;
- makes each write conditional (``tag``) and repeatable: a create whose answer was lost is found again by its key;
- tells what is *gone* only by the provider's own word on that object, while its calendar answers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType, Protocol

from hxdav.domain.field import Field
from hxdav.domain.ids import Uid
from hxdav.domain.refusal import Reason
from hxdav.domain.times import Interval
from hxdav.errors import HxdavError

CalendarId = NewType("CalendarId", str)
"""What the provider calls a calendar: Google's id, the URL of a CalDAV collection."""

RemoteId = NewType("RemoteId", str)
"""What the provider calls a calendar object, unique in its calendar; of a series, its master."""

Tag = NewType("Tag", str)
"""Changes whenever the object does: an entity tag, a changekey; of a series, of all of its parts."""

Cursor = NewType("Cursor", str)
"""From where to go on pulling; only the remote that made it can read it."""


class CalendarState(StrEnum):
    """What has become of a calendar that hxdav made."""

    VISIBLE = "visible"
    HIDDEN = "hidden"
    """The person has hidden or deactivated it: its sync pauses (rule 8)."""

    GONE = "gone"
    """The provider says that there is none such; nothing in it counts as removed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a provider can do. Whatever the engine does differently for one, it does by these.

    ``carries`` are the fields that it keeps and gives back: others are neither compared nor taken over. ``floating``:
    whether it keeps times without zone. ``hides``: whether it shows that a calendar is hidden. ``notifies``: whether it
    calls us when something changes. ``streams``: whether it tells so over a connection of ours that stays open
    (``Remote.listen``). ``polled_every`` is how often to look without that, and ``polled_eagerly`` how
    often while somebody is at work.
    """

    carries: frozenset[Field]
    floating: bool
    hides: bool
    notifies: bool
    polled_every: timedelta
    polled_eagerly: timedelta
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose account it is: ``subject`` never changes and tells accounts apart; ``label`` is what the person knows.

    ``address`` is where the account was found to be, where that had to be found out: with it, it is opened faster.
    ``about`` is what its server says of itself, for whoever looks after it.
    """

    subject: str
    label: str
    address: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteObject:
    """A calendar object as the provider shows it; ``text`` under the UID that it has there.

    ``key`` is the UID under which hxdav has made it, where the provider remembers that.
    """

    remote_id: RemoteId
    tag: Tag
    text: str
    key: Uid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The provider's own word that an object is no longer there: a tombstone, or 404 or 410 on the object."""

    remote_id: RemoteId


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An object that is there, but is no event that we could keep; ``reason`` and ``sentence`` say why."""

    remote_id: RemoteId
    tag: Tag
    sentence: str
    reason: Reason = Reason.NOT_CALENDAR_DATA


RemoteState = RemoteObject | Gone | Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what a pull finds; ``more`` follows at ``cursor``.

    In a ``listing`` everything that is there comes once, over all its pages: what does not come is a reason to ask for
    it, and never more. Otherwise it is what changed since the cursor; the same object may come twice, the last counts.
    """

    sightings: tuple[RemoteState, ...]
    cursor: Cursor
    more: bool
    listing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PushChannel:
    """A registration by which the provider calls us; ``ticket`` is what it needs to be stopped."""

    channel_id: str
    ticket: str
    expires_at: datetime


class Remote(Protocol):
    """An account at a provider. Used by one thread at a time."""

    @property
    def capabilities(self) -> Capabilities:
        """What the provider can do."""
        ...

    @property
    def requests(self) -> int:
        """How many requests it has sent so far."""
        ...

    def identify(self) -> Identity:
        """Whose account it is; the cheapest call that proves the credentials."""
        ...

    def find_calendar(self, marker: str) -> CalendarId | None:
        """The calendar that was made with ``marker``, if there is one: asked before one is made (again)."""
        ...

    def calendar_names(self) -> Collection[str]:
        """What the account's calendars are called, as far as we may know."""
        ...

    def make_calendar(self, name: str, *, marker: str, zone: str) -> CalendarId:
        """Make a calendar that carries ``marker``; ``zone`` is the practice's, an IANA name."""
        ...

    def calendar_state(self, calendar_id: CalendarId) -> CalendarState:
        """What has become of a calendar."""
        ...

    def pull(self, calendar_id: CalendarId, cursor: Cursor | None) -> Page:
        """The next page of what changed since ``cursor``, or of a listing where that is None."""
        ...

    def covers(self, cursor: Cursor) -> Interval | None:
        """The span that a listing which led to ``cursor`` shows; None where it shows all times.

        What takes place outside of it has not to come, and is not asked for.
        """
        ...

    def read(self, calendar_id: CalendarId, remote_id: RemoteId) -> RemoteState:
        """One object as it is now; ``Gone`` only while its calendar answers, CalendarUnavailable otherwise."""
        ...

    def can_express(self, text: str) -> bool:
        """Whether the provider can keep this object as it is; if not, a series goes to it as single events."""
        ...

    def create(self, calendar_id: CalendarId, text: str) -> RemoteObject:
        """Add an object, and give it back as the provider shows it.

        The object's UID is the key: what was added by an earlier call with it, whose answer was lost, is brought to
        ``text`` and returned; what has been deleted since may come back under another remote id.
        """
        ...

    def update(self, calendar_id: CalendarId, known: RemoteObject, text: str) -> RemoteObject:
        """Bring an object that is still as ``known`` to ``text``; what hxdav does not write there stays.

        Raises Changed where it is not, and ObjectGone where it is no longer there.
        """
        ...

    def remove(self, calendar_id: CalendarId, known: RemoteObject) -> None:
        """Remove an object that is still as ``known``; done as well where it is gone. Raises Changed."""
        ...

    def open_channel(self, calendar_id: CalendarId, *, channel_id: str, token: str, address: str) -> PushChannel:
        """Have the provider call ``address``, with ``token``, when the calendar changes."""
        ...

    def close_channel(self, channel_id: str, ticket: str) -> None:
        """Have it call no more; done as well where it has forgotten the channel."""
        ...

    def listen(
        self,
        calendar_ids: Collection[CalendarId],
        heard: Callable[[CalendarId], None],
        *,
        is_over: Callable[[], bool],
    ) -> None:
        """Wait while the provider tells of changes in these calendars, and call ``heard`` for each.

        ``heard`` is called for all of them as soon as it listens, too, because nothing tells what was before; then for
        changes of ours as for others', and for one change maybe more than once. It returns when the provider ends the
        connection, which is no failure, and soon after ``is_over`` says so, which is asked at least each second. What
        is told must not be relied on: a connection may have died without a word.
        """
        ...

    def revoke(self) -> None:
        """Give the grant back, where the provider knows such a thing."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


class RemoteError(HxdavError):
    """A provider did not do what was asked; the text is for the person and names no patient, no token, no URL."""


class TryLater(RemoteError):
    """It may work later: overload, quota, no connection, an answer that made no sense. What was asked may be done."""

    def __init__(self, sentence: str, *, after: timedelta | None = None, code: str = "unavailable") -> None:
        super().__init__(sentence)
        self.after = after
        self.code = code


class Forbidden(TryLater):
    """The provider knows the account and refuses what was asked, or sends hxdav to an address that it does not call.

    It may pass. If it lasts, somebody has to change a right or a setting, and hxdav goes on by itself.
    """


class AccessLost(RemoteError):
    """The credentials or the consent do not hold: if that lasts, the person has to connect again.

    Only for a provider's word on them (401, ``invalid_grant``); anything else is Forbidden.
    """

    def __init__(self, sentence: str, *, code: str = "access_lost") -> None:
        super().__init__(sentence)
        self.code = code


class CalendarUnavailable(RemoteError):
    """The calendar itself is gone or does not answer: ask for its state; nothing in it counts as removed."""


class Changed(RemoteError):
    """The object is not as it was known: pull again before writing."""


class ObjectGone(RemoteError):
    """The object is not there: ask for it before believing that."""


class CursorExpired(RemoteError):
    """The provider cannot go on from there: list everything, and keep what is known of each object."""


class NotTaken(RemoteError):
    """The provider will not keep this object whatever is tried: park it, and say why."""
