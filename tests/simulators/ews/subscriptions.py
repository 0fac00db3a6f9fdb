"""Subscriptions: streaming and pull notifications of what the log of changes says.

https://learn.microsoft.com/en-us/exchange/client-developer/exchange-web-services/notification-subscriptions-mailbox-events-and-ews-in-exchange
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Event

from tests.simulators.ews.calls import EwsCall, each, folder_named
from tests.simulators.ews.times import written
from tests.simulators.ews.wire import Element, EwsRefusal, find, flag, local, m, need, refused, succeeded, t, text_at
from tests.simulators.ews.world import Change, Mailbox, World, item_id_element

_MOST_EVENTS = 50


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One subscription; ``seen`` is the number of the last change that it has told."""

    id: str
    mailbox: Mailbox
    folders: frozenset[str] | None
    kinds: frozenset[str]
    is_streaming: bool
    seen: int
    reader: object = None
    """Who streams it now: a new connection takes it over from one that may be dead."""

    def pending(self) -> list[Change]:
        """What it has not told yet, in order."""
        return [one for one in self.mailbox.changes if one.number > self.seen and self._concerns(one)]

    def _concerns(self, change: Change) -> bool:
        # What moves out of a folder is told there as moved, and to nobody who did not ask for that.
        places = {change.folder, change.old_folder}
        return change.kind in self.kinds and (self.folders is None or bool(places & self.folders))


