"""The simulator as an HTTP server on loopback: ``with google_server() as google: ...``."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.simulators.google.oauth import OAuthClient
from tests.simulators.google.simulator import GoogleSimulator
from tests.simulators.google.wire import WireRequest
from tests.simulators.google.world import Clock, real_clock
from tests.simulators.serving import LOOPBACK, WireAnswer, served


@contextmanager
def google_server(
    *,
    port: int = 0,
    clock: Clock = real_clock,
    application: OAuthClient | None = None,
    trust: ssl.SSLContext | None = None,
) -> Iterator[GoogleSimulator]:
    """The simulator, listening on ``simulator.url``. ``trust`` is for webhooks under a certificate of tests."""
    simulator = GoogleSimulator(clock=clock, application=application, trust=trust)
    failed = simulator.violations.append

    def answer(request: WireRequest) -> WireAnswer:
        # Looked up at each request, so that a test can put something else there.
        return simulator.answer(request)

    with closing(simulator), served(answer, asked=WireRequest, failed=failed, port=port) as listener:
        simulator.url = f"http://{LOOPBACK}:{listener.server_port}"
        simulator.channels.start()
        yield simulator
