"""The simulator as an HTTP server on loopback: ``with graph_server() as graph: ...``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.simulators.graph.simulator import GraphSimulator
from tests.simulators.graph.wire import WireRequest
from tests.simulators.graph.world import Clock, real_clock
from tests.simulators.serving import LOOPBACK, served


@contextmanager
def graph_server(
    *,
    port: int = 0,
    clock: Clock = real_clock,
    trust: ssl.SSLContext | None = None,
) -> Iterator[GraphSimulator]:
    """The simulator, listening on ``simulator.url``. ``trust`` is for webhooks under a certificate of tests."""
    simulator = GraphSimulator(clock=clock, trust=trust)
    with closing(simulator), served(simulator.answer, asked=WireRequest, failed=simulator.note, port=port) as listener:
        simulator.url = f"http://{LOOPBACK}:{listener.server_port}"
        simulator.start()
        yield simulator
