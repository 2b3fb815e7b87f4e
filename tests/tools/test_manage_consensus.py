"""Disagreements, rulings, consensus and comments without a window."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.task import AssignmentState, Role
from tests.workspace.made import MadeProject
from tools import manage


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two readers differ about one question."""
    made = MadeProject(tmp_path)
    for name in ("Bea", "Cyd"):
        made.ws.accounts.add_reader(made.ws.reader, name, Role.READER)
    for name, value in (("Bea", "good"), ("Cyd", "poor")):
        ws = made.reopen(name)
        ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value=value))
        ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.close()
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    return made.path


def test_a_lead_settles_and_counts(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: object, reader: str = "Ada") -> tuple[int, str]:
        code = manage.main([str(w) for w in (*words, "--reader", reader)])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run("disagreements", project)
    assert code == 0 and "Image quality, 1.00 apart, open" in said and "Bea" not in said
    code, said = run("consensus", project)
    assert code == 0 and "1: Image quality" in said
    code, said = run("consensus", project, 1, "--method", "majority", "--offer")
    assert code == 0 and "tied / tied" in said and "Offered as suggestions: 0." in said
    assert run("consensus", project, "no-such")[0] == 2
    assert run("rule", project, 9, "reject")[0] == 2
    assert run("rule", project, 1, "accept", "a", "--cause", "guideline gap")[0] == 2
    code, said = run(
        "rule", project, 1, "accept", "a", "--cause", "guideline gap", "--note", "Say what is poor"
    )
    assert code == 0 and said.startswith("Ruled")
    code, said = run("gaps", project, tmp_path / "gaps.csv")
    assert code == 0 and "Say what is poor" in said and (tmp_path / "gaps.csv").exists()
    assert "settled" in run("disagreements", project)[1]
    assert run("rule", project, 1, "answer", "poor")[0] == 0
    assert '"poor"' in run("show", project, 1)[1], "the lead's own answer"
    assert run("rule", project, 1, "edit", "a")[0] == 2, "an answer is not edited"
    assert run("disagreements", project, reader="Bea")[0] == 2
    assert run("comments", project, reader="Bea") == (0, "")
    assert run("verify", project)[0] == 0
