"""The worker: threads that do the jobs, each at its own pace; any number of workers share one store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from hxdav.domain.policy import Policy
from hxdav.domain.times import Clock
from hxdav.log import get_logger
from hxdav.store.store import Store
from hxdav.worker.jobs import Jobs, MailSender
from hxdav.worker.listeners import Listeners
from hxdav.worker.looking import Looking
from hxdav.worker.runners import Runners
from hxdav.worker.steady_time import SteadyTime

LONGEST_PAUSE = 60.0
"""Seconds after which a job that keeps failing is tried again at the latest."""

_SETTLES_EVERY = 1.0
_SETTLES_ANYHOW_EVERY = 5.0
_ENDS_WITHIN_SECONDS = 10.0
_HANGS_UP_WITHIN_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job, and the seconds from its end to its next beginning. What is due when it begins, the clock says.

    One that has a ``looking`` begins only where that says so. One that has a ``time`` does what cannot be undone, and
    begins only while that is confirmed.
    """

    name: str
    run: Callable[[], int]
    pause: float
    looking: Looking | None = None
    time: SteadyTime | None = None

    def may_begin(self, *, after_failure: bool) -> bool:
        """Look whether there may be something to do, and whether it may be done now; what failed is tried anyhow."""
        if self.time is not None and not self.time.is_confirmed():
            return False
        return after_failure or self.looking is None or self.looking.is_due()

    def pause_after(self, failures: int) -> float:
        """The pause after so many failures in a row: it grows, so that what is broken is left some time to mend."""
        # Beyond a few failures it is the longest anyway, and the number would only grow too large.
        return max(self.pause, min(LONGEST_PAUSE, self.pause * (1 << min(failures, 10))))


class Worker:
    """Does what is due by the clock.

    ``start`` and ``stop`` have it done by threads of this process, one a job, so that a mail server that does not
    answer keeps no removal waiting; ``round`` does it here and now. ``runners`` look after bridges, where there may be
    any, and ``listeners``, which are threads or nothing, hear sooner than the clock that there is something to do.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        policy: Policy,
        outbox: MailSender | None = None,
        runners: Runners | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        jobs = Jobs(store=store, clock=clock, policy=policy, outbox=outbox)
        self._jobs = [
            Job(name="settle", run=jobs.settle, pause=_SETTLES_EVERY, looking=_looking(store)),
            Job(name="renew", run=jobs.renew, pause=60, time=SteadyTime(clock)),
            Job(name="move_horizon", run=jobs.move_horizon, pause=60),
            Job(name="tell_stalled", run=jobs.tell_stalled, pause=60),
            Job(name="purge", run=jobs.purge, pause=60, time=SteadyTime(clock)),
        ]
        if outbox is not None:
            self._jobs.append(Job(name="send_mail", run=jobs.send_mail, pause=10))
        if runners is not None:
            self._jobs.append(Job(name="retire", run=runners.engine.retire_unused, pause=60))
        self._is_told_to_stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._runners = runners
        self._listeners = listeners
        self._log = get_logger()

    def round(self) -> dict[str, int]:
        """Do once, in this thread, whatever is due; how much of each job there was."""
        done = {job.name: job.run() for job in self._jobs}
        if self._runners is not None:
            done["bridges"] = self._runners.round()
        return done

    def start(self) -> None:
        """Begin; the threads end with the process, if they are not stopped before."""
        self._threads = [
            threading.Thread(target=self._keep_doing, args=(job,), name=f"worker-{job.name}", daemon=True)
            for job in self._jobs
        ]
        for thread in self._threads:
            thread.start()
        if self._runners is not None:
            self._runners.start()
        if self._listeners is not None:
            self._listeners.start()

    def stop(self) -> None:
        """Begin no job any more, and wait for those under way, but not for ever: what is not committed is undone."""
        self._is_told_to_stop.set()
        ends = time.monotonic() + _ENDS_WITHIN_SECONDS
        if self._listeners is not None:
            self._listeners.stop(within_seconds=_HANGS_UP_WITHIN_SECONDS)
        if self._runners is not None:
            self._runners.stop(within_seconds=_ENDS_WITHIN_SECONDS)
        for thread in self._threads:
            thread.join(max(0.0, ends - time.monotonic()))

    def _keep_doing(self, job: Job) -> None:
        failures = 0
        while not self._is_told_to_stop.is_set():
            if not job.may_begin(after_failure=failures > 0):
                self._is_told_to_stop.wait(job.pause)
                continue
            try:
                done = job.run()
            except Exception:  # noqa: BLE001 - the loop's edge: recorded, and tried again after a pause
                failures += 1
                self._log.exception("job_failed", job=job.name, failures=failures)
            else:
                failures = 0
                if done:
                    self._log.info("job_done", job=job.name, count=done)
            self._is_told_to_stop.wait(job.pause_after(failures))


def _looking(store: Store) -> Looking:
    """Removals are due by the clock: some seconds later than they might be, where nothing else happens."""
    return Looking(changes=store.changes(), anyhow_after=_SETTLES_ANYHOW_EVERY)
