"""Frames for the screen: decoded in a child, kept up to a number of bytes, fetched ahead."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from desktop.domain.errors import FileProblem, UserError
from desktop.domain.study import FrameRef, Instance
from desktop.imaging.child import LATER, URGENT, ChildPool
from desktop.imaging.facts import FrameFacts
from desktop.imaging.frame import Frame

DECODERS = {
    "dicom": "desktop.imaging.codecs:decode_frame",
    "image": "desktop.imaging.photo:decode_frame",
}

Answer = Callable[[Frame | UserError], None]


class FrameSource:
    """The decoded frames of a project; every method may be called from any thread.

    The newest request is decoded first. ``prefetch`` hands in a list that replaces the one before
    (each list is a new generation; what is left of older ones is dropped) and is worked on while
    nothing else waits. A frame that is asked for twice is decoded once. ``on_ready`` must not wait
    for another frame: it may run on the thread that feeds the child.
    """

    def __init__(
        self,
        pool: ChildPool,
        locate: Callable[[str], Path],
        instance: Callable[[str], Instance],
        cache_bytes: int = 1 << 30,
        timeout_s: float = 30.0,
    ) -> None:
        self._pool = pool
        self._locate = locate
        self._instance = instance
        self._cache_bytes = cache_bytes
        self._timeout_s = timeout_s
        self._lock = threading.RLock()
        self._cache: OrderedDict[str, Frame] = OrderedDict()
        self._held_bytes = 0
        self._pending: dict[str, _Pending] = {}
        self._ahead: list[FrameRef] = []
        self._generation = 0
        self._closed = False

    def get(self, ref: FrameRef) -> Frame:
        """The frame, decoding it if needed; raises FileProblem."""
        done = threading.Event()
        answers: list[Frame | UserError] = []

        def answered(answer: Frame | UserError) -> None:
            answers.append(answer)
            done.set()

        self.request(ref, answered)
        done.wait()
        if isinstance(answers[0], UserError):
            raise answers[0]
        return answers[0]

    def cached(self, ref: FrameRef) -> Frame | None:
        """The frame if it is in memory."""
        with self._lock:
            frame = self._cache.get(ref.key)
            if frame is not None:
                self._cache.move_to_end(ref.key)
            return frame

    def request(self, ref: FrameRef, on_ready: Answer) -> None:
        """Ask for a frame; ``on_ready`` gets it or the problem, exactly once.

        It is called at once where the frame is in memory, else from a worker thread.
        """
        frame = self.cached(ref)
        if frame is not None:
            on_ready(frame)
            return
        try:
            self._ask(ref, on_ready)
        except UserError as error:
            on_ready(error)

    def prefetch(self, refs: Sequence[FrameRef]) -> None:
        """Decode these frames, the first one first, while nothing else is asked for."""
        with self._lock:
            self._generation += 1
            self._ahead = [ref for ref in refs if ref.key not in self._cache]
            stale = [p for p in self._pending.values() if p.priority == LATER]
        for pending in stale:
            pending.future.cancel()  # only what has not begun
        self._fetch_ahead()

    def clear(self) -> None:
        """Forget all frames, after files were moved."""
        with self._lock:
            self._cache.clear()
            self._held_bytes = 0

    @property
    def held_bytes(self) -> int:
        """Bytes of pixels in memory now."""
        return self._held_bytes

    def close(self) -> None:
        """Forget everything; later requests are refused. The pool stays open."""
        with self._lock:
            self._closed = True
            self._generation += 1
            self._ahead = []
            pending = list(self._pending.values())
        for item in pending:
            item.future.cancel()
        self.clear()

    def _ask(self, ref: FrameRef, on_ready: Answer) -> None:
        with self._lock:
            waiting = self._pending.pop(ref.key, None)
            # One that is only queued to be fetched ahead is taken back and asked for urgently.
            if waiting and (waiting.priority == URGENT or not waiting.future.cancel()):
                self._pending[ref.key] = waiting
                waiting.answers.append(on_ready)
                return
        self._submit(ref, URGENT, [on_ready])

    def _submit(self, ref: FrameRef, priority: int, answers: list[Answer]) -> None:
        """Queue one decode; raises UserError where the file is not known or the pool is closed."""
        instance = self._instance(ref.instance_id)
        path = self._locate(ref.instance_id)
        with self._lock:
            if self._closed:
                raise FileProblem("This project is closed.")
            frame = self._cache.get(ref.key)
            other = self._pending.get(ref.key)
            if frame is None and other is not None:  # somebody was faster
                other.answers.extend(answers)
                return
            if frame is None:
                future = self._pool.submit(
                    DECODERS[instance.media],
                    str(path),
                    ref.frame_index,
                    timeout_s=self._timeout_s,
                    priority=priority,
                )
                self._pending[ref.key] = _Pending(future, priority, answers)
        if frame is not None:
            for answer in answers:
                answer(frame)
            return
        future.add_done_callback(lambda done: self._finished(ref, instance, done))

    def _finished(self, ref: FrameRef, instance: Instance, future: Future[Any]) -> None:
        with self._lock:
            pending = self._pending.get(ref.key)
            if pending is None or pending.future is not future:
                return  # replaced by an urgent one
            del self._pending[ref.key]
            answer = _answer(ref, instance, future)
            if isinstance(answer, Frame) and not self._closed:
                self._keep(answer)
        for on_ready in pending.answers:
            on_ready(answer)
        self._fetch_ahead()

    def _keep(self, frame: Frame) -> None:
        self._cache[frame.ref.key] = frame
        self._held_bytes += frame.nbytes
        while self._held_bytes > self._cache_bytes and len(self._cache) > 1:
            _, oldest = self._cache.popitem(last=False)
            self._held_bytes -= oldest.nbytes

    def _fetch_ahead(self) -> None:
        """Keep one decode per child going; who asks for a frame that can't be had is told then."""
        while True:
            with self._lock:
                busy = sum(p.priority == LATER for p in self._pending.values())
                if self._closed or not self._ahead or busy >= self._pool.workers:
                    return
                ref = self._ahead.pop(0)
                if ref.key in self._cache or ref.key in self._pending:
                    continue
            try:
                self._submit(ref, LATER, [])
            except UserError:
                continue  # whoever asks for this frame is told


