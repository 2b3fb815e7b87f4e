"""Long work. The only place that knows threads: one pool, results handed back through ``post``."""

from __future__ import annotations

import enum
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, UserError

log = logging.getLogger(__name__)

Post = Callable[[Callable[[], None]], None]


class JobState(enum.Enum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """One piece of long work: what, how far, how long; may be cancelled."""

    def __init__(self, title: str, on_report: Callable[[], None]) -> None:
        self.title = title
        self.fraction = 0.0
        self.text = ""
        self.state = JobState.RUNNING
        self.started_s = time.monotonic()
        self._on_report = on_report
        self._last_told_s = 0.0
        self.progress = Progress(self._report)
        self.problem: UserError | None = None  # of a part that could not be kept

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self.progress.cancel()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self.started_s

    def _report(self, fraction: float, text: str) -> None:
        self.fraction, self.text = fraction, text
        now = time.monotonic()
        if now - self._last_told_s > 0.05 or fraction >= 1.0:
            self._last_told_s = now
            self._on_report()


class Jobs:
    """Runs jobs. ``post`` runs a callable on the main thread; None runs everything at once."""

    def __init__(self, post: Post | None = None) -> None:
        self._post = post
        self._pool: ThreadPoolExecutor | None = None
        self._listeners: list[Callable[[], None]] = []
        self._closed = False
        self.running: list[Job] = []

    def start(
        self,
        title: str,
        work: Callable[[Progress], Any],
        on_done: Callable[[Any], None] = lambda _result: None,
        on_error: Callable[[UserError], None] = lambda _error: None,
        on_part: Callable[[Any], None] | None = None,
    ) -> Job:
        """Start ``work``; ``on_done`` or ``on_error`` is called on the main thread.

        ``on_part`` gets there what the work hands over before it ends; where it raises a
        UserError, the job stops with it.
        A cancelled job calls neither. An unexpected exception becomes a UserError with its type
        as the detail, and is logged.
        """
        job = Job(title, self._tell_later)
        if on_part is not None:
            job.progress = Progress(job._report, lambda part: self._hand_over(job, part, on_part))
        self.running.append(job)
        self._tell()
        if self._post is None:
            self._finish(job, *_attempt(job, work), on_done, on_error)
            return job
        if self._pool is None:
            self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="job")
        post = self._post

        def hand_back(future: Future[tuple[JobState, Any]]) -> None:
            state, value = future.result()
            post(lambda: self._finish(job, state, value, on_done, on_error))

        self._pool.submit(_attempt, job, work).add_done_callback(hand_back)
        return job

    def on_changed(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Hear that a job started, moved or ended; returns the disposer."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def is_closed(self) -> bool:
        """Whether the project was closed: nothing more gets to the main thread."""
        return self._closed

    def hand_back(self, what: Callable[[], None]) -> None:
        """Run something on the main thread, unless the project was closed meanwhile."""

        def run() -> None:
            if not self._closed:
                what()

        if self._post is None:
            run()
        else:
            self._post(run)

    def close(self) -> None:
        """Cancel what runs and wait for it."""
        self._closed = True
        for job in self.running:
            job.cancel()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def _finish(
        self,
        job: Job,
        state: JobState,
        value: Any,
        on_done: Callable[[Any], None],
        on_error: Callable[[UserError], None],
    ) -> None:
        job.state = state
        if job in self.running:
            self.running.remove(job)
        self._tell()
        if job.problem is not None:
            on_error(job.problem)
        elif state is JobState.DONE:
            on_done(value)
        elif state is JobState.FAILED:
            on_error(value)

    def _hand_over(self, job: Job, part: Any, on_part: Callable[[Any], None]) -> None:
        """Pass a part to the main thread; what comes after the project was closed is dropped."""

        def take() -> None:
            if self._closed or job.problem is not None:
                return
            try:
                on_part(part)
            except UserError as error:
                job.problem = error
                job.cancel()

        if self._post is None:
            take()
        else:
            self._post(take)

    def _tell_later(self) -> None:
        if self._post is None:
            self._tell()
        else:
            self._post(self._tell)

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


def _attempt(job: Job, work: Callable[[Progress], Any]) -> tuple[JobState, Any]:
    try:
        return JobState.DONE, work(job.progress)
    except Cancelled:
        return JobState.CANCELLED, None
    except UserError as error:
        return JobState.FAILED, error
    except Exception as error:
        log.exception("A job failed: %s", job.title)
        return JobState.FAILED, UserError(
            f"{job.title} did not work.", type(error).__name__, "Nothing saved was harmed."
        )
