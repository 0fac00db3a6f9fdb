"""Google Calendar in one object: routes requests, applies faults and quotas, and holds both sides to the schema.

The batch endpoint is not simulated: hxdav makes single calls (docs/providers.md §2.6).
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from tests.simulators.google.api import ApiCall, CalendarApi
from tests.simulators.google.channels import Channels
from tests.simulators.google.control import Control
from tests.simulators.google.faults import Fault, FaultKind, Faults
from tests.simulators.google.listing import Listings
from tests.simulators.google.meter import Meter
from tests.simulators.google.oauth import Access, Authority, OAuthClient
from tests.simulators.google.partial import selected
from tests.simulators.google.people import Person
from tests.simulators.google.schema import Match, calendar_schema
from tests.simulators.google.wire import Json, Refusal, WireRequest, invalid, json_answer, not_found, refusal_answer
from tests.simulators.google.world import Clock, Quirks, World, real_clock
from tests.simulators.serving import AnswerLost, WireAnswer

API_ROOT = "/calendar/v3/"
SHARES = {FaultKind.EMPTY: 0.0, FaultKind.PARTIAL: 0.5}


class GoogleSimulator:
    """All of it, without the HTTP server around it.

    ``violations`` are the sentences on what broke the published schema, by whichever side: a test asserts that there
    are none. The address is where the server listens, known once it does.
    """

    def __init__(
        self,
        *,
        clock: Clock = real_clock,
        application: OAuthClient | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self.url = ""
        self.application = application or OAuthClient()
        self.world = World(clock)
        self.authority = Authority(self.world, self.application)
        self.listings = Listings(self.world)
        self.channels = Channels(self.world, base_url=lambda: self.url, trust=trust)
        self.api = CalendarApi(self.world, self.listings, self.channels)
        self.faults = Faults()
        self.requests = Meter()
        self.violations: list[str] = []
        self.schema = calendar_schema()
        self._endpoints: dict[tuple[str, str], Callable[[WireRequest], WireAnswer]] = {
            ("GET", "/o/oauth2/v2/auth"): self.authority.authorize,
            ("POST", "/token"): self.authority.token,
            ("POST", "/revoke"): self.authority.revoke,
            ("GET", "/oauth2/v3/userinfo"): self.authority.userinfo,
            ("POST", "/_simulator/token"): self._give_token,
            ("GET", "/_simulator/report"): self._report,
            **Control(self.user).endpoints,
        }

    def user(self, email: str, *, zone: str = "UTC") -> Person:
        """The person with that account, made where it is new, as they sit before Google's own app."""
        with self.world.lock:
            self.world.add_user(email, zone=zone)
        return Person(email, world=self.world, authority=self.authority, listings=self.listings)

    @property
    def quirks(self) -> Quirks:
        """What Google does to some and not to others."""
        return self.world.quirks

    def answer(self, request: WireRequest) -> WireAnswer:
        """The answer to a request; raises ``AnswerLost`` where there is to be none."""
        fault = self.faults.take(request.method, request.path)
        if fault is None:
            return self._routed(request)
        if fault.seconds:
            time.sleep(fault.seconds)
        if fault.refusal:
            return self._refused(request, fault.refusal)
        answer = self._routed(request, share=SHARES.get(fault.kind, 1.0))
        return self._spoiled(request, answer, fault)

    def close(self) -> None:
        """End what runs beside it."""
        self.channels.close()

    # -- within

    def _spoiled(self, request: WireRequest, answer: WireAnswer, fault: Fault) -> WireAnswer:
        match fault.kind:
            case FaultKind.LOST:
                raise AnswerLost
            case FaultKind.DOUBLED:
                return self._routed(request)
            case FaultKind.CUT:
                return replace(answer, cut=True)
            case _:
                return answer

    def _refused(self, request: WireRequest, refusal: Refusal) -> WireAnswer:
        # A request that a fault refuses is a request none the less, and counts as its user's.
        try:
            with self.world.lock:
                self.requests.admit(self.authority.access(request).user)
        except Refusal:
            pass
        return refusal_answer(refusal)

    def _routed(self, request: WireRequest, *, share: float = 1.0) -> WireAnswer:
        endpoint = self._endpoints.get((request.method, request.path))
        try:
            with self.world.lock:
                if endpoint:
                    return endpoint(request)
                return self._calendar_answer(request, share)
        except Refusal as refusal:
            return refusal_answer(refusal)

    def _calendar_answer(self, request: WireRequest, share: float) -> WireAnswer:
        match = self._understood(request)
        access = self.authority.access(request)
        self.requests.admit(access.user)
        call = self._call(request, match, access, share)
        answer = self.api.perform(call)
        self.violations += self.schema.answer_problems(match.operation, answer)
        if answer is None:
            return WireAnswer(code=204)
        etag = answer.get("etag", "")
        if request.method == "GET" and etag and request.headers.get("if-none-match") == etag:
            return WireAnswer(code=304, headers={"ETag": etag})
        told = selected(answer, request.query["fields"][0]) if "fields" in request.query else answer
        return json_answer(200, told, {"ETag": etag} if etag else {})

    def _understood(self, request: WireRequest) -> Match:
        path = request.path
        match = self.schema.find(request.method, path.removeprefix(API_ROOT)) if path.startswith(API_ROOT) else None
        if match is None:
            self.violations.append(f"{request.method} {path}: no such method")
            raise not_found()
        return match

    def _call(self, request: WireRequest, match: Match, access: Access, share: float) -> ApiCall:
        body = _json_of(request)
        problems = self.schema.query_problems(match.operation, request.query)
        problems += self.schema.body_problems(match.operation, body)
        if match.operation.name not in self.api.methods:
            problems.append(f"{match.operation.name}: not simulated")
        if problems:
            self.violations += problems
            raise invalid("; ".join(problems))
        return ApiCall(
            match=match, access=access, query=request.query, headers=request.headers, body=body or {}, share=share
        )

    def _give_token(self, request: WireRequest) -> WireAnswer:
        """For other processes: an access token of any user and scopes."""
        form = request.form
        self.world.add_user(form["user"])
        token = self.authority.token_for(form["user"], *form.get("scope", "").split())
        return json_answer(200, {"access_token": token})

    def _report(self, request: WireRequest) -> WireAnswer:
        """For other processes: what was asked so far, and what broke the schema."""
        users: Json = {
            user: {
                "requests": self.requests.made(user),
                "refused": self.requests.refused(user),
                "busiest_minute": self.requests.busiest_minute(user),
            }
            for user in self.requests.users()
        }
        sent = [asdict(update) for update in self.api.send_updates if update.value != "none"]
        return json_answer(200, {"violations": self.violations, "users": users, "mailed": sent})


def _json_of(request: WireRequest) -> Any:
    if not request.body:
        return None
    try:
        return json.loads(request.body)
    except ValueError as exc:
        raise Refusal(400, "parseError", "Parse Error") from exc
