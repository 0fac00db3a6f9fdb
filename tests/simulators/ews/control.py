"""For other processes, beside EWS: what a person does in Outlook, and what was asked so far.

None of it counts as a request of an application.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from tests.simulators.ews.times import written
from tests.simulators.ews.wire import EwsRefusal
from tests.simulators.serving import HttpRequest, WireAnswer

if TYPE_CHECKING:
    from tests.simulators.ews.simulator import ExchangeSimulator


class Control:
    """The endpoints below ``/_simulator/``; each takes a form and answers JSON."""

    def __init__(self, exchange: ExchangeSimulator) -> None:
        self._exchange = exchange
        self._endpoints: dict[str, Callable[[dict[str, str]], Any]] = {
            "/_simulator/report": self._report,
            "/_simulator/account": self._account,
            "/_simulator/retitle": self._retitle,
            "/_simulator/items": self._items,
        }

    def answer(self, request: HttpRequest) -> WireAnswer:
        """The answer of one of them."""
        endpoint = self._endpoints.get(request.path)
        if endpoint is None:
            return WireAnswer(code=404)
        try:
            told = endpoint(dict(parse_qsl(urlsplit(request.target).query)) | dict(parse_qsl(request.body.decode())))
        except EwsRefusal as refusal:
            return WireAnswer(code=400, body=refusal.code.encode())
        return WireAnswer(code=200, headers={"Content-Type": "application/json"}, body=json.dumps(told).encode())

    def _report(self, _: dict[str, str]) -> Any:
        """What was asked so far, what broke the schema, and which writes would have sent mail."""
        meter = self._exchange.requests
        return {
            "violations": self._exchange.violations,
            "users": {
                user: {"requests": meter.made(user), "most_at_once": meter.most_at_once(user)} for user in meter.users()
            },
            "mailed": [one.operation for one in self._exchange.send_choices if one.choice != "SendToNone"],
        }

    def _account(self, form: dict[str, str]) -> Any:
        """The account of ``user``, made where it is new, in ``zone``, and its password."""
        return {"password": self._exchange.user(form["user"], zone=form["zone"]).password}

    def _retitle(self, form: dict[str, str]) -> Any:
        """``user`` gives the item ``id`` another ``subject``."""
        return {"id": self._exchange.user(form["user"]).change(form["id"], Subject=form["subject"]).id}

    def _items(self, form: dict[str, str]) -> Any:
        """What there is in each calendar of ``user``, by the calendar's name."""
        person = self._exchange.user(form["user"])
        stored = self._exchange.world.mailboxes[person.email.lower()].items
        return {
            folder.name: [
                {
                    "id": one.id,
                    "subject": one.text("Subject"),
                    "start": written(one.start),
                    "made": stored[one.id].made_at.isoformat(),
                    "changed": stored[one.id].changed_at.isoformat(),
                }
                for one in person.items(folder.id)
            ]
            for folder in person.calendars()
        }
