"""A large merge makes its further indexes afterwards; nothing else differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import FileProblem
from desktop.store import late_indexes, merge
from desktop.store.database import transaction
from desktop.workspace.workspace import Workspace
from tools.bench.merge import foreign_lines


def _indexes(ws: Workspace) -> list[tuple[str, str]]:
    rows = ws._database.writer.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name"
    )
    return [(row[0], row[1]) for row in rows]


def _merged(ws: Workspace) -> list[tuple[object, ...]]:
    """Rows, heads and events of what came from the foreign machine."""
    queries = (
        "SELECT * FROM annotation_rows ORDER BY id",
        "SELECT * FROM record_heads WHERE kind = 'annotation' ORDER BY record_id, event_uuid",
        "SELECT uuid, digest FROM events WHERE title = 'Draw box' ORDER BY seq",
    )
    return [tuple(r) for q in queries for r in ws._database.writer.exec_driver_sql(q)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    return Workspace.create(tmp_path / "one.rroom", title="One", reader_name="One")


def test_indexes_stand_again(
    project: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines, before = list(foreign_lines(60)), _indexes(project)
    monkeypatch.setattr(late_indexes, "_MANY", 10)
    with transaction(project._database.writer):
        assert merge.take_events(project._database.writer, lines, Progress(), 60).new == 60
        assert _indexes(project) == before
    assert _indexes(project) == before
    assert project._database.writer.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    late = _merged(project)

    monkeypatch.setattr(late_indexes, "_MANY", 10**9)
    other = Workspace.create(tmp_path / "two.rroom", title="Two", reader_name="Two")
    with transaction(other._database.writer):
        merge.take_events(other._database.writer, lines, Progress(), 60)
    assert len(late) == 45 + 45 + 60  # every fourth event changes a box
    assert late == _merged(other)


def test_refused_merge_leaves_all_as_it_was(
    project: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late_indexes, "_MANY", 10)
    before, rows = _indexes(project), _merged(project)
    lines = list(foreign_lines(40))
    lines[30] = merge.Line(lines[30].body.replace("Draw box", "Draw bow"), lines[30].digest)
    with pytest.raises(FileProblem), transaction(project._database.writer):
        merge.take_events(project._database.writer, lines, Progress(), 40)
    assert (_indexes(project), _merged(project)) == (before, rows)


def test_indexes_of_a_full_table_stay(project: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_indexes, "_MANY", 10)
    lines = list(foreign_lines(60))
    with transaction(project._database.writer):
        merge.take_events(project._database.writer, lines, Progress(), 60)
    with (
        transaction(project._database.writer),
        late_indexes.indexes_afterwards(project._database.writer, 20),
    ):
        names = [name for name, _sql in _indexes(project)]
        assert "events_by_group" in names
        assert not any(name.startswith("mask_slice_rows_by") for name in names)
