"""A series on its way to a service and back, through the whole of hxdav, and what is seen on both sides."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from hxdav.domain.bridge import ExternalAccount
from hxdav.domain.edit import Applied
from hxdav.domain.ids import IntegrationId
from hxdav.domain.integration import Service
from hxdav.remote import Remote
from hxdav.store.store import Store
from hxdav.sync.engine import Engine
from tests.bridges import BridgedWorld
from tests.builders import PracticeWorld, a_practice, a_store
from tests.fidelity.faces import CalDavFace, Face
from tests.fidelity.occurrences import PRACTICE, Occurrence, Span, occurrences_of
from tests.fidelity.places import PLACES, Account, NewAccount
from tests.fidelity.shapes import Shape
from tests.integration.dav.caller import CALENDAR, Caller, calling

HREF = "series.ics"
UID = "series@fidelity.example"
RETITLED = "Supervision, by video"

EVERYTHING = Span(starts=datetime(2026, 8, 1, tzinfo=UTC), ends=datetime(2030, 1, 1, tzinfo=UTC))
"""Further than the horizon by years: a series goes as a whole."""

WINDOW = Span(starts=datetime(2026, 11, 22, tzinfo=PRACTICE), ends=datetime(2027, 6, 12, tzinfo=PRACTICE))
"""What goes as single events (rule 4)."""


class Form(StrEnum):
    """How a service shows a series, in the words of the table."""

    SERIES = "one series"
    ZONED_SERIES = "one series, in the practice's time zone"
    SINGLES = "single events"

    @property
    def span(self) -> Span:
        """From when until when it is shown."""
        return WINDOW if self is Form.SINGLES else EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """What the person sees at the service, and what the practice has."""

    there: list[Occurrence]
    here: list[Occurrence]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """What was seen of one shape at one service: when it had arrived, and after each of two edits there.

    ``wanted`` is what there is to be seen each time: all of it here, and there what is in the span of its form.
    """

    form: Form
    arrived: Sides
    retitled: Sides
    deleted: Sides
    wanted: tuple[list[Occurrence], list[Occurrence], list[Occurrence]]


@dataclass(kw_only=True)
class ProvidedWorld(BridgedWorld):
    """A practice and its engine, before an account at a simulated service instead of one in memory."""

    opened: Callable[[], Remote]
    keeps_floating: bool = False

    def an_engine(self, worker: str = "one") -> Engine:
        """An engine that no service calls."""
        engine = super().an_engine(worker)
        engine.hooks = None
        return engine

    def _open(self, _account: ExternalAccount) -> Remote:
        remote = self.opened()
        self.keeps_floating = remote.capabilities.floating
        return remote


class Crossings:
    """Takes shapes to one service, each to an account of its own there, and from a store that knows of no other."""

    def __init__(self, service: Service, new_account: NewAccount | None, *, store: Store) -> None:
        self.service = service
        self._new_account = new_account
        self._store = store
        self._empty = sqlite3.connect(":memory:")
        with _driver(store) as driver:
            driver.backup(self._empty)

    def of(self, shape: Shape) -> Crossing:
        """What happens to one shape."""
        with _driver(self._store) as driver:
            self._empty.backup(driver)
        practice = a_practice(self._store)
        if self._new_account is None:
            return _crossed(_native(practice, shape), shape)
        return _crossed(_bridged(practice, shape, self._new_account()), shape)

    def close(self) -> None:
        """Give back what it holds."""
        self._empty.close()


@contextmanager
def crossings(service: Service) -> Iterator[Crossings]:
    """The way to a service, which is started for the length of the block."""
    with (
        closing(a_store("sqlite:///:memory:")) as store,
        PLACES[service]() if service in PLACES else nullcontext() as new_account,
        closing(Crossings(service, new_account, store=store)) as way,
    ):
        yield way


@contextmanager
def _driver(store: Store) -> Iterator[sqlite3.Connection]:
    with store.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        yield driver


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ground:
    """The practice, a native calendar of it, and the service's; ``settle`` brings both together."""

    practice: PracticeWorld
    home: IntegrationId
    face: Face
    keeps_floating: bool
    settle: Callable[[], None]

    def sides(self, span: Span) -> Sides:
        text = self.practice.text_of(self.home, HREF)
        return Sides(there=self.face.seen(span), here=occurrences_of([text], EVERYTHING))


