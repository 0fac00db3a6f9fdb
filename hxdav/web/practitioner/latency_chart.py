"""How quickly changes went over a bridge in the last day, drawn: without script, its figures beside it.

The picture is a document of its own, which sees nothing of the page's style sheet; the page asks for the dark one where
that suits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from http import HTTPStatus
from math import log
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, render_template, request

from hxdav.domain.ids import IntegrationId
from hxdav.services.integrations.latency import QUARTERS, DayOfLag, Journeys, day_of_lag
from hxdav.store.latencies import QUARTER
from hxdav.web.auth.visitors import Answer, for_practitioners, practitioner
from hxdav.web.settings import WebBackend

WIDTH, HEIGHT = 360, 202
_LEFT, _PLOT_WIDTH = 40, 312
_PLOT_HEIGHT = 52
_TOPS = {"out": 28, "in": 124}
_LEAST_BAR = 2.0
_TICKS = {
    "1 s": timedelta(seconds=1),
    "1 min": timedelta(minutes=1),
    "1 h": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "1 week": timedelta(days=7),
}
_HOURS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """Of the picture's words, lines and bars; they are those of the style sheet."""

    ink: str
    line: str
    bar: str


_LIGHT = Colours(ink="#556164", line="#d6dcdd", bar="#0b6e69")
_DARK = Colours(ink="#a3b0b2", line="#354042", bar="#5fc9c1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A rectangle."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A word beside a line: ``at`` is the line's place on its axis."""

    at: float
    word: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One way's half of the picture."""

    title: str
    top: int
    bottom: int
    ticks: tuple[Mark, ...]
    bars: tuple[Bar, ...]


def lag_routes(backend: WebBackend) -> Blueprint:
    """The picture, and what the page says of it."""
    pages = _Lag(backend)
    routes = Blueprint("lag", __name__, url_prefix="/app/settings/integrations")
    routes.add_url_rule("/<int:number>/lag.svg", "drawn", for_practitioners(pages.drawn))
    routes.add_app_template_filter(duration_words)
    return routes


@dataclass(frozen=True, slots=True)
class _Lag:
    backend: WebBackend

    def drawn(self, number: int) -> Answer:
        own = practitioner()
        with self.backend.store.snapshot() as tx:
            listed = (each for each in tx.integrations.of(own.id) if each.id == IntegrationId(number))
            integration = next(listed, None)
            day = None if integration is None else day_of_lag(tx, self.backend.clock, integration=integration)
            zone = ZoneInfo(tx.people.practice_group(own.practice_group_id).zone)
        if day is None:
            abort(HTTPStatus.NOT_FOUND)
        picture = render_template(
            "lag_picture.html",
            width=WIDTH,
            height=HEIGHT,
            left=_LEFT,
            right=_LEFT + _PLOT_WIDTH,
            bar_width=_PLOT_WIDTH / QUARTERS - 0.5,
            colours=_DARK if request.args.get("ground") == "dark" else _LIGHT,
            panels=_panels(day),
            hours=tuple(_hours(day.since, zone)),
        )
        return Response(picture, mimetype="image/svg+xml")


def duration_words(duration: timedelta) -> str:
    """How long something took, as nobody would say it more exactly."""
    seconds = duration.total_seconds()
    for word, unit in (("days", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if duration >= 2 * unit:
            return f"{duration / unit:.0f} {word}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - below that tenths tell


def _panels(day: DayOfLag) -> list[Panel]:
    slowest = max((each.slowest for each in (day.outward, day.inward) if each), default=timedelta())
    ceiling = next((each for each in list(_TICKS.values())[1:] if slowest <= each), slowest)
    return [
        _panel("From here to the calendar", day.outward, top=_TOPS["out"], ceiling=ceiling),
        _panel("From the calendar to here", day.inward, top=_TOPS["in"], ceiling=ceiling),
    ]


def _panel(title: str, journeys: Journeys | None, *, top: int, ceiling: timedelta) -> Panel:
    bottom = top + _PLOT_HEIGHT
    quarters = journeys.quarters if journeys else ()
    bars = (
        Bar(x=round(_LEFT + number * _PLOT_WIDTH / QUARTERS, 2), y=round(bottom - height, 2), height=round(height, 2))
        for number, slowest in enumerate(quarters)
        if slowest is not None
        for height in [max(_LEAST_BAR, _height(slowest, ceiling))]
    )
    ticks = (
        Mark(at=round(bottom - _height(taken, ceiling), 2), word=word)
        for word, taken in _TICKS.items()
        if taken <= ceiling
    )
    return Panel(title=title, top=top, bottom=bottom, ticks=tuple(ticks), bars=tuple(bars))


def _height(taken: timedelta, ceiling: timedelta) -> float:
    """Each step up is as many times longer: a second and a day both have a place."""
    seconds = max(1.0, taken.total_seconds())
    return _PLOT_HEIGHT * log(seconds) / log(ceiling.total_seconds())


def _hours(since: datetime, zone: tzinfo) -> Iterator[Mark]:
    """Every sixth hour by the practice's clock."""
    for number in range(QUARTERS):
        moment = (since + number * QUARTER).astimezone(zone)
        if moment.hour % _HOURS == 0 and moment.minute == 0:
            yield Mark(at=round(_LEFT + number * _PLOT_WIDTH / QUARTERS, 2), word=f"{moment:%H:%M}")
