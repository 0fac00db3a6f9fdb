"""$batch: up to twenty requests in one body, answered in no order (https://learn.microsoft.com/graph/json-batching)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.simulators.graph.wire import Json, Refusal, WireRequest
from tests.simulators.serving import WireAnswer

MOST = 20
Answering = Callable[[WireRequest], WireAnswer]


def batch_answer(request: WireRequest, answering: Answering) -> Json:
    """The answers to every part, last one first; a part whose forerunners have failed is not carried out (424)."""
    parts = _parts(request.json())
    done: dict[str, Json] = {}
    for part in parts:
        named = str(part["id"])
        failed = [one for one in part.get("dependsOn") or [] if done.get(str(one), {"status": 424})["status"] >= 400]
        if failed:
            refusal = Refusal(424, "FailedDependency", "A request that this one depends on has failed.")
            done[named] = {"id": named, "status": 424, "headers": {}, "body": refusal.body()}
        else:
            done[named] = _answered(named, answering(_request(part, request.headers)))
    return {"responses": list(reversed(done.values()))}


def _parts(body: Any) -> list[Json]:
    parts = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(parts, list) or not parts:
        raise _refused("A batch needs its requests.")
    if len(parts) > MOST:
        raise _refused(f"Number of batch request steps exceeds the maximum value of {MOST}.")
    for part in parts:
        if not isinstance(part, dict) or not {"id", "method", "url"} <= part.keys():
            raise _refused("A part of a batch needs its id, method and url.")
        if part.get("body") is not None and "content-type" not in {name.lower() for name in part.get("headers", {})}:
            raise _refused("A part of a batch with a body needs its Content-Type.")
    names = [str(part["id"]) for part in parts]
    if len(set(names)) != len(names):
        raise _refused("Two parts of a batch have one id.")
    return parts


def _request(part: Json, outer: Mapping[str, str]) -> WireRequest:
    headers = {name.lower(): value for name, value in (part.get("headers") or {}).items()}
    if "authorization" in outer:
        headers.setdefault("authorization", outer["authorization"])
    body = json.dumps(part["body"]).encode() if part.get("body") is not None else b""
    return WireRequest(method=part["method"], target=f"/v1.0/{part['url'].lstrip('/')}", headers=headers, body=body)


def _answered(named: str, answer: WireAnswer) -> Json:
    told: Json = {"id": named, "status": answer.code, "headers": dict(answer.headers)}
    if answer.body:
        # A part that was cut off cannot be told as JSON; what is no JSON goes as base64.
        told["body"] = base64.b64encode(answer.body).decode() if answer.cut else json.loads(answer.body)
    return told


def _refused(sentence: str) -> Refusal:
    return Refusal(400, "BadRequest", sentence)
