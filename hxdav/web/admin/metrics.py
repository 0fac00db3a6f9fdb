"""The numbers in Prometheus' text format, on a listener of their own: for whoever watches over the server."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hxdav.domain.times import Clock
from hxdav.errors import StoreError
from hxdav.log import get_logger
from hxdav.services.practice.metrics import Measured, measured
from hxdav.store.store import Store

_TRIED_AGAIN_AFTER_SECONDS = 10.0


class StoreCollector(Collector):
    """Reads the numbers from the store whenever it is asked."""

    def __init__(self, *, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing: to say beforehand what there is to read would be to read it."""
        return []

    def collect(self) -> Iterator[Metric]:
        """The numbers; of a store that does not answer, that it does not."""
        try:
            with self._store.snapshot() as tx:
                found = measured(tx, self._clock)
        except StoreError:
            yield GaugeMetricFamily("hxdav_store_answers", "Whether the store answers.", value=0)
            return
        yield GaugeMetricFamily("hxdav_store_answers", "Whether the store answers.", value=1)
        yield from _plain(found)
        yield from _by_service(found)


class MetricsListener:
    """Serves the numbers at an address and port; of several processes the first does that has the port.

    The others go on trying, so that one takes over when that one ends.
    """

    def __init__(
        self, *, store: Store, clock: Clock, host: str, port: int, pause: float = _TRIED_AGAIN_AFTER_SECONDS
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(StoreCollector(store=store, clock=clock))
        self._host = host
        self._port = port
        self._pause = pause
        self._is_told_to_stop = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="metrics", daemon=True)

    def start(self) -> None:
        """Listen, as soon as the port is free."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more, and give the port back."""
        self._is_told_to_stop.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._is_told_to_stop.is_set():
            try:
                server, thread = start_http_server(self._port, addr=self._host, registry=self._registry)
            except OSError as error:
                self._put_off(error)
                continue
            self._is_told_to_stop.wait()
            server.shutdown()
            server.server_close()
            thread.join()

    def _put_off(self, error: OSError) -> None:
        if error.errno != errno.EADDRINUSE:
            reason = os.strerror(error.errno) if error.errno else type(error).__name__
            get_logger().error("metrics_not_served", host=self._host, port=self._port, reason=reason)
        self._is_told_to_stop.wait(self._pause)


def _plain(found: Measured) -> Iterator[Metric]:
    for name, told, value in (
        ("hxdav_appointments", "Appointments that are not gone.", found.appointments),
        ("hxdav_waiting_pushes", "Changes that providers are still to be told of.", found.waiting),
        ("hxdav_oldest_push_seconds", "How long the oldest of them has waited.", found.lag.total_seconds()),
        ("hxdav_notifications_unseen", "Notifications that no page has shown yet.", found.unseen),
        ("hxdav_mail_due", "Notifications that are to be mailed by now.", found.mail_due),
        ("hxdav_reviews_open", "Removals that wait for a person's answer.", found.reviews),
        ("hxdav_web_sessions", "Browsers that are signed in.", found.sessions),
    ):
        yield GaugeMetricFamily(name, told, value=value)


def _by_service(found: Measured) -> Iterator[Metric]:
    integrations = GaugeMetricFamily(
        "hxdav_integrations", "Integrations by how they stand.", labels=["service", "health"]
    )
    for kind, number in found.integrations.items():
        integrations.add_metric([kind.service, kind.health], number)
    requests = CounterMetricFamily("hxdav_provider_requests", "Requests that providers were sent.", labels=["service"])
    for service, number in found.requests.items():
        requests.add_metric([service], number)
    yield integrations
    yield requests
