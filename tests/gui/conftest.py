"""A window over a workspace in memory; the canvas is a stand-in that counts what it is asked."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from desktop.gui import singletons
from desktop.gui.goto import open_case
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Notice, Shell
from desktop.gui.widgets import theme
from desktop.gui.window.main_window import MainWindow
from desktop.workspace.settings import Settings

singletons.keep()


def _load_fake() -> ModuleType:
    name = "tests.gui.fake_workspace"
    if name not in sys.modules:
        path = Path(__file__).with_name("fake_workspace.py")
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


class StandIn(QWidget):
    """What the window asks of a canvas."""

    pointer_info = Signal(str)
    hint = Signal(str)
    recovery_offered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.asked: list[tuple[Any, ...]] = []
        self.window_in_use = None
        self.has_frame = True

    def __getattr__(self, name: str) -> Any:
        if name not in (
            "fit",
            "one_to_one",
            "zoom_by",
            "auto_window",
            "recover_gesture",
            "read_again",
        ):
            raise AttributeError(name)
        return lambda *arguments: self.asked.append((name, *arguments))

    def finish_gesture(self) -> bool:
        self.asked.append(("finish_gesture",))
        return False

    def cancel_gesture(self) -> bool:
        self.asked.append(("cancel_gesture",))
        return False


class Strays(QObject):
    """Notices widgets that open as windows of their own by mistake."""

    def __init__(self, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self.found: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget):
            kinds = (Qt.WindowType.Popup, Qt.WindowType.ToolTip, Qt.WindowType.Dialog)
            own = watched is self._window or watched.windowType() in kinds
            if watched.isWindow() and not own:
                self.found.append(type(watched).__name__)
        return False


@pytest.fixture
def fake() -> ModuleType:
    return _load_fake()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(tmp_path / "settings.json")
    made.set("reader_name", "Dr. Noor")
    return made


@pytest.fixture
def look(qapp: QApplication) -> None:
    theme.apply(qapp, "dark")


@pytest.fixture
def shell(qapp: QApplication, settings: Settings, look: None) -> Shell:
    return Shell(Reading(), settings)


@pytest.fixture
def window(
    qtbot: Any, qapp: QApplication, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MainWindow]:
    """The window on its start page."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    made = MainWindow(shell, None, lambda _reading: StandIn())
    qtbot.addWidget(made)
    strays = Strays(made)
    qapp.installEventFilter(strays)
    made.resize(1440, 900)
    made.show()
    qtbot.waitActive(made)
    qtbot.waitUntil(lambda: made.reading_page.canvas is not None)
    yield made
    qapp.removeEventFilter(strays)
    assert strays.found == []


@pytest.fixture
def room(fake: ModuleType, tmp_path: Path) -> Any:
    """Forty cases in memory."""
    return fake.demo_workspace(tmp_path / "pilot.rroom", slices=6)


@pytest.fixture
def reading_window(window: MainWindow, room: Any) -> MainWindow:
    """The window with the first case open."""
    window.shell.reading.open(room)
    open_case(window.shell.reading, "case0")
    window.show_page("read")
    return window


@pytest.fixture
def notices(shell: Shell) -> list[Notice]:
    """All notices from now on."""
    heard: list[Notice] = []
    shell.noticed.connect(heard.append)
    return heard
