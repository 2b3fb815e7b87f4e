"""Readers and passwords on the command line: what is printed, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from desktop.commands.time import RecordTime
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.workspace.workspace import Workspace
from tests.workspace.made import MadeProject
from tools import manage

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path)
    made.close()
    return made.path


@pytest.fixture
def run(project: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(command: str, *arguments: object, reader: str = "Ada") -> tuple[int, str]:
        code = manage.main([command, str(project), "--reader", reader, *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_a_lead_sets_up_a_project_with_passwords(run: Run, tmp_path: Path) -> None:
    ada = written(tmp_path, "ada", "analytical engine")
    grace = written(tmp_path, "grace", "nanoseconds of wire")
    assert run("ask", "passwords", "required")[0] == 2
    assert run("password", "--new-password-file", ada)[0] == 0
    assert run("readers")[0] == 2  # from here on with the password
    key = ("--password-file", ada)
    assert run("add-reader", "Grace", "--new-password-file", grace, *key)[0] == 0
    assert run("role", "Grace", "adjudicator", *key)[0] == 0
    assert run("ask", "passwords", "required", *key)[0] == 0
    code, text = run("readers", *key)
    assert code == 0
    assert "adjudicator password     Grace" in text and "passwords: required" in text
    code, text = run("role", "Ada", "reader", "--password-file", grace, reader="Grace")
    assert code == 2 and "lead" in text
    code, text = run("readers", reader="Mallory")
    assert code == 2 and "wrong" in text


def test_a_case_is_signed(run: Run, tmp_path: Path) -> None:
    ada = written(tmp_path, "ada", "analytical engine")
    run("password", "--new-password-file", ada)
    key = ("--password-file", ada)
    assert run("ask", "signatures", "password", *key)[0] == 0
    assert run("mark", 1, "done", *key)[0] == 2
    code, text = run("sign", 1, "--meaning", "Read by me", *key)
    assert code == 0 and "signed 2" in text
    assert run("sign", 9, "--meaning", "Read by me", *key)[0] == 2
    assert run("verify", *key)[0] == 0


def test_working_time_is_told_in_seconds(run: Run, project: Path) -> None:
    with Workspace.open(project, reader_name="Ada") as workspace:
        span = TimeSpan(
            id=workspace.new_id(),
            reader_id=workspace.reader.id,
            case_id="case-1",
            tool="box",
            state=TimeState.ACTIVE,
            start_utc="2026-01-02T03:04:05.000+00:00",
            seconds=12.5,
        )
        workspace.run(RecordTime(spans=(span,)))
    code, text = run("time")
    assert code == 0
    assert text.splitlines()[1] == "Ada\t2\t12.5\t0.0\t0.0\t0.0\t0.0"
    code, text = run("time", "--by-tool")
    assert code == 0 and text.splitlines()[0].startswith("reader\tcase\ttool\tactive")
    assert text.splitlines()[1] == "Ada\t2\tbox\t12.5\t0.0\t0.0\t0.0\t0.0"
