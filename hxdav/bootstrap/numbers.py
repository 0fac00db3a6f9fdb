"""What serves the numbers of a serving process."""

from __future__ import annotations

from hxdav.bootstrap.installation import Installation
from hxdav.web.admin.metrics import MetricsListener


def make_metrics(here: Installation, port: int) -> MetricsListener:
    """What serves the numbers on this port."""
    host = str(here.settings.metrics.host)
    return MetricsListener(store=here.store, clock=here.clock, host=host, port=port)
