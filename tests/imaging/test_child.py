"""The sandbox: what a child may do to its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from desktop.domain.errors import ConflictProblem, FileProblem
from desktop.domain.study import CalibrationSource, Window
from desktop.imaging.child import LATER, NORMAL, URGENT, ChildBug, ChildPool

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses Linux's /proc")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def bare() -> Iterator[ChildPool]:
    """A pool without decoders, quick to start."""
    pool = ChildPool(warm_up=())
    yield pool
    pool.close()


def double(array: np.ndarray) -> np.ndarray:
    return array * 2


def nested() -> dict[str, object]:
    return {
        "big": [np.arange(100_000, dtype="<u2")],
        "small": np.arange(3),
        "window": Window(center=1.0, width=2.0, name="w"),
        "source": CalibrationSource.DETECTOR,
        "path": Path("a"),
        "empty": np.zeros((0, 3)),
        "fortran": np.asfortranarray(np.arange(40_000).reshape(200, 200)),
    }


def refuse() -> None:
    raise ConflictProblem("A title.", "A detail.", "A hint.")


def stumble() -> None:
    raise ValueError("told to the developer")


def leave_baggage() -> object:
    return os.system


def exit_quietly() -> None:
    sys.exit(3)


def chatter() -> int:
    print("a name from a file")  # noqa: T201
    os.write(1, b"a name from a file")
    os.write(2, b"a name from a file")
    return os.getpid()


def slow_number(number: int, seconds: float) -> int:
    time.sleep(seconds)
    return number


def modules() -> list[str]:
    return sorted(sys.modules)


def test_arrays_come_back_as_own_memory(bare: ChildPool) -> None:
    first = bare.run(double, np.arange(50_000, dtype=np.int16).reshape(250, 200))
    second = bare.run(double, np.zeros((250, 200), np.int16))
    assert first.dtype == np.int16 and first.flags.c_contiguous
    assert first[1, 1] == 402 and second.max() == 0  # the second did not overwrite the first
    first[0, 0] = 7
    assert first[0, 0] == 7


def test_growing_and_shrinking_arrays(bare: ChildPool) -> None:
    for size in (10, 100_000, 10, 3_000_000, 100_000):
        array = bare.run("numpy:full", size, 5, "<i2")
        assert array.shape == (size,) and (array == 5).all()


def test_results_may_hold_values_records_and_arrays(bare: ChildPool) -> None:
    result = bare.run(nested)
    assert result["big"][0][-1] == 99_999 % 65_536
    assert result["small"].tolist() == [0, 1, 2]
    assert result["window"] == Window(center=1.0, width=2.0, name="w")
    assert result["source"] is CalibrationSource.DETECTOR
    assert result["path"] == Path("a")
    assert result["empty"].shape == (0, 3)
    assert (result["fortran"] == np.arange(40_000).reshape(200, 200)).all()


def test_a_user_error_keeps_its_words(bare: ChildPool) -> None:
    with pytest.raises(ConflictProblem) as caught:
        bare.run(refuse)
    assert (caught.value.title, caught.value.detail, caught.value.hint) == (
        "A title.",
        "A detail.",
        "A hint.",
    )


@pytest.mark.parametrize("function", [stumble, exit_quietly])
def test_anything_else_is_a_bug_and_the_child_stays(bare: ChildPool, function: object) -> None:
    before = bare.run("os:getpid")
    with pytest.raises(ChildBug):
        bare.run(function)
    assert bare.run("os:getpid") == before


def test_a_child_may_not_send_functions(bare: ChildPool) -> None:
    with pytest.raises(Exception, match="may not send"):
        bare.run(leave_baggage)
    assert bare.run("os:getpid") > 0


def test_a_function_without_a_name_is_refused(bare: ChildPool) -> None:
    with pytest.raises(TypeError):
        bare.submit(lambda: 1)


@linux
def test_death_is_told_in_words_and_the_next_call_works(bare: ChildPool) -> None:
    before = bare.run("os:getpid")
    with pytest.raises(FileProblem, match="stopped on this file") as caught:
        bare.run("os:abort")
    assert "signal 6" in caught.value.detail
    assert bare.run("os:getpid") != before


def test_a_time_limit_ends_the_child(bare: ChildPool) -> None:
    before = bare.run("os:getpid")
    with pytest.raises(FileProblem, match=r"longer than 0\.3 seconds"):
        bare.run(slow_number, 1, 60.0, timeout_s=0.3)
    assert bare.run("os:getpid") != before


@linux
def test_too_much_memory_is_told_in_words() -> None:
    pool = ChildPool(warm_up=(), memory_bytes=256 << 20)
    try:
        with pytest.raises(FileProblem, match="more memory than is allowed"):
            pool.run("numpy:ones", 1 << 30)
        assert pool.run("numpy:ones", 1000).sum() == 1000
    finally:
        pool.close()


def test_nothing_is_printed(bare: ChildPool, capfd: pytest.CaptureFixture[str]) -> None:
    assert bare.run(chatter) != os.getpid()
    out, err = capfd.readouterr()
    assert "a name" not in out + err


def test_the_child_knows_neither_qt_nor_the_window(pool: ChildPool) -> None:
    loaded = pool.run(modules)
    assert not [m for m in loaded if m.startswith(("PySide6", "desktop.gui", "desktop.workspace"))]
    assert "pydicom" in loaded and "imagecodecs" in loaded  # it is warm


@linux
def test_ctrl_c_is_ignored(bare: ChildPool) -> None:
    pid = bare.run("os:getpid")
    os.kill(pid, signal.SIGINT)
    assert bare.run("os:getpid") == pid


def test_urgent_goes_first_and_the_newest_of_these(bare: ChildPool) -> None:
    order: list[str] = []
    hold = bare.submit(slow_number, 0, 0.3)
    while not hold.running():
        time.sleep(0.01)
    futures = []
    for name, priority in [
        ("later", LATER),
        ("normal 1", NORMAL),
        ("urgent 1", URGENT),
        ("normal 2", NORMAL),
        ("urgent 2", URGENT),
    ]:
        future = bare.submit("os:getpid", priority=priority)
        future.add_done_callback(lambda _, name=name: order.append(name))
        futures.append(future)
    for future in futures:
        future.result(10)
    assert bare.run("os:getpid")  # all callbacks have run
    assert order == ["urgent 2", "urgent 1", "normal 1", "normal 2", "later"]


def test_a_queued_call_can_be_cancelled(bare: ChildPool) -> None:
    hold = bare.submit(slow_number, 0, 0.3)
    queued = bare.submit(slow_number, 1, 60.0)
    assert queued.cancel()
    assert hold.result(10) == 0
    assert bare.run(slow_number, 2, 0.0) == 2


def test_who_gives_up_waits_no_longer_and_nobody_else_is_harmed(bare: ChildPool) -> None:
    begun = bare.run("os:getpid")
    endless = bare.submit(slow_number, 0, 600.0, timeout_s=600.0)
    behind = bare.submit(slow_number, 1, 0.0)
    dropped = bare.submit(slow_number, 2, 600.0, timeout_s=600.0)
    bare.give_up(dropped)
    assert dropped.cancelled()
    while not bare._at_work:  # the child is at it
        time.sleep(0.01)
    bare.give_up(endless)
    with pytest.raises(FileProblem, match="stopped"):
        endless.result(30)
    assert behind.result(30) == 1  # in a new child
    assert bare.run("os:getpid") != begun
    bare.give_up(behind)  # too late to matter
    assert bare.run(slow_number, 3, 0.0) == 3


def test_many_threads_may_submit() -> None:
    pool = ChildPool(workers=2, warm_up=())
    results: list[int] = []

    def ask(start: int) -> None:
        for number in range(start, start + 20):
            results.append(int(pool.run("numpy:full", 20_000, number, "<i4")[-1]))

    threads = [threading.Thread(target=ask, args=(100 * t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert sorted(results) == sorted(100 * t + n for t in range(4) for n in range(20))


def shared_memory() -> set[str]:
    """Names of this process's pools only: other tests run at the same time."""
    return {name for name in os.listdir("/dev/shm") if name.startswith(f"rr{os.getpid():x}-")}


