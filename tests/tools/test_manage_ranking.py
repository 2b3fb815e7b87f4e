"""Preference tasks without a window: made from a file, judged by a script, shown, exported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from desktop.domain.ranking import Outcome
from desktop.workspace.workspace import Workspace
from tools import manage


def test_texts_are_ranked_and_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))

    def run(*words: object) -> tuple[int, str]:
        code = manage.main([*(str(w) for w in words), "--reader", "Lead"])
        said = capsys.readouterr()
        return code, said.out + said.err

    project, file = tmp_path / "p.rroom", tmp_path / "in.jsonl"
    answers = [{"text": t, "source": f"model {t}"} for t in "abc"]
    file.write_text(json.dumps({"prompt": "p", "candidates": answers}))
    assert run("create", project)[0] == 0
    assert "1 questions" in run("prefer", project, "Answers", "--file", file)[1]
    assert "1: Answers, pairwise, open" in run("preferences", project)[1]
    with Workspace.open(project, reader_name="Lead") as room:
        (line,) = room.ranking.tasks()
        while (asked := room.ranking.next(line.task.id)) is not None:
            left, right = (c.text for c in asked.candidates)
            room.ranking.compare(asked, Outcome.LEFT if left < right else Outcome.RIGHT)
    code, said = run("ranking", project, 1, "--by-source")
    names = [row.split()[2] for row in said.splitlines()[:3]]
    assert (code, names) == (0, ["a", "b", "c"])
    assert run("export-preferences", project, 1, tmp_path / "out", "--conflicts", "drop")[0] == 0
    (rows,) = (tmp_path / "out").glob("preference.*.jsonl")
    assert len(rows.read_text().splitlines()) == 3
    code, said = run("ranking", project, 2)
    assert code == 2 and "no such preference task" in said
