"""Where a project may live, and the lock that keeps a second writer out."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import IO

from desktop.domain.errors import StoreProblem

LOW_SPACE_BYTES = 500 << 20
_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs"}


class WriterLock:
    """An operating-system lock on a file beside the project; gone when the process is gone."""

    def __init__(self, project_path: Path) -> None:
        self._path = project_path.with_name(project_path.name + ".lock")
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock; StoreProblem where another process holds it."""
        try:
            file = open(self._path, "a+b")  # noqa: SIM115 - held as long as the project is open
        except OSError as error:
            raise StoreProblem(
                "This project's folder can't be written.",
                error.strerror or "",
                "Open it read-only, or copy it to a folder of yours.",
            ) from error
        try:
            _lock(file)
        except OSError as error:
            file.close()
            raise StoreProblem(
                "This project is already open in another window.",
                "Two writers at once could harm it.",
                "Close the other window, or open it read-only.",
            ) from error
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _lock(file: IO[bytes]) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def check_place(path: Path) -> None:
    """StoreProblem where a project can't be kept safely: no folder, or a network file system."""
    folder = path.parent
    if not folder.is_dir():
        raise StoreProblem(
            "The project's folder is not there.", "", "Choose another folder, or plug the disk in."
        )
    if file_system_of(folder) in _NETWORK_FILE_SYSTEMS:
        raise StoreProblem(
            "Projects can't live on a network folder.",
            "The database's safety depends on a local disk.",
            "Keep the project on this machine and exchange bundles through the network folder.",
        )


def file_system_of(folder: Path) -> str:
    """The file system's type on Linux, "" elsewhere or where unknown."""
    try:
        lines = Path("/proc/mounts").read_text().splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    real = os.path.realpath(folder)
    for line in lines:
        fields = line.split()
        mount = fields[1].replace("\\040", " ")
        inside = real == mount or real.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, fields[2]
    return kind


def free_bytes(path: Path) -> int:
    """Free space on the project's disk."""
    return shutil.disk_usage(path.parent).free
