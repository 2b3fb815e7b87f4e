"""Files that are whole or not there: written, flushed to the disk, renamed."""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from desktop.domain.errors import StoreProblem

_CHUNK = 1 << 20
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # a fixed time: equal content gives equal bytes


def write_file(path: Path, content: bytes) -> None:
    """Write and flush a new file; its folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Flush all folders below and this one."""
    for root, _folders, _files in os.walk(folder, topdown=False):
        sync_folder(Path(root))


def zip_folder(folder: Path, target: Path) -> None:
    """One zip file of a folder: sorted names, fixed times, so that it is the same every time."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    with target.open("xb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for name in names:
                info = zipfile.ZipInfo(name, _ZIP_TIME)
                info.compress_type = zipfile.ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = 0o644 << 16
                size = (folder / name).stat().st_size
                with (
                    (folder / name).open("rb") as source,
                    archive.open(info, "w", force_zip64=size >= 1 << 31) as entry,
                ):
                    shutil.copyfileobj(source, entry, _CHUNK)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def plain_disk_errors(what: str) -> Iterator[None]:
    """Say in a sentence what the disk said in a number."""
    try:
        yield
    except OSError as error:
        raise _in_words(error, what) from error


def _in_words(error: OSError, what: str) -> StoreProblem:
    title = f"The {what} was not written."
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return StoreProblem(
                title, "There is not enough room on the disk.", "Free some space or choose another."
            )
        case errno.EROFS | errno.EACCES | errno.EPERM:
            return StoreProblem(title, "This place can't be written to.", "Choose another folder.")
        case errno.ENOENT | errno.ENOTDIR:
            return StoreProblem(title, "The folder is gone.", "Choose another folder.")
        case errno.ENAMETOOLONG:
            return StoreProblem(
                title, "The path is too long for this system.", "Choose a shorter folder name."
            )
        case _:
            return StoreProblem(
                title, f"The disk answered: {os.strerror(error.errno or errno.EIO)}.", ""
            )