@dataclass(slots=True, kw_only=True)
class Subscriptions:
    """Those of all accounts; ``open_streams`` counts by account.

    While ``are_dropped``, nobody is told of anything. ``lost_as`` is the code by which a subscription that is not known
    is refused, and ``heartbeat`` after how many seconds of silence a stream says that it is still there.
    """

    world: World
    by_id: dict[str, Subscription] = field(default_factory=dict)
    open_streams: dict[str, int] = field(default_factory=dict)
    are_dropped: bool = False
    lost_as: str = "ErrorInvalidSubscription"
    heartbeat: float = 45.0
    generation: int = 0
    ended: Event = field(default_factory=Event)

    def lose(self) -> None:
        """Forget them all, as a mailbox server does that fails over."""
        with self.world.changed:
            self.by_id.clear()
            self.world.changed.notify_all()

    def end_streams(self) -> None:
        """End the streams that are open, as when their time is over; the subscriptions stay."""
        with self.world.changed:
            self.generation += 1
            self.world.changed.notify_all()

    def close(self) -> None:
        """End the streams, and all that would still be opened."""
        self.ended.set()
        with self.world.changed:
            self.world.changed.notify_all()

    def subscribe(self, call: EwsCall) -> list[Element]:
        """A new subscription, streaming or pull."""
        request = call.body[0]

        def made(_: Element) -> Element:
            if local(request) not in {"StreamingSubscriptionRequest", "PullSubscriptionRequest"}:
                raise EwsRefusal("ErrorInvalidPushSubscriptionUrl", "Push subscriptions are not simulated.")
            named = find(request, "t:FolderIds")
            folders = None if named is None else frozenset(folder_named(call, one)[1].id for one in named)
            subscription = Subscription(
                id=base64.b64encode(secrets.token_bytes(36)).decode(),
                mailbox=call.mailbox,
                folders=folders,
                kinds=frozenset(one.text or "" for one in need(request, "t:EventTypes")),
                is_streaming=local(request) == "StreamingSubscriptionRequest",
                seen=call.world.number,
            )
            self.by_id[subscription.id] = subscription
            told = [m("SubscriptionId", text=subscription.id)]
            told += [] if subscription.is_streaming else [m("Watermark", text=_watermark(subscription.seen))]
            return succeeded("Subscribe", *told)

        return each(call, [request], made)

    def unsubscribe(self, call: EwsCall) -> list[Element]:
        """The end of a subscription."""

        def ended(named: Element) -> Element:
            self._found(call, named.text or "")
            del self.by_id[named.text or ""]
            self.world.changed.notify_all()
            return succeeded("Unsubscribe")

        return each(call, [need(call.body, "m:SubscriptionId")], ended)

    def get_events(self, call: EwsCall) -> list[Element]:
        """What happened since a watermark, at most fifty events."""

        def told(named: Element) -> Element:
            subscription = self._found(call, named.text or "")
            before = _read_watermark(text_at(call.body, "m:Watermark") or "")
            subscription.seen = before
            pending = subscription.pending()
            page = pending[:_MOST_EVENTS]
            subscription.seen = page[-1].number if page else before
            events = [_event(one, watermark=True) for one in page]
            notification = m(
                "Notification",
                t("SubscriptionId", text=subscription.id),
                t("PreviousWatermark", text=_watermark(before)),
                t("MoreEvents", text=flag(len(pending) > len(page))),
                *(events or [t("StatusEvent", t("Watermark", text=_watermark(before)))]),
            )
            return succeeded("GetEvents", notification)

        return each(call, [need(call.body, "m:SubscriptionId")], told)

    def stream(self, call: EwsCall) -> Iterator[Element]:
        """Messages of GetStreamingEvents as they come: OK at once, notifications, and Closed when the time is over."""
        ids = [one.text or "" for one in need(call.body, "m:SubscriptionIds")]
        with self.world.lock:
            unknown = self._unknown(call, ids)
            opened = self.open_streams.get(call.mailbox.email, 0)
            self.open_streams[call.mailbox.email] = opened + 1
        try:
            if unknown:
                yield self._lost(unknown)
            elif opened >= self.world.quirks.hanging_connections:
                yield refused(
                    "GetStreamingEvents", EwsRefusal("ErrorExceededConnectionCount", "Too many connections hang open.")
                )
            else:
                minutes = int(text_at(call.body, "m:ConnectionTimeout") or "1")
                yield from self._streamed(call, ids, seconds=minutes * self.world.quirks.streaming_minute)
        finally:
            with self.world.lock:
                self.open_streams[call.mailbox.email] -= 1

    def _streamed(self, call: EwsCall, ids: list[str], *, seconds: float) -> Iterator[Element]:
        reader = object()
        with self.world.changed:
            for one in ids:
                self.by_id[one].reader = reader
            self.world.changed.notify_all()
        yield succeeded("GetStreamingEvents", m("ConnectionStatus", text="OK"))
        generation = self.generation
        until, beat = time.monotonic() + seconds, time.monotonic() + self.heartbeat
        while (now := time.monotonic()) < until and generation == self.generation and not self.ended.is_set():
            with self.world.changed:
                if any(self.by_id[one].reader is not reader for one in ids if one in self.by_id):
                    break
                unknown, pending = self._unknown(call, ids), self._pending(ids)
                if generation != self.generation:
                    break
                if not unknown and not pending and now < beat:
                    self.world.changed.wait(min(until, beat) - now)
                    continue
            if unknown:
                yield self._lost(unknown)
                return
            beat = now + self.heartbeat
            yield succeeded("GetStreamingEvents", self._told(pending))
            # Not before it is written, so that what a broken connection could not take comes again.
            for subscription, changes in pending:
                subscription.seen = max(subscription.seen, changes[-1].number)
        yield succeeded("GetStreamingEvents", m("ConnectionStatus", text="Closed"))

    def _pending(self, ids: list[str]) -> list[tuple[Subscription, list[Change]]]:
        found = [(self.by_id[one], self.by_id[one].pending()) for one in ids if one in self.by_id]
        pending = [(subscription, changes) for subscription, changes in found if changes]
        if self.are_dropped:
            for subscription, changes in pending:
                subscription.seen = changes[-1].number
            return []
        return pending

    def _told(self, pending: list[tuple[Subscription, list[Change]]]) -> Element:
        if not pending:
            return m("ConnectionStatus", text="OK")
        return m(
            "Notifications",
            *(
                m(
                    "Notification",
                    t("SubscriptionId", text=one.id),
                    *(_event(change, watermark=False) for change in changes),
                )
                for one, changes in pending
            ),
        )

    def _lost(self, unknown: list[str]) -> Element:
        ids = m("ErrorSubscriptionIds", *(m("SubscriptionId", text=one) for one in unknown))
        refusal = EwsRefusal(self.lost_as, "The specified subscription is not valid.", payload=[ids])
        return refused("GetStreamingEvents", refusal)

    def _unknown(self, call: EwsCall, ids: list[str]) -> list[str]:
        return [one for one in ids if one not in self.by_id or self.by_id[one].mailbox is not call.mailbox]

    def _found(self, call: EwsCall, subscription_id: str) -> Subscription:
        if self._unknown(call, [subscription_id]):
            raise EwsRefusal("ErrorSubscriptionNotFound", "The specified subscription was not found.")
        return self.by_id[subscription_id]


def _event(change: Change, *, watermark: bool) -> Element:
    parts = [t("Watermark", text=_watermark(change.number))] if watermark else []
    parts += [
        t("TimeStamp", text=written(change.at)),
        item_id_element(change.item_id, change.change_key),
        t("ParentFolderId", Id=change.folder),
    ]
    if change.old_item_id:
        parts += [t("OldItemId", Id=change.old_item_id), t("OldParentFolderId", Id=change.old_folder)]
    return t(change.kind, *parts)


def _watermark(number: int) -> str:
    return base64.b64encode(b"\x01\x00" + number.to_bytes(16)).decode()


def _read_watermark(text: str) -> int:
    try:
        return int.from_bytes(base64.b64decode(text, validate=True)[2:])
    except ValueError as exc:
        raise EwsRefusal("ErrorInvalidWatermark", "The watermark is not valid.") from exc
