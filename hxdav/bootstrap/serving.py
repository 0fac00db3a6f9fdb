"""What a serving process answers with: the WSGI application, with the worker beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.named import named
from hxdav.bootstrap.request_log import RequestLog, WsgiApplication
from hxdav.bootstrap.working import make_worker
from hxdav.config import Settings
from hxdav.dav.application import make_application
from hxdav.net.proxies import believe_proxies, networks
from hxdav.web.paths import BEGINNINGS, PROBES
from hxdav.worker.worker import Worker

if TYPE_CHECKING:
    from hxdav.web.admin.metrics import MetricsListener


class Serving:
    """A serving process of an installation; ``close`` ends what ``application`` has begun."""

    def __init__(self, settings: Settings) -> None:
        self.here = Installation(settings)
        self.bridges = BridgeParts(self.here)

    @cached_property
    def worker(self) -> Worker:
        """What does what is due by the clock."""
        return make_worker(self.here, self.bridges)

    @cached_property
    def metrics(self) -> MetricsListener | None:
        """What serves the numbers; None where the settings name no port for them."""
        port = self.here.settings.metrics.port
        return None if port is None else named("numbers:make_metrics")(self.here, port)

    def application(self, *, with_worker: bool = True) -> WsgiApplication:
        """Return the WSGI application; ``with_worker``: the worker and the metrics begin beside it."""
        here = self.here
        # What could not be opened later is found, and said, before anything begins.
        _ = here.keyring, here.vault
        calendars = make_application(
            store=here.store,
            keyring=here.keyring,
            clock=here.clock,
            policy=here.policy,
            settings=here.settings.dav_settings(),
        )
        application = RequestLog(self._with_pages(calendars), is_on=here.settings.log.requests)
        if with_worker:
            self.worker.start()
            if self.metrics is not None:
                self.metrics.start()
        return application

    def close(self) -> None:
        """Stop what runs beside the requests, and give all connections back."""
        if "worker" in self.__dict__:
            self.worker.stop()
        if self.__dict__.get("metrics") is not None:
            self.__dict__["metrics"].stop()
        self.here.close()

    def _with_pages(self, calendars: WsgiApplication) -> WsgiApplication:
        """One application of two: the calendars, but for what pages and hooks answer."""
        pages = _Pages(self.here, self.bridges)
        trusted = networks(str(each) for each in self.here.settings.server.trusted_proxies)

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            # This is in the way of every poll, so it is two comparisons.
            path = environ.get("PATH_INFO", "")
            if not path.startswith(BEGINNINGS) and path not in PROBES:
                return calendars(environ, start_response)
            believe_proxies(environ, trusted)
            return pages(environ, start_response)

        return application


class _Pages:
    """The pages, loaded by the first request for one: calendar programs never ask for any."""

    def __init__(self, here: Installation, bridges: BridgeParts) -> None:
        self._here = here
        self._bridges = bridges
        self._loading = Lock()
        self._pages: WsgiApplication | None = None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        if self._pages is None:
            with self._loading:
                self._pages = self._pages or named("pages:make_pages")(self._here, self._bridges)
        return self._pages(environ, start_response)
