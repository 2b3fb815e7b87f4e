"""Three readers' outlines of one lesion are ranked by three people in the real window, by keys."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from desktop.domain.ranking import Outcome
from desktop.gui import app
from desktop.gui import simulated_hands as hands
from desktop.gui.simulated_hands import wait_for
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.imaging.child import ChildPool
from desktop.workspace.settings import Settings
from desktop.workspace.workspace import Workspace
from tests.journeys.adjudication_scene import READERS, make_project

K = Qt.Key
CTRL = Qt.KeyboardModifier.ControlModifier
TRUE_DISK = (176.0, 108.0)  # Bea painted around it, the others further and further off


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    pool = ChildPool(workers=1)
    yield make_project(tmp_path_factory.mktemp("ranking"), pool)
    pool.close()


@pytest.fixture
def window(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    theme.apply(qapp, "dark")
    made = app.make_window(Settings(tmp_path / "settings.json"))
    made.show()
    made.activateWindow()
    wait_for(made.isActiveWindow, "the window has the keyboard")
    yield made
    made.shell.reading.open(None)
    made.close()


def sit_down(window: MainWindow, project: Path, name: str) -> None:
    """Somebody else takes the seat and goes to the page by its key."""
    window.shell.reading.open(None)
    window.projects.open(project, name)
    wait_for(lambda: window.shell.reading.workspace is not None, "the project opens")
    hands.press_key(window, K.Key_6, CTRL)
    hands.live(20)


def page_of(window: MainWindow) -> Any:
    return window._pages["ranking"]


def words_on(page: QWidget) -> str:
    """Everything a person can read or hover while judging."""
    found = [w.text() for w in page.findChildren(QLabel) if w.isVisible()]
    found += [w.toolTip() for w in page.findChildren(QWidget) if w.isVisible()]
    return "\n".join(found)


def distance(room: Workspace, candidate: Any) -> float:
    """How far the middle of an outline is from the lesion; the person sees this on screen."""
    part = candidate.regions[0].frames[0]
    ys, xs = np.nonzero(room.ranking.mask(part))
    return float(np.hypot(xs.mean() - TRUE_DISK[0], ys.mean() - TRUE_DISK[1]))


def judge(window: MainWindow, tie_first: bool) -> list[Any]:
    """Every pair by arrow keys, the nearer outline is better; one tie, one undo on the way."""
    room: Any = window.shell.reading.workspace
    page = page_of(window)
    hands.press_key(window, K.Key_Space)  # Judge has the focus
    assert page.parts.currentWidget() is page.judge
    seen = []
    while page.judge.isVisible():
        asked = page.judge.asked
        seen.append(asked)
        wait_for(
            lambda: all(p.image.frame_shown is not None for p in page.judge.stage.panels[:2]),
            "both images are shown",
        )
        left, right = (distance(room, c) for c in asked.candidates)
        assert not set(READERS) & set(words_on(page).split())
        hands.live(15)
        if len(seen) == 1:
            _panes_move_as_one(window, page)
        if tie_first and len(seen) == 1:
            hands.press_key(window, K.Key_Left)
            hands.press_key(window, K.Key_Z)
            assert page.judge.asked == asked, "Z asks the same again"
            hands.press_key(window, K.Key_Down)
        else:
            hands.press_key(window, K.Key_Left if left < right else K.Key_Right)
    return seen


def _panes_move_as_one(window: MainWindow, page: Any) -> None:
    """Another image and a closer look in one pane are the same in the other; H hides outlines."""
    first, second = (p.image for p in page.judge.stage.panels[:2])
    before = first.frame_shown
    hands.press_key(window, K.Key_PageDown)
    wait_for(lambda: first.frame_shown not in (None, before), "the next image")
    wait_for(lambda: second.frame_shown == first.frame_shown, "the same in the other pane")
    hands.press_key(window, K.Key_PageUp)
    wait_for(lambda: second.frame_shown == first.frame_shown == before, "both are back")
    drawn = second.grab().toImage()
    first.zoom_by(1.5)
    hands.live(15)
    assert second.grab().toImage() != drawn, "zoomed along"
    first.zoom_by(1 / 1.5)
    hands.press_key(window, K.Key_H)
    assert not page.judge.stage.link.view.regions_shown
    hands.press_key(window, K.Key_H)
    picture(window, "judging")


def picture(window: MainWindow, name: str) -> None:
    """A picture of the window, where somebody asks for them."""
    folder = os.environ.get("READINGROOM_SHOTS")
    if folder:
        hands.live(50)
        Path(folder).mkdir(parents=True, exist_ok=True)
        window.grab().save(str(Path(folder) / f"ranking-{name}.png"))


def make_task(window: MainWindow) -> None:
    """The lead puts the outlines of one class side by side."""
    page = page_of(window)
    hands.press_key(window, K.Key_Space)  # New task has the focus
    form = page.form
    hands.type_text(form.title, "Nodule outlines")
    form._class.setCurrentIndex(form._class.findText("Nodule"))
    assert "1 question with 3 candidates" in form.found.text()
    hands.click(form.go)
    assert page.parts.currentWidget() is page.tasks


def test_outlines_of_one_lesion_are_ranked_by_keys_and_exported(
    window: MainWindow, project: Path, tmp_path: Path
) -> None:
    sit_down(window, project, "Ada")
    make_task(window)
    for name in READERS:
        sit_down(window, project, name)
        _names_nobody(window, name)
        seen = judge(window, tie_first=name == "Cyd")
        assert len(seen) == 4, "three pairs and a repeat"
        pairs = {frozenset(a.shown.candidates) for a in seen}
        assert len(pairs) == 3 and sum(a.shown.repeat for a in seen) == 1
        assert all(c.source == "" for a in seen for c in a.candidates)
    sit_down(window, project, "Ada")
    _see_the_ranking(window, tmp_path)


def _names_nobody(window: MainWindow, reader: str) -> None:
    """Who judges reads no name of who drew, and gets no results."""
    said = words_on(page_of(window))
    assert not set(READERS) & set(said.split()), said
    assert "Results" not in said, reader


def _see_the_ranking(window: MainWindow, tmp_path: Path) -> None:
    room: Any = window.shell.reading.workspace
    page = page_of(window)
    (line,) = room.ranking.tasks()
    said = room.ranking.records(line.task.id).comparisons
    assert len(said) == 12
    assert sum(c.outcome is Outcome.TIE for c in said) == 1
    assert all(c.seconds > 0 for c in said)
    page.open_results(line.task.id)
    hands.live(50)
    report = page.result.report
    assert [i.name for i in report.items] == ["Bea", "Cyd", "Dan"]
    assert all(i.low < i.score < i.high for i in report.items)
    (tie,) = [c for c in said if c.outcome is Outcome.TIE]
    pair = {tie.left, tie.right}
    asked = sum(c.reader_id == tie.reader_id and {c.left, c.right} == pair for c in said)
    alike = 9 if asked == 2 else 7  # asked again, the one who tied says what the others say
    assert (report.agreement.count, report.agreement.total) == (alike, 9), "but for Cyd's tie"
    assert f"two readers agree on a pair in {alike} of 9" in page.result._summary.text()
    assert not report.is_biased and page.result.banner.isHidden()
    assert {h.key for h in page.result.scores.hits()} == {i.key for i in report.items}
    assert page.result.readers.rowCount() == 3
    cells = [page.result.readers.item(r, 3).text() for r in range(3)]
    assert all("of 1" in c for c in cells), "each reader had one repeat"
    picture(window, "result")
    page.result.scores.clicked.emit(report.items[0].key)
    assert window.page == "read" and window.shell.reading.view.case_id
    target = tmp_path / "rows"
    page.result.export_to(target)
    wait_for(lambda: not room.jobs.running, "the rows are written")
    _read_back(target)


def _read_back(folder: Path) -> None:
    """As a trainer would: the columns, and every file that a row names under its path."""
    (path,) = folder.glob("preference.*.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 3
    for row in rows:
        assert set(row) == {"prompt", "chosen", "rejected", "images"}
        offs = []
        for key in ("chosen", "rejected"):
            with Image.open(folder / row[key].splitlines()[0]) as picture:
                ys, xs = np.nonzero(np.asarray(picture))
            offs.append(np.hypot(xs.mean() - TRUE_DISK[0], ys.mean() - TRUE_DISK[1]))
        assert offs[0] < offs[1], "the nearer outline was chosen"
        for image in row["images"]:
            with Image.open(folder / image) as picture:
                assert picture.size == (256, 256) and len(np.unique(np.asarray(picture))) > 16
    _pictures_are_there(folder)
    _rewards_agree(folder)
    sidecar = [json.loads(s) for s in (folder / "sidecar.jsonl").read_text().splitlines()]
    best = [s for s in sidecar if s["chosen_source"] == "Bea" and s["file"] == path.name]
    assert len(best) == 2
    assert all(s["votes_for"] == 3 or s["ties"] for s in sidecar), "three readers, one mind"


def _pictures_are_there(folder: Path) -> None:
    """Each outline drawn on its image, once for each image that it lies on."""
    candidates = [json.loads(s) for s in (folder / "candidates.jsonl").read_text().splitlines()]
    assert {c["source"] for c in candidates} == set(READERS)
    for item in candidates:
        assert item["pictures"] and len(item["pictures"]) == len(item["masks"])
        with Image.open(folder / item["pictures"][0]) as picture:
            line = (np.asarray(picture) == (255, 212, 0)).all(axis=2)
        with Image.open(folder / item["masks"][0]) as picture:
            mask = np.asarray(picture) > 0
        assert line.any() and not (line & ~mask).any()
    for record in json.loads((folder / "argilla" / "records.json").read_text()):
        assert (folder / record["fields"]["image1"]).is_file()


def _rewards_agree(folder: Path) -> None:
    rows = list(csv.DictReader((folder / "reward.csv").open(newline="")))
    assert [r["source"] for r in rows] == ["Bea", "Cyd", "Dan"]
    values = [float(r["reward"]) for r in rows]
    assert values == sorted(values, reverse=True) and all(float(r["std_error"]) > 0 for r in rows)
