"""Nothing heavy is loaded before the first window stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HEAVY = ("sqlalchemy", "cv2", "pydicom", "highdicom", "scipy", "skimage", "PIL", "cryptography")

PROGRAM = f"""
import sys
from desktop.gui import singletons
singletons.keep()
from desktop.gui import app
from desktop.gui.widgets import theme
from desktop.workspace.settings import Settings
from PySide6.QtWidgets import QApplication

application = app.application()
settings = Settings()
theme.apply(application, "dark")
window = app.make_window(settings)
window.load_canvas = lambda: None
window.show()
window.repaint()
print([name for name in {HEAVY!r} if name in sys.modules])
window.close()
"""


def test_the_first_window_needs_no_heavy_library(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "READINGROOM_HOME": str(tmp_path),
            "QT_QPA_PLATFORM": "offscreen",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
    )
    assert answer.stdout.strip() == "[]"


def test_the_version_is_told_without_a_window() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "desktop", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert answer.stdout.startswith("Reading Room ")
