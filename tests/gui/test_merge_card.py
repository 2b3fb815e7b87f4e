"""The lead takes a colleague's bundle in: compares the key, previews, merges, settles."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.commands.annotation import RelabelAnnotations
from desktop.exchange.exporter import BundleOptions
from desktop.gui import theme
from desktop.gui.merge_card import MergeCard
from desktop.gui.reading import Reading
from desktop.gui.shell import Shell
from desktop.workspace.keys import WorkstationKey
from desktop.workspace.settings import Settings
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


def test_only_the_lead_sees_the_card(qtbot: QtBot, made: MadeProject, card: MergeCard) -> None:
    assert card.isVisible()
    card._reading.workspace = made.reopen(reader_name="Grace")
    card.refresh()
    assert not card.isVisible()