class _Pending:
    """A decode that is queued or running, and who waits for it."""

    def __init__(self, future: Future[Any], priority: int, answers: list[Answer]) -> None:
        self.future = future
        self.priority = priority
        self.answers = answers


def _answer(ref: FrameRef, instance: Instance, future: Future[Any]) -> Frame | UserError:
    if future.cancelled():
        return FileProblem("This image was not read.", "The reading was stopped.")
    error = future.exception()
    if isinstance(error, UserError):
        return error
    if error is not None:
        return FileProblem("This image can't be read.", f"The decoder failed ({error}).")
    pixels, facts = future.result()
    return _frame(ref, instance, pixels, facts)


def _frame(ref: FrameRef, instance: Instance, pixels: Any, facts: FrameFacts) -> Frame | UserError:
    """Check what came from the child against what is known, and seal it."""
    color = instance.samples == 3 or instance.photometric == "PALETTE COLOR"
    shape = (instance.rows, instance.columns, 3) if color else (instance.rows, instance.columns)
    if pixels.shape != shape or pixels.dtype.str not in ("|u1", "<u2", "<i2"):
        return FileProblem(
            "This image is not the one that was imported.",
            "Its file has changed since.",
            "Import it again to read it as it is now.",
        )
    pixels.flags.writeable = False
    return Frame(
        ref=ref,
        pixels=pixels,
        pixels_sha256=facts.pixels_sha256,
        slope=facts.slope,
        intercept=facts.intercept,
        unit=facts.unit,
        inverted=facts.inverted,
        windows=facts.windows,
        bits=instance.bits_stored,
    )
