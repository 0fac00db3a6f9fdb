"""Items as an Exchange server would show what hxdav writes, without a server."""

from __future__ import annotations

from hxdav.remotes.exchange.elements import Element, t
from hxdav.remotes.exchange.items_out import bodies_of, new_item
from hxdav.remotes.exchange.series import ExchangeSeries

HOME = "Australia/Sydney"


def an_item(*children: Element) -> Element:
    """``t:CalendarItem`` with an id."""
    return t("CalendarItem", t("ItemId", Id="AAMkAD1", ChangeKey="DwAAAB1"), *children)


def as_shown(text: str, *, home: str = HOME) -> ExchangeSeries:
    """What would be shown of a calendar object without exceptions, just after it was made."""
    return ExchangeSeries(element=an_item(*new_item(bodies_of(text), home=home)), home=home)
