"""The quality board says what the engines say of the same answers, and leads back to cases."""

from __future__ import annotations

import dataclasses
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.commands.access import ChangeRole
from desktop.commands.adjudication import RuleOnQuestion
from desktop.commands.project import (
    AddSchema,
    AnswerQuestion,
    ChooseSchema,
    MarkCase,
)
from desktop.commands.proposal import AcceptProposals, OfferProposals, RejectProposals
from desktop.commands.time import RecordTime
from desktop.domain.adjudication import Ruling
from desktop.domain.annotation import Target
from desktop.domain.condition import Condition
from desktop.domain.errors import AccessProblem, UserError
from desktop.domain.geometry import Box
from desktop.domain.proposal import Proposal
from desktop.domain.schema import Question, QuestionKind, Schema, Scope
from desktop.domain.task import AssignmentState, Role
from desktop.domain.time_span import TimeSpan, TimeState
from desktop.engines.agreement.agreement import Asking, Coefficient, agreement
from desktop.engines.agreement.alpha import Level
from desktop.engines.agreement.measurement_agreement import Correlation, intraclass_correlation
from desktop.engines.agreement.ratings import Ratings
from desktop.engines.agreement.weights import Scheme
from desktop.workspace.quality.known_cases import RIGHT, TAKEN, known_plot
from desktop.workspace.quality.quality_measures import BoardOptions, Measure, OwnWeights
from tests.workspace.made import SCHEMA, MadeProject

CASES = 40
READERS = ("Ada", "Ben", "Cleo")
ASKED = Schema(
    id="test@2",
    name="test",
    version=2,
    title="Test",
    classes=SCHEMA.classes,
    questions=(
        *SCHEMA.questions,
        Question(id="sure", text="How sure", kind=QuestionKind.RATING, minimum=1, maximum=4),
        Question(id="note", text="Remarks", kind=QuestionKind.TEXT),
    ),
)


@pytest.fixture(scope="module")
def read(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[MadeProject, dict[str, np.ndarray]]]:
    """A project read by three readers, and what they said: (cases, readers) by question."""
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("quality")
    patch.setenv("READINGROOM_HOME", str(folder / "home"))
    made = MadeProject(folder, cases=CASES)
    made.ws.run(AddSchema(schema=ASKED))
    rng = random.Random(5)
    said = {
        "quality": np.array([[rng.choice((0, 0, 1)) for _ in READERS] for _ in range(CASES)]),
        "count": np.array([[rng.randint(0, 9) for _ in READERS] for _ in range(CASES)]),
        "sure": np.array([[rng.randint(1, 4) for _ in READERS] for _ in range(CASES)]),
        "mark": np.array([[int(rng.random() < 0.4) for _ in READERS] for _ in range(CASES)]),
    }
    said["count"][:, 1] = said["count"][:, 0]  # two who measure alike
    for case in made.cases:
        made.ws.run(ChooseSchema(case_id=case, schema_id=ASKED.id))
    for r, name in enumerate(READERS):
        made.reopen(name)
        for n, case in enumerate(made.cases):
            values = (
                ("quality", ("good", "poor")[said["quality"][n, r]]),
                ("count", float(said["count"][n, r])),
                ("sure", float(said["sure"][n, r])),
                ("note", f"{name} was here"),
            )
            for question, value in values:
                made.ws.run(AnswerQuestion(case_id=case, question_id=question, value=value))
            if said["mark"][n, r]:
                made.draw(case=n)
            if n < CASES - 1 or name == "Ada":  # the last case is left open by two
                made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    made.reopen("Ada")
    yield made, said
    made.close()
    patch.undo()


def _closed(codes: np.ndarray) -> np.ndarray:
    """What counts where only closed cases do: the last case was closed by the first reader."""
    counted = codes.copy()
    counted[-1, 1:] = -1
    return counted


def _order(made: MadeProject) -> list[int]:
    """The columns of READERS in the board's order."""
    names = {reader.id: name for reader, name in made.ws.readers()}
    board = made.ws.quality.board()
    return [READERS.index(names[r]) for r in board.readers]


