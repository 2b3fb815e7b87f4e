"""One child process and the pipe to it, seen from the parent.

The child is made with multiprocessing's spawn context, so a frozen program works as long as it
calls ``multiprocessing.freeze_support()`` first. Outside a frozen program the child does not
import the parent's ``__main__`` (a test runner, a script without a guard, a window).
"""

from __future__ import annotations

import contextlib
import importlib
import io
import multiprocessing
import os
import pickle
import secrets
import sys
import threading
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.shared_memory import SharedMemory
from typing import Any

START_LIMIT_S = 120.0
start_lock = threading.Lock()  # a child gets a copy of sys.path: nobody bends it meanwhile


class ChildStopped(Exception):
    """The child died, hung or could not start; the text says which, in words."""


@dataclass(frozen=True)
class Reply:
    """``kind``: result, user (a UserError), memory or bug."""

    kind: str
    value: Any


class ChildProcess:
    """Used by one thread, which has to outlive the process (Linux ties the two).

    ``kill`` and ``stop`` may be called from any thread.
    """

    def __init__(self, memory_bytes: int, warm_up: tuple[str, ...] = ()) -> None:
        self._memory_bytes = memory_bytes
        self._warm_up = warm_up
        self._process: Any = None
        self._pipe: Connection | None = None
        self._memory: SharedMemory | None = None
        self._memory_name = ""
        self._killed = False
        self._stopped = False

    @property
    def is_alive(self) -> bool:
        """Whether it can take a call; one that was stopped can't, even before it is gone."""
        return not self._stopped and self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int:
        return int(self._process.pid or 0) if self.is_alive else 0

    def start(self) -> None:
        """Spawn and wait until the child is ready; raises ChildStopped."""
        from desktop.imaging.serve import serve

        self.end()
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._memory_name = f"rr{os.getpid():x}-{secrets.token_hex(5)}"
        self._process = context.Process(
            target=serve,
            args=(theirs, self._memory_name, self._memory_bytes, self._warm_up, os.getpid()),
            name="readingroom-child",
            daemon=True,
        )
        try:
            with start_lock, _without_main():
                self._process.start()
        except OSError as error:  # no processes or file descriptors left
            self._process = None
            raise ChildStopped("It could not be started.") from error
        theirs.close()
        self._pipe = ours
        if self._killed:  # closed while starting
            self.kill()
        self._receive(START_LIMIT_S)

    def call(self, function: str, args: tuple[Any, ...], timeout_s: float) -> Reply:
        """Let the child run a function; raises ChildStopped where it does not answer."""
        message = pickle.dumps((function, args), protocol=5)
        assert self._pipe is not None
        try:
            self._pipe.send_bytes(message)
        except OSError as error:
            raise ChildStopped("It had ended.") from error
        # Every byte of an answer is foreign: the child may be in the hands of a crafted file.
        kind, body, memory_name, sizes = _Reader(self._receive(timeout_s), [], "desktop").load()
        buffers = self._take(memory_name, sizes)
        return Reply(kind, _Reader(body, buffers, function.split(".")[0]).load())

    def kill(self) -> None:
        """End the process at once; safe from any thread."""
        self._killed = True
        if self._process is not None and self._process.pid:
            self._process.kill()

    def stop(self) -> None:
        """End what it does just now; it may be started again. Safe from any thread."""
        self._stopped = True
        if self._process is not None and self._process.pid:
            self._process.kill()

    def end(self) -> None:
        """Kill the process if it lives and give back pipe and shared memory."""
        if self._process is not None:
            if self._process.is_alive():
                self._process.kill()
            self._process.join(5.0)
            self._process = None
        self._stopped = False
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None
        self._drop_memory()

    def _receive(self, timeout_s: float) -> bytes:
        assert self._pipe is not None
        ready = wait([self._pipe, self._process.sentinel], timeout_s)
        if not ready:
            raise ChildStopped(f"It took longer than {timeout_s:g} seconds and was ended.")
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            self._process.join(5.0)
            raise ChildStopped(_how_it_ended(self._process.exitcode)) from error

    def _take(self, memory_name: str, sizes: list[int]) -> list[bytearray]:
        """Copy the arrays' bytes out of shared memory, so that they are the parent's own."""
        if not sizes:
            return []
        if self._memory is None or self._memory.name.lstrip("/") != memory_name:
            if self._memory is not None:
                self._memory.close()
            self._memory = SharedMemory(memory_name)
        shared = self._memory.buf
        if shared is None or sum(sizes) > len(shared):
            raise ChildStopped("Its answer could not be understood.")
        taken, start = [], 0
        for size in sizes:
            taken.append(bytearray(shared[start : start + size]))
            start += size
        return taken

    def _drop_memory(self) -> None:
        """Unlink the segment in use, and the next one the child may just have made."""
        number = 0
        if self._memory is not None:
            number = int(self._memory.name.rpartition("_")[2])
            self._memory.close()
            self._memory = None
        for candidate in (number, number + 1) if self._memory_name else ():
            with contextlib.suppress(FileNotFoundError, ValueError):
                left = SharedMemory(f"{self._memory_name}_{candidate}")
                left.close()
                left.unlink()
        self._memory_name = ""


def name_of(function: Callable[..., Any] | str) -> str:
    """ "module:name" of a function that can be imported; raises TypeError for others."""
    if isinstance(function, str):
        return function
    module, name = function.__module__, function.__qualname__
    if "<" in name or module == "__main__":
        raise TypeError(f"{module}.{name} can't be imported by a child process")
    return f"{module}:{name}"


def load_function(name: str) -> Any:
    """The function behind "module:name"."""
    module, _, path = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide ``__main__`` while spawning, so that the child doesn't run the parent's script again.

    A frozen program has no script to run again and is left alone.
    """
    if getattr(sys, "frozen", False):
        yield
        return
    main = sys.modules.get("__main__")
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        if main is not None:
            sys.modules["__main__"] = main


def _how_it_ended(exitcode: int | None) -> str:
    if exitcode is None:
        return "It gave no answer."
    return f"It ended by itself (signal {-exitcode})." if exitcode < 0 else "It ended by itself."


_PLAIN = {
    "builtins": {"set", "frozenset", "complex", "bytearray", "slice", "range"},
    "datetime": {"date", "datetime", "time", "timedelta", "timezone"},
    "pathlib": {"Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"},
    "pathlib._local": {"Path", "PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.numeric": {"_frombuffer"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "msgspec._core": {"rebuild"},
    "collections": {"OrderedDict", "Counter"},
}


class _Reader(pickle.Unpickler):
    """Unpickles a result; knows plain values, arrays and the classes of the function's package."""

    def __init__(self, body: bytes, buffers: list[bytearray], package: str) -> None:
        super().__init__(io.BytesIO(body), buffers=buffers)
        self._packages = {package.partition(":")[0], "desktop"}

    def find_class(self, module: str, name: str) -> Any:
        if name in _PLAIN.get(module, ()):
            return super().find_class(module, name)
        if module.split(".")[0] in self._packages:
            found = super().find_class(module, name)
            # A class of ours, not one that a module of ours happens to have imported.
            if isinstance(found, type) and found.__module__.split(".")[0] in self._packages:
                return found
        raise pickle.UnpicklingError(f"a child may not send {module}.{name}")
