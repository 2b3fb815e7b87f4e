"""Parts that a job hands over: kept as they come, and a part that can't be kept ends the job."""

from __future__ import annotations

import queue
from collections.abc import Callable

import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import StoreProblem, UserError
from desktop.workspace.jobs import Job, Jobs


def live(posted: queue.Queue[Callable[[], None]], until: Callable[[], bool]) -> None:
    """The main thread: runs what is posted."""
    while not until():
        posted.get(timeout=5)()


@pytest.fixture
def posted() -> queue.Queue[Callable[[], None]]:
    return queue.Queue()


def test_parts_come_in_order_on_the_main_thread(
    posted: queue.Queue[Callable[[], None]],
) -> None:
    kept: list[int] = []
    done: list[str] = []

    def work(progress: Progress) -> str:
        for number in range(3):
            progress.hand_over(number)
        return "all"

    jobs = Jobs(posted.put)
    jobs.start("Parts", work, done.append, pytest.fail, kept.append)
    live(posted, lambda: bool(done))
    assert (kept, done) == ([0, 1, 2], ["all"])
    jobs.close()


def test_a_part_that_can_not_be_kept_ends_the_job(
    posted: queue.Queue[Callable[[], None]],
) -> None:
    said: list[UserError] = []
    kept: list[int] = []

    def keep(number: int) -> None:
        if number == 1:
            raise StoreProblem("The disk is full.")
        kept.append(number)

    def work(progress: Progress) -> None:
        for number in range(100_000):
            progress.hand_over(number)

    jobs = Jobs(posted.put)
    job: Job = jobs.start("Parts", work, lambda _v: pytest.fail("it ended well"), said.append, keep)
    live(posted, lambda: bool(said))
    assert kept == [0] and said[0].title == "The disk is full."
    assert job not in jobs.running
    jobs.close()


def test_what_comes_after_the_end_is_dropped(posted: queue.Queue[Callable[[], None]]) -> None:
    kept: list[int] = []
    jobs = Jobs(posted.put)
    jobs.start("Parts", lambda p: p.hand_over(1), on_part=kept.append)
    jobs.close()
    while not posted.empty():
        posted.get()()
    assert kept == []
