"""The loop that runs in a child process: take a call, run it, answer. It must not import Qt."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import threading
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from multiprocessing.shared_memory import SharedMemory
from typing import Any

from desktop.domain.errors import UserError
from desktop.imaging.process import load_function

_INLINE_BYTES = 1 << 14  # smaller arrays go through the pipe


def serve(
    pipe: Connection, memory_name: str, memory_bytes: int, warm_up: tuple[str, ...], parent: int
) -> None:
    """Answer calls until the parent closes the pipe or dies."""
    _be_quiet()
    _die_with(parent)
    for name in warm_up:
        with contextlib.suppress(Exception):  # what is missing is told when it is needed
            load_function(name)()
    _limit_memory(memory_bytes)
    shelf = _Shelf(memory_name)
    pipe.send_bytes(b"ready")
    while True:
        try:
            message = pipe.recv_bytes()
        except (EOFError, OSError):
            break
        pipe.send_bytes(_answer(message, shelf))
        del message
    shelf.close()


def _answer(message: bytes, shelf: _Shelf) -> bytes:
    buffers: list[pickle.PickleBuffer] = []

    def out_of_band(buffer: pickle.PickleBuffer) -> bool:
        """Tell pickle to leave large arrays out: they go through shared memory."""
        if buffer.raw().nbytes < _INLINE_BYTES:
            return True
        buffers.append(buffer)
        return False

    try:
        kind, value = _run(message)
        body = pickle.dumps(value, protocol=5, buffer_callback=out_of_band)
        sizes = shelf.put(buffers)
    except MemoryError:
        kind, body, sizes = "memory", pickle.dumps(None), []
    except Exception as error:  # noqa: BLE001 - a result that can't travel; the parent is told
        kind, body, sizes = "bug", pickle.dumps(_short(error)), []
    return pickle.dumps((kind, body, shelf.name, sizes), protocol=5)


def _run(message: bytes) -> tuple[str, Any]:
    try:
        function, args = pickle.loads(message)
        return "result", load_function(function)(*args)
    except MemoryError:
        return "memory", None
    except UserError as error:
        return "user", (type(error).__name__, error.title, error.detail, error.hint)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - decoders raise what is no Exception
        return "bug", _short(error)


def _short(error: BaseException) -> str:
    """Type, place and a short text: enough to find a bug, too little for a patient's data."""
    last = traceback.extract_tb(error.__traceback__)[-1:]
    place = "".join(f" at {os.path.basename(f.filename)}:{f.lineno}" for f in last)
    return f"{type(error).__name__}{place}: {str(error)[:200]}"


class _Shelf:
    """The child's shared memory: one segment, replaced by a larger one when needed."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._number = -1
        self._memory: SharedMemory | None = None

    @property
    def name(self) -> str:
        return f"{self._prefix}_{self._number}"

    def put(self, buffers: list[pickle.PickleBuffer]) -> list[int]:
        """Lay the buffers one after the other; returns their sizes."""
        views = [buffer.raw() for buffer in buffers]
        total = sum(view.nbytes for view in views)
        if total > (self._memory.size if self._memory else 0):
            old, self._number = self._memory, self._number + 1
            self._memory = SharedMemory(self.name, create=True, size=total * 5 // 4)
            _unlink(old)
        start = 0
        for view in views:
            assert self._memory is not None
            assert self._memory.buf is not None
            self._memory.buf[start : start + view.nbytes] = view
            start += view.nbytes
        return [view.nbytes for view in views]

    def close(self) -> None:
        _unlink(self._memory)
        self._memory = None


def _unlink(memory: SharedMemory | None) -> None:
    if memory is not None:
        memory.close()
        with contextlib.suppress(FileNotFoundError):
            memory.unlink()


def _be_quiet() -> None:
    """Nothing is printed (decoders print file contents), Ctrl+C is the parent's, no core dumps."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):
            os.dup2(null, descriptor)
    sys.stdout = sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for life
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        os.environ.setdefault(name, "1")  # thread stacks count against the memory limit


def _die_with(parent: int) -> None:
    """End when the parent ends, in the middle of a decode as well."""
    above = parent_process()
    if above is not None:

        def end_with_parent() -> None:
            above.join()
            os._exit(1)

        threading.Thread(target=end_with_parent, daemon=True).start()
    if sys.platform.startswith("linux"):
        import ctypes

        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)


def _limit_memory(memory_bytes: int) -> None:
    """Allow ``memory_bytes`` of address space on top of what is in use now; Linux only."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    with open("/proc/self/statm", encoding="ascii") as file:
        in_use = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + memory_bytes, in_use + memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
