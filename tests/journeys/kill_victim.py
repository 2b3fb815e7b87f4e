"""Draws in the real window until it is killed; every commit that it saw goes to a file at once.

python tests/journeys/kill_victim.py PROJECT ACKS SEED
"""

from __future__ import annotations

import os
import random
import sys
import time
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtCore import Qt

from desktop.gui import simulated_hands as hands
from desktop.gui.app import application, make_window
from desktop.workspace.settings import Settings


def main(project: Path, acks: Path, seed: int) -> None:
    out = os.open(acks, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def acknowledge(word: str, text: str) -> None:
        os.write(out, f"{word} {text}\n".encode())

    application()
    settings = Settings()
    settings.set("reader_name", "Ada")
    window = make_window(settings)
    window.resize(1200, 800)
    window.show()
    hands.wait_for(lambda: window.reading_page.canvas is not None, "canvas")
    canvas = window.reading_page.canvas
    window.projects.open(project, "Ada")
    hands.wait_for(lambda: canvas.has_frame, "frame")
    window.shell.reading.committed.connect(lambda event: acknowledge("event", event.uuid))
    rng = random.Random(seed)
    acknowledge("ready", str(seed))
    while True:
        draw_something(window, canvas, rng, acknowledge)


def draw_something(window, canvas, rng, acknowledge) -> None:  # type: ignore[no-untyped-def]
    columns, rows = canvas.image_size

    def spot():  # type: ignore[no-untyped-def]
        return canvas.widget_point(
            rng.uniform(0.15, 0.85) * columns, rng.uniform(0.15, 0.85) * rows
        )

    canvas.setFocus()
    what = rng.random()
    if what < 0.35:
        window.acts.choose_tool("box")
        hands.drag(canvas, hands.line(spot(), spot(), 5))
    elif what < 0.7:
        window.acts.choose_tool("brush")
        hands.drag(canvas, hands.line(spot(), spot(), 20))
    elif what < 0.85:
        hands.press_key(canvas, Qt.Key.Key_Z)
    elif what < 0.9:
        hands.press_key(canvas, Qt.Key.Key_Y)
    else:
        window.acts.choose_tool("brush")
        hands.press_key(canvas, Qt.Key.Key_N)  # a new region, so that the stroke changes something
        acknowledge("stroke", f"{time.time():.3f}")
        hands.drag(canvas, hands.line(spot(), spot(), 60), pause_s=0.04)
        acknowledge("done", f"{time.time():.3f}")
    hands.live(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
