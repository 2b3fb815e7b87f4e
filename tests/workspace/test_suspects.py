"""Labels that look wrong: from suggestions, from a file, from shapes; decided and sent on."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from desktop.commands.access import ChangeRole
from desktop.commands.project import (
    AddSchema,
    AnswerQuestion,
    ChooseSchema,
    MarkCase,
    RegisterImages,
)
from desktop.commands.proposal import OfferProposals
from desktop.domain.annotation import Provenance, Target
from desktop.domain.doubt import Judgement
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Choice, Question, QuestionKind, Schema, Scope
from desktop.domain.study import Instance
from desktop.domain.task import AssignmentState, Role
from desktop.engines.gold.label_errors import find_label_errors
from desktop.workspace.quality.probabilities import read_probabilities
from tests.workspace.made import COLUMNS, ROWS, SCHEMA, MadeProject, disk_mask
from tests.workspace.made_lessons import KINDS, Lessons
from tools import manage

CASES = 30
WRONG = (4, 11, 23)
ASKED = Schema(
    id="chest@1",
    name="chest",
    version=1,
    title="Chest",
    classes=SCHEMA.classes,
    questions=(
        Question(
            id="side",
            text="Which side",
            kind=QuestionKind.CHOICE,
            choices=tuple(Choice(id=i, text=i.title()) for i in ("left", "right", "both")),
        ),
    ),
)
ANSWERS = ("left", "right", "both")


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MadeProject:
    """One reader's answers, three of them wrong, and a model that is nearly right."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MadeProject(tmp_path, cases=CASES)
    made.ws.run(AddSchema(schema=ASKED))
    for n, case in enumerate(made.cases):
        made.ws.run(ChooseSchema(case_id=case, schema_id=ASKED.id))
        said = ANSWERS[(n + (n in WRONG)) % 3]
        made.ws.run(AnswerQuestion(case_id=case, question_id="side", value=said))
        made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    return made


def chances(n: int) -> dict[str, float]:
    rng = random.Random(n)
    sure = 0.9 if n in WRONG else round(rng.uniform(0.75, 0.89), 2)
    rest = round((1 - sure) / 2, 4)
    return {a: (sure if i == n % 3 else rest) for i, a in enumerate(ANSWERS)}


def suggestions(made: MadeProject) -> tuple[Proposal, ...]:
    return tuple(
        Proposal(
            id=f"p-{n}", case_id=case, run_id="run-1", schema_id=ASKED.id,
            target=Target(scope=Scope.STUDY), question_id="side", value=ANSWERS[n % 3],
            score=max(chances(n).values()), soft=chances(n),
            provenance=Provenance(tool="side finder"),
        )
        for n, case in enumerate(made.cases)
    )  # fmt: skip


def table(made: MadeProject, path: Path) -> Path:
    lines = ["case,question,Left,Right,Both"]
    for n, case in enumerate(made.cases):
        lines.append(f"{case},Which side," + ",".join(str(p) for p in chances(n).values()))
    path.write_text("\n".join(lines) + "\n")
    return path


def test_suggestions_of_a_run_find_the_wrong_labels(read: MadeProject) -> None:
    read.ws.run(OfferProposals(proposals=suggestions(read)))
    source, learned = read.ws.quality.sources()
    assert source.title == "side finder · 30 suggestions"
    assert learned.title == "Learned here · Which side"
    found = read.ws.quality.suspects()
    assert {s.case_id for s in found.open} == {read.cases[n] for n in WRONG}
    assert found.looked_at == CASES
    first = found.open[0]
    n = read.cases.index(first.case_id)
    assert (first.given, first.suggested) == (ANSWERS[(n + 1) % 3].title(), ANSWERS[n % 3].title())
    labels = np.array([(k + (k in WRONG)) % 3 for k in range(CASES)])
    wanted = find_label_errors(labels, np.array([list(chances(k).values()) for k in range(CASES)]))
    assert [s.score for s in found.open] == pytest.approx(wanted.scores[wanted.ranked].tolist())


def test_a_file_says_the_same_as_the_run(read: MadeProject, tmp_path: Path) -> None:
    by_file = read.ws.quality.suspects(file=table(read, tmp_path / "p.csv"))
    lines = [
        json.dumps({"case": case, "question": "side", "probabilities": chances(n)})
        for n, case in enumerate(read.cases)
    ]
    (tmp_path / "p.jsonl").write_text("\n".join(lines))
    by_lines = read.ws.quality.suspects(file=tmp_path / "p.jsonl")
    assert {s.case_id for s in by_file.open} == {read.cases[n] for n in WRONG}
    assert [s.score for s in by_file.open] == [s.score for s in by_lines.open]
    assert by_file.open[0].source == "probabilities in p.csv"


