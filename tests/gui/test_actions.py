"""The registry of acts: no two acts on one key, each explained, none stealing what is typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from desktop.gui.action_set import WHY_OFF, tooltip
from desktop.gui.actions import ACTS, TOOLS, conflicts
from desktop.gui.window.key_overlay import KeyOverlay
from desktop.gui.window.main_window import MainWindow

KEYS = {act.id: act.keys for act in ACTS}


def test_no_key_has_two_owners() -> None:
    assert conflicts() == []


def test_a_conflict_is_named() -> None:
    twin = replace(ACTS[0], id="twin", title="Twin")
    assert conflicts([*ACTS, twin]) == [
        f"{QKeySequence(ACTS[0].keys[0]).toString()} is claimed by {ACTS[0].title} and Twin."
    ]


def test_the_held_key_counts_as_taken() -> None:
    assert conflicts([replace(ACTS[0], keys=("H",))])


@pytest.mark.parametrize(
    ("act_id", "key"),
    [
        ("tool.brush", "B"),
        ("tool.eraser", "E"),
        ("tool.polygon", "P"),
        ("tool.freehand", "F"),
        ("tool.ruler", "M"),
        ("brush.smaller", "["),
        ("brush.larger", "]"),
        ("region.previous", "Q"),
        ("region.next", "W"),
        ("edit.undo", "Z"),
        ("edit.undo", "Ctrl+Z"),
        ("edit.redo", "Y"),
        ("edit.redo", "Ctrl+Y"),
        ("focus.swap", "Tab"),
        ("overlay.outline", "O"),
        ("preset.1", "F2"),
        ("preset.7", "F8"),
        ("view.image", "F11"),
        ("case.done", "Ctrl+Return"),
        ("case.skip", "K"),
        ("case.none", "0"),
        ("tool.last", "Space"),
        ("digit.1", "1"),
        ("digit.9", "9"),
    ],
)
def test_the_keys_that_experts_know(act_id: str, key: str) -> None:
    assert key in KEYS[act_id]


def test_letters_of_later_tools_are_free() -> None:
    taken = {key for keys in KEYS.values() for key in keys}
    assert taken.isdisjoint({"G", "I", "L", "T"})


def test_every_act_is_explained() -> None:
    for act in ACTS:
        assert act.title and act.line.endswith("."), act.id
        assert not act.needs or act.needs in WHY_OFF, act.id


def test_a_tooltip_has_name_key_line_and_reason() -> None:
    act = next(a for a in ACTS if a.id == "tool.box")
    text = tooltip(act, "Open a case first.")
    assert "Box" in text and "X" in text and act.line in text and "Open a case first." in text


def test_ids_are_different() -> None:
    assert len({act.id for act in ACTS}) == len(ACTS)


def test_switched_off_acts_say_why(window: MainWindow) -> None:
    action = window.actions_["tool.box"]
    assert not action.isEnabled()
    assert "Open a case with images first." in action.toolTip()


def test_tools_work_by_key(reading_window: MainWindow) -> None:
    reading = reading_window.shell.reading
    for name in TOOLS:
        QTest.keyClick(reading_window.reading_page.canvas, _key(KEYS[f"tool.{name}"][0]))
        assert reading.view.tool == name
        assert reading_window.actions_[f"tool.{name}"].isChecked()


def test_choosing_the_tool_in_hand_keeps_its_button_lit(reading_window: MainWindow) -> None:
    action = reading_window.actions_["tool.select"]
    action.trigger()
    action.trigger()
    assert action.isChecked()


@pytest.mark.parametrize("kind", [QLineEdit, QPlainTextEdit])
def test_letters_and_digits_go_into_a_field_that_has_the_focus(
    reading_window: MainWindow, kind: type[QWidget]
) -> None:
    field = kind(reading_window.reading_page)
    field.show()
    field.setFocus()
    before = reading_window.shell.reading.view
    QTest.keyClicks(field, "bx 0129kz[]?ow")
    text = field.text() if isinstance(field, QLineEdit) else field.toPlainText()
    assert text == "bx 0129kz[]?ow"
    assert reading_window.shell.reading.view == before
    assert not reading_window.keys_overlay.isVisible()


def test_digits_go_into_a_number_that_has_the_focus(reading_window: MainWindow) -> None:
    field: QSpinBox = reading_window.reading_page.bar.fps
    field.setFocus()
    field.selectAll()
    before = reading_window.shell.reading.view.class_id
    QTest.keyClicks(field, "24")
    assert field.value() == 24
    assert reading_window.shell.reading.view.class_id == before


def test_the_keyboard_sheet_names_every_key(window: MainWindow) -> None:
    window.actions_["help.keys"].trigger()
    overlay: KeyOverlay = window.keys_overlay
    assert overlay.isVisible()
    from PySide6.QtWidgets import QLabel

    said = {label.text() for label in overlay.findChildren(QLabel)}
    for act in ACTS:
        if act.keys and act.handler not in ("digit", "relabel", "take_preset"):
            assert act.title.rstrip("…") in said
    QTest.keyClick(overlay, Qt.Key.Key_Escape)
    assert not overlay.isVisible()


def test_all_menus_are_reachable(window: MainWindow) -> None:
    shown = {
        action.objectName()
        for menu in window.title.menus.actions()
        for action in menu.menu().actions()  # type: ignore[union-attr]
    }
    assert {act.id for act in ACTS if act.menu} == shown


def _key(text: str) -> Qt.Key:
    return QKeySequence(text)[0].key()