def _native(practice: PracticeWorld, shape: Shape) -> _Ground:
    shelf = _NativeShelf(calling(practice))
    home = _put(practice, shape)
    return _Ground(practice=practice, home=home, face=CalDavFace(shelf), keeps_floating=True, settle=lambda: None)


def _bridged(practice: PracticeWorld, shape: Shape, account: Account) -> _Ground:
    home = _put(practice, shape)
    world = ProvidedWorld(practice=practice, opened=account.opened)
    integration_id = world.connect(account.service)
    world.round()

    def settle() -> None:
        practice.clock.advance(seconds=1)
        world.look(integration_id)

    face = account.face(world.bridge(integration_id).calendar_id or "")
    return _Ground(practice=practice, home=home, face=face, keeps_floating=world.keeps_floating, settle=settle)


def _put(practice: PracticeWorld, shape: Shape) -> IntegrationId:
    """Put the series into a calendar of hxdav's own; which one that is."""
    home = practice.integration("hx-home")
    outcome = practice.put(home, HREF, shape.text(UID))
    assert isinstance(outcome, Applied), outcome
    return home


def _crossed(ground: _Ground, shape: Shape) -> Crossing:
    form = _form(ground, shape)
    wanted = occurrences_of([shape.text(UID)], EVERYTHING)
    arrived = ground.sides(form.span)
    called, left_out = _picked(wanted, form)
    ground.face.retitle(called, RETITLED)
    ground.settle()
    retitled = ground.sides(form.span)
    ground.face.delete(left_out)
    # Twice: what was brought in may have gone out again, and has to stay as it is then.
    ground.settle()
    ground.settle()
    after_retitling = [replace(each, title=RETITLED) if each == called else each for each in wanted]
    after_deleting = [each for each in after_retitling if each != left_out]
    return Crossing(
        form=form,
        arrived=arrived,
        retitled=retitled,
        deleted=ground.sides(form.span),
        wanted=(wanted, after_retitling, after_deleting),
    )


def _form(ground: _Ground, shape: Shape) -> Form:
    if ground.face.objects() > 1:
        return Form.SINGLES
    return Form.ZONED_SERIES if shape.is_floating and not ground.keeps_floating else Form.SERIES


def _picked(wanted: list[Occurrence], form: Form) -> tuple[Occurrence, Occurrence]:
    """The occurrences that the person retitles and deletes: the second and the third that are ahead."""
    ahead = WINDOW.of(wanted)
    _, called, left_out, *_ = ahead if len(ahead) > _FEWEST or form is Form.SINGLES else wanted
    return called, left_out


_FEWEST = 2


class _NativeShelf:
    """The practitioner's calendar on hxdav itself, over CalDAV."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    def objects(self) -> dict[str, str]:
        urls = [url for url in self._caller.propfind(CALENDAR, "D:getetag", depth="1").responses if url != CALENDAR]
        texts = {url.removeprefix(CALENDAR): self._caller.request("GET", url) for url in urls}
        assert {got.status for got in texts.values()} <= {200}
        return {name: got.body.decode() for name, got in texts.items()}

    def put(self, name: str, text: str) -> None:
        assert self._caller.put(name, text).status in {201, 204}

    def delete(self, name: str) -> None:
        assert self._caller.request("DELETE", CALENDAR + name).status == 204

    def delete_calendar(self) -> None:
        raise NotImplementedError


def require_same(crossing: Crossing) -> None:
    """Fail where anything is seen otherwise than it should be, at one time or the other, on one side or the other."""
    times = zip((crossing.arrived, crossing.retitled, crossing.deleted), crossing.wanted, strict=True)
    for seen, wanted in times:
        assert seen.there == crossing.form.span.of(wanted)
        assert seen.here == wanted