@pytest.mark.parametrize(
    "text, said",
    [
        ("", "empty"),
        ("case,side\n", "Line 1: The head must be"),
        ("case,question,left,right\ncase-0,side,0.5\n", "Line 2: It has 3 cells, the head has 4."),
        ("case,question,left,right\ncase-0,side,0.5,x\n", "Line 2: “x” is not a number."),
        ("case,question,left,right\ncase-0,side,0.5,0.9\n", "Line 2: The probabilities add up to"),
        ("case,question,left,right\ncase-0,side,-0.5,1.5\n", "Line 2: Probabilities lie between"),
        ('{"case": "case-0"}\n', 'Line 1: It needs "case", "question" and "probabilities".'),
        ("case,question,left,right\nnowhere,side,0.5,0.5\n", "Line 2: there is no case “nowhere”"),
        ("case,question,left,right\ncase-0,what,0.5,0.5\n", "no question or class “what”"),
        ("case,question,up,down\ncase-0,side,0.5,0.5\n", "Line 2: “up” is no answer to Which side"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_by_its_line(
    read: MadeProject, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(UserError) as error:
        read.ws.quality.suspects(file=path)
    assert said in f"{error.value.title} {error.value.detail}"


def test_numbers_with_a_byte_order_mark_and_blank_lines_are_read(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("\ufeffcase,question,yes,no\n\na,b,0.25,0.75\n", encoding="utf-8")
    (one,) = read_probabilities(path)
    assert one.chances == {"yes": 0.25, "no": 0.75}


def test_what_is_learned_here_finds_the_wrong_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of 64 pictures eight are labelled wrong; each is judged without its patient's label."""
    lessons = Lessons(tmp_path, 64)
    ws = lessons.ws
    wrong = {}
    for number, (case_id, kind) in enumerate(lessons.truth.items()):
        said = kind
        if number % 8 == 5:
            said = wrong[case_id] = next(k for k in KINDS if k != kind)
        ws.run(AnswerQuestion(case_id=case_id, question_id="kind", value=said))
        ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    (source,) = ws.quality.sources()
    assert source.title == "Learned here · What is it"
    found = ws.quality.suspects((source.run_id,))
    assert found.looked_at == 64
    caught = {s.case_id for s in found.suspects} & set(wrong)
    assert len(wrong) == 8 and len(caught) >= 3
    assert len(caught) >= 0.3 * len(found.suspects), "by chance an eighth would be wrong"
    assert "folds of patients" in found.suspects[0].source
    assert ws.quality.suspects((source.run_id,)) == found, "the same every time"
    ws.close()
    call = ["suspects", str(tmp_path / "lessons.rroom"), "--reader", "Ada", "--source", "1"]
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    assert manage.main(call) == 0
    said = capsys.readouterr().out
    first = found.suspects[0]
    assert said.splitlines()[0].startswith(f"1: {first.title}: What is it: {first.given}")
    assert manage.main([*call, "--judge", "1", "right"]) == 0
    assert manage.main(call) == 0
    assert f"{len(found.suspects) - 1} open of 64" in capsys.readouterr().out
    assert manage.main([*call, "--judge", "99", "right"]) == 2


def test_what_was_decided_stays_until_the_label_changes(read: MadeProject, tmp_path: Path) -> None:
    ws, file = read.ws, table(read, tmp_path / "p.csv")
    first, second, third = ws.quality.suspects(file=file).open
    ws.quality.judge(first, Judgement.RIGHT)
    ws.quality.judge(second, Judgement.SENT)
    again = ws.quality.suspects(file=file)
    assert [s.claim_id for s in again.open] == [third.claim_id]
    assert {s.judgement for s in again.suspects} == {"right", "sent", ""}
    n = read.cases.index(first.case_id)
    other = ANSWERS[(n + 2) % 3]
    ws.run(AnswerQuestion(case_id=first.case_id, question_id="side", value=other))
    assert first.case_id in {s.case_id for s in ws.quality.suspects(file=file).open}
    ws.undo("")
    assert ws.verify().ok


def test_what_is_sent_comes_to_the_adjudicator(read: MadeProject, tmp_path: Path) -> None:
    suspect = read.ws.quality.suspects(file=table(read, tmp_path / "p.csv")).open[0]
    read.reopen("Cora")
    cora = read.ws.reader.id
    read.reopen("Ada")
    read.ws.run(ChangeRole(reader_id=cora, role=Role.ADJUDICATOR))
    read.ws.quality.judge(suspect, Judgement.SENT)
    read.reopen("Cora")
    (line,) = read.ws.adjudication.queue()
    assert line.case_id == suspect.case_id
    (matter,) = line.open
    assert suspect.claim_id in matter.source_ids
    n = read.cases.index(suspect.case_id)
    read.ws.adjudication.answer(matter, ANSWERS[n % 3])
    (line,) = read.ws.adjudication.queue()
    assert line.is_settled


def test_few_labels_are_not_judged_by(read: MadeProject, tmp_path: Path) -> None:
    lines = table(read, tmp_path / "p.csv").read_text().splitlines()[:6]
    (tmp_path / "few.csv").write_text("\n".join(lines))
    found = read.ws.quality.suspects(file=tmp_path / "few.csv")
    assert found.suspects == ()
    assert found.notes == ("Which side: 5 labels with probabilities are too few.",)


def test_a_mask_unlike_the_others_is_found(made: MadeProject) -> None:
    made.ws.run(
        RegisterImages(
            studies=(), series=(), cases=(),
            instances=tuple(
                Instance(
                    id=f"instance-0-{f}", series_id="series-0", file_sha256="0" * 64,
                    media="dicom", rows=ROWS, columns=COLUMNS, order=f, spacing_mm=(1.0, 1.0),
                )
                for f in range(3)
            ),
        )
    )  # fmt: skip
    rng = np.random.default_rng(1)
    for _ in range(9):
        made.paint(disk_mask(*rng.uniform(8, 16, 2), rng.uniform(3.6, 4.4)))
    odd = made.paint(disk_mask(16, 12, 11))
    made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    found = made.ws.quality.odd_masks()
    assert found.looked_at == 10
    assert found.open[0].claim_id == odd
    assert "unusually high" in found.open[0].reason


def test_a_plain_reader_sees_no_suspects(read: MadeProject) -> None:
    read.reopen("Ben")
    with pytest.raises(AccessProblem):
        read.ws.quality.suspects()
