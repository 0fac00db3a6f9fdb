"""For other processes, beside Google's API: what a person does in Google's own app, and what they see there.

None of it counts as a request of an application.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.simulators.google.people import Person
from tests.simulators.google.wire import Json, WireRequest, json_answer
from tests.simulators.serving import WireAnswer

_TOLD = ("id", "summary", "created", "updated", "start")


class Control:
    """The endpoints below ``/_simulator/``; ``person`` gives the owner of an account."""

    def __init__(self, person: Callable[[str], Person]) -> None:
        self._person = person
        self.endpoints: dict[tuple[str, str], Callable[[WireRequest], WireAnswer]] = {
            ("POST", "/_simulator/retitle"): self._retitle,
            ("GET", "/_simulator/events"): self._events,
        }

    def _retitle(self, request: WireRequest) -> WireAnswer:
        """``user`` gives the event ``id`` in ``calendar`` another ``summary``."""
        form = request.form
        changed = self._person(form["user"]).change_event(form["calendar"], form["id"], summary=form["summary"])
        return json_answer(200, changed)

    def _events(self, request: WireRequest) -> WireAnswer:
        """What there is in each calendar that an application has made for ``user``, by the calendar's name."""
        person = self._person(request.query["user"][0])
        told: Json = {
            calendar.summary: [{name: one.get(name) for name in _TOLD} for one in person.events(calendar.id)]
            for calendar in person.calendars()
            if calendar.maker
        }
        return json_answer(200, told)
