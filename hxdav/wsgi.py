"""The WSGI entry point: ``hxdav.wsgi:application`` is a factory, and HXDAV_CONFIG names the settings."""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading

from hxdav.bootstrap.request_log import WsgiApplication
from hxdav.bootstrap.serving import Serving
from hxdav.config import load_settings


def application() -> WsgiApplication:
    """The WSGI application of this process."""
    _end_with_parent()
    return Serving(load_settings()).application()


def _end_with_parent() -> None:
    """See that a worker whose parent was killed does not stay behind and hold the port."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def wait() -> None:
        multiprocessing.connection.wait([sentinel])
        # What was answered is durable, and what was not is rolled back: there is nothing to put in order.
        os._exit(1)

    threading.Thread(target=wait, name="parent-watch", daemon=True).start()
