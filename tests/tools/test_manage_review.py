"""Review without a window: a comment goes to the reader, an answer comes back, all is settled."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.domain.task import AssignmentState, Role
from tests.workspace.made import MadeProject
from tools import manage


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Bea closed a case; Rob reviews."""
    made = MadeProject(tmp_path)
    made.ws.accounts.add_reader(made.ws.reader, "Bea", Role.READER)
    made.ws.accounts.add_reader(made.ws.reader, "Rob", Role.REVIEWER)
    ws = made.reopen("Bea")
    ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.close()
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    return made.path


def test_a_comment_goes_out_and_comes_back(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(reader: str, command: str, *words: object) -> tuple[int, str]:
        code = manage.main([command, str(project), "--reader", reader, *map(str, words)])
        said = capsys.readouterr()
        return code, said.out + said.err

    code, said = run("Rob", "reviews")
    assert code == 0 and "A not looked at 0 open" in said and "Bea" not in said
    assert run("Bea", "reviews")[0] == 2
    assert run("Rob", "comment", 1, "B", "Sure?")[0] == 2
    assert run("Rob", "review-return", 1, "A")[0] == 2  # nothing to return it for
    code, said = run("Rob", "comment", 1, "a", "Is this good?", "--question", "quality")
    assert (code, said) == (0, "Comment 1 is pinned.\n")
    assert run("Rob", "comment", 1, "a", "And?", "--question", "gone")[0] == 2
    assert run("Bea", "comments") == (0, "")  # a review in the making is nobody's
    assert run("Rob", "review-return", 1, "A")[0] == 0
    said = run("Bea", "comments")[1]
    assert "1 open, quality:" in said and "Is this good?" in said and "Rob" not in said
    assert run("Bea", "comment-answer", 1, 1, "It is poor")[0] == 0
    assert run("Bea", "answer", 1, "quality", "poor")[0] == 0
    assert run("Bea", "mark", 1, "done")[0] == 0
    said = run("Rob", "review-comments", 1, "A")[1]
    assert "1 answered, quality:" in said and "It is poor" in said
    assert run("Rob", "review-pass", 1, "A")[0] == 2  # a comment is not settled yet
    assert run("Rob", "comment-settle", 1, "A", 1)[0] == 0
    assert run("Rob", "review-pass", 1, "A")[0] == 0
    assert "passed" in run("Rob", "reviews")[1]
    assert run("Rob", "verify")[0] == 0
