"""For other processes, beside Graph's API: tokens, what a person does in Outlook, and what was asked so far.

None of it counts as a request of an application. Bodies are JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.simulators.graph.wire import Json, WireRequest, json_answer
from tests.simulators.serving import WireAnswer

if TYPE_CHECKING:
    from tests.simulators.graph.simulator import GraphSimulator

_TOLD = ("id", "subject", "createdDateTime", "lastModifiedDateTime", "start")


class Control:
    """The endpoints below ``/_simulator/``."""

    def __init__(self, graph: GraphSimulator) -> None:
        self._graph = graph
        self._endpoints: dict[tuple[str, str], Callable[[WireRequest], WireAnswer]] = {
            ("POST", "/_simulator/token"): self._token,
            ("POST", "/_simulator/accept"): self._accept,
            ("POST", "/_simulator/revoke"): self._revoke,
            ("POST", "/_simulator/change"): self._change,
            ("GET", "/_simulator/events"): self._events,
            ("GET", "/_simulator/report"): self._report,
        }

    def find(self, request: WireRequest) -> Callable[[WireRequest], WireAnswer] | None:
        """The endpoint of a request, if it is one of these."""
        return self._endpoints.get((request.method, request.path))

    def _token(self, request: WireRequest) -> WireAnswer:
        """A token for ``user`` with ``scopes``."""
        asked = request.json()
        person = self._graph.user(asked["user"])
        return json_answer(200, {"access_token": person.token(*asked.get("scopes", ()))})

    def _accept(self, request: WireRequest) -> WireAnswer:
        """Let in a ``token`` that an authorization server has issued to ``user`` for ``scopes``."""
        asked = request.json()
        self._graph.user(asked["user"])
        self._graph.tokens.accept(asked["token"], user=asked["user"], scopes=asked["scopes"])
        return json_answer(204, None)

    def _revoke(self, request: WireRequest) -> WireAnswer:
        """``user`` takes consent back."""
        self._graph.tokens.revoke(request.json()["user"])
        return json_answer(204, None)

    def _change(self, request: WireRequest) -> WireAnswer:
        """``user`` changes ``fields`` of the event ``id``."""
        asked = request.json()
        changed = self._graph.user(asked["user"]).change_event(asked["id"], **asked["fields"])
        return json_answer(200, {name: changed[name] for name in _TOLD})

    def _events(self, request: WireRequest) -> WireAnswer:
        """What there is in each calendar of ``user``, by the calendar's name."""
        person = self._graph.user(request.query["user"])
        told: Json = {
            calendar.name: [{name: one[name] for name in _TOLD} for one in person.events(calendar.id)]
            for calendar in person.calendars()
        }
        return json_answer(200, told)

    def _report(self, request: WireRequest) -> WireAnswer:
        """What was asked so far, by whom, and what broke the types."""
        meter = self._graph.requests
        users: Json = {
            user: {
                "requests": meter.made(user),
                "refused": meter.refused(user),
                "most_at_once": meter.most_at_once(user),
            }
            for user in meter.users()
        }
        world = self._graph.world
        return json_answer(200, {"violations": self._graph.violations, "users": users, "mailed": world.mailed})