@linux
def test_closing_leaves_no_process_and_no_shared_memory() -> None:
    before = shared_memory()
    pool = ChildPool(workers=2, warm_up=())
    pool.run("numpy:ones", 100_000)
    running = pool.submit(slow_number, 1, 60.0, timeout_s=100.0)
    queued = [pool.submit(slow_number, 1, 60.0) for _ in range(3)]
    pids = pool.process_ids
    pool.close()
    assert pids and not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert shared_memory() - before == set()
    for future in (running, *queued):
        with pytest.raises(FileProblem):
            future.result(10)
    with pytest.raises(FileProblem, match="closed"):
        pool.submit("os:getpid")


@linux
def test_a_dying_child_leaves_no_shared_memory() -> None:
    before = shared_memory()
    pool = ChildPool(warm_up=())
    for _ in range(3):
        pool.run("numpy:ones", 100_000)
        with pytest.raises(FileProblem):
            pool.run("os:abort")
    pool.close()
    assert shared_memory() - before == set()


SCRIPT = """
import sys, time
from desktop.imaging.child import ChildPool
pool = ChildPool(workers=2, warm_up=())
print(pool.run("os:getpid"), flush=True)
pool.submit("time:sleep", 60, timeout_s=100)
pool.submit("time:sleep", 60, timeout_s=100)
{end}
"""


def _script(tmp_path: Path, end: str) -> subprocess.Popen[str]:
    """A program without a __main__ guard that uses a pool."""
    path = tmp_path / "program.py"
    path.write_text(SCRIPT.format(end=end))
    return subprocess.Popen(
        [sys.executable, str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_a_script_without_a_guard_works_and_ends(tmp_path: Path) -> None:
    program = _script(tmp_path, "")
    out, err = program.communicate(timeout=60)
    assert program.returncode == 0 and err == ""
    assert len(out.split()) == 1  # the child did not run the script again


@linux
def test_the_child_dies_with_its_parent(tmp_path: Path) -> None:
    program = _script(tmp_path, "time.sleep(60)")
    assert program.stdout is not None
    child = int(program.stdout.readline())
    assert Path(f"/proc/{child}").exists()
    program.kill()
    program.wait()
    deadline = time.monotonic() + 20
    while _is_running(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_running(child)


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in ("Z", "X")
