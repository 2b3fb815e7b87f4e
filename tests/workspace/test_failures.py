"""A full disk, a read-only folder, a second instance: a sentence each, and nothing is harmed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from desktop.commands.annotation import AddAnnotation
from desktop.domain.errors import StoreProblem
from desktop.store import database, place
from desktop.workspace import backups
from desktop.workspace.workspace import Workspace
from tests.workspace.made import COLUMNS, ROWS, MadeProject

REPOSITORY = Path(__file__).resolve().parents[2]


def test_a_full_disk_is_a_sentence_and_work_goes_on_when_there_is_room(made: MadeProject) -> None:
    kept = made.draw()
    connection = made.ws._database.writer
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    rng = np.random.default_rng(0)

    def fill() -> None:
        for _ in range(400):
            made.paint(rng.random((ROWS, COLUMNS)) < 0.5)

    with pytest.raises(StoreProblem, match="disk is full"):
        fill()
    before = {a.id for a in made.ws.annotations("case-0")}
    assert kept in before
    assert made.ws.verify().ok
    connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    after = made.draw()
    assert {a.id for a in made.ws.annotations("case-0")} == before | {after}
    made.reopen()
    assert made.ws.verify().ok


def test_a_commit_that_raises_but_got_through_counts_once(
    made: MadeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a commit can be unknown; the event's own id tells."""
    import contextlib

    from sqlalchemy import Connection
    from sqlalchemy.exc import OperationalError

    from desktop.store import transaction as doorway

    honest = database.transaction

    @contextlib.contextmanager
    def lying(connection: Connection) -> Iterator[None]:
        with honest(connection):
            yield
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    monkeypatch.setattr(doorway, "transaction", lying)
    region = made.region()
    event = made.ws.run(AddAnnotation(annotation=region))
    assert event is not None
    assert [a.id for a in made.ws.annotations("case-0")] == [region.id]
    assert made.ws.verify().ok


def test_a_commit_is_told_once_it_is_on_the_disk(
    made: MadeProject, synchronous: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other tests don't wait for the disk. The program does, and opens no file where it can't."""
    monkeypatch.setattr(database, "SYNCHRONOUS", synchronous)
    project = made.reopen()._database
    with project.another_reader() as reader:
        for connection in (project.writer, reader):
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    made.draw()
    made.ws.close()
    monkeypatch.setattr(database, "SYNCHRONOUS", 9)  # SQLite takes it for another one
    with pytest.raises(StoreProblem, match="can't be set up safely"):
        made.reopen_closed()
    monkeypatch.setattr(database, "SYNCHRONOUS", synchronous)
    assert len(made.reopen_closed().annotations("case-0")) == 1


def test_a_second_process_is_kept_out(made: MadeProject) -> None:
    script = f"""
        from pathlib import Path
        from desktop.domain.errors import StoreProblem
        from desktop.workspace.workspace import Workspace
        try:
            Workspace.open(Path({str(made.path)!r}), reader_name="Ada")
        except StoreProblem as problem:
            print(problem.title)
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "This project is already open in another window."


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of this machine may enter."""
    folder = Path(tempfile.mkdtemp(prefix="readingroom-read-only-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are kept differently there")
def test_a_read_only_folder_is_a_sentence(made: MadeProject, open_folder: Path) -> None:
    made.ws.close()
    path = open_folder / "made.rroom"
    shutil.copy(made.path, path)
    path.chmod(0o444)
    open_folder.chmod(0o555)
    script = f"""
        import os
        from pathlib import Path
        from desktop.domain.errors import StoreProblem
        from desktop.workspace.workspace import Workspace
        if os.getuid() == 0:  # root may write everywhere: become nobody
            os.setgid(65534)
            os.setuid(65534)
        path = Path({str(path)!r})
        for attempt in (
            lambda: Workspace.open(path, reader_name="Ada"),
            lambda: Workspace.create(path.with_name("new.rroom"), title="x", reader_name="Ada"),
        ):
            try:
                attempt()
                print("no problem")
            except StoreProblem as problem:
                print(problem.title)
    """
    answer = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.splitlines() == ["This project's folder can't be written."] * 2
    made.reopen_closed()
    assert made.ws.verify().ok


def test_a_network_folder_is_refused(made: MadeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "file_system_of", lambda _folder: "cifs")
    with pytest.raises(StoreProblem, match="network"):
        Workspace.create(made.folder / "n.rroom", title="x", reader_name="Ada", key=made.key)


def test_a_damaged_file_is_found_and_the_backup_opens(made: MadeProject) -> None:
    for _ in range(40):
        made.draw()
    made.ws.close()
    raw = bytearray(made.path.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 4096] = bytes(4096)
    made.path.write_bytes(bytes(raw))
    try:
        made.reopen_closed()
        assert not made.ws.verify().ok
    except StoreProblem:
        pass  # a damaged page on the way in is a sentence as well
    backup = backups.backups_of(made.path)[-1]
    with Workspace.open(backup, reader_name="Ada", key=made.key) as restored:
        assert len(restored.annotations("case-0")) == 40


def test_backups_are_thinned(tmp_path: Path) -> None:
    names = [f"202601{day:02}-{hour:02}0000-{day}" for day in range(1, 12) for hour in (8, 16)]
    kept = []
    for name in names:
        path = tmp_path / f"{name}.rroom"
        path.touch()
        kept.append(path)
    backups._thin(kept)
    left = sorted(p.stem for p in tmp_path.glob("*.rroom"))
    assert len(left) == 8  # the last of each of seven days, and one more of the newest three
    assert left[-1] == names[-1] and left[0] == "20260105-160000-5"
