"""What happens by the clock, as an installation's settings have it."""

from __future__ import annotations

from hxdav.bootstrap.bridges import BridgeParts
from hxdav.bootstrap.installation import Installation
from hxdav.mail.outbox import Outbox
from hxdav.sync.listening import Listening
from hxdav.worker.listeners import Listeners
from hxdav.worker.runners import Runners
from hxdav.worker.worker import Worker


def make_outbox(here: Installation) -> Outbox | None:
    """What mails notifications; None where the settings name no mail server."""
    mail = here.settings.mail_settings()
    return Outbox(store=here.store, clock=here.clock, settings=mail) if mail.is_on else None


def make_worker(here: Installation, bridges: BridgeParts) -> Worker:
    """What does what is due by the clock; to be started, or asked for one round."""
    return Worker(
        store=here.store,
        clock=here.clock,
        policy=here.policy,
        outbox=make_outbox(here),
        runners=Runners(engine=bridges.engine, runners=here.settings.bridges.runners),
        listeners=_listeners(here, bridges),
    )


def _listeners(here: Installation, bridges: BridgeParts) -> Listeners | None:
    most = here.settings.bridges.listeners
    if not most:
        return None
    listening = Listening(
        store=here.store,
        clock=here.clock,
        open_remote=bridges.open_remote,
        worker=bridges.engine.worker,
        lease=bridges.engine.lease,
    )
    return Listeners(listening=listening, most=most)
