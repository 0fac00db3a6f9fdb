"""The simulator as an HTTP server on loopback: ``with exchange_server() as exchange: ...``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.simulators.ews.simulator import ExchangeSimulator
from tests.simulators.ews.world import Clock, real_clock
from tests.simulators.serving import LOOPBACK, HttpRequest, served


@contextmanager
def exchange_server(
    *, port: int = 0, clock: Clock = real_clock, certificate: ssl.SSLContext | None = None
) -> Iterator[ExchangeSimulator]:
    """The simulator, listening on ``simulator.address``; over TLS where a context with a certificate is given."""
    simulator = ExchangeSimulator(clock=clock)
    failed = simulator.violations.append
    with (
        served(simulator.answer, asked=HttpRequest, failed=failed, port=port, certificate=certificate) as listener,
        closing(simulator),
    ):
        # Closed first: it ends the streams, for which the listener would wait.
        scheme, host = ("http", LOOPBACK) if certificate is None else ("https", "localhost")
        simulator.url = f"{scheme}://{host}:{listener.server_port}"
        simulator.hang_up = listener.hang_up
        yield simulator
