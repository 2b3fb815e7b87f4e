"""The process that models run in, seen from the application."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any

import numpy as np

from desktop.domain.errors import ModelProblem, UserError
from desktop.imaging.child import NORMAL, URGENT, ChildBug, ChildPool, StopWords
from desktop.inference.session import ModelFacts

_SESSION = "desktop.inference.session"
WORDS = StopWords(
    ModelProblem, "The model was stopped.", "Nothing of it was kept; the rest goes on working."
)
MEMORY_BYTES = 4 << 30
LOOK_LIMIT_S = 120.0  # reading and opening a gigabyte
_LOOK_S = 0.05  # how often who waits looks whether the person wants to go on
Check = Callable[[], None]


class ModelHost:
    """One child process for all models of a project, started at the first call and replaced when
    it dies. Every method may be called from any thread."""

    def __init__(self, memory_bytes: int = MEMORY_BYTES) -> None:
        self._pool = ChildPool(
            workers=1, memory_bytes=memory_bytes, warm_up=(f"{_SESSION}:warm_up",), words=WORDS
        )

    def describe(self, path: Path, sha256: str = "") -> ModelFacts:
        """What a file asks for and gives; ModelProblem where it is refused. Blocking."""
        facts: ModelFacts = self.call(f"{_SESSION}:describe", str(path), sha256)
        return facts

    def run(
        self,
        path: Path,
        sha256: str,
        feeds: Mapping[str, np.ndarray],
        outputs: Sequence[str] = (),
        limit_s: float = 10.0,
        check: Check | None = None,
    ) -> dict[str, np.ndarray]:
        """Run a model once; ModelProblem in words for whatever goes wrong. Blocking."""
        args = (str(path), sha256, dict(feeds), tuple(outputs))
        found: dict[str, np.ndarray] = self.call(
            f"{_SESSION}:run", *args, limit_s=limit_s, check=check
        )
        return found

    def call(
        self, function: str, *args: Any, limit_s: float = LOOK_LIMIT_S, check: Check | None = None
    ) -> Any:
        """Let the child run one of this room's functions.

        ``check`` is asked while the child works; what it raises ends the wait and the child's work.
        """
        future = self._pool.submit(function, *args, timeout_s=limit_s, priority=NORMAL)
        while check is not None and not wait((future,), _LOOK_S).done:
            try:
                check()
            except BaseException:
                self._pool.give_up(future)
                raise
        return settled(future)

    def submit(
        self,
        function: str,
        *args: Any,
        limit_s: float,
        on_done: Callable[[Any, UserError | None], None],
    ) -> None:
        """The same without waiting, before whatever else waits: a person is looking on.

        ``on_done`` gets the answer or the problem, on another thread.
        """
        future = self._pool.submit(function, *args, timeout_s=limit_s, priority=URGENT)

        def finished(done: Future[Any]) -> None:
            try:
                value = settled(done)
            except UserError as error:
                on_done(None, error)
            else:
                on_done(value, None)

        future.add_done_callback(finished)

    @property
    def process_ids(self) -> tuple[int, ...]:
        return self._pool.process_ids

    def close(self) -> None:
        self._pool.close()


def settled(future: Future[Any]) -> Any:
    """The answer; a bug on the child side is told in words, too, because files cause them."""
    try:
        return future.result()
    except ChildBug as error:
        raise ModelProblem("The model can't be used.", str(error)) from error
