"""Child processes that do dangerous or heavy work: decoding foreign files, writing exports.

A child has a memory and a time limit, prints nothing, and is replaced when it dies. The parent
never imports what the child uses: a function may be named by text ("package.module:function").
Arrays anywhere in a result travel through shared memory and arrive as the parent's own memory.
"""

from __future__ import annotations

import atexit
import heapq
import itertools
import threading
import weakref
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from desktop.domain import errors
from desktop.domain.errors import FileProblem, UserError
from desktop.imaging.process import ChildProcess, ChildStopped, Reply, name_of

PER_PROJECT = 2  # children that read and decode for one project: an image does not wait for another
URGENT, NORMAL, LATER = 0, 1, 2  # the newest urgent request runs first, others in turn
WARM_UP = ("desktop.imaging.codecs:warm_up",)


class ChildBug(RuntimeError):
    """The function raised something that no person can act on: a bug in the function."""


@dataclass(frozen=True)
class StopWords:
    """The problem that a child's end becomes: its kind, title and hint."""

    problem: type[UserError] = FileProblem
    title: str = "The decoder stopped on this file."
    hint: str = "Other files still open."


class ChildPool:
    """Some child processes behind one queue; every method may be called from any thread.

    Nothing is spawned before ``start`` or the first ``submit``. ``memory_bytes`` is what one child
    may use on top of what it takes to start (enforced on Linux). ``warm_up`` names functions that
    a child runs before its first task, to have libraries loaded. ``words`` are what a person is
    told when a child died or went over a limit.
    """

    def __init__(
        self,
        workers: int = 1,
        memory_bytes: int = 3 << 30,
        warm_up: tuple[str, ...] = WARM_UP,
        words: StopWords = StopWords(),
    ) -> None:
        self.workers = max(1, workers)
        self._words = words
        self._memory_bytes = memory_bytes
        self._warm_up = warm_up
        self._queue: list[tuple[int, int, _Task]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._children: list[ChildProcess] = []
        self._at_work: dict[ChildProcess, _Task] = {}
        self._closed = False
        _open_pools.add(self)

    def start(self) -> None:
        """Spawn and warm up the children in the background."""
        with self._changed:
            if self._threads or self._closed:
                return
            for number in range(self.workers):
                child = ChildProcess(self._memory_bytes, self._warm_up)
                thread = threading.Thread(
                    target=self._serve, args=(child,), name=f"child-{number}", daemon=True
                )
                self._children.append(child)
                self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def submit(
        self,
        function: Callable[..., Any] | str,
        *args: Any,
        timeout_s: float = 10.0,
        priority: int = NORMAL,
    ) -> Future[Any]:
        """Queue ``function(*args)``; the time limit counts from when a child begins with it.

        The future raises a FileProblem where the child died or went over a limit, the UserError
        that the function raised, or ChildBug for anything else.
        """
        task = _Task(name_of(function), args, timeout_s)
        self.start()
        with self._changed:
            if self._closed:
                raise _closed_problem()
            number = next(self._numbers)
            order = -number if priority == URGENT else number
            heapq.heappush(self._queue, (priority, order, task))
            self._changed.notify()
        return task.future

    def give_up(self, future: Future[Any]) -> None:
        """Nobody waits for this call any more: out of the queue, or its child is replaced."""
        with self._changed:
            for child, task in self._at_work.items():
                if task.future is future:
                    child.stop()
                    return
        future.cancel()

    def run(self, function: Callable[..., Any] | str, *args: Any, timeout_s: float = 10.0) -> Any:
        """Submit and wait for the result."""
        return self.submit(function, *args, timeout_s=timeout_s).result()

    @property
    def process_ids(self) -> tuple[int, ...]:
        """The process ids of the living children."""
        return tuple(child.pid for child in self._children if child.pid)

    def close(self) -> None:
        """End the children at once; whoever still waits gets a FileProblem."""
        with self._changed:
            self._closed = True
            left, self._queue = self._queue, []
            self._changed.notify_all()
        for _, _, task in left:
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(_closed_problem())
        for child in self._children:
            child.kill()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(timeout=5.0)
        _open_pools.discard(self)

    def _serve(self, child: ChildProcess) -> None:
        """One thread per child: it starts the child, feeds it and replaces it."""
        try:
            self._ensure_alive(child)
            while (task := self._next_task()) is not None:
                if task.future.set_running_or_notify_cancel():
                    self._run_task(child, task)
                    self._ensure_alive(child)
        finally:
            child.end()

    def _next_task(self) -> _Task | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            return None if self._closed else heapq.heappop(self._queue)[2]

    def _ensure_alive(self, child: ChildProcess) -> None:
        """Start the child if needed; a failing start is told by the next task."""
        if child.is_alive or self._closed:
            return
        try:
            child.start()
        except ChildStopped:
            child.end()

    def _run_task(self, child: ChildProcess, task: _Task) -> None:
        try:
            if not child.is_alive:
                child.start()
            with self._changed:
                self._at_work[child] = task
            try:
                reply = child.call(task.function, task.args, task.timeout_s)
            finally:
                with self._changed:
                    del self._at_work[child]
        except ChildStopped as stopped:
            child.end()
            words = self._words
            task.future.set_exception(words.problem(words.title, str(stopped), words.hint))
        except Exception as error:  # noqa: BLE001 - told to whoever waits
            task.future.set_exception(error)
        else:
            _settle(task.future, reply, self._words)


class _Task:
    """One queued call."""

    def __init__(self, function: str, args: tuple[Any, ...], timeout_s: float) -> None:
        self.function = function
        self.args = args
        self.timeout_s = timeout_s
        self.future: Future[Any] = Future()


def _settle(future: Future[Any], reply: Reply, words: StopWords) -> None:
    match reply.kind:
        case "result":
            future.set_result(reply.value)
        case "user":
            name, title, detail, hint = reply.value
            future.set_exception(_user_error(name)(title, detail, hint))
        case "memory":
            future.set_exception(
                words.problem(words.title, "It needs more memory than is allowed.")
            )
        case _:
            future.set_exception(ChildBug(str(reply.value)))


def _user_error(name: str) -> type[UserError]:
    found = getattr(errors, name, UserError)
    return found if isinstance(found, type) and issubclass(found, UserError) else UserError


def _closed_problem() -> FileProblem:
    return FileProblem("This project is closed.")


_open_pools: weakref.WeakSet[ChildPool] = weakref.WeakSet()


@atexit.register
def _close_all() -> None:
    """At the interpreter's end no child and no shared memory is left."""
    for pool in list(_open_pools):
        pool.close()
