"""Microsoft Graph in one object: lets requests in, applies faults and limits, and holds both sides to the schema."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

from tests.simulators.graph.api import GraphApi, GraphCall, Route, body_of
from tests.simulators.graph.batch import batch_answer
from tests.simulators.graph.control import Control
from tests.simulators.graph.delta import DeltaView
from tests.simulators.graph.faults import Fault, FaultKind, Faults
from tests.simulators.graph.listing import Listings
from tests.simulators.graph.meter import Meter
from tests.simulators.graph.people import Person
from tests.simulators.graph.schema import graph_schema
from tests.simulators.graph.shown import Shape
from tests.simulators.graph.subscriptions import Subscriptions
from tests.simulators.graph.tokens import Access, TokenBook
from tests.simulators.graph.wire import Json, Refusal, WireRequest, denied, json_answer, refusal_answer, unreadable
from tests.simulators.graph.world import Clock, Quirks, World, real_clock
from tests.simulators.serving import AnswerLost, WireAnswer

BATCH = "/v1.0/$batch"
SHARES = {FaultKind.EMPTY: 0.0, FaultKind.PARTIAL: 0.5}
_SYSTEM = "$select $expand $filter $orderby $top $skip $count $search $skiptoken $deltatoken"
OPTIONS = frozenset([*_SYSTEM.split(), "startdatetime", "enddatetime"])


class GraphSimulator:
    """All of it, without the HTTP server around it.

    ``violations`` are the sentences on what broke the types, by whichever side: a test asserts that there are none. The
    address is where the server listens, known once it does; the API is below ``/v1.0``.
    """

    def __init__(self, *, clock: Clock = real_clock, trust: ssl.SSLContext | None = None) -> None:
        self.url = ""
        self.world = World(clock)
        self.tokens = TokenBook(clock)
        self.subscriptions = Subscriptions(self.world, trust=trust)
        self.listings = Listings(self.world, base_url=lambda: self.url)
        self.delta = DeltaView(self.world, base_url=lambda: self.url)
        self.api = GraphApi(self.world, listings=self.listings, delta=self.delta, subscriptions=self.subscriptions)
        self.faults = Faults()
        self.requests = Meter()
        self.schema = graph_schema()
        self._violations: list[str] = []
        self._control = Control(self)
        self.tokens.listeners.append(self.subscriptions.forget)

    def user(self, email: str, *, personal: bool = False) -> Person:
        """The person with that account, made where it is new, as they sit before Outlook."""
        with self.world.lock:
            self.world.add_mailbox(email, personal=personal)
        return Person(email, world=self.world, tokens=self.tokens)

    @property
    def quirks(self) -> Quirks:
        """What Graph does to some and not to others."""
        return self.world.quirks

    @property
    def violations(self) -> list[str]:
        """What broke the types so far."""
        return [*self._violations, *self.subscriptions.violations]

    def note(self, sentence: str) -> None:
        """Add a violation."""
        self._violations.append(sentence)

    def answer(self, request: WireRequest) -> WireAnswer:
        """The answer to a request; raises ``AnswerLost`` where there is to be none."""
        own = self._control.find(request)
        if own:
            return own(request)
        if (request.method, request.path) != ("POST", BATCH):
            return self._one(request)
        return self._faulty(request, lambda: self._batched(request))

    def start(self) -> None:
        """Begin what runs beside it."""
        self.subscriptions.start()

    def close(self) -> None:
        """End what runs beside it."""
        self.subscriptions.close()

    # -- within

    def _batched(self, request: WireRequest) -> WireAnswer:
        try:
            self.tokens.access(request)
            return json_answer(200, batch_answer(request, self._one))
        except Refusal as refusal:
            return refusal_answer(refusal)

    def _one(self, request: WireRequest) -> WireAnswer:
        """One request, alone or out of a batch; while it runs, it counts as one at its mailbox."""
        try:
            access = self.tokens.access(request)
            with self.requests.admitted(access.user):
                return self._faulty(request, lambda: self._routed(request, access))
        except Refusal as refusal:
            return refusal_answer(refusal)

    def _faulty(self, request: WireRequest, carried_out: Callable[[], WireAnswer]) -> WireAnswer:
        fault = self.faults.take(request.method, request.path)
        if fault is None:
            return carried_out()
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.kind is FaultKind.REFUSED and fault.refusal:
            return refusal_answer(fault.refusal)
        if fault.kind in SHARES:
            return self._routed(request, self.tokens.access(request), share=SHARES[fault.kind])
        return _spoiled(carried_out, fault)

    def _routed(self, request: WireRequest, access: Access, *, share: float = 1.0) -> WireAnswer:
        try:
            route, values = self.api.find(request)
            with nullcontext() if route.waits else self.world.lock:
                self.world.add_mailbox(access.user)
                call = GraphCall(
                    request=request,
                    values=values,
                    body=body_of(route, request),
                    access=access,
                    shape=Shape.of(request),
                    share=share,
                )
                self._check_call(route, call)
                code, body = route.run(call)
        except Refusal as refusal:
            return refusal_answer(refusal)
        self._check_answer(route, body)
        etag = (body or {}).get("@odata.etag")
        return json_answer(code, body, call.shape.headers | ({"ETag": etag} if etag else {}))

    def _check_call(self, route: Route, call: GraphCall) -> None:
        if not call.access.allows(*route.scopes):
            if route.gives == "user":
                raise Refusal(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
            raise denied()
        unknown = [name for name in call.request.query if name.lower() not in OPTIONS]
        problems = [f"an unknown option {name}" for name in unknown]
        if route.takes:
            problems += self.schema.problems(route.takes, call.body)
        if problems:
            self._violations += [f"{route.method} {'/'.join(route.parts)}: {text}" for text in problems]
            raise unreadable("; ".join(problems))

    def _check_answer(self, route: Route, body: Json | None) -> None:
        problems: list[str] = []
        if (body is None) != (route.gives is None):
            problems = ["a body where none belongs, or none where one does"]
        elif route.gives and body is not None:
            problems = (self.schema.listing_problems if route.lists else self.schema.problems)(route.gives, body)
        self._violations += [f"answer to {route.method} {'/'.join(route.parts)}: {text}" for text in problems]


def _spoiled(carried_out: Callable[[], WireAnswer], fault: Fault) -> WireAnswer:
    answer = carried_out()
    match fault.kind:
        case FaultKind.LOST:
            raise AnswerLost
        case FaultKind.DOUBLED:
            return carried_out()
        case FaultKind.CUT:
            return replace(answer, cut=True)
        case FaultKind.FAILED if fault.refusal:
            return refusal_answer(fault.refusal)
        case _:
            return answer
