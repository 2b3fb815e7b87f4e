"""The lead takes a colleague's bundle in: compares the key, previews, merges, settles."""

from __future__ import annotations

import contextlib
import datetime
import queue
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from desktop.commands.annotation import RelabelAnnotations
from desktop.domain.errors import StoreProblem
from desktop.exchange.exporter import BundleOptions
from desktop.gui.exchange.merge_card import MergeCard
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.widgets import theme
from desktop.store.merge import MissingRange
from desktop.workspace.access.keys import WorkstationKey
from desktop.workspace.settings import Settings
from desktop.workspace.team import merging
from tests.workspace.made import MadeProject, ticking_clock

CASE = "case-0"


@pytest.fixture
def made(tmp_path: Path) -> Iterator[MadeProject]:
    project = MadeProject(tmp_path)
    yield project
    project.close()


@pytest.fixture
def card(qtbot: QtBot, qapp: Any, made: MadeProject) -> MergeCard:
    theme.apply(qapp, "dark")
    reading = Reading()
    reading.workspace = made.ws
    shell = Shell(reading, Settings(made.folder / "look.json"))
    reading.setParent(shell)
    card = MergeCard(shell)
    shell.setParent(card)
    qtbot.addWidget(card)
    card.resize(860, 420)
    card.show()
    card.refresh()
    return card


def other_machine(made: MadeProject) -> tuple[Path, str]:
    """A bundle of a colleague who gave the same region another class; and the key's fingerprint."""
    region = made.draw()
    folder = made.folder / "there"
    folder.mkdir()
    key = WorkstationKey(Ed25519PrivateKey.from_private_bytes(bytes([7] * 32)))
    path = made.ws.team.hand_out(folder / "copy.rroom")
    clock = ticking_clock(datetime.datetime(2031, 1, 1, tzinfo=datetime.UTC))
    there = MadeProject.around(path, key, clock)
    for ws, class_id in ((there.ws, 3), (made.ws, 2)):
        ws.run(RelabelAnnotations(case_id=CASE, annotation_ids=(region,), class_id=class_id))
    bundle = folder / "bundle"
    there.ws.export_bundle(bundle, BundleOptions(formats=("audit",)))
    fingerprint = there.ws.team.fingerprint
    there.close()
    return bundle, fingerprint


def button(card: MergeCard, words: str) -> QPushButton:
    return next(b for b in card.findChildren(QPushButton) if b.text().strip() == words)


def press(qtbot: QtBot, card: MergeCard, words: str) -> None:
    qtbot.mouseClick(button(card, words), Qt.MouseButton.LeftButton)


def test_a_bundle_is_trusted_previewed_merged_and_its_conflict_settled(
    qtbot: QtBot, made: MadeProject, card: MergeCard
) -> None:
    bundle, fingerprint = other_machine(made)
    before = made.ws.event_count()
    card.add([bundle])
    qtbot.keyClicks(card.typed, "0000-0000-0000-0000")
    press(qtbot, card, "Trust")
    assert made.ws.team.trusted() == {}
    card.typed.clear()
    qtbot.keyClicks(card.typed, fingerprint.lower())
    qtbot.keyClicks(card.name, "Room 2")
    press(qtbot, card, "Trust")
    assert made.ws.team.trusted() == {fingerprint: "Room 2"}
    assert made.ws.event_count() == before
    press(qtbot, card, "Merge")
    assert made.ws.event_count() > before
    (conflict,) = made.ws.team.conflicts()
    assert len(conflict.versions) == 2
    press(qtbot, card, "Let this stand")
    assert made.ws.team.conflicts() == []
    assert made.ws.verify().ok


def test_a_damaged_bundle_is_a_sentence_and_can_be_left(
    qtbot: QtBot, made: MadeProject, card: MergeCard
) -> None:
    bundle, _fingerprint = other_machine(made)
    (bundle / "audit" / "events.jsonl").write_text("x")
    card.add([bundle])
    press(qtbot, card, "Choose others")
    assert not [b for b in card.findChildren(QPushButton) if b.text() == "Merge"]


