"""Finds images among files and folders and makes domain records of them. Reads, never writes.

Every file is hashed here while it streams by; its header is read in a child process, several
files per call. A file that stops the child is named, and the others are read without it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from desktop.domain.contracts import Progress
from desktop.domain.errors import UserError
from desktop.domain.study import Instance
from desktop.imaging.child import NORMAL, ChildBug, ChildPool
from desktop.imaging.facts import ImageFacts, Refusal
from desktop.imaging.grouping import (
    Duplicate,
    Found,
    Refused,
    ScanResult,
    instance_id_of,
    patient_key,
)

__all__ = [
    "Duplicate",
    "Refused",
    "ScanResult",
    "file_sha256",
    "instance_id_of",
    "patient_key",
    "scan",
]

READ_MANY = "desktop.imaging.header:read_many"
_BATCH_FILES = 16
_BLOCK_BYTES = 1 << 20
_SYSTEM_FILES = {"thumbs.db", "desktop.ini", "dicomdir", "__macosx"}


def scan(
    paths: Sequence[Path],
    pool: ChildPool,
    *,
    key: bytes,
    progress: Progress,
    known: Callable[[str], bool] = lambda instance_id: False,
    existing: Callable[[str], Sequence[Instance]] = lambda series_id: (),
    case_offset: int = 0,
    patient_of: Callable[[str], str] = lambda instance_id: "",
) -> ScanResult:
    """Find all images in files and folders.

    Parameters
    ----------
    paths
        Files, and folders that are searched with everything below. Hidden ones are left out.
    pool
        Where headers are read.
    key
        The project's secret; patient keys are made with it.
    progress
        Told after each batch; a cancelled scan raises Cancelled.
    known
        Says of an instance id whether the project has it; such files count as duplicates.
    existing
        The instances that the project already has of a series id: new ones are sorted in among
        them.
    case_offset
        The order of the first new case.
    patient_of
        The key of the patient whom the project has for an instance id, "" for none: a made-up
        image that names its original belongs to that patient.

    Returns
    -------
    ScanResult
        Series in the order their first files were found; instances sorted within each series.
    """
    progress.report(0.0, "Looking for files")
    result = ScanResult()
    files = list(_files(paths, result, progress))
    found = Found()
    for path, digest, facts in _read_all(files, pool, result, known, progress):
        if isinstance(facts, Refusal):
            if not facts.silent:
                result.refused.append(Refused(path, facts.reason))
        else:
            found.add(path, digest, facts, result)
    progress.report(1.0, "Sorting")
    found.fill(result, key, existing, case_offset, patient_of)
    return result


def file_sha256(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 of a file's bytes, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            if progress is not None:
                progress.check()
    return digest.hexdigest()


def _files(paths: Sequence[Path], result: ScanResult, progress: Progress) -> Iterator[Path]:
    """All files to look at, each once, in a stable order."""
    seen: set[str] = set()
    for path in paths:
        for found in _below(path, result, progress):
            name = os.path.abspath(found)
            if name not in seen:
                seen.add(name)
                yield found


def _below(path: Path, result: ScanResult, progress: Progress) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return

    def unreadable(error: OSError) -> None:
        result.refused.append(Refused(Path(error.filename or path), _os_reason(error)))

    for folder, folders, names in os.walk(path, onerror=unreadable):
        progress.check()
        folders[:] = sorted(n for n in folders if not _is_hidden(n))
        for name in sorted(names):
            if not _is_hidden(name):
                yield Path(folder, name)


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name.lower() in _SYSTEM_FILES


_Line = tuple[Path, str]  # a file and its SHA-256
_Batch = tuple[list[_Line], "Future[list[ImageFacts | Refusal]]"]


def _read_all(
    files: Sequence[Path],
    pool: ChildPool,
    result: ScanResult,
    known: Callable[[str], bool],
    progress: Progress,
) -> Iterator[tuple[Path, str, ImageFacts | Refusal]]:
    """Hash and read all files; while a child reads one batch, the next is hashed."""
    waiting: deque[_Batch] = deque()
    first_with: dict[str, Path] = {}
    done = 0
    try:
        for start in range(0, len(files), _BATCH_FILES):
            part = files[start : start + _BATCH_FILES]
            lines = list(_hashed(part, first_with, result, known, progress))
            if lines:
                waiting.append((lines, _submit(pool, [path for path, _ in lines])))
            while len(waiting) > pool.workers + 1:
                yield from _take(waiting.popleft(), pool)
            done += len(part)
            progress.report(done / (len(files) + 1), f"{done} of {len(files)} files")
        while waiting:
            progress.check()
            yield from _take(waiting.popleft(), pool)
    finally:
        for _, future in waiting:
            future.cancel()


def _hashed(
    files: Sequence[Path],
    first_with: dict[str, Path],
    result: ScanResult,
    known: Callable[[str], bool],
    progress: Progress,
) -> Iterator[_Line]:
    """The files whose bytes are new, with their hash."""
    for path in files:
        try:
            if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would wait for ever
                result.refused.append(Refused(path, "It is not a regular file."))
                continue
            digest = file_sha256(path, progress)
        except OSError as error:
            result.refused.append(Refused(path, _os_reason(error)))
            continue
        instance_id = instance_id_of(digest)
        if known(instance_id):
            result.duplicates.append(Duplicate(path, None, instance_id))
        elif digest in first_with:
            result.duplicates.append(Duplicate(path, first_with[digest], instance_id))
        else:
            first_with[digest] = path
            yield path, digest


def _submit(pool: ChildPool, paths: Sequence[Path]) -> Future[list[ImageFacts | Refusal]]:
    names = [str(path) for path in paths]
    return pool.submit(READ_MANY, names, timeout_s=10.0 + len(names), priority=NORMAL)


def _take(batch: _Batch, pool: ChildPool) -> Iterator[tuple[Path, str, ImageFacts | Refusal]]:
    """The answers of a batch; where a file stopped the child, the files are read one by one."""
    lines, future = batch
    try:
        answers = future.result()
    except (UserError, ChildBug) as problem:
        if len(lines) == 1:
            yield (*lines[0], Refusal(reason=_reason(problem)))
            return
        for line in lines:
            yield from _take(([line], _submit(pool, [line[0]])), pool)
        return
    for (path, digest), answer in zip(lines, answers, strict=True):
        yield path, digest, answer


def _reason(problem: UserError | ChildBug) -> str:
    if isinstance(problem, ChildBug):
        return f"A fault of this program kept it from being read ({problem})."
    return " ".join(part for part in (problem.title, problem.detail) if part)


def _os_reason(error: OSError) -> str:
    return (
        f"It can't be opened ({os.strerror(error.errno).lower()})."
        if error.errno
        else ("It can't be opened.")
    )
