"""The bottom line: options of the tool in hand, a hint with keys, warnings, running jobs."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QButtonGroup, QFrame, QProgressBar, QSpinBox, QToolButton, QWidget

from desktop.domain.calibration import calibrations
from desktop.domain.event import Event
from desktop.domain.help_study import Arm
from desktop.gui.action_set import ActionSet
from desktop.gui.actions import ACTS
from desktop.gui.goto import current_frame
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons, theme
from desktop.gui.widgets.choice_row import paint_swatch
from desktop.gui.widgets.furniture import ElidedLabel, across, label, rule
from desktop.gui.widgets.segments import segments
from desktop.interaction.view import ViewState

_LINES = {act.argument: act.line for act in ACTS if act.handler == "choose_tool"}
_MOMENT_MS = 4000
_TITLES = {"rest": "Anything else"}


class BottomStrip(QFrame):
    """Always there while a project is open; the left part only beside the image."""

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bottombar")
        self.setFixedHeight(30)
        self._shell, self._reading = shell, shell.reading
        row = across(self, (12, 0, 12, 0), 12)
        self.options = ToolOptions(shell)
        row.addWidget(self.options)
        self.hint = ElidedLabel(role="muted")
        row.addWidget(self.hint, 1)
        self.pointer = label(role="muted")
        row.addWidget(self.pointer)
        self.warning = WarningMark()
        row.addWidget(self.warning)
        self.help = HelpMark(shell)
        row.addWidget(self.help)
        self.jobs = JobStrip(shell)
        row.addWidget(self.jobs)
        self._hint_of_canvas = self._said = ""
        self._is_reading = False
        self._moment = QTimer(self)
        self._moment.setSingleShot(True)
        self._moment.timeout.connect(lambda: self.say_for_a_moment(""))
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self._show_all()

    def show_reading(self, on: bool) -> None:
        """Whether the image is the page on screen: the tool's own line belongs to it alone."""
        self._is_reading = on
        self._said = ""
        self.options.setVisible(on)
        self.pointer.setVisible(on)
        self.warning.allow(on)
        self.help.allow(on)
        self.hint.setText(self._hint())

    def say_hint(self, text: str) -> None:
        """What the canvas advises just now; "" for the tool's own line."""
        self._hint_of_canvas = text
        self.hint.setText(self._hint())

    def say_for_a_moment(self, text: str) -> None:
        """What was done just now, where the image alone doesn't show it; then the hint again."""
        self._said = text
        self.hint.setText(self._hint())
        if text:
            self._moment.start(_MOMENT_MS)

    def _hint(self) -> str:
        view = self._reading.view
        if self._said or not (self._is_reading and view.case_id):
            return self._said
        return self._hint_of_canvas or _LINES.get(view.tool, "")

    def _show_all(self) -> None:
        self.options.refresh()
        self.hint.setText(self._hint())
        room, view = self._reading.workspace, self._reading.view
        warnings: tuple[str, ...] = ()
        if room is not None and view.series_id:
            found = [s for s in room.series(view.case_id) if s.id == view.series_id]
            warnings = found[0].warnings if found else ()
        self.warning.show_warnings(warnings)

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        keys = ("case_id", "series_id", "tool", "brush_radius", "brush_unit", "class_id")
        if old.tool != new.tool:
            self._hint_of_canvas = ""
        if any(getattr(old, k) != getattr(new, k) for k in keys):
            self._show_all()

    def _committed(self, event: Event) -> None:
        here = event.case_id in ("", self._reading.view.case_id)
        if here and any(c.kind in ("case", "series", "calibration") for c in event.changes):
            self._show_all()


