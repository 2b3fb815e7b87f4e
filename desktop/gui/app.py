"""The program: arguments, look, window, and what it does with the project named at start."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from desktop.gui import singletons
from desktop.gui.bridge import MainThread
from desktop.gui.bugs import BugWatch, start_log
from desktop.gui.projects.places_of_projects import SUFFIX
from desktop.gui.reading.reading import Reading
from desktop.gui.shell import Shell
from desktop.gui.widgets import icons, theme
from desktop.gui.window.main_window import MainWindow
from desktop.version import __version__
from desktop.workspace.places import log_dir
from desktop.workspace.settings import Settings


def run(arguments: Sequence[str]) -> int:
    """Start the window, or the journey through it; the exit code."""
    chosen = _parser().parse_args(list(arguments))
    singletons.keep()
    folder = chosen.self_test or chosen.journey
    if folder is not None:
        from desktop.gui.journey import run_journey

        models = [path for path in chosen.paths if path.suffix == ".onnx"]
        images = [path for path in chosen.paths if path not in models]
        return run_journey(folder, next(iter(images), None), next(iter(models), None))
    app = application()
    settings = Settings()
    if chosen.reader:
        settings.set("reader_name", chosen.reader)
    theme.apply(app, chosen.theme or settings.get("theme"))
    start_log(log_dir())
    window = make_window(settings)
    window.show()
    paths = [chosen.project] if chosen.project else chosen.paths
    if paths:
        QTimer.singleShot(0, lambda: open_first(window, paths))
    return app.exec()


def application() -> QApplication:
    """The one QApplication of this process, with the app's name and icon."""
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(sys.argv[:1])
    app.setApplicationName("Reading Room")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("readingroom")
    app.setWindowIcon(_app_icon())
    return app


def make_window(settings: Settings) -> MainWindow:
    """A window with its bridge to the main thread and its watch for bugs."""
    shell = Shell(Reading(), settings)
    bridge = MainThread()
    window = MainWindow(shell, bridge.post)
    for owned in (shell, bridge, shell.reading):
        owned.setParent(window)
    window.bugs = BugWatch(shell, lambda: window)
    window.bugs.install()
    return window


def open_first(window: MainWindow, paths: list[Path]) -> None:
    """Open what was named at start: a project, or images to be read in."""
    known = window.shell.settings.get("reader_name")
    if paths[0].suffix == SUFFIX and known:
        window.projects.open(paths[0], known)
    else:
        window.open_paths(paths)


def _app_icon() -> QIcon:
    made = QIcon()
    for size in (16, 24, 32, 48, 64, 128, 256):
        made.addPixmap(icons.pixmap("read", theme.DARK.accent, size))
    return made


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="readingroom", description="The offline annotation workstation for experts."
    )
    parser.add_argument("paths", nargs="*", type=Path, help=f"a project (*{SUFFIX}) or images")
    parser.add_argument("--project", type=Path, help="a project to open")
    parser.add_argument("--reader", default="", help="your name")
    parser.add_argument("--theme", choices=sorted(theme.THEMES), help="dark or light")
    parser.add_argument("--self-test", type=Path, metavar="FOLDER", help="test this build")
    parser.add_argument("--journey", type=Path, metavar="FOLDER", help="walk through the app")
    parser.add_argument("--version", action="version", version=f"Reading Room {__version__}")
    return parser
