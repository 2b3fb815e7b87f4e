"""Model files at fault in the real window: each is a sentence, nothing of it is kept, and whoever
reads meanwhile goes on reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from desktop.domain.model_card import ModelCard, ModelClass, ModelInput, Task, Values
from desktop.domain.record import to_json
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.widgets import theme
from desktop.gui.window.bottom_strip import JobStrip
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.inference import made_models as made
from tests.workspace.made_ct import ct_project
from tools.make_models import bright_classifier

Key = Qt.Key
ACTS = 30
CARD = ModelCard(
    sha256="", name="Odd one", licence="made", task=Task.SEGMENTATION,
    schema_name="chest-ct-nodule", classes=(ModelClass(index=0, name="lesion", class_id=1),),
    input=ModelInput(values=Values.MODALITY), limit_s=600.0,
)  # fmt: skip
ONE = replace(CARD, input=replace(CARD.input, rows=1, columns=1))


@pytest.fixture
def window(tmp_path: Path, qapp: QApplication, qtbot: Any) -> Iterator[MainWindow]:
    """The window on three CTs; only the second has something solid on it."""
    project = ct_project(tmp_path, (False, True, False))
    path = project.path
    project.close()
    settings = Settings()
    settings.set("reader_name", "Ada")
    theme.apply(qapp, "dark")
    shown = app.make_window(settings)
    qtbot.addWidget(shown)
    shown.resize(1440, 900)
    shown.show()
    qtbot.waitActive(shown)
    shown.projects.open(path, "Ada")
    hands.wait_for(lambda: shown.shell.reading.workspace is not None, "the project opens")
    hands.wait_for(lambda: shown.reading_page.canvas is not None, "the canvas comes in")
    yield shown
    shown.shell.reading.open(None)


def room_of(window: MainWindow) -> Workspace:
    room = window.shell.reading.workspace
    assert room is not None
    return room


def run_over_the_list(window: MainWindow) -> None:
    """The button of the only model on the shelf."""
    window.show_page("models")
    page = window._pages["models"]
    page.refresh()
    hands.live(20)
    found = [b for b in page.findChildren(QPushButton) if "Run over" in b.text()]
    (button,) = [b for b in found if b.isVisible()]
    hands.click(button)


def said(window: MainWindow) -> str:
    return " ".join(text.text() for text in window.notice.findChildren(QLabel))


def ended(window: MainWindow) -> None:
    hands.wait_for(lambda: not room_of(window).jobs.running, "the job ends", 60)
    hands.live(20)


def kept(room: Workspace) -> list[str]:
    return [
        d.case_id for r in room.models.runs.records() for d in room.models.runs.cases_done(r.id)
    ]


def calls(room: Workspace) -> list[object]:
    """What the model's process is at just now."""
    return [t for t in list(room.models.host._pool._at_work.values()) if ":run" in t.function]


