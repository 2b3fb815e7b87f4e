"""Under the image: which image of the series, playing, window numbers and zoom."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QFrame,
    QMenu,
    QSlider,
    QSpinBox,
    QToolButton,
    QWidget,
)

from desktop.domain.event import Event
from desktop.domain.study import Window
from desktop.gui.action_set import ActionSet
from desktop.gui.goto import current_frame, frame_count, go_to_index
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons
from desktop.gui.widgets.furniture import across, label, rule
from desktop.gui.window.window_presets import presets_for
from desktop.interaction.view import ViewState

_ROOMY_PX = 760


class FrameBar(QFrame):
    """Slider, cine, window and zoom of the image shown."""

    def __init__(self, shell: Shell, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bottombar")
        self.setFixedHeight(36)
        self._shell, self._reading = shell, shell.reading
        self._actions = actions
        self._in_use: Window | None = None
        row = across(self, (8, 0, 8, 0), 8)
        row.addWidget(self._stack_part(actions), 1)
        self._window_line = _divider()
        row.addWidget(self._window_line)
        row.addWidget(self._window_part(actions))
        row.addWidget(_divider())
        row.addWidget(self._zoom_part(actions))
        self._cine = QTimer(self)
        self._cine.setTimerType(Qt.TimerType.PreciseTimer)
        self._cine.timeout.connect(self._next_image)
        self._reading.view_changed.connect(self._viewed)
        self._reading.committed.connect(self._committed)
        self.refresh()

    def refresh(self) -> None:
        """Show the state of the series on screen."""
        count = frame_count(self._reading)
        view = self._reading.view
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(0, count - 1))
            self.slider.setValue(view.index)
        for widget in (self.slider, self.play):
            widget.setVisible(count > 1)
        self._fit_in()
        self._stack_fill.setVisible(count <= 1)
        self.number.setText(f"{view.index + 1:,} / {count:,}" if count > 1 else "")
        if count <= 1:
            self.stop()
        self._show_window()
        self._show_zoom()

    def show_window_in_use(self, window: Window | None) -> None:
        """The window the image is shown with, where none was chosen."""
        if self._reading.view.window is None and window != self._in_use:
            self._in_use = window
            self._show_window()

    def toggle_play(self) -> None:
        """Play the series as a loop, or stop."""
        if self._cine.isActive():
            self.stop()
        elif frame_count(self._reading) > 1:
            self._cine.start(round(1000 / self.fps.value()))
            self._show_playing()

    def stop(self) -> None:
        if self._cine.isActive():
            self._cine.stop()
        self._show_playing()

    @property
    def is_playing(self) -> bool:
        return self._cine.isActive()

    # parts ---------------------------------------------------------------------------------

    def _stack_part(self, actions: ActionSet) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=8)
        self.play = actions.button("cine.play")
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.slider.setAccessibleName("Image of the series")
        self.slider.valueChanged.connect(self._slid)
        self.number = label(role="muted")
        self.fps = QSpinBox()
        self.fps.setRange(1, 60)
        self.fps.setValue(int(self._shell.settings.get("cine_fps")))
        self.fps.setProperty("role", "small")
        self.fps.setFixedWidth(40)
        self.fps.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.fps.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        self.fps.setToolTip("Images per second while playing")
        self.fps.setAccessibleName("Images per second")
        self.fps.valueChanged.connect(self._speed)
        self._per_s = label("/ s", "small")
        self._stack_fill = QWidget()
        row.addWidget(self._stack_fill, 1)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addWidget(self.fps)
        row.addWidget(self._per_s)
        return holder

    def _window_part(self, actions: ActionSet) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=4)
        self.preset = QToolButton()
        self.preset.setText("Window")
        self.preset.setProperty("role", "text")
        self.preset.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        icons.bind(self.preset, "window")
        self.preset.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.preset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.preset.setToolTip("Window presets, F2 to F8. Drag with the right button on the image.")
        self.menu = QMenu(self.preset)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.preset.setMenu(self.menu)
        row.addWidget(self.preset)
        self.center = self._number("Centre", -100_000, 100_000)
        self.width_ = self._number("Width", 0.001, 200_000)
        self._numbers: list[QWidget] = []
        for letter, tip, field in (
            ("C", "Centre of the window", self.center),
            ("W", "Width of the window", self.width_),
        ):
            mark = label(letter, "small")
            mark.setToolTip(tip)
            field.setToolTip(tip)
            self._numbers += [mark, field]
            row.addWidget(mark)
            row.addWidget(field)
        row.addWidget(actions.button("window.auto"))
        self._window_part_widget = holder
        return holder

    def _number(self, name: str, low: float, high: float) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(low, high)
        field.setDecimals(0)
        field.setProperty("role", "small")
        field.setFixedWidth(60)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setKeyboardTracking(False)
        field.setFocusPolicy(Qt.FocusPolicy.ClickFocus | Qt.FocusPolicy.TabFocus)
        field.setAccessibleName(name)
        field.valueChanged.connect(self._typed_window)
        return field

    def _zoom_part(self, actions: ActionSet) -> QWidget:
        holder = QWidget()
        row = across(holder, gap=2)
        row.addWidget(actions.button("view.out"))
        self.zoom = label("Fit", "muted")
        self.zoom.setFixedWidth(52)
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.zoom.setToolTip("Screen pixels per image pixel. Ctrl+wheel zooms.")
        row.addWidget(self.zoom)
        row.addWidget(actions.button("view.in"))
        row.addWidget(actions.button("view.fit"))
        row.addWidget(actions.button("view.one"))
        return holder

    # showing -------------------------------------------------------------------------------

    def _show_window(self) -> None:
        ref = current_frame(self._reading)
        room = self._reading.workspace
        grey = False
        window = self._reading.view.window
        if room is not None and ref is not None:
            instance = room.instance(ref.instance_id)
            grey = instance.samples == 1
            window = window or self._in_use or next(iter(instance.windows), None)
            floats = instance.rescale_slope < 0.1
            for field in (self.center, self.width_):
                field.setDecimals(3 if floats else 0)
        self._window_part_widget.setVisible(grey)
        self._window_line.setVisible(grey)
        for field, value in (
            (self.center, window.center if window else None),
            (self.width_, window.width if window else None),
        ):
            with QSignalBlocker(field):
                field.setSpecialValueText("auto" if value is None else "")
                field.setValue(field.minimum() if value is None else value)
        name = self._reading.view.window.name if self._reading.view.window else ""
        self.preset.setText(name or "Window")

    def _show_zoom(self) -> None:
        zoom = self._reading.view.zoom
        self.zoom.setText("Fit" if zoom <= 0 else f"{zoom * 100:.0f} %")

    def _show_playing(self) -> None:
        action = self._actions["cine.play"]
        action.setChecked(self.is_playing)
        icons.bind(action, "pause" if self.is_playing else "play")

    def _fill_menu(self) -> None:
        self.menu.clear()
        for preset in presets_for(self._reading):
            key = f"\t{preset.key}" if preset.key else ""
            action = self.menu.addAction(f"{preset.name}{key}")
            action.triggered.connect(
                lambda _c=False, w=preset.window: self._reading.replace(window=w)
            )
        self.menu.addSeparator()
        for act_id in ("window.auto", "window.reset"):
            self.menu.addAction(self._actions[act_id])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_in()

    def _fit_in(self) -> None:
        """Where room is short the slider comes first."""
        roomy = self.width() >= _ROOMY_PX
        several = frame_count(self._reading) > 1
        for widget in (self.fps, self._per_s):
            widget.setVisible(roomy and several)
        for part in self._numbers:
            part.setVisible(roomy)

    # acts of the person --------------------------------------------------------------------

    def _slid(self, value: int) -> None:
        go_to_index(self._reading, value)

    def _speed(self, fps: int) -> None:
        self._shell.settings.set("cine_fps", fps)
        if self._cine.isActive():
            self._cine.start(round(1000 / fps))

    def _typed_window(self, _value: float) -> None:
        self._reading.replace(
            window=Window(center=self.center.value(), width=max(0.001, self.width_.value()))
        )

    def _next_image(self) -> None:
        count = frame_count(self._reading)
        if count > 1:
            go_to_index(self._reading, (self._reading.view.index + 1) % count)

    def _viewed(self, old: ViewState, new: ViewState) -> None:
        if old.series_id != new.series_id:
            self.stop()
            self._in_use = None
        if old.series_id != new.series_id or old.case_id != new.case_id:
            self.refresh()
            return
        if old.index != new.index:
            with QSignalBlocker(self.slider):
                self.slider.setValue(new.index)
            count = frame_count(self._reading)
            self.number.setText(f"{new.index + 1:,} / {count:,}" if count > 1 else "")
        if old.window != new.window or (new.window is None and old.index != new.index):
            self._show_window()
        if old.zoom != new.zoom:
            self._show_zoom()

    def _committed(self, event: Event) -> None:
        if not event.case_id:
            self.refresh()


def _divider() -> QFrame:
    line = rule(upright=True)
    line.setFixedHeight(20)
    return line
