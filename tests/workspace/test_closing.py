"""A case is done once its required questions are answered, whichever way it is handed in."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeProjectSetting
from desktop.commands.annotation import AddAnnotation, AnswerRegion
from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.domain.account import SettingKey
from desktop.domain.annotation import Target
from desktop.domain.condition import Condition
from desktop.domain.errors import UserError
from desktop.domain.schema import Question, QuestionKind, Scope
from desktop.domain.task import AssignmentState
from desktop.workspace.schemas.closing import take_defaults
from desktop.workspace.schemas.open_questions import open_questions
from tests.workspace.made import SCHEMA, MadeProject

YES_NO = QuestionKind.YES_NO
ASKED = replace(
    SCHEMA,
    id="asked@1",
    name="asked",
    questions=(
        Question(id="seen", text="Seen", kind=YES_NO, required=True),
        Question(
            id="size",
            text="Size",
            kind=QuestionKind.NUMBER,
            required=True,
            show_if=Condition(question_id="seen", any_of=(True,)),
        ),
        Question(id="sharp", text="Sharp", kind=YES_NO, scope=Scope.SERIES, required=True),
        Question(id="round", text="Round", kind=YES_NO, scope=Scope.REGION, required=True),
        Question(id="usual", text="Usual", kind=YES_NO, required=True, default=True),
        Question(
            id="solid", text="Solid", kind=YES_NO, scope=Scope.REGION, required=True, default=False
        ),
    ),
)
DONE = MarkCase(case_id="case-0", state=AssignmentState.DONE)


@pytest.fixture
def asked(made: MadeProject) -> MadeProject:
    made.ws.run(AddSchema(schema=ASKED))
    made.ws.run(ChooseSchema(case_id="case-0", schema_id=ASKED.id))
    return made


def answer(made: MadeProject, question: str, value: bool, series: str = "") -> None:
    target = Target(scope=Scope.SERIES if series else Scope.STUDY, series_id=series)
    made.ws.run(AnswerQuestion(case_id="case-0", question_id=question, value=value, target=target))


def words(made: MadeProject) -> list[str]:
    return [o.words for o in open_questions(made.ws, "case-0")]


def test_done_is_refused_until_all_is_answered(asked: MadeProject) -> None:
    region = replace(asked.region(), schema_id=ASKED.id)
    asked.ws.run(AddAnnotation(annotation=region))
    with pytest.raises(UserError, match="5 required questions are open") as refused:
        asked.ws.run(DONE)
    assert "Sharp (series 1)" in refused.value.detail and "Round (Nodule)" in refused.value.detail
    take_defaults(asked.ws, "case-0")
    assert words(asked) == ["Seen", "Sharp (series 1)", "Round (Nodule)"]
    answer(asked, "seen", True)
    assert "Size" in words(asked), "what an answer unfolds is asked too"
    answer(asked, "seen", False)
    answer(asked, "sharp", True, "series-0")
    rounded = AnswerRegion(
        case_id="case-0", annotation_id=region.id, question_id="round", value=True
    )
    asked.ws.run(rounded)
    assert words(asked) == [] and asked.ws.run(DONE) is not None
    said = {a.question_id: a.value for a in asked.ws.answers("case-0")}
    assert said["usual"] is True, "the default is stored"
    found = asked.ws.annotation(region.id)
    assert found is not None and found.label.attributes["solid"] is False


def test_a_signature_asks_the_same_and_skipping_asks_nothing(asked: MadeProject) -> None:
    asked.ws.run(ChangeProjectSetting(key=SettingKey.SIGNATURES, value="name"))
    with pytest.raises(UserError, match="required questions are open"):
        asked.ws.sign_case("case-0", "Read by me")
    assert asked.ws.signature("case-0") is None
    skip = MarkCase(case_id="case-0", state=AssignmentState.SKIPPED, why="Not readable")
    assert asked.ws.run(skip) is not None


def test_a_case_that_asks_nothing_is_done_at_once(made: MadeProject) -> None:
    assert made.ws.run(MarkCase(case_id="case-1", state=AssignmentState.DONE)) is not None
