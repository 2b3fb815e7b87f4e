"""From version to version: ids keep their meaning, whatever file or database they come from."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from desktop.domain.errors import UserError
from desktop.domain.record import from_json, to_json
from desktop.domain.schema import Choice, Code, LabelClass, Question, QuestionKind, Schema
from desktop.domain.schema_versions import check_follows, free_class_id, next_version

NODULE = Code(value="27925004", scheme="SCT", meaning="Nodule")
FIRST = Schema(
    id="s@1",
    name="s",
    version=1,
    title="S",
    classes=(
        LabelClass(id=1, name="Nodule", color="#77DDFF", code=NODULE),
        LabelClass(id=2, name="Mass", color="#EE2211"),
    ),
    questions=(
        Question(
            id="where",
            text="Where?",
            kind=QuestionKind.CHOICE,
            choices=(Choice(id="left", text="Left"), Choice(id="right", text="Right")),
        ),
    ),
)


def test_codes_are_equal_by_value_and_scheme_wherever_they_come_from() -> None:
    again = Code(value="27925004", scheme="SCT", meaning="Nodule (finding)")
    other = Code(value="4147007", scheme="SCT", meaning="Nodule")
    for code, same in ((again, True), (other, False), ("27925004", False)):
        is_equal, is_other = code == NODULE, code != NODULE
        assert (is_equal, is_other) == (same, not same)


def test_a_version_read_from_the_disk_can_be_followed() -> None:
    stored = from_json(to_json(FIRST), Schema)
    edited = replace(FIRST, title="T", classes=(replace(FIRST.classes[0], name="Knot"),))
    second = next_version(stored, edited)
    assert second.id == "s@2" and [c.id for c in second.retired_classes] == [2]
    check_follows(stored, from_json(to_json(second), Schema))
    assert free_class_id(second) == 3


def test_another_code_is_another_meaning() -> None:
    mass = Code(value="4147007", scheme="SCT", meaning="Mass")
    edited = replace(FIRST, classes=(replace(FIRST.classes[0], code=mass), FIRST.classes[1]))
    with pytest.raises(UserError, match="another code than Nodule"):
        next_version(FIRST, edited)


def test_what_is_retired_never_comes_back() -> None:
    second = next_version(FIRST, replace(FIRST, classes=FIRST.classes[:1]))
    with pytest.raises(UserError, match="never given again"):
        next_version(second, replace(second, classes=FIRST.classes))


def test_a_version_that_forgets_something_is_refused() -> None:
    forgetting = replace(FIRST, id="s@2", version=2, questions=())
    with pytest.raises(UserError, match=r"Where\? is missing"):
        check_follows(FIRST, forgetting)
    listed = replace(forgetting, retired_questions=FIRST.questions)
    check_follows(FIRST, listed)