class ToolOptions(QWidget):
    """The class in hand, and the size of brush and eraser in a unit the series allows."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._reading = shell, shell.reading
        row = across(self, gap=8)
        self.swatch = Swatch()
        self.name = label()
        row.addWidget(self.swatch)
        row.addWidget(self.name)
        self._brush = QWidget()
        inner = across(self._brush, gap=4)
        line = rule(upright=True)
        line.setFixedHeight(16)
        inner.addWidget(line)
        inner.addSpacing(4)
        inner.addWidget(label("Radius", "muted"))
        self.radius = QSpinBox()
        self.radius.setRange(1, 500)
        self.radius.setProperty("role", "small")
        self.radius.setFixedWidth(48)
        self.radius.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.radius.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        self.radius.setKeyboardTracking(False)
        self.radius.setToolTip("Radius of brush and eraser; [ and ] change it.")
        self.radius.setAccessibleName("Brush radius")
        self.radius.valueChanged.connect(self._sized)
        inner.addWidget(self.radius)
        self._units = QButtonGroup(self)
        self._unit_part = segments(self._units, ("px", "mm"), self._unit_picked)
        inner.addWidget(self._unit_part)
        row.addWidget(self._brush)

    def refresh(self) -> None:
        """Show the options of the tool in hand."""
        view, schema = self._reading.view, self._reading.schema
        classes = {c.id: c for c in schema.classes} if schema else {}
        known = classes.get(view.class_id)
        draws = view.tool not in ("select", "eraser", "rest")
        self.swatch.show_colour(known.color if known and draws else "")
        self.name.setText(
            known.name if known and draws else _TITLES.get(view.tool, view.tool.capitalize())
        )
        self._brush.setVisible(view.tool in ("brush", "eraser", "rest"))
        with QSignalBlocker(self.radius):
            self.radius.setValue(round(view.brush_radius))
        calibrated = self.is_calibrated()
        for number, unit in enumerate(("px", "mm")):
            button = self._units.button(number)
            button.setChecked(unit == view.brush_unit)
            button.setEnabled(unit == "px" or calibrated)
            button.setToolTip(
                f"Radius in {unit}."
                if unit == "px" or calibrated
                else "This series has no calibration in mm."
            )

    def is_calibrated(self) -> bool:
        """Whether millimetres hold on the whole image shown."""
        room, ref = self._reading.workspace, current_frame(self._reading)
        if room is None or ref is None:
            return False
        instance = room.instance(ref.instance_id)
        return calibrations(instance, room.calibration(instance.series_id)).whole is not None

    def _sized(self, value: int) -> None:
        self._reading.replace(brush_radius=float(value))
        self._shell.settings.set("brush_radius", float(value))

    def _unit_picked(self, number: int) -> None:
        unit = ("px", "mm")[number]
        self._reading.replace(brush_unit=unit)
        self._shell.settings.set("brush_unit", unit)


class Swatch(QWidget):
    """The colour of the class in hand."""

    def __init__(self) -> None:
        super().__init__()
        self._colour = ""
        self.setFixedSize(14, 14)

    def show_colour(self, colour: str) -> None:
        self._colour = colour
        self.setVisible(bool(colour))
        self.update()

    def paintEvent(self, _event: object) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            paint_swatch(painter, theme.current(), QRectF(0.5, 0.5, 13, 13), self._colour)


class HelpMark(QWidget):
    """In a study: whether this case's blind answer is locked, or that it is read without help."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._reading = shell.reading
        self._allowed, self._some = True, False
        row = across(self, gap=4)
        self.glyph = icons.Glyph("lock", "muted", 16)
        row.addWidget(self.glyph)
        self.text = label(role="muted")
        row.addWidget(self.text)
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self._reading.opened.connect(lambda _room: self.refresh())
        self.refresh()

    def refresh(self) -> None:
        """Show where this reader stands with the open case."""
        room, case_id = self._reading.workspace, self._reading.view.case_id
        standing = room.help_standing(case_id) if room and case_id else None
        icon, words = "lock", ""
        if standing is not None and standing.is_study and standing.arm is Arm.NONE:
            icon, words = "eye-off", "No help on this case"
        elif standing is not None and standing.is_study and standing.arm is Arm.BLIND:
            words = "Blind answer locked" if standing.is_locked else "Answer first, then Ctrl+L"
            icon = "lock" if standing.is_locked else "unlock"
        self.glyph.show_as(icon, "ok" if standing and standing.is_locked else "muted")
        self.text.setText(words)
        self._some = bool(words)
        self.setVisible(self._some and self._allowed)

    def allow(self, on: bool) -> None:
        self._allowed = on
        self.setVisible(self._some and on)

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.case_id != new.case_id:
            self.refresh()

    def _committed(self, event: Event) -> None:
        if any(c.kind in ("blind_lock", "help_plan") for c in event.changes):
            self.refresh()


class WarningMark(QWidget):
    """What is wrong with the geometry of the series shown."""

    def __init__(self) -> None:
        super().__init__()
        self._allowed = True
        self._some = False
        row = across(self, gap=4)
        row.addWidget(icons.Glyph("warning", "warn", 16))
        self.text = ElidedLabel(role="warn")
        self.text.setMaximumWidth(420)
        row.addWidget(self.text)
        self.hide()

    def show_warnings(self, warnings: tuple[str, ...]) -> None:
        self._some = bool(warnings)
        more = f" (and {len(warnings) - 1} more)" if len(warnings) > 1 else ""
        self.text.setText(f"{warnings[0]}{more}" if warnings else "")
        self.setToolTip("\n".join(warnings))
        self.setVisible(self._some and self._allowed)

    def allow(self, on: bool) -> None:
        self._allowed = on
        self.setVisible(self._some and on)


class JobStrip(QWidget):
    """Long work: what, how far, cancel."""

    def __init__(self, shell: Shell) -> None:
        super().__init__()
        self._reading = shell.reading
        self._stop_listening = None
        row = across(self, gap=8)
        self.text = ElidedLabel(role="muted")
        self.text.setFixedWidth(260)
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(120)
        self.bar.setRange(0, 1000)
        self.cancel = QToolButton()
        icons.bind(self.cancel, "close", "muted")
        self.cancel.setToolTip("Cancel this job; nothing half-done is kept.")
        self.cancel.setAccessibleName("Cancel this job")
        self.cancel.clicked.connect(self._cancel)
        for widget in (self.text, self.bar, self.cancel):
            row.addWidget(widget)
        self._reading.opened.connect(self._opened)
        self._opened(self._reading.workspace)

    def refresh(self) -> None:
        """Show the job that runs, and how many more."""
        room = self._reading.workspace
        running = list(room.jobs.running) if room else []
        self.setVisible(bool(running))
        if running:
            job = running[0]
            more = f"  (+{len(running) - 1})" if len(running) > 1 else ""
            what = f"{job.title}: {job.text}" if job.text else job.title
            self.text.setText(f"{what}  {job.fraction:.0%}{more}")
            self.bar.setValue(round(job.fraction * 1000))

    def _opened(self, room: object) -> None:
        self._stop_listening = room.jobs.on_changed(self.refresh) if room else None  # type: ignore[attr-defined]
        self.refresh()

    def _cancel(self) -> None:
        room = self._reading.workspace
        if room and room.jobs.running:
            room.jobs.running[0].cancel()
