"""Settings of this person on this machine; each holds at once and is remembered."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QCheckBox, QLineEdit, QSpinBox, QWidget

from desktop.gui.shell import Shell
from desktop.gui.widgets.furniture import (
    across,
    centred,
    down,
    frame,
    inset,
    label,
    push,
    rule,
    scrolled,
)
from desktop.gui.widgets.segments import segments
from desktop.workspace.places import config_dir, log_dir


class SettingsPage(QWidget):
    """Look, reader, drawing, memory, and where things lie."""

    left = Signal()
    schemas_wanted = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._shell, self._settings = shell, shell.settings
        outer = across(self, (24, 16, 24, 16))
        holder = QWidget()
        holder.setMaximumWidth(720)
        holder.setMinimumWidth(480)
        column = down(holder, gap=12)
        head = across()
        head.addWidget(label("Settings", "title"))
        head.addStretch(1)
        back = push("Back", tip="Back to where you were (Esc)")
        back.clicked.connect(self.left)
        head.addWidget(back)
        column.addLayout(head)
        card = frame("card")
        rows = down(card, (16, 4, 16, 4), 0)
        for part in (
            self._look(),
            self._name(),
            self._brush(),
            self._cine(),
            self._lock(),
            self._memory(),
            self._names(),
            self._schemas(),
        ):
            if rows.count():
                rows.addWidget(rule())
            rows.addWidget(part)
        column.addWidget(card)
        places = frame("card")
        lines = down(places, (16, 12, 16, 12), 4)
        lines.addWidget(label("Where things lie", "heading"))
        for what, where in (("Settings", config_dir()), ("Logs without patient text", log_dir())):
            text = label(f"{what}: {where}", "muted", wrap=True)
            text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            lines.addWidget(text)
        column.addWidget(places)
        column.addStretch(1)
        outer.addWidget(scrolled(centred(holder)))
        shell.theme_changed.connect(self.refresh)

    def refresh(self) -> None:
        """Show what holds now."""
        dark = self._settings.get("theme") == "dark"
        self._themes.button(0 if dark else 1).setChecked(True)
        self._units.button(0 if self._settings.get("brush_unit") == "px" else 1).setChecked(True)
        with QSignalBlocker(self._reader):
            self._reader.setText(self._settings.get("reader_name"))

    def _look(self) -> QWidget:
        self._themes = QButtonGroup(self)
        dark = self._settings.get("theme") == "dark"
        choice = segments(
            self._themes,
            ("Dark", "Light"),
            lambda n: self._shell.wear(("dark", "light")[n]),
            0 if dark else 1,
        )
        return _row("Look", "Dark for reading rooms, light for offices.", choice)

    def _name(self) -> QWidget:
        self._reader = QLineEdit(self._settings.get("reader_name"))
        self._reader.setFixedWidth(220)
        self._reader.setAccessibleName("Your name")
        self._reader.editingFinished.connect(self._renamed)
        return _row(
            "Your name", "Kept out of every export. Counts from the next project on.", self._reader
        )

    def _brush(self) -> QWidget:
        self._units = QButtonGroup(self)
        choice = segments(
            self._units,
            ("Pixels", "Millimetres"),
            lambda n: self._settings.set("brush_unit", ("px", "mm")[n]),
            0 if self._settings.get("brush_unit") == "px" else 1,
        )
        return _row("Brush radius in", "Millimetres only where the series is calibrated.", choice)

    def _cine(self) -> QWidget:
        field = QSpinBox()
        inset(field)
        field.setRange(1, 60)
        field.setSuffix(" images / s")
        field.setFixedWidth(140)
        field.setValue(int(self._settings.get("cine_fps")))
        field.setAccessibleName("Images per second")
        field.valueChanged.connect(lambda v: self._settings.set("cine_fps", v))
        return _row("Playing a series", "Speed of the loop (Shift+Space).", field)

    def _lock(self) -> QWidget:
        field = QSpinBox()
        inset(field)
        field.setRange(1, 15)
        field.setSuffix(" min")
        field.setFixedWidth(140)
        field.setValue(int(self._settings.get("lock_minutes")))
        field.setAccessibleName("Minutes until the window locks")
        field.valueChanged.connect(lambda v: self._settings.set("lock_minutes", v))
        return _row("Lock after", "Without a key or the mouse. Ctrl+Alt+L locks at once.", field)

    def _memory(self) -> QWidget:
        field = QSpinBox()
        inset(field)
        field.setRange(128, 65536)
        field.setSingleStep(128)
        field.setSuffix(" MB")
        field.setFixedWidth(140)
        field.setValue(int(self._settings.get("cache_mb")))
        field.setAccessibleName("Memory for images")
        field.valueChanged.connect(lambda v: self._settings.set("cache_mb", v))
        return _row("Memory for images", "Counts from the next project opened.", field)

    def _names(self) -> QWidget:
        tick = QCheckBox()
        tick.setChecked(bool(self._settings.get("show_names")))
        tick.setAccessibleName("Show patients' names")
        tick.toggled.connect(lambda on: self._settings.set("show_names", on))
        return _row("Show patients' names", "On this screen only; exports carry pseudonyms.", tick)

    def _schemas(self) -> QWidget:
        edit = push("Edit schemas…", "", "form", "Classes, questions and guidelines.")
        edit.clicked.connect(self.schemas_wanted)
        words = "What the open project draws and asks; for its lead."
        return _row("Schemas of the project", words, edit)

    def _renamed(self) -> None:
        name = self._reader.text().strip()
        if name:
            self._settings.set("reader_name", name)


def _row(title: str, about: str, field: QWidget) -> QWidget:
    holder = QWidget()
    row = across(holder, (0, 10, 0, 10), 16)
    words = down(gap=2)
    words.addWidget(label(title))
    words.addWidget(label(about, "small", wrap=True))
    row.addLayout(words, 1)
    row.addWidget(field)
    return holder