@pytest.mark.parametrize("question, q, weights", [
    ("quality", 2, Scheme.IDENTITY), ("sure", 4, Scheme.QUADRATIC),
])  # fmt: skip
def test_the_board_counts_what_the_engine_counts(
    read: tuple[MadeProject, dict[str, np.ndarray]], question: str, q: int, weights: Scheme
) -> None:
    made, said = read
    codes = _closed(said[question] - (1 if question == "sure" else 0))
    for measure, coefficient in (
        (Measure.GWET, Coefficient.GWET),
        (Measure.KAPPA, Coefficient.FLEISS),
        (Measure.BRENNAN_PREDIGER, Coefficient.BRENNAN_PREDIGER),
    ):
        row = made.ws.quality.board(BoardOptions(measure)).row(f"test/{question}")
        assert row is not None
        asking = Asking(coefficient, weights=weights, replicates=0)
        wanted = agreement(Ratings.of_codes(codes, q), asking)
        assert row.agreement.value == pytest.approx(wanted.value, abs=1e-12)
        assert row.agreement.interval == wanted.interval
        assert (row.items, row.answers, row.readers) == (CASES - 1, 3 * (CASES - 1) + 1, 3)


SURE = tuple("1234")
STEPS = ((1, 0.7, 0.2, 0), (0.7, 1, 0.7, 0.2), (0.2, 0.7, 1, 0.7), (0, 0.2, 0.7, 1))


@pytest.mark.parametrize(
    "options, asking",
    [
        (BoardOptions(Measure.FLEISS, weights=s), Asking(Coefficient.FLEISS, weights=s))
        for s in Scheme
    ]
    + [
        (
            BoardOptions(Measure.CONGER, weights=Scheme.LINEAR),
            Asking(Coefficient.CONGER, weights=Scheme.LINEAR),
        ),
        (
            BoardOptions(Measure.GWET, weights=Scheme.LINEAR),
            Asking(Coefficient.GWET, weights=Scheme.LINEAR),
        ),
        (
            BoardOptions(Measure.KAPPA, own=(("test/sure", OwnWeights(SURE, STEPS)),)),
            Asking(Coefficient.FLEISS, weights=np.array(STEPS, dtype=float)),
        ),
        (
            BoardOptions(Measure.KAPPA, own=(("test/sure", OwnWeights(SURE[::-1], STEPS)),)),
            Asking(Coefficient.FLEISS, weights=np.array(STEPS, dtype=float)),
        ),
    ]
    + [
        (BoardOptions(Measure.ALPHA, level=le), Asking(Coefficient.ALPHA, level=le)) for le in Level
    ],
)
def test_every_coefficient_on_every_scale_can_be_chosen(
    read: tuple[MadeProject, dict[str, np.ndarray]], options: BoardOptions, asking: Asking
) -> None:
    made, said = read
    row = made.ws.quality.board(options).row("test/sure")
    assert row is not None
    ratings = Ratings.of_codes(_closed(said["sure"] - 1), 4, positions=(1, 2, 3, 4))
    wanted = agreement(ratings, dataclasses.replace(asking, replicates=0))
    assert row.agreement.value == pytest.approx(wanted.value, abs=1e-12)
    assert row.agreement.name == asking.name


@pytest.mark.parametrize("form", list(Correlation))
def test_every_form_of_icc_can_be_chosen_also_for_ratings(
    read: tuple[MadeProject, dict[str, np.ndarray]], form: Correlation
) -> None:
    made, said = read
    board = made.ws.quality.board(BoardOptions(Measure.ICC, form=form))
    for question in ("sure", "count"):
        row = board.row(f"test/{question}")
        assert row is not None
        table = _closed(said[question]).astype(float)[:-1]
        wanted = intraclass_correlation(table, form, replicates=0)
        assert (row.agreement.name, row.agreement.value) == (
            form.value,
            pytest.approx(wanted.value, abs=1e-9),
        )


