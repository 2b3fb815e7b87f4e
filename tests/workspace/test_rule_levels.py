"""Every kind of rule without code, on whole cases, on images and on regions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from desktop.commands.annotation import AddAnnotation
from desktop.commands.project import AnswerQuestion, MarkCase
from desktop.commands.proposal import OfferProposals
from desktop.commands.rule import SaveRule
from desktop.domain.annotation import Annotation, Label, Origin, Provenance, Target
from desktop.domain.geometry import Box
from desktop.domain.proposal import Proposal
from desktop.domain.rule import Rule, RuleTarget
from desktop.domain.schema import AnswerValue, Scope
from desktop.domain.task import AssignmentState
from desktop.engines.rules.rule_kinds import rule_kinds
from desktop.workspace.workspace import Workspace
from tests.workspace.made_ct import SPOT, ct_project

NODULE, EFFUSION = 1, 3
AT = Box(x0=SPOT[0] - 8, y0=SPOT[1] - 8, x1=SPOT[0] + 8, y1=SPOT[1] + 8)
ELSEWHERE = Box(x0=10.0, y0=60.0, x1=26.0, y1=76.0)
RULES: dict[str, dict[str, AnswerValue]] = {
    "dicom-tag": {"tag": "Modality", "test": "is", "value": "CT"},
    "report-words": {"words": ("nodule",)},
    "image-statistic": {"measure": "percentile", "percent": 99.5, "limit": 0.0},
    "region-measure": {"measure": "diameter", "limit": 5.0},
    "likeness": {"neighbours": 1.0, "reach": 50.0},
    "score-band": {"class_id": "1"},
    "reader-says": {},
}


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three CTs. On the first a nodule was boxed, on the second something else where nothing is;
    on the third a model boxed the same spot as on the first, and nobody has read it."""
    made = ct_project(tmp_path_factory.mktemp("levels"), (True, False, True))
    ids = [line.case.id for line in made.cases()]
    for number, (class_id, shape) in enumerate(((NODULE, AT), (EFFUSION, ELSEWHERE))):
        made.run(AddAnnotation(annotation=region(made, ids[number], class_id, shape)))
    made.run(AnswerQuestion(case_id=ids[1], question_id="image-quality", value="good"))
    made.run(MarkCase(case_id=ids[1], state=AssignmentState.DONE))
    drawn = region(made, ids[2], NODULE, AT)
    made.run(
        OfferProposals(
            proposals=(
                Proposal(
                    id="p", case_id=ids[2], run_id="run", schema_id=drawn.schema_id,
                    target=drawn.target, label=drawn.label, geometry=AT, score=0.9,
                    origin=Origin.MODEL, provenance=Provenance(tool="Finder"),
                ),
            )
        )
    )  # fmt: skip
    for case_id, words in zip(ids, ("A nodule.", "No nodule.", "A nodule."), strict=True):
        made.rules.attach_report(case_id, words)
    yield made
    made.close()


def region(room: Workspace, case_id: str, class_id: int, shape: Box) -> Annotation:
    (series,) = room.series(case_id)
    frame = room.frame_refs(series.id)[1]
    schema = room.schema(case_id)
    assert schema is not None
    return Annotation(
        id=room.new_id(), case_id=case_id, reader_id=room.reader.id, schema_id=schema.id,
        target=Target(scope=Scope.REGION, series_id=series.id, frame=frame),
        label=Label(class_id=class_id), geometry=shape,
    )  # fmt: skip


def test_all_kinds_without_code_are_tried_here() -> None:
    assert set(RULES) == {k.name for k in rule_kinds() if not k.name.startswith("code:")}


@pytest.mark.parametrize("level", (Scope.STUDY, Scope.FRAME, Scope.REGION))
def test_every_kind_votes_on_every_level(room: Workspace, level: Scope) -> None:
    target = RuleTarget(schema_name="chest-ct-nodule", level=level, class_id=NODULE)
    names = {k.name: k.names_label for k in rule_kinds()}
    for kind, parameters in RULES.items():
        room.run(
            SaveRule(
                rule=Rule(
                    id=room.new_id(), name=f"{kind} {level.value}", target=target, rule_kind=kind,
                    parameters=parameters, votes_for="" if names[kind] else "yes",
                    otherwise="" if names[kind] else "no",
                )
            )
        )  # fmt: skip
    board = room.rules.run(target)
    assert [c.errors for c in board.columns] == [[]] * len(RULES)
    ids = [line.case.id for line in room.cases()]
    said = {c.rule.rule_kind: c.judgements for c in board.columns}
    first, second, third = (items_at(board.items, case_id, level) for case_id in ids)
    for kind in ("dicom-tag", "report-words", "image-statistic"):
        assert said[kind][third] is True and said[kind][first] is True
    assert said["report-words"][second] is False  # it denies it
    assert said["image-statistic"][second] is False
    assert said["region-measure"][third] is True  # of what was suggested
    assert said["score-band"][third] is True and said["score-band"][first] is None
    assert said["likeness"][third] == "yes"  # like the first one, unlike the second
    assert said["reader-says"][first] == "yes" and said["reader-says"][second] == "no"
    assert said["reader-says"][third] is None
    assert board.labels[board.model.label[[i.key for i in board.items].index(third)]] == "yes"


def items_at(items: list, case_id: str, level: Scope) -> str:  # type: ignore[type-arg]
    """The item of a case; of its images the second, on which the spot is."""
    found = [i.key for i in items if i.case_id == case_id]
    return str(found[1] if level is Scope.FRAME else found[0])
