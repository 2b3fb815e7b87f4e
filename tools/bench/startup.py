"""Cold start: from the start of the process to a window that takes input, and to the first image.

    python -m tools.bench.startup [--project FILE] [--runs 7] [--json FILE]

Each run is a fresh process that does what ``python -m desktop PROJECT`` does. The disk cache is
warm after the first run, which is not counted. The floor is the time that the same interpreter
takes to show an empty Qt window.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.bench.figures import hand_over

ROOT = Path(__file__).resolve().parents[2]

FLOOR = """
import sys, time
begin = float(sys.argv[1])
from PySide6.QtWidgets import QApplication, QMainWindow
app = QApplication([])
window = QMainWindow(); window.resize(1440, 900); window.show()
app.processEvents()
print(f'{{"window_s": {time.time() - begin:.3f}}}')
"""

APP = """
import json, sys, time
begin, project = float(sys.argv[1]), sys.argv[2]
from pathlib import Path
from PySide6.QtCore import QTimer
from desktop.gui import app as program
from desktop.gui.widgets import theme
from desktop.workspace.settings import Settings
application = program.application()
settings = Settings()
settings.set("reader_name", "Bench")
theme.apply(application, "dark")
window = program.make_window(settings)
window.show()
times = {}
heavy = [m for m in ("pydicom", "highdicom", "sqlalchemy", "cv2", "skimage", "scipy", "sklearn")
         if m in sys.modules]
def interactive():
    times["window_s"] = round(time.time() - begin, 3)
    times["heavy_before_window"] = heavy
    QTimer.singleShot(0, opening)
def opening():
    if not project:
        application.quit()
        return
    program.open_first(window, [Path(project)])
    watch.start(2)
def look():
    canvas = window.reading_page.canvas
    if canvas is not None and canvas.has_frame:
        times["first_image_s"] = round(time.time() - begin, 3)
        application.quit()
watch = QTimer()
watch.timeout.connect(look)
QTimer.singleShot(0, interactive)
application.exec()
print(json.dumps(times))
import os; sys.stdout.flush(); os._exit(0)
"""


def once(program: str, project: str, environment: dict[str, str]) -> dict[str, float]:
    """One fresh process; seconds since it was started."""
    answer = subprocess.run(
        [sys.executable, "-c", program, str(time.time()), project],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(answer.stdout.strip().splitlines()[-1]))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "READINGROOM_HOME": home}
        project = str(options.project.resolve()) if options.project else ""
        floor = [once(FLOOR, "", environment) for _ in range(options.runs + 1)][1:]
        runs = [once(APP, project, environment) for _ in range(options.runs + 1)][1:]
    result = {
        "floor_window_s": statistics.median(r["window_s"] for r in floor),
        "window_s": statistics.median(r["window_s"] for r in runs),
        "window_max_s": max(r["window_s"] for r in runs),
        "heavy_before_window": runs[0]["heavy_before_window"],
    }
    result["ratio_to_floor"] = round(result["window_s"] / result["floor_window_s"], 2)
    if project:
        result["first_image_s"] = statistics.median(r["first_image_s"] for r in runs)
    return hand_over(result, options.json)


if __name__ == "__main__":
    raise SystemExit(main())
