"""Consensus over a project: beside plain majority, offered as suggestions, hidden from readers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from desktop.commands.project import AddSchema, AnswerQuestion, ChooseSchema, MarkCase
from desktop.commands.proposal import AcceptProposals
from desktop.domain.annotation import Origin
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.geometry import Box, Point
from desktop.domain.schema import Choice, Question, QuestionKind, Schema
from desktop.domain.task import AssignmentState, Role
from desktop.engines.consensus import consensus as votes
from desktop.engines.consensus import mask_consensus as masks
from desktop.workspace.claims.consensus_report import ConsensusReport, Subject, SubjectKind
from desktop.workspace.plugins import Registry, allow, load_plugins
from tests.workspace.made import MadeProject, disk_mask

READERS = ("Bea", "Cyd", "Dan")
PLUGIN = '''
"""A method that believes the first reader."""
import numpy as np
from desktop.api import Estimate, MaskEstimate

PLUGIN = {"name": "First reader", "version": "1", "api": 1, "author": "Test"}


class First:
    name, title, summary = "first", "First reader", "Believes the first vote."

    def estimate(self, votes, options, progress):
        p = np.zeros((votes.n_items, votes.n_labels))
        for item, label in zip(votes.item[::-1], votes.label[::-1]):
            p[item] = 0
            p[item, label] = 1
        return Estimate(probability=p, rater_skill=np.ones(votes.n_workers))


class FirstMask:
    name, title, summary = "first-mask", "First mask", "Believes the first mask."

    def estimate(self, patterns, options, progress):
        marked = (patterns.labels[:, 0] > 0).astype(float)
        return MaskEstimate(probability=np.stack([1 - marked, marked], axis=1))


def register(registry):
    registry.add_consensus(First())
    registry.add_mask_consensus(FirstMask())
'''


@pytest.fixture
def made(tmp_path: Path) -> MadeProject:
    """Four cases; Dan always says poor; masks on case 0, boxes and points on case 1."""
    project = MadeProject(tmp_path, cases=4)
    for name in READERS:
        project.ws.accounts.add_reader(project.ws.reader, name, Role.READER)
    for number, name in enumerate(READERS):
        ws = project.reopen(name)
        for case in range(4):
            says = "poor" if number == 2 or case == 3 else "good"
            case_id = project.cases[case]
            ws.run(AnswerQuestion(case_id=case_id, question_id="quality", value=says))
            ws.run(AnswerQuestion(case_id=case_id, question_id="count", value=(1, 2, 9)[number]))
        project.paint(disk_mask(12 + number, 10, 5), frame=1)
        project.draw(Box(x0=2 + number, y0=3, x1=10 + number, y1=9), case=1)
        if number:
            project.draw(Point(x=20.0 + number, y=10.0), class_id=2, case=1)
        for case_id in project.cases:
            ws.run(MarkCase(case_id=case_id, state=AssignmentState.DONE))
    project.reopen("Ada")
    yield project
    project.close()


def subject(made: MadeProject, kind: SubjectKind, name: str) -> Subject:
    return next(
        s for s in made.ws.consensus.subjects()
        if s.kind is kind and name in (s.question_id, str(s.class_id))
    )  # fmt: skip


def test_what_can_be_asked(made: MadeProject) -> None:
    kinds = {s.kind for s in made.ws.consensus.subjects()}
    assert kinds == set(SubjectKind)
    quality = subject(made, SubjectKind.QUESTION, "quality")
    names = [m.name for m in made.ws.consensus.methods(quality)]
    assert names[0] == "majority"
    assert {"weighted-majority", "dawid-skene", "one-coin", "mace", "glad"} <= set(names)
    lung = subject(made, SubjectKind.MASK, "1")
    assert {"majority", "weighted", "staple"} <= {m.name for m in made.ws.consensus.methods(lung)}


@pytest.mark.parametrize("method", ["majority", "dawid-skene", "mace"])
def test_every_answer_stands_beside_the_majority(made: MadeProject, method: str) -> None:
    found = made.ws.consensus.run(subject(made, SubjectKind.QUESTION, "quality"), method)
    assert found.readers == 3 and len(found.lines) == 4
    by_case = {line.case_id: line for line in found.lines}
    assert by_case["case-0"].majority == "Good" and by_case["case-3"].majority == "Poor"
    assert by_case["case-0"].disagreement == pytest.approx(1 / 3)
    assert by_case["case-3"].disagreement == 0
    assert all(line.differs == (line.answer != line.majority) for line in found.lines)
    assert all(0 <= line.certainty <= 1 for line in found.lines)


def test_no_method_chosen_takes_the_one_that_suits_and_says_why(made: MadeProject) -> None:
    found = made.ws.consensus.run(subject(made, SubjectKind.QUESTION, "quality"))
    assert found.method == "majority" and "4 items" in found.why


def test_numbers_have_a_median(made: MadeProject) -> None:
    found = made.ws.consensus.run(subject(made, SubjectKind.MEASURE, "count"))
    assert {line.answer for line in found.lines} == {"2"}
    assert found.lines[0].proposal is not None and found.lines[0].proposal.value == 2


KINDS = Schema(
    id="kinds@1",
    name="kinds",
    version=1,
    title="Kinds",
    questions=(
        Question(
            id="signs", text="Signs", kind=QuestionKind.MULTIPLE,
            choices=tuple(Choice(id=i, text=i.title()) for i in ("air", "fluid", "mass")),
        ),
        Question(
            id="where", text="Where", kind=QuestionKind.TREE,
            choices=(
                Choice(id="lung", text="Lung", children=(
                    Choice(id="up", text="Upper"), Choice(id="low", text="Lower"))),
                Choice(id="bone", text="Bone"),
            ),
        ),
        Question(id="seen", text="First seen", kind=QuestionKind.DATE),
    ),
)  # fmt: skip
SAID = {
    "signs": (("air", "mass"), ("air",), ("air", "mass", "fluid")),
    "where": ("low", "bone", "low"),
    "seen": ("2026-01-03", "2026-01-05", "2026-02-01"),
}


def test_several_answers_trees_and_dates_have_a_consensus_too(tmp_path: Path) -> None:
    made = MadeProject(tmp_path, cases=1)
    made.ws.run(AddSchema(schema=KINDS))
    made.ws.run(ChooseSchema(case_id="case-0", schema_id=KINDS.id))
    for number, name in enumerate(READERS):
        made.ws.accounts.add_reader(made.ws.reader, name, Role.READER)
        made.reopen(name)
        for question, said in SAID.items():
            made.ws.run(AnswerQuestion(case_id="case-0", question_id=question, value=said[number]))
        made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
        made.reopen("Ada")
    desk = made.ws.consensus
    by_title = {s.title: s for s in desk.subjects() if s.schema_name == "kinds"}
    assert list(by_title)[:2] == ["Signs", "Signs Air?"], "the whole answer, then one by one"
    wanted = {
        "Signs": ("Air, Mass", ("air", "mass"), 1 / 3),
        "Where": ("Lower", "low", 1 / 3),
        "First seen": ("2026-01-05", "2026-01-05", 29 / 365),
    }
    for title, (words, value, apart) in wanted.items():
        report = desk.run(by_title[title], "majority" if title != "First seen" else "")
        (line,) = report.lines
        assert line.answer.endswith(words), title
        assert line.disagreement == pytest.approx(apart), title
        assert line.proposal is not None and line.proposal.value == value
        assert line.proposal.origin is Origin.CONSENSUS
        assert desk.offer(report) == 1
        made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=(line.proposal.id,)))
    own = {a.question_id: a.value for a in made.ws.answers("case-0")}
    assert own == dict(zip(SAID, (value for _w, value, _a in wanted.values()), strict=True))
    made.close()


def test_presence_is_counted_over_those_who_looked(made: MadeProject) -> None:
    found = made.ws.consensus.run(subject(made, SubjectKind.PRESENCE, "2"), "majority")
    by_case = {line.case_id: line for line in found.lines}
    assert by_case["case-1"].answer == "Yes" and by_case["case-0"].answer == "No"
    assert by_case["case-0"].proposal is None


def test_pixels_of_a_class(made: MadeProject) -> None:
    found: list[ConsensusReport] = []
    made.ws.consensus.start(
        subject(made, SubjectKind.MASK, "1"), "staple", found.append, lambda e: pytest.fail(str(e))
    )
    (line,) = found[0].lines
    assert line.case_id == "case-0" and line.proposal is not None
    made.ws.consensus.offer(found[0])
    made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=(line.proposal.id,)))
    (part,) = made.ws.mask_slices("case-0")
    mask = made.ws.mask(part)
    assert (mask & ~disk_mask(13, 10, 6.5)).sum() == 0 and mask.sum() > 40
    assert part.origin is Origin.CONSENSUS


def test_findings_are_grouped_and_averaged(made: MadeProject) -> None:
    boxes = made.ws.consensus.run(subject(made, SubjectKind.FINDINGS, "1"))
    (line,) = [x for x in boxes.lines if x.case_id == "case-1"]
    assert line.majority == "there" and line.proposal is not None
    assert line.proposal.geometry == Box(x0=3, y0=3, x1=11, y1=9)
    points = made.ws.consensus.run(subject(made, SubjectKind.FINDINGS, "2"))
    assert [x.answer for x in points.lines] == ["seen by 2 of 3"]
    assert points.lines[0].proposal is not None
    assert points.lines[0].proposal.geometry == Point(x=21.5, y=10.0)


def test_offers_say_how_they_were_made_and_replace_each_other(made: MadeProject) -> None:
    desk = made.ws.consensus
    report = desk.run(subject(made, SubjectKind.QUESTION, "quality"), "majority", {"seed": 3})
    assert desk.offer(report) == 4
    ((proposal, _),) = made.ws.proposals("case-0")
    assert proposal.origin is Origin.CONSENSUS
    assert proposal.provenance.detail == {"method": "majority", "readers": "3", "seed": "3"}
    assert proposal.soft == {"good": pytest.approx(2 / 3), "poor": pytest.approx(1 / 3)}
    made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=(proposal.id,)))
    assert desk.offer(desk.run(report.subject, "majority")) == 3  # what was decided on stays
    assert desk.offer(desk.run(report.subject, "dawid-skene")) == 4
    assert len(made.ws.proposals("case-1")) == 1 and len(made.ws.proposals("case-0")) == 2
    assert made.ws.verify().ok


def test_readers_neither_make_nor_see_it(made: MadeProject) -> None:
    report = made.ws.consensus.run(subject(made, SubjectKind.QUESTION, "quality"), "majority")
    made.ws.consensus.offer(report)
    bea = made.reopen("Bea")
    assert bea.proposals("case-0") == []
    with pytest.raises(AccessProblem):
        bea.consensus.subjects()
    with pytest.raises(AccessProblem):
        bea.consensus.offer(report)


def test_nothing_to_count_is_said_in_words(made: MadeProject) -> None:
    lung = subject(made, SubjectKind.MASK, "3")
    with pytest.raises(UserError, match="Nobody has marked"):
        made.ws.consensus.run(lung)
    with pytest.raises(UserError, match="not known"):
        made.ws.consensus.run(subject(made, SubjectKind.MASK, "1"), "no-such")


def test_a_method_of_a_plugin_is_one_like_the_others(
    made: MadeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "config" / "plugins"
    folder.mkdir(parents=True)
    (folder / "first_reader.py").write_text(PLUGIN)
    monkeypatch.setattr("desktop.workspace.plugins.user_folder", lambda: folder)
    settings = made.ws.settings
    found = next(p for p in load_plugins(settings) if p.name == "First reader")
    allow(settings, found.sha256)
    try:
        loaded = next(p for p in load_plugins(settings) if p.name == "First reader")
        assert loaded.problem == ""
        quality = subject(made, SubjectKind.QUESTION, "quality")
        assert "first" in {m.name for m in made.ws.consensus.methods(quality)}
        assert made.ws.consensus.run(quality, "first").title == "First reader"
        mask = made.ws.consensus.run(subject(made, SubjectKind.MASK, "1"), "first-mask")
        assert mask.title == "First mask"
    finally:
        votes.unregister("first")
        masks.unregister("first-mask")


@pytest.mark.parametrize("method", [m.name for m in votes.methods()])
def test_contract_of_vote_methods(method: str) -> None:
    """Whatever is registered: the same for the same votes, and blind to the readers' order."""
    rng = np.random.default_rng(0)
    item, worker = (a.ravel() for a in np.mgrid[:20, :4])
    label = (rng.random(item.size) < 0.6).astype(int)
    given = votes.Votes.from_arrays(item, worker, label, n_labels=2)
    turned = votes.Votes.from_arrays(item[::-1], 3 - worker[::-1], label[::-1], n_labels=2)
    one, again, other = (
        votes.fit_predict(v, votes.Options(method=method)) for v in (given, given, turned)
    )
    assert (one.probability == again.probability).all()
    if method != "mace":  # it starts at random places
        assert np.allclose(one.probability, other.probability, atol=1e-4)
    assert np.allclose(one.probability.sum(axis=1), 1)
    assert hasattr(Registry, "add_consensus") and hasattr(Registry, "add_mask_consensus")
