"""The frame source: what is decoded, kept, fetched ahead, and in which order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem, UserError
from desktop.domain.study import FrameRef, Instance
from desktop.imaging.child import LATER, URGENT, ChildPool
from desktop.imaging.facts import FrameFacts
from desktop.imaging.frame import Frame, pixels_sha256
from desktop.imaging.frames import FrameSource
from desktop.imaging.scan import scan
from tests.imaging import made


class HandPool:
    """A pool whose decodes end when the test says so."""

    workers = 1

    def __init__(self) -> None:
        self.calls: list[tuple[str, int, int, Future[Any]]] = []

    def submit(
        self, function: str, path: str, index: int, *, timeout_s: float, priority: int
    ) -> Future[Any]:
        future: Future[Any] = Future()
        self.calls.append((path, index, priority, future))
        return future

    def begin(self, index: int) -> None:
        for _, i, _, future in self.calls:
            if i == index and not future.cancelled() and not future.running():
                future.set_running_or_notify_cancel()

    def finish(self, index: int, error: Exception | None = None) -> None:
        for _, i, _, future in self.calls:
            if i == index and not future.done():
                if not future.running():
                    future.set_running_or_notify_cancel()
                if error is not None:
                    future.set_exception(error)
                else:
                    pixels = np.full((4, 5), index, np.uint16)
                    future.set_result((pixels, FrameFacts(pixels_sha256=pixels_sha256(pixels))))

    def live(self) -> list[tuple[int, int]]:
        """(frame index, priority) of what is neither done nor cancelled."""
        return [(i, priority) for _, i, priority, future in self.calls if not future.done()]


CINE = Instance(
    id="cine",
    series_id="s",
    file_sha256="",
    media="dicom",
    rows=4,
    columns=5,
    frame_count=100,
    bits_stored=16,
)
FRAME_BYTES = 4 * 5 * 2


def ref(index: int) -> FrameRef:
    return FrameRef(instance_id="cine", frame_index=index)


def source(pool: HandPool, cache_bytes: int = 1 << 20) -> FrameSource:
    return FrameSource(pool, lambda _: Path("cine.dcm"), lambda _: CINE, cache_bytes)  # type: ignore[arg-type]


def test_a_request_is_answered_once_and_kept() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(3), answers.append)
    assert answers == [] and pool.live() == [(3, URGENT)]
    pool.finish(3)
    assert len(answers) == 1 and answers[0].pixels[0, 0] == 3
    assert frames.cached(ref(3)) is answers[0]
    frames.request(ref(3), answers.append)
    assert answers[1] is answers[0] and len(pool.calls) == 1


def test_pixels_are_sealed() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(0), answers.append)
    pool.finish(0)
    with pytest.raises(ValueError, match="read-only"):
        answers[0].pixels[0, 0] = 1
    assert answers[0].pixels_sha256 == pixels_sha256(answers[0].pixels)


def test_two_requests_for_a_frame_are_one_decode() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(1), answers.append)
    frames.request(ref(1), answers.append)
    pool.finish(1)
    assert len(pool.calls) == 1 and len(answers) == 2


def test_the_oldest_frames_leave_when_the_bytes_are_used_up() -> None:
    pool = HandPool()
    frames = source(pool, cache_bytes=3 * FRAME_BYTES)
    for index in range(4):
        frames.request(ref(index), lambda _: None)
        pool.finish(index)
        frames.cached(ref(0))  # frame 0 stays in use
    assert [i for i in range(4) if frames.cached(ref(i))] == [0, 2, 3]
    assert frames.held_bytes == 3 * FRAME_BYTES


def test_a_frame_larger_than_the_cache_is_still_shown() -> None:
    pool, answers = HandPool(), []
    frames = source(pool, cache_bytes=1)
    for index in range(2):
        frames.request(ref(index), answers.append)
        pool.finish(index)
    assert [a.pixels[0, 0] for a in answers] == [0, 1]
    assert frames.held_bytes == FRAME_BYTES


def test_ahead_goes_one_by_one_in_the_order_given() -> None:
    pool = HandPool()
    frames = source(pool)
    frames.prefetch([ref(5), ref(6), ref(7)])
    seen = []
    for index in (5, 6, 7):
        seen.append(pool.live())
        pool.finish(index)
    assert seen == [[(5, LATER)], [(6, LATER)], [(7, LATER)]]
    assert all(frames.cached(ref(i)) for i in (5, 6, 7)) and pool.live() == []


def test_a_new_list_replaces_the_old_one() -> None:
    pool = HandPool()
    frames = source(pool)
    frames.prefetch([ref(1), ref(2), ref(3)])
    frames.prefetch([ref(8), ref(9)])
    assert pool.live() == [(8, LATER)]
    pool.finish(8)
    pool.finish(9)
    assert frames.cached(ref(9)) and not frames.cached(ref(2)) and pool.live() == []


def test_what_is_in_memory_is_not_fetched_ahead() -> None:
    pool = HandPool()
    frames = source(pool)
    frames.request(ref(1), lambda _: None)
    pool.finish(1)
    frames.prefetch([ref(1), ref(2)])
    assert pool.live() == [(2, LATER)]


def test_a_frame_waiting_to_be_fetched_ahead_becomes_urgent_when_asked_for() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.prefetch([ref(1), ref(2)])
    frames.request(ref(1), answers.append)
    assert (1, URGENT) in pool.live() and (1, LATER) not in pool.live()
    pool.finish(1)
    assert len(answers) == 1 and answers[0].pixels[0, 0] == 1


def test_a_frame_being_fetched_ahead_is_not_decoded_twice() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.prefetch([ref(1)])
    pool.begin(1)
    frames.request(ref(1), answers.append)
    pool.finish(1)
    assert len(pool.calls) == 1 and len(answers) == 1


def test_a_problem_is_told_and_not_kept() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(1), answers.append)
    pool.finish(1, FileProblem("It is broken."))
    assert isinstance(answers[0], FileProblem) and frames.cached(ref(1)) is None
    frames.request(ref(1), answers.append)
    pool.finish(1)
    assert isinstance(answers[1], Frame)


def test_a_bug_in_the_decoder_becomes_a_problem() -> None:
    pool, answers = HandPool(), []
    source(pool).request(ref(1), answers.append)
    pool.finish(1, ZeroDivisionError())
    assert isinstance(answers[0], FileProblem)


def test_a_problem_ahead_does_not_stop_the_rest() -> None:
    pool = HandPool()
    frames = source(pool)
    frames.prefetch([ref(1), ref(2)])
    pool.finish(1, FileProblem("It is broken."))
    assert pool.live() == [(2, LATER)]


def test_a_file_that_is_gone_is_told_without_a_decode() -> None:
    def locate(instance_id: str) -> Path:
        raise FileProblem("The images of this case are not where they were.")

    pool, answers = HandPool(), []
    frames = FrameSource(pool, locate, lambda _: CINE)  # type: ignore[arg-type]
    frames.request(ref(0), answers.append)
    frames.prefetch([ref(0)])
    assert isinstance(answers[0], FileProblem) and pool.calls == []


def test_another_size_than_imported_is_refused() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(1), answers.append)
    _, _, _, future = pool.calls[0]
    future.set_result((np.zeros((4, 6), np.uint16), FrameFacts(pixels_sha256="")))
    assert isinstance(answers[0], FileProblem) and "changed since" in str(answers[0])


def test_closing_answers_whoever_waits() -> None:
    pool, answers = HandPool(), []
    frames = source(pool)
    frames.request(ref(1), answers.append)
    frames.prefetch([ref(2), ref(3)])
    frames.close()
    assert isinstance(answers[0], UserError) and pool.live() == []
    frames.request(ref(4), answers.append)
    assert isinstance(answers[1], UserError) and frames.held_bytes == 0


@pytest.fixture
def real(pool: ChildPool, tmp_path: Path) -> Iterator[tuple[FrameSource, list[FrameRef]]]:
    made.save_all(made.stack(12), tmp_path)
    result = scan([tmp_path], pool, key=b"k", progress=Progress())
    by_id = {i.id: i for i in result.instances}
    frames = FrameSource(pool, result.sources.__getitem__, by_id.__getitem__)
    yield frames, [r for i in result.instances for r in i.frames]
    frames.close()


def test_real_frames_come_in_slice_order(real: tuple[FrameSource, list[FrameRef]]) -> None:
    frames, refs = real
    assert [int(frames.get(r).pixels[0, 0]) for r in refs] == [100 * k for k in range(12)]
    frame = frames.get(refs[0])
    assert (frame.slope, frame.intercept, frame.unit) == (1.0, -1024.0, "HU")


def test_real_frames_fetched_ahead_arrive(real: tuple[FrameSource, list[FrameRef]]) -> None:
    frames, refs = real
    frames.prefetch(refs)
    wait_for(lambda: all(frames.cached(r) for r in refs))


def test_many_threads_ask_for_the_same_frames(real: tuple[FrameSource, list[FrameRef]]) -> None:
    frames, refs = real
    seen: dict[str, set[int]] = {r.key: set() for r in refs}

    def read(order: list[FrameRef]) -> None:
        for r in order:
            seen[r.key].add(int(frames.get(r).pixels[0, 0]))

    threads = [threading.Thread(target=read, args=(refs[k:] + refs[:k],)) for k in range(4)]
    frames.prefetch(refs[::-1])
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [seen[r.key] for r in refs] == [{100 * k} for k in range(12)]


def test_a_file_that_vanished_is_told(
    real: tuple[FrameSource, list[FrameRef]], tmp_path: Path
) -> None:
    frames, refs = real
    for path in tmp_path.glob("*.dcm"):
        path.unlink()
    with pytest.raises(FileProblem, match="not where it was"):
        frames.get(refs[0])


def wait_for(condition: Callable[[], bool], limit_s: float = 30.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