def test_reading_goes_on_while_a_model_takes_for_ever(window: MainWindow, tmp_path: Path) -> None:
    """Counted, not timed: so many acts of a reader are done, saved and shown within one single
    call of the model; then Cancel ends that call, and the next run takes up what is left."""
    room = room_of(window)
    ids = [line.case.id for line in room.cases()]
    card = room.models.add(made.sticky_model(tmp_path / "sticky.onnx"), CARD)
    run_over_the_list(window)
    hands.wait_for(
        lambda: kept(room) == ids[:1] and bool(calls(room)), "the second one is begun", 60
    )
    (call,), (job,) = calls(room), room.jobs.running

    turns = 0

    def turn() -> None:
        nonlocal turns
        turns += 1

    heart = QTimer()
    heart.timeout.connect(turn)
    heart.start(0)
    window._window_acts.open_case(ids[0])
    canvas, view = window.reading_page.canvas, window.shell.reading
    hands.wait_for(lambda: canvas.has_frame, "the image is shown", 60)
    canvas.setFocus()
    seen, drawn = set(), 0
    for act in range(ACTS):
        before, index = turns, view.view.index
        if act % 5 == 4:
            hands.press_key(canvas, Key.Key_X)
            corners = (canvas.widget_point(20 + act + d, 30 + d) for d in (0, 9))
            hands.drag(canvas, hands.line(*corners, steps=4))
            drawn += 1
            assert len(room.annotations(ids[0])) == drawn, "each box is saved as it ends"
        else:
            hands.press_key(canvas, Key.Key_Down if index < 3 else Key.Key_Home)
            assert view.view.index != index, "each key shows another image"
            hands.wait_for(lambda: canvas.has_frame, "the image comes in", 60)
            seen.add(view.view.index)
        hands.wait_for(lambda b=before: turns > b, "the window lives")  # type: ignore[misc]
        assert calls(room) == [call] and room.jobs.running == [job], "it is still the same call"
    assert seen == {0, 1, 2, 3} and drawn == ACTS // 5 and turns >= ACTS

    (strip,) = window.findChildren(JobStrip)
    assert "Running Odd one: " in strip.text.whole() and strip.isVisible()
    hands.click(strip.cancel)
    ended(window)  # in no time: the model's own limit is ten minutes
    assert job.state.value == "cancelled" and kept(room) == ids[:1]
    assert all(room.proposals(c) == [] for c in ids) and room.claims.annotations(ids[1]) == []

    room.models.change(replace(card, limit_s=1.0))  # no other run: a limit changes no result
    run_over_the_list(window)
    ended(window)
    assert "0 suggestions on 1 case, 1 was done before, 1 left out" in said(window)
    assert "took longer than 1 seconds and was ended" in said(window)
    assert sorted(kept(room)) == sorted([ids[0], ids[2]])
    assert room.verify().ok


FAULTS: list[tuple[str, Callable[[Path], Path], ModelCard, str]] = [
    ("other files", made.external_model, CARD, "keeps its weights in other files"),
    ("hidden other files", made.hidden_external_model, CARD, "keeps its weights in other files"),
    ("not a number", made.nan_model, CARD, "no usable numbers. There is NaN in its output out"),
    ("no numbers", made.wordy_model, CARD, "Its output out is no table of numbers"),
    ("wrong size", bright_classifier, CARD, "wants image (1×1×64×64)"),
    ("memory", made.greedy_model, ONE, "needs more memory than is allowed"),
    ("too slow", made.slow_model, replace(ONE, limit_s=0.5), "longer than 0.5 seconds"),
    (
        "wrong task", made.nan_model, replace(CARD, task=Task.INSTANCES),
        "An instance model gives boxes, classes, scores and masks. This one gives out",
    ),
    (
        "missing class", bright_classifier,
        replace(
            CARD, task=Task.CLASSIFICATION, question_id="image-quality",
            classes=(ModelClass(index=7, name="good", answer="good"),),
            input=replace(CARD.input, rows=64, columns=64, values=Values.UNIT),
        ),
        "fewer classes than its card says. It gives 2, the card names number 7",
    ),
]  # fmt: skip


def test_every_fault_is_a_sentence_and_nothing_is_kept(window: MainWindow, tmp_path: Path) -> None:
    room = room_of(window)
    digest = room.state_digest()
    for name, make, card, words in FAULTS:
        path = make(tmp_path / f"{name}.onnx")
        path.with_suffix(".json").write_text(to_json(replace(card, name=name)))
        window.notice.hide()
        window.show_page("models")
        window._pages["models"].add_file(path)
        ended(window)
        shelf = room.models.shelf()
        if shelf:
            run_over_the_list(window)
            ended(window)
        assert words in said(window), (name, said(window))
        assert window.notice.isVisible(), name
        for shelved in shelf:
            room.models.remove(shelved.card.sha256)
    assert room.state_digest() == digest
    assert all(room.claims.annotations(line.case.id) == [] for line in room.cases())
