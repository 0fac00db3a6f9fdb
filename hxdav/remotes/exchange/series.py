"""A calendar object in EWS' pieces: a single item or a master, and the exceptions that it names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime

from hxdav.domain.ids import Uid
from hxdav.domain.refusal import CalendarDataError
from hxdav.ical.objects import read_object
from hxdav.remote import RemoteId, RemoteObject, RemoteState, Tag, Unreadable
from hxdav.remotes.exchange.elements import KEY, SPELLING, Element, every, field_uri, local, m, property_uri, t
from hxdav.remotes.exchange.items_in import ASKED, event_of, exception_of, item_id, modified_of
from hxdav.remotes.exchange.items_out import key_value
from hxdav.remotes.exchange.refusal import NO_ITEM, ExchangeRefusal, senseless
from hxdav.remotes.exchange.wire import EwsAnswerTooLarge, ExchangeWire, granted
from hxdav.remotes.microsoft.events_in import extended, object_text, uid_of
from hxdav.remotes.microsoft.events_out import MARK
from hxdav.remotes.microsoft.times import Json

BATCH = 25
"""How many items are asked for at once; Exchange advises against many."""

_BROKEN = frozenset(
    {"ErrorContentConversionFailed", "ErrorCorruptData", "ErrorItemCorrupt", "ErrorItemPropertyRequestFailed"}
)
"""What Exchange says of a single item that it cannot show."""

_SENTENCE = "Exchange shows its times or its recurrence in a form that hxdav cannot read."


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeSeries:
    """A single item, or a series with its exceptions: elements as they were told.

    ``home`` is the practice's zone. ``originals`` are the moments at which the exceptions would have started, by their
    ids.
    """

    element: Element
    home: str
    exceptions: tuple[Element, ...] = ()

    @property
    def remote_id(self) -> RemoteId:
        """What Exchange calls it."""
        return RemoteId(str(item_id(self.element).get("Id", "")))

    @property
    def change_key(self) -> str:
        """Changes with the item; of a series with its exceptions, too, as far as Exchange says."""
        return str(item_id(self.element).get("ChangeKey", ""))

    @property
    def originals(self) -> dict[str, datetime]:
        """When the exceptions would have started."""
        return modified_of(self.element)

    @property
    def tag(self) -> Tag:
        """The change key, and of a series what else would change if an occurrence did."""
        told = [f"{item_id(one).get('Id')} {item_id(one).get('ChangeKey')}" for one in self.exceptions]
        told += ["".join(one.itertext()) for one in every(self.element, "t:DeletedOccurrences/t:DeletedOccurrence")]
        if not told:
            return Tag(self.change_key)
        return Tag(f"{self.change_key} {hashlib.sha256(' '.join(sorted(told)).encode()).hexdigest()[:16]}")

    def master(self) -> Json:
        """The item in Graph's words; raises ValueError."""
        return event_of(self.element, home=self.home)

    def exceptions_of(self, master: Json) -> list[Json]:
        """The exceptions in Graph's words; raises ValueError."""
        originals = self.originals
        return [
            exception_of(one, originals[str(item_id(one).get("Id", ""))], master, home=self.home)
            for one in self.exceptions
        ]

    def sighting(self) -> RemoteState:
        """What the engine is to see of it."""
        try:
            master = self.master()
            text = object_text(master, self.exceptions_of(master))
            read_object(text.encode())
        except (CalendarDataError, ValueError, KeyError, TypeError, OverflowError):
            return Unreadable(remote_id=self.remote_id, tag=self.tag, sentence=_SENTENCE)
        return RemoteObject(remote_id=self.remote_id, tag=self.tag, text=text, key=made_as(master))

    @property
    def made_as(self) -> Uid | None:
        """The UID under which hxdav has made it; a copy that the person made of it has another UID, and is theirs."""
        try:
            return made_as(self.master())
        except ValueError:
            return None


def made_as(master: Json) -> Uid | None:
    """The UID under which hxdav has made an item, where it has."""
    uid = uid_of(master)
    return uid if extended(master, MARK) == key_value(uid) else None


def master_key(tag: Tag) -> str:
    """The change key in a tag."""
    return tag.partition(" ")[0]


def read_pieces(wire: ExchangeWire, ids: Sequence[str], *, home: str) -> list[ExchangeSeries | None]:
    """Items as they are now, in order, with their exceptions; None where Exchange says that there is none such."""
    found: list[ExchangeSeries | None] = []
    for index in range(0, len(ids), BATCH):
        elements = _items(wire, [item_id_element(each) for each in ids[index : index + BATCH]])
        found += _with_exceptions(wire, elements, home=home)
    return found


def _with_exceptions(
    wire: ExchangeWire, elements: Iterable[Element | None], *, home: str
) -> list[ExchangeSeries | None]:
    elements = list(elements)
    wanted = [each for element in elements if element is not None for each in _modified(element)]
    told: dict[str, Element] = {}
    for index in range(0, len(wanted), BATCH):
        asked = wanted[index : index + BATCH]
        # An exception that is gone by now was one when its series was told: the next pull tells it anew.
        shown = zip(asked, _items(wire, [item_id_element(each) for each in asked]), strict=True)
        told |= {each: element for each, element in shown if element is not None}
    return [
        None
        if element is None
        else ExchangeSeries(
            element=element, home=home, exceptions=tuple(told[each] for each in _modified(element) if each in told)
        )
        for element in elements
    ]


def _modified(element: Element) -> list[str]:
    try:
        return list(modified_of(element))
    except ValueError:
        raise senseless() from None


def _items(wire: ExchangeWire, names: Sequence[Element]) -> list[Element | None]:
    """The items that these name, in their order; None where Exchange says that there is none such.

    An item that is larger than anything that hxdav reads, or broken, is told by its id alone: it cannot be read, and
    keeps nobody from reading the others.
    """
    asked = [*(field_uri(uri) for uri in ASKED), property_uri(KEY), property_uri(SPELLING)]
    shape = m(
        "ItemShape",
        t("BaseShape", text="IdOnly"),
        t("BodyType", text="Text"),
        t("AdditionalProperties", *asked),
    )
    try:
        messages = wire.ask(m("GetItem", shape, m("ItemIds", *map(deepcopy, names))))
    except EwsAnswerTooLarge:
        if len(names) == 1:
            return [_by_id_alone(names[0])]
        half = len(names) // 2
        return [*_items(wire, names[:half]), *_items(wire, names[half:])]
    if len(messages) != len(names):
        raise senseless()
    return [_told(message, name) for message, name in zip(messages, names, strict=True)]


def _told(message: Element, name: Element) -> Element | None:
    try:
        told = granted(message)
    except ExchangeRefusal as refusal:
        if refusal.code == NO_ITEM:
            return None
        if refusal.code in _BROKEN:
            return _by_id_alone(name)
        raise
    found = every(told, "m:Items/*")
    if len(found) != 1 or not local(found[0]) or not every(found[0], "t:ItemId"):
        raise senseless()
    return found[0]


def _by_id_alone(name: Element) -> Element:
    return t("CalendarItem", deepcopy(name))


def item_id_element(own_id: str, change_key: str = "") -> Element:
    """``t:ItemId``."""
    return t("ItemId", Id=own_id, ChangeKey=change_key) if change_key else t("ItemId", Id=own_id)