def test_kappa_of_two_is_told_reader_by_reader(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, said = read
    order = _order(made)
    for measure, coefficient in (
        (Measure.COHEN, Coefficient.COHEN),
        (Measure.SCOTT, Coefficient.SCOTT),
    ):
        board = made.ws.quality.board(BoardOptions(measure, weights=Scheme.LINEAR))
        row = board.row("test/sure")
        assert row is not None and "reader by reader" in row.agreement.undefined
        detail = made.ws.quality.detail(board, "test/sure")
        codes = _closed(said["sure"] - 1)[:, order]
        for cell in detail.pairs:
            two = Ratings.of_codes(codes[:, [cell.first, cell.second]], 4)
            asking = Asking(coefficient, weights=Scheme.LINEAR, replicates=0)
            assert cell.agreement.value == pytest.approx(agreement(two, asking).value, abs=1e-12)


def test_own_weights_are_kept_and_bad_ones_refused(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, _said = read
    quality = made.ws.quality
    own = OwnWeights(SURE, tuple(tuple(float(w) for w in row) for row in STEPS))
    quality.keep_own_weights("test/sure", own)
    assert quality.own_weights() == (("test/sure", own),)
    board = quality.board(BoardOptions(Measure.GWET, own=quality.own_weights()))
    row = board.row("test/sure")
    assert row is not None and row.agreement.name == "Gwet's AC2 (own weights)"
    assert "Weights given by hand for How sure" in quality.report(board).html()
    uneven = dataclasses.replace(own, table=(STEPS[0], *STEPS[:1], *STEPS[2:]))
    with pytest.raises(UserError, match="can't be used"):
        quality.keep_own_weights("test/sure", uneven)
    quality.keep_own_weights("test/sure", None)
    assert quality.own_weights() == ()


def test_open_cases_count_only_where_that_is_asked_for(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, said = read
    row = made.ws.quality.board(BoardOptions(Measure.GWET, only_closed=False)).row("test/quality")
    wanted = agreement(Ratings.of_codes(said["quality"], 2), Asking(Coefficient.GWET, replicates=0))
    assert row is not None
    assert row.items == CASES
    assert row.agreement.value == pytest.approx(wanted.value, abs=1e-12)


def test_numbers_get_an_intraclass_correlation_and_limits_of_agreement(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, said = read
    board = made.ws.quality.board()
    row = board.row("test/count")
    assert row is not None
    wanted = intraclass_correlation(said["count"][: CASES - 1].astype(float), replicates=0)
    assert row.agreement.value == pytest.approx(wanted.value, abs=1e-12)
    detail = made.ws.quality.detail(board, "test/count")
    order = _order(made)
    same = (order.index(0), order.index(1))
    limits, points = detail.differences(*sorted(same))  # type: ignore[misc]
    assert (limits.bias, limits.low, limits.high) == (0.0, 0.0, 0.0)
    assert len(points) == CASES - 1


def test_marking_a_class_counts_on_closed_cases_only(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, said = read
    row = made.ws.quality.board(BoardOptions(Measure.GWET)).row("test/1")
    codes = _closed(said["mark"])
    wanted = agreement(Ratings.of_codes(codes, 2), Asking(Coefficient.GWET, replicates=0))
    assert row is not None
    assert row.topic.title == "Nodule"
    assert row.agreement.value == pytest.approx(wanted.value, abs=1e-12)


def test_free_text_is_undefined_and_says_why(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, _said = read
    row = made.ws.quality.board().row("test/note")
    assert row is not None
    assert row.agreement.text == "undefined"
    assert row.agreement.undefined == "Free text is not compared."
    asked = made.ws.quality.board(BoardOptions(Measure.ICC)).row("test/quality")
    assert asked is not None
    assert asked.agreement.undefined == "Only for numbers and ratings."


def test_every_cell_leads_to_its_cases(read: tuple[MadeProject, dict[str, np.ndarray]]) -> None:
    made, said = read
    board = made.ws.quality.board()
    detail = made.ws.quality.detail(board, "test/quality")
    order = _order(made)
    table = said["quality"][: CASES - 1][:, order]
    for a, b in itertools.combinations(range(3), 2):
        _names, counts = detail.confusion(a, b)
        for i, j in itertools.product(range(2), repeat=2):
            wanted = {
                made.cases[n] for n in range(CASES - 1) if table[n, a] == i and table[n, b] == j
            }
            found = detail.of_confusion(a, b, i, j)
            assert {detail.items[k][0] for k in found} == wanted
            assert counts[i, j] == len(wanted)
    lines = detail.lines(detail.all_items().tolist())
    differ = [line.differ for line in lines]
    assert differ == sorted(differ, reverse=True), "those that differ come first"
    assert set(itertools.chain.from_iterable(line.said for line in lines)) <= {"Good", "Poor", ""}


def test_agreement_over_time_keeps_every_item_once(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, _said = read
    detail = made.ws.quality.detail(made.ws.quality.board(), "test/quality")
    found = made.ws.quality.drift(detail)
    items = [int(i) for _stretch, items in found for i in items]
    assert sorted(items) == sorted(detail.all_items().tolist())
    starts = [stretch.start for stretch, _items in found]
    assert starts == sorted(starts)
    assert starts[0] > 0


def test_names_are_letters_until_asked_and_asking_is_logged(
    read: tuple[MadeProject, dict[str, np.ndarray]],
) -> None:
    made, _said = read
    board = made.ws.quality.board()
    assert board.letters == ("A", "B", "C")
    before = made.ws.event_count()
    names = made.ws.quality.reader_names()
    assert {names[r] for r in board.readers} == set(READERS)
    assert made.ws.event_count() == before + 1
    told = [line.sentence for line in made.ws.history()]
    assert any("names" in sentence for sentence in told)


def test_a_plain_reader_is_refused(read: tuple[MadeProject, dict[str, np.ndarray]]) -> None:
    made, _said = read
    made.reopen("Ben")
    try:
        with pytest.raises(AccessProblem):
            made.ws.quality.board()
    finally:
        made.reopen("Ada")


def test_known_answers_wrong_advice_and_time(made: MadeProject) -> None:
    """Ada leads, Ben reads, Cora rules; a suggestion is wrong and Ben follows it."""
    ben = "ben"
    for case in made.cases:
        made.ws.run(AnswerQuestion(case_id=case, question_id="quality", value="good"))
    made.reopen("Ben")
    ben = made.ws.reader.id
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="poor"))
    spans = (_span(made, ben, "case-0", 40.0), _span(made, ben, "case-0", 20.0))
    made.ws.run(RecordTime(spans=spans))
    made.reopen("Ada")
    wrong = _suggestion("p1", "case-0", "poor")
    made.ws.run(OfferProposals(proposals=(wrong, _suggestion("p2", "case-1", "poor"))))
    made.reopen("Ben")
    made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=("p1",)))
    made.ws.run(RejectProposals(case_id="case-1", proposal_ids=("p2",)))
    made.reopen("Cora")
    cora = made.ws.reader.id
    made.reopen("Ada")
    made.ws.run(ChangeRole(reader_id=cora, role=Role.ADJUDICATOR))
    made.reopen("Cora")
    for case in made.cases:
        made.ws.run(
            RuleOnQuestion(
                case_id=case, question_id="quality", subject="quality", verdict=Ruling.ACCEPTED,
                value="good",
            )
        )  # fmt: skip
    row = made.ws.quality.board(BoardOptions(only_closed=False)).row("test/quality")
    assert row is not None
    assert row.known is not None and (row.known.right, row.known.asked) == (2, 3)
    assert row.bias is not None and (row.bias.right, row.bias.asked) == (1, 2)
    assert row.answers == 3, "the rulings are no reader's answers"
    board = made.ws.quality.board(BoardOptions(only_closed=False))
    detail = made.ws.quality.detail(board, "test/quality")
    known = made.ws.quality.behind(board, detail, RIGHT)
    assert [(line.case_id, line.differ) for line in known] == [("case-0", True), ("case-1", False)]
    assert [line.said[-1] for line in known] == ["Good", "Good"]
    advice = made.ws.quality.behind(board, detail, TAKEN, ben)
    assert [line.said[-1] for line in advice] == ["Poor", "Poor"]
    assert [(line.case_id, line.differ) for line in advice] == [("case-0", True), ("case-1", False)]
    plot = known_plot(board, detail, ("Reader A", "Reader B"))
    keys = [datum.key for datum in plot.layers[0].data]  # type: ignore[union-attr]
    assert (TAKEN, ben) in keys and len([k for k in keys if k[0] == RIGHT]) == 2
    assert made.ws.quality.times() == {"test": 60.0}


def test_advice_that_was_changed_again_was_not_taken(made: MadeProject) -> None:
    made.ws.run(OfferProposals(proposals=(_suggestion("p1", "case-0", "poor"),)))
    made.reopen("Ben")
    made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=("p1",)))
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    made.reopen("Ada")
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    made.ws.gold.make("case-0")
    row = made.ws.quality.board(BoardOptions(only_closed=False)).row("test/quality")
    assert row is not None
    assert row.bias is not None and (row.bias.right, row.bias.asked) == (0, 1)


def test_wrong_regions_that_were_kept_count_as_wrong_advice(made: MadeProject) -> None:
    """Gold holds one nodule; of two suggestions beside it Ben keeps one and Cleo none."""
    made.draw(Box(x0=2, y0=2, x1=9, y1=9))
    made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.ws.gold.make("case-0")
    for name, box in (("true", Box(x0=2, y0=2, x1=9, y1=10)), ("a", Box(x0=20, y0=2, x1=26, y1=9)),
                      ("b", Box(x0=20, y0=14, x1=26, y1=20))):  # fmt: skip
        drawn = made.region(box)
        draft = Proposal(
            id=name, case_id="case-0", run_id="run", schema_id=drawn.schema_id,
            target=drawn.target, label=drawn.label, geometry=box,
        )  # fmt: skip
        made.ws.run(OfferProposals(proposals=(draft,)))
    for reader, kept in (("Ben", ("true", "a")), ("Cleo", ("true",))):
        made.reopen(reader)
        made.ws.run(AcceptProposals(case_id="case-0", proposal_ids=kept))
        rest = tuple({"a", "b"} - set(kept))
        made.ws.run(RejectProposals(case_id="case-0", proposal_ids=rest))
        made.ws.run(MarkCase(case_id="case-0", state=AssignmentState.DONE))
    made.reopen("Ada")
    board = made.ws.quality.board()
    nodule, lung = board.row("test/1"), board.row("test/2")
    assert nodule is not None and lung is None
    assert nodule.bias is not None and (nodule.bias.right, nodule.bias.asked) == (1, 4)
    assert nodule.known is not None and (nodule.known.right, nodule.known.asked) == (2, 2)
    detail = made.ws.quality.detail(board, "test/1")
    (line,) = made.ws.quality.behind(board, detail, TAKEN)
    assert (line.case_id, line.differ) == ("case-0", True)


def test_gold_counts_but_not_for_its_author(made: MadeProject) -> None:
    made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value="good"))
    made.ws.gold.make("case-0")
    for name, value in (("Ben", "poor"), ("Cleo", "good")):
        made.reopen(name)
        made.ws.run(AnswerQuestion(case_id="case-0", question_id="quality", value=value))
    made.reopen("Ada")
    row = made.ws.quality.board(BoardOptions(only_closed=False)).row("test/quality")
    assert row is not None
    assert row.known is not None and (row.known.right, row.known.asked) == (1, 2)


