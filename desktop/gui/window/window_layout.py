"""The window's layout comes back as it was left, for each arrangement of screens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSettings
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow, QWidget

from desktop.workspace.places import config_dir

if TYPE_CHECKING:
    from desktop.gui.reading.reading_page import ReadingPage


def restore(window: QMainWindow, page: ReadingPage) -> None:
    """Put window, panel and strip back; what was never kept stays as it is."""
    kept = _kept()
    geometry, sizes = kept.value("geometry"), kept.value("splitter")
    if geometry is not None:
        window.restoreGeometry(geometry)
    if sizes is not None:
        page.splitter.restoreState(sizes)
    page.panel.setVisible(kept.value("panel", "true") != "false")
    page.strip.setVisible(kept.value("strip", "true") != "false")
    page.panel.show_tab(str(kept.value("tab", "Form")))


def keep(window: QMainWindow, page: ReadingPage) -> None:
    """Remember how it is now."""
    kept = _kept()
    kept.setValue("geometry", window.saveGeometry())
    kept.setValue("splitter", page.splitter.saveState())
    kept.setValue("panel", "false" if page.panel.isHidden() else "true")
    kept.setValue("strip", "false" if page.strip.isHidden() else "true")
    kept.setValue("tab", page.panel.tab)
    kept.sync()


def set_aside(
    parts: Sequence[QWidget], on: bool, stood: dict[QWidget, bool]
) -> dict[QWidget, bool]:
    """Hide these parts, or show them again as they ``stood``; how they stand without this."""
    if on:
        stood = {part: not part.isHidden() for part in parts}
    for part, shown in stood.items():
        part.setVisible(shown and not on)
    return stood


def _kept() -> QSettings:
    settings = QSettings(str(config_dir() / "layout.ini"), QSettings.Format.IniFormat)
    settings.beginGroup(_screens())
    return settings


def _screens() -> str:
    """A name for the screens as they stand: two screens have another layout than one."""
    rects = [s.geometry() for s in QGuiApplication.screens()]
    return "_".join(f"{r.width()}x{r.height()}at{r.x()}.{r.y()}" for r in rects) or "none"
