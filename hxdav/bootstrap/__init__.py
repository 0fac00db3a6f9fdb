"""The composition root: settings in, the parts that they describe out. The only place that knows all parts."""

from __future__ import annotations

from hxdav.bootstrap.installation import Installation
from hxdav.bootstrap.request_log import WsgiApplication

__all__ = ["Installation", "WsgiApplication"]