def _span(made: MadeProject, reader: str, case: str, seconds: float) -> TimeSpan:
    return TimeSpan(
        id=made.ws.new_id(), reader_id=reader, case_id=case, tool="", state=TimeState.ACTIVE,
        start_utc="", seconds=seconds,
    )  # fmt: skip


def _suggestion(name: str, case: str, value: str) -> Proposal:
    return Proposal(
        id=name, case_id=case, run_id="run", schema_id=SCHEMA.id,
        target=Target(scope=Scope.STUDY), question_id="quality", value=value,
    )  # fmt: skip


def test_nothing_to_compare_is_an_empty_board(tmp_path: Path, made: MadeProject) -> None:
    assert made.ws.quality.board().rows == ()


def test_what_a_condition_hides_is_no_answer_of_the_board(tmp_path: Path) -> None:
    """Both said something of a finding that one of them took back later."""
    seen = Question(id="seen", text="Is there one?", kind=QuestionKind.YES_NO)
    kind = Question(
        id="kind", text="Which?", kind=QuestionKind.YES_NO,
        show_if=Condition(question_id="seen", any_of=(True,)),
    )  # fmt: skip
    deep = Question(
        id="deep", text="How?", kind=QuestionKind.YES_NO,
        show_if=Condition(question_id="kind", any_of=(True, False)),
    )  # fmt: skip
    made = MadeProject(tmp_path, cases=6)
    schema = replace(SCHEMA, id="levels@1", name="levels", questions=(seen, kind, deep))
    made.ws.run(AddSchema(schema=schema))
    for case in made.cases:
        made.ws.run(ChooseSchema(case_id=case, schema_id=schema.id))
    for r, name in enumerate(("Ada", "Ben")):
        made.reopen(name)
        for n, case in enumerate(made.cases):
            said = [("seen", True), ("kind", n % 2 == 0), ("deep", True)]
            if r and n >= 4:
                said.append(("seen", False))  # kind and deep are hidden now, and kept
            for question_id, value in said:
                made.ws.run(AnswerQuestion(case_id=case, question_id=question_id, value=value))
            made.ws.run(MarkCase(case_id=case, state=AssignmentState.DONE))
    made.reopen("Ada")
    board = made.ws.quality.board()
    items = {row.topic.question.id: row.items for row in board.rows}
    assert items == {"seen": 6, "kind": 4, "deep": 4}
    row = board.row("levels/kind")
    assert row is not None and row.answers == 10
    assert row.agreement.value == 1.0
    detail = made.ws.quality.detail(board, "levels/deep")
    assert {case for case, _place in (detail.items[i] for i in detail.all_items())} == set(
        made.cases[:4]
    )
    made.reopen("Ben")
    kept = {a.question_id for a in made.ws.answers(made.cases[5])}
    assert kept == {"seen", "kind", "deep"}
    made.reopen("Ada")
    ben = made.ws.accounts.known("Ben")
    assert ben is not None
    made.ws.gold.make(made.cases[5], ben.id)
    gold = made.ws.gold.of(made.cases[5])
    assert gold is not None and gold.answers == {"seen": False}
    made.close()
