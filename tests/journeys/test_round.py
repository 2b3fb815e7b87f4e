"""A team's round from images to gold, in the real window on real files: project, packages, reading,
merge, agreement, adjudication, and the careless reader who is caught."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit

from desktop.commands.project import SetNoFinding
from desktop.domain.task import AssignmentState, Role
from desktop.engines.proportions import Verdict, wilson
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.goto import open_case
from desktop.gui.projects.new_project_page import FOUND, PROJECT, SCHEMA
from desktop.gui.simulated_hands import press_key, wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.imaging.child import ChildPool
from desktop.workspace.settings import Settings
from desktop.workspace.team.case_holders import CaseHolders
from desktop.workspace.workspace import Workspace
from tests.journeys.round_scene import (
    EMPHYSEMA_SHARE,
    LOG_ONLY,
    Person,
    Truth,
    alpha_of,
    implied_alpha,
    is_open,
    sha256_of,
    write_round,
)

K = Qt.Key
ERRORS = {"Grace": 0.05, "Edsger": 0.1, "Alan": 0.45}
CARELESS = "Alan"


@dataclass
class Round:
    """What all steps share."""

    window: MainWindow
    folder: Path
    truth: dict[str, Truth]
    to_read: int
    gold: int
    in_window: tuple[str, ...]
    people: dict[str, Person] = field(init=False)
    project: Path = Path()
    overlap: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.people = {n: Person(n, e, self.truth) for n, e in ERRORS.items()}

    @property
    def room(self) -> Workspace:
        found = self.window.shell.reading.workspace
        assert found is not None
        return found

    def page(self, name: str) -> Any:
        self.window.show_page(name)
        return self.window._pages[name]

    def photo(self, name: str) -> None:
        hands.photograph(self.window, self.folder / f"{name}.png")


def start(
    qapp: QApplication, folder: Path, to_read: int, gold: int, in_window: tuple[str, ...]
) -> Round:
    truth = write_round(folder / "Chest CT", to_read + gold)
    settings = Settings(folder / "window.json")
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    window = app.make_window(settings)
    window.resize(1440, 900)
    window.show()
    window.activateWindow()
    wait_for(lambda: window.reading_page.canvas is not None, "the canvas comes in")
    return Round(window, folder, truth, to_read, gold, in_window)


@pytest.fixture
def same_every_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is drawn by lot is drawn the same in each run."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(
        "desktop.workspace.images.new_project.secrets.token_bytes",
        lambda count: bytes(range(count)),
    )


def walk(
    qapp: QApplication, folder: Path, to_read: int, gold: int, in_window: tuple[str, ...]
) -> None:
    pool = ChildPool(workers=1)
    here = start(qapp, folder, to_read, gold, in_window)
    try:
        make_project(here)
        add_people(here)
        make_gold(here)
        packages = hand_out(here)
        bundles = {name: read_all(here, name, packages[name], pool) for name in ERRORS}
        open_as(here, "Ada")
        take_back(here, bundles)
        look_at_agreement(here)
        adjudicate(here)
        look_at_accuracy(here)
        catch_the_careless(here)
        assert here.room.verify().ok, here.room.verify().sentences
    finally:
        here.window.shell.reading.open(None)
        here.window.close()
        pool.close()


@pytest.mark.usefixtures("same_every_time")
def test_a_round_of_three_readers(qapp: QApplication, tmp_path: Path) -> None:
    walk(qapp, tmp_path, 40, 8, ("Grace",))


@pytest.mark.long
@pytest.mark.usefixtures("same_every_time")
def test_a_long_round_all_by_hand(qapp: QApplication, tmp_path: Path) -> None:
    walk(qapp, tmp_path, 200, 24, tuple(ERRORS))


# the lead -------------------------------------------------------------------------------------


def make_project(here: Round) -> None:
    """From the folder to the first case, step by step."""
    window = here.window
    window.open_paths([here.folder / "Chest CT"])
    page = window.new_project_page
    wait_for(lambda: page.step == FOUND, "the images are looked at", 60)
    count = here.to_read + here.gold
    assert page.found.sentence.text() == f"{count} images in {count} series of {count} cases"
    page.next()
    assert page.step == SCHEMA
    page.schema.choose("chest-ct-nodule")
    page.next()
    assert page.step == PROJECT
    page.fields.readers.setChecked(True)
    page.go.click()
    wait_for(lambda: window.shell.reading.workspace is not None, "the project is made", 60)
    here.project = here.room.path
    assert window.page == "readers"
    assert here.room.case_count() == count
    here.photo("1-project")


def add_people(here: Round) -> None:
    """Three readers and an adjudicator, typed on the page Readers."""
    page = here.page("readers")
    for name, role in (*((n, Role.READER) for n in ERRORS), ("Eve", Role.ADJUDICATOR)):
        wait_for(lambda: shown(page, QLineEdit, "Name of the new reader") is not None, "the line")
        field_ = shown(page, QLineEdit, "Name of the new reader")
        roles = shown(page, QComboBox, "Role of the new reader")
        roles.setCurrentIndex(list(Role).index(role))
        hands.type_text(field_, name)
        QTest.keyClick(field_, K.Key_Return)
    known = {name: reader.role for reader, name in here.room.readers()}
    assert known == {"Ada": Role.LEAD, "Eve": Role.ADJUDICATOR} | dict.fromkeys(ERRORS, Role.READER)


def open_as(here: Round, name: str) -> None:
    """Somebody else sits down before the window."""
    reading = here.window.shell.reading
    reading.open(None)
    here.window.projects.open(here.project, name)
    wait_for(lambda: reading.workspace is not None, "the project opens")
    assert here.room.reader_name == name


def shown(page: Any, kind: type, name: str) -> Any:
    """The field of that name on the page."""
    found = [w for w in page.findChildren(kind) if w.accessibleName() == name and w.isVisible()]
    return found[0] if found else None


def make_gold(here: Round) -> None:
    """The lead reads the last cases without a slip and makes them gold."""
    ada = Person("Ada", 0.0, here.truth)
    for line in here.room.cases(limit=1000)[here.to_read :]:
        ada.read(here.room, line.case.id)
        here.room.gold.make(line.case.id, concept="Emphysema")


def hand_out(here: Round) -> dict[str, Path]:
    """A batch of which 30 % is read by all three, with hidden gold; a package for each."""
    page = here.page("assign")
    new = page.batches.new
    new._seed = "round 2"
    new.count.setValue(here.to_read)
    new.overlap.setFocus()
    for _ in range(10):
        QTest.keyClick(new.overlap, K.Key_Right)
    new.several.setValue(3)
    new.gold.setValue(50)  # of 8 known answers nearly all are drawn, whatever the ids
    new.first.setValue(50)
    shared = round(here.to_read * 0.3)
    readings = here.to_read + 2 * shared
    words = f"{here.to_read} cases, {shared} of them read by 3: {readings} readings."
    assert new.outcome.text() == words
    here.photo("2-batch")
    QTest.mouseClick(new.go, Qt.MouseButton.LeftButton)
    here.overlap = tuple(shared_cases(here))
    assert len(here.overlap) == shared
    page.show_pane(1)
    pane = page.packages
    pane.folder = here.folder
    QTest.mouseClick(pane.go, Qt.MouseButton.LeftButton)
    wait_for(lambda: not pane.report.isHidden() and pane.report.text() != "", "packages", 60)
    hidden = [int(n) for n in re.findall(r"(\d+) of them gold", pane.report.text())]
    assert len(hidden) == 3 and min(hidden) >= 6
    here.photo("3-packages")
    return {name: here.folder / f"{here.room.title} - {name}.rroom" for name in ERRORS}


def shared_cases(here: Round) -> list[str]:
    """The cases that all three read."""
    given = CaseHolders().all(here.room._read)
    return sorted(case for case, readers in given.items() if len(readers) == len(ERRORS))


# the readers ----------------------------------------------------------------------------------


def read_all(here: Round, name: str, package: Path, pool: ChildPool) -> Path:
    """One reader reads a package on a machine of their own and hands in a bundle."""
    person, bundle = here.people[name], package.with_suffix(".bundle")
    if name not in here.in_window:
        assert person.read_package(package, bundle) > here.to_read // 3
        return bundle
    room = Workspace.open(
        package, reader_name=name, key=person.key, pool=pool,
        settings=Settings(package.with_suffix(".settings.json")),
    )  # fmt: skip
    window = here.window
    window.shell.reading.open(room)
    for page in ("assign", "adjudicate", "quality"):
        window.show_page(page)
        assert window.page == "read", "these pages are not a reader's"
    open_case(window.shell.reading, room.first_open_case())
    count = 0
    while is_open(room, window.shell.reading.view.case_id):
        read_by_hand(here, room, person)
        count += 1
        if count == 3:
            here.photo(f"4-reading-{name}")
    assert [line.state for line in room.cases(limit=1000)] == [AssignmentState.DONE] * count
    room.export_bundle(bundle, LOG_ONLY)
    window.shell.reading.open(None)
    return bundle


def read_by_hand(here: Round, room: Workspace, person: Person) -> None:
    """One case: digits for the questions, the mouse for the nodule, Ctrl+Enter."""
    window, reading = here.window, here.window.shell.reading
    case_id = reading.view.case_id
    said = person.says(sha256_of(room, case_id))
    form, canvas = window.reading_page.panel.form, window.reading_page.canvas
    window.reading_page.panel.show_tab("Form")
    form.focus_question("image-quality")
    press_key(window, K.Key_1 if said.quality == "good" else K.Key_2)
    form.focus_question("emphysema")
    press_key(window, K.Key_1 if said.emphysema else K.Key_2)
    if said.box is not None:
        wait_for(lambda: canvas.has_frame, "the image is shown")
        reading.replace(class_id=1)
        window.actions_["tool.box"].trigger()
        corners = ((said.box.x0, said.box.y0), (said.box.x1, said.box.y1))
        hands.drag(canvas, hands.line(*(canvas.widget_point(*c) for c in corners)))
        wait_for(lambda: len(room.annotations(case_id)) == 1, "the box is drawn")
        reading.replace(selection=(room.annotations(case_id)[0].id,))
        form.focus_question("density")
        press_key(window, K.Key_1)
    canvas.setFocus()
    for _try in range(2):  # the second one says that there is nothing to draw
        if is_open(room, case_id):
            press_key(window, K.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert room.assignment(case_id).state is AssignmentState.DONE
    if said.box is None and not room.assignment(case_id).no_finding:
        room.run(SetNoFinding(case_id=case_id, no_finding=True))


# the bundles come back ------------------------------------------------------------------------


def take_back(here: Round, bundles: dict[str, Path]) -> None:
    """In another order than they went out, one of them twice; keys are compared once."""
    here.window.show_page("exchange")
    card = here.window.exchange_page.merge
    order = list(itertools.permutations(bundles))[3]
    for name in order:
        card.add([bundles[name]])
        wait_for(lambda: not card.is_busy, "the bundle is looked at")
        card.typed.setText(here.people[name].fingerprint)
        card.name.setText(name)
        card.trust.click()
        wait_for(lambda: not card.is_busy, "the merge is previewed")
        card._merge()
        wait_for(lambda: not card.is_busy, "the bundle is merged")
    again = here.room.team.merge([bundles[order[0]]])
    assert again.new == 0, "what came before is known"
    assert here.room.team.conflicts() == []
    (line,) = here.room.batches.lines()
    assert line.closed == line.reads == here.to_read + 2 * len(here.overlap)
    here.photo("5-merged")


# the board ------------------------------------------------------------------------------------


def look_at_agreement(here: Round) -> None:
    """The board says what was planted, to the last digit, and what the error rates imply."""
    page = here.page("quality")
    wait_for(lambda: page.detail.detail is not None, "the board is counted", 60)
    row = page.board.row("chest-ct-nodule/emphysema")
    said = [
        [p.says(sha256_of(here.room, case)).emphysema for p in here.people.values()]
        for case in here.overlap
    ]
    assert row.items == len(here.overlap)
    assert row.agreement.name.startswith("Krippendorff")
    assert row.agreement.value == pytest.approx(alpha_of(said), abs=1e-9)
    interval = row.agreement.interval
    assert interval.low <= implied_alpha(list(ERRORS.values()), EMPHYSEMA_SHARE) <= interval.high
    marked = page.board.row("chest-ct-nodule/1")
    boxes = [
        [p.says(sha256_of(here.room, case)).box is not None for p in here.people.values()]
        for case in here.overlap
    ]
    assert marked.agreement.value == pytest.approx(alpha_of(boxes), abs=1e-9)
    on_gold = [
        p.says(sha).emphysema == here.truth[sha].emphysema
        for name, p in here.people.items()
        for sha in gold_of(here, name)
    ]
    assert (row.known.right, row.known.asked) == (sum(on_gold), len(on_gold))
    here.photo("6-board")


# the adjudicator ------------------------------------------------------------------------------


def adjudicate(here: Round) -> None:
    """Eve settles every disagreement by keyboard: she sees what is there."""
    open_as(here, "Eve")
    press_key(here.window, K.Key_7, Qt.KeyboardModifier.ControlModifier)
    page: Any = here.window._pages["adjudicate"]
    wait_for(lambda: page.room.model.rowCount() > 0, "the queue is read", 60)
    wait_for(lambda: page.room.viewers.readers.has_frame, "the image is shown")
    here.photo("7-disagreements")
    disputed = page.room.open_count
    assert disputed == len(disagreements(here))
    for _ in range(disputed):
        rule(here, page.room)
        press_key(here.window, K.Key_Tab)
    wait_for(lambda: page.room.open_count == 0, "all is settled")
    for case_id in here.overlap:
        here.room.adjudication.take_agreed(case_id)
        kept = {a.question_id: a.value for a in here.room.answers(case_id)}
        truth = here.truth[sha256_of(here.room, case_id)]
        assert kept["emphysema"] is truth.emphysema
        assert kept["image-quality"] == "good"
        assert bool(here.room.annotations(case_id)) is (truth.nodule is not None)
    here.photo("8-settled")


def disagreements(here: Round) -> list[tuple[str, str]]:
    """What the people differ about, counted from what they say."""
    found = []
    for case in here.overlap:
        said = [p.says(sha256_of(here.room, case)) for p in here.people.values()]
        found += [(case, "q")] * (len({s.quality for s in said}) > 1)
        found += [(case, "e")] * (len({s.emphysema for s in said}) > 1)
        boxes = [s.box for s in said if s.box is not None]
        if boxes and (len(boxes) < len(said) or _apart(boxes)):
            found.append((case, "n"))
    return found


def _apart(boxes: list[Any]) -> bool:
    """Whether two of the boxes share less than four fifths (Dice)."""
    for a, b in itertools.combinations(boxes, 2):
        wide = max(0, min(a.x1, b.x1) - max(a.x0, b.x0))
        high = max(0, min(a.y1, b.y1) - max(a.y0, b.y0))
        if 2 * wide * high / (144 + 144) < 0.8:
            return True
    return False


def rule(here: Round, room: Any) -> None:
    """One matter: the reader who is right is accepted, or another answer is given."""
    matter = room.row.matter
    truth = here.truth[sha256_of(here.room, matter.case_id)]
    if matter.is_question:
        right = truth.emphysema if matter.question.id == "emphysema" else "good"
        letters = [c.letter for c in matter.claims if c.record is not None and c.value == right]
        if letters:
            press_key(here.window, K(K.Key_1 + ord(letters[0]) - ord("A")))
            press_key(here.window, K.Key_V)
        else:
            press_key(here.window, K.Key_W)
            press_key(here.window, K.Key_2 if right is False else K.Key_1)
        press_key(here.window, K.Key_P)
        return
    seen = sum(c.record is not None for c in matter.claims)
    if seen > 1:
        press_key(here.window, K.Key_M)
    else:
        press_key(here.window, K.Key_V)


def look_at_accuracy(here: Round) -> None:
    """Against the truth, each reader is as good as they were made."""
    open_as(here, "Ada")
    page = here.page("quality")
    wait_for(
        lambda: (
            page.board is not None
            and (row := page.board.row("chest-ct-nodule/emphysema")) is not None
            and row.known is not None
        ),
        "the board is counted",
        60,
    )
    ids = {n: r.id for r, n in here.room.readers()}
    shas = [sha256_of(here.room, case) for case in here.overlap]
    gold = {name: len(gold_of(here, name)) for name in ERRORS}
    for name, person in here.people.items():
        answers = [  # marks of classes are counted, too, but the error rates are about answers
            c
            for c in page.board.checked
            if c.reader_id == ids[name] and not c.topic.rpartition("/")[2].isdigit()
        ]
        right_ones, asked = sum(c.right for c in answers), len(answers)
        said = [(person.says(s), here.truth[s]) for s in (*shas, *gold_of(here, name))]
        right = sum((a.emphysema == t.emphysema) + (a.quality == "good") for a, t in said)
        assert (right_ones, asked) == (right, 2 * (len(shas) + gold[name])), name
        interval = wilson(right_ones, asked)
        assert interval is not None and interval.low <= 1 - ERRORS[name] <= interval.high
    target = here.folder / "report"
    target.mkdir()
    page.write_report(target)
    wait_for(lambda: any(target.rglob("report.json")), "the report is written", 60)
    plain = json.loads(next(target.rglob("report.json")).read_text(encoding="utf-8"))
    (row,) = [r for r in plain["rows"] if r["key"] == "chest-ct-nodule/emphysema"]
    assert row["agreement"]["value"] == page.board.row(row["key"]).agreement.value
    here.photo("9-accuracy")


def gold_of(here: Round, name: str) -> list[str]:
    """Files of the gold that was hidden in a reader's package."""
    ids = {n: r.id for r, n in here.room.readers()}
    (package,) = [p for p in here.room.team.packages() if p.reader_id == ids[name]]
    return [sha256_of(here.room, case) for case in package.gold.values()]


def catch_the_careless(here: Round) -> None:
    """Gold tells who was careless, and the page shows that reader first."""
    scores = {s.name: s for s in here.room.gold.scores()}
    assert scores[CARELESS].score.watch.verdict is Verdict.ALERT
    for name in set(ERRORS) - {CARELESS}:
        assert scores[name].score.watch.verdict is not Verdict.ALERT, name
    page = here.page("assign")
    page.show_pane(2)
    ids = {n: r.id for r, n in here.room.readers()}
    assert page.gold.reader_id == ids[CARELESS], "who raised the alarm is shown first"
    here.photo("10-gold")
