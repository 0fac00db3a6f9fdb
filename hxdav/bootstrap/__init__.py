"""The composition root: settings in, the parts that they describe out. The only place that knows all parts."""

from __future__ import annotations

from hxdav.bootstrap.installation import Installation, SystemClock
from hxdav.bootstrap.request_log import WsgiApplication

__all__ = ["Installation", "SystemClock", "WsgiApplication"]
