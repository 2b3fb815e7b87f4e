"""Comment, confidence and flag of a case: logged, undone, signed, exported, merged by reader."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from msgspec.structs import replace

from desktop.commands.case_note import CommentCase, FlagCase, RateConfidence
from desktop.commands.project import AddSchema, AnswerQuestion, UseSchema
from desktop.domain.case_note import CaseNote
from desktop.domain.condition import Condition
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.schema import Question, QuestionKind
from desktop.domain.schema_versions import next_version
from desktop.domain.task import Role
from desktop.exchange.bundle import BundleOptions
from tests.workspace.made import SCHEMA, MadeProject

CASE = "case-0"
REASON = "zigzag motion"  # in no other word of a bundle


def table(bundle: Path, name: str) -> list[dict[str, str]]:
    with (bundle / f"tables/{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_note_is_one_row_that_comes_and_goes(made: MadeProject) -> None:
    ws = made.ws
    assert ws.case_note(CASE).is_empty
    ws.run(CommentCase(case_id=CASE, comment="  two readers may differ "))
    ws.run(RateConfidence(case_id=CASE, confidence=2))
    ws.run(FlagCase(case_id=CASE, word="ask  Grace"))
    note = ws.case_note(CASE)
    assert (note.comment, note.confidence, note.flag) == ("two readers may differ", 2, "ask Grace")
    assert ws.flags() == {CASE: "ask Grace"}
    assert ws.undo_title(CASE) == "Flag case: ask Grace"
    ws.undo(CASE)
    assert ws.case_note(CASE) == replace(note, flag="")
    ws.run(CommentCase(case_id=CASE, comment=""))
    ws.run(RateConfidence(case_id=CASE, confidence=None))
    assert ws.case_note(CASE).is_empty and not ws.flags()
    assert ws.verify().ok


@pytest.mark.parametrize("wrong", [0, 6, -1])
def test_confidence_has_five_steps(made: MadeProject, wrong: int) -> None:
    with pytest.raises(UserError, match="1 to 5"):
        made.ws.run(RateConfidence(case_id=CASE, confidence=wrong))


def test_a_flag_is_short(made: MadeProject) -> None:
    with pytest.raises(UserError, match="word or two"):
        made.ws.run(FlagCase(case_id=CASE, word="x" * 41))


def test_notes_belong_to_their_reader(made: MadeProject) -> None:
    made.ws.run(CommentCase(case_id=CASE, comment="Ada's"))
    made.ws.accounts.add_reader(made.ws.reader, "Grace", Role.READER)
    made.reopen(reader_name="Grace")
    assert made.ws.case_note(CASE).is_empty
    with pytest.raises(AccessProblem):
        made.ws.claims.notes(CASE)
    made.ws.run(CommentCase(case_id=CASE, comment="Grace's"))
    made.reopen()
    assert {n.comment for n in made.ws.claims.notes(CASE)} == {"Ada's", "Grace's"}


def test_a_signature_covers_comment_and_confidence_but_not_the_flag(made: MadeProject) -> None:
    ws = made.ws
    ws.run(RateConfidence(case_id=CASE, confidence=4))
    ws.sign_case(CASE, "Read by me")
    ws.run(FlagCase(case_id=CASE, word="show"))
    assert ws.signature_holds(CASE)
    ws.run(RateConfidence(case_id=CASE, confidence=1))
    assert not ws.signature_holds(CASE)


def test_the_note_is_exported_with_the_reader_who_made_it(made: MadeProject) -> None:
    made.ws.run(CommentCase(case_id=CASE, comment="=1+1"))
    made.ws.run(RateConfidence(case_id=CASE, confidence=3))
    made.ws.run(FlagCase(case_id=CASE, word="show"))
    target = made.folder / "bundle"
    made.ws.export_bundle(target, BundleOptions(formats=("table", "audit")))
    rows = {r["case_id"]: r for r in table(target, "cases")}
    told = [rows[CASE][k] for k in ("reader", "confidence", "comment", "flag")]
    assert told == [made.ws.reader.pseudonym, "3", "'=1+1", "show"]
    assert rows["case-1"]["confidence"] == rows["case-1"]["flag"] == ""


def hiding_questions() -> tuple[Question, ...]:
    """Poor quality and fewer than five asks for blur, which asks why and how much."""
    blur = Question(
        id="blur",
        text="Is it blurred?",
        kind=QuestionKind.YES_NO,
        show_if=Condition(
            all_of=(Condition(question_id="quality", any_of=("poor",)),),
            none_of=(Condition(question_id="count", at_least=5.0),),
        ),
    )
    if_blurred = Condition(question_id="blur", any_of=(True,))
    why = Question(id="why", text="Why", kind=QuestionKind.TEXT, show_if=if_blurred)
    much = Question(id="much", text="How much", kind=QuestionKind.RATING, show_if=if_blurred)
    return (*SCHEMA.questions, blur, why, much)


def test_hidden_answers_leave_in_no_file_and_come_back_when_shown(made: MadeProject) -> None:
    """An answer that is hidden is a draft: kept in the project, absent from what is exported."""
    ws = made.ws
    second = next_version(SCHEMA, replace(SCHEMA, questions=hiding_questions()))
    ws.run(AddSchema(schema=second))
    ws.run(UseSchema(case_ids=tuple(made.cases), schema_id=second.id))
    for question, value in (("quality", "poor"), ("blur", True), ("why", REASON), ("much", 4.0)):
        ws.run(AnswerQuestion(case_id=CASE, question_id=question, value=value))
    assert exported(made, "shown") == {"quality", "blur", "why", "much"}
    ws.run(AnswerQuestion(case_id=CASE, question_id="count", value=7.0))
    assert exported(made, "hidden by NOT") == {"quality", "count"}
    ws.run(AnswerQuestion(case_id=CASE, question_id="count", value=1.0))
    ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value="good"))
    assert exported(made, "hidden by AND") == {"quality", "count"}
    assert len(ws.answers(CASE)) == 5
    ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value="poor"))
    assert exported(made, "shown again") == {"quality", "blur", "why", "much", "count"}


def test_answers_to_removed_questions_are_exported_under_their_words(made: MadeProject) -> None:
    ws = made.ws
    ws.run(AnswerQuestion(case_id=CASE, question_id="quality", value="poor"))
    rest = tuple(q for q in SCHEMA.questions if q.id != "quality")
    second = next_version(SCHEMA, replace(SCHEMA, questions=rest))
    ws.run(AddSchema(schema=second))
    ws.run(UseSchema(case_ids=(CASE,), schema_id=second.id))
    target = made.folder / "removed"
    ws.export_bundle(target, BundleOptions(formats=("table", "audit")))
    (row,) = table(target, "answers")
    assert (row["question"], row["text"]) == ("Image quality", "Poor")


def exported(made: MadeProject, name: str) -> set[str]:
    """Question ids in the answers of a bundle; what is hidden stands in no file but the log."""
    target = made.folder / name
    made.ws.export_bundle(target, BundleOptions(formats=("table", "coco", "audit")))
    found = {r["question_id"] for r in table(target, "answers")}
    files = [p for p in target.rglob("*") if p.is_file() and p.parent.name != "audit"]
    assert files
    told = any(REASON in p.read_text(encoding="utf-8") for p in files)
    assert told == ("why" in found)
    return found


def test_the_record_is_found_by_case_and_reader(made: MadeProject) -> None:
    made.ws.run(FlagCase(case_id=CASE, word="show"))
    note = made.ws.case_note(CASE)
    assert note.id == CaseNote.id_for(CASE, made.ws.reader.id)