def test_what_each_version_says_is_told_in_words(
    qtbot: QtBot, made: MadeProject, card: MergeCard
) -> None:
    bundle, fingerprint = other_machine(made)
    made.ws.team.trust(bundle, fingerprint, "Room 2")
    card.add([bundle])
    assert any("1 new event" in text and "1 conflict to settle" in text for text in texts(card))
    press(qtbot, card, "Merge")
    shown = " | ".join(texts(card))
    assert "1 conflict to settle" in shown and "Region · CT · P-000000" in shown
    for name in ("Lung", "Vessel"):
        assert f": {name}, box of 7 × 5 px at (2, 3)" in shown
    wanted: list[str] = []
    card._shell.page_wanted.connect(wanted.append)
    press(qtbot, card, "Show the image")
    assert wanted == ["read"] and card._reading.view.case_id == CASE


class Later:
    """Work that is posted to the main thread is done when it is asked for."""

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end
            with contextlib.suppress(queue.Empty):
                self.waiting.get(timeout=0.01)()


def test_a_merge_runs_beside_the_window_and_nothing_else_is_written_meanwhile(
    made: MadeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, fingerprint = other_machine(made)
    made.ws.team.trust(bundle, fingerprint, "Room 2")
    later = Later()
    monkeypatch.setattr(made.ws.jobs, "_post", later.waiting.put)
    started, go_on = threading.Event(), threading.Event()
    real = merging._take

    def slow(*arguments: Any) -> Any:
        started.set()
        assert go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(merging, "_take", slow)
    reports: list[merging.MergeReport] = []
    before = made.ws.event_count()
    job = made.ws.team.start_merge([bundle], reports.append, pytest.fail, dry_run=False)
    assert started.wait(20)
    with pytest.raises(StoreProblem, match="being taken in"):
        made.draw()
    assert len(made.ws.annotations(CASE)) == 1, "reading goes on"
    go_on.set()
    later.until(lambda: job not in made.ws.jobs.running)
    assert reports[0].new and made.ws.event_count() == before + reports[0].new + 1
    made.draw()
    assert made.ws.verify().ok


def test_a_merge_that_is_stopped_leaves_everything_as_it_was(
    made: MadeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle, fingerprint = other_machine(made)
    made.ws.team.trust(bundle, fingerprint, "Room 2")
    later = Later()
    monkeypatch.setattr(made.ws.jobs, "_post", later.waiting.put)
    started, go_on = threading.Event(), threading.Event()
    real = merging._take

    def slow(*arguments: Any) -> Any:
        started.set()
        assert go_on.wait(20)
        return real(*arguments)

    monkeypatch.setattr(merging, "_take", slow)
    before = made.ws.state_digest(), made.ws.event_count()
    job = made.ws.team.start_merge([bundle], pytest.fail, pytest.fail, dry_run=False)
    assert started.wait(20)
    job.cancel()
    go_on.set()
    later.until(lambda: job not in made.ws.jobs.running)
    assert (made.ws.state_digest(), made.ws.event_count()) == before
    made.draw()


def test_what_has_not_arrived_is_told_under_the_name_of_its_workstation() -> None:
    report = merging.MergeReport(
        bundles=("b",),
        new=1,
        known=0,
        touched=1,
        conflicts=1,
        missing=(MissingRange("0" * 32, 3, 4), MissingRange("f" * 32, 7, 7)),
        names={"0" * 32: "Room 2"},
    )
    assert report.sentence == (
        "1 new event, 0 known; 1 conflict to settle; events 3 to 4 of Room 2 have not arrived; "
        "event 7 of workstation ffffffffffff has not arrived."
    )


def test_a_bundle_is_told_from_images(made: MadeProject) -> None:
    bundle, _fingerprint = other_machine(made)
    packed = made.folder / "b.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for path in bundle.rglob("*"):
            file.write(path, Path("b") / path.relative_to(bundle))
    (made.folder / "pictures").mkdir()
    with zipfile.ZipFile(made.folder / "other.zip", "w") as file:
        file.writestr("image.dcm", b"x")
    (made.folder / "cut.zip").write_bytes(packed.read_bytes()[:200])
    found = {
        n: merging.looks_like_bundle(made.folder / n)
        for n in (
            "there/bundle",
            "b.zip",
            "cut.zip",
            "pictures",
            "other.zip",
            "made.rroom",
            "nothing",
        )
    }
    assert [n for n, is_one in found.items() if is_one] == ["there/bundle", "b.zip", "cut.zip"]


def texts(card: MergeCard) -> list[str]:
    return [w.text() for w in card.findChildren(QLabel)]


def test_only_the_lead_sees_the_card(qtbot: QtBot, made: MadeProject, card: MergeCard) -> None:
    assert card.isVisible()
    card._reading.workspace = made.reopen(reader_name="Grace")
    card.refresh()
    assert not card.isVisible()
