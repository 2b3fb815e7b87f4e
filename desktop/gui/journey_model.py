"""The step of the journey that runs a model file: added, tried on the open case, nothing kept.

A frozen program that lacks a library of the runtime, or whose child can't load it, fails here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QPushButton

from desktop.gui import simulated_hands as hands
from desktop.gui.simulated_hands import StepFailed, wait_for
from desktop.gui.window.main_window import MainWindow


def try_model(window: MainWindow, model: Path, step: Callable[[bool, str], None]) -> None:
    """Put a model on the shelf and see what it would suggest on the open case."""
    room = window.shell.reading.workspace
    if room is None:
        raise StepFailed("No project is open.")
    window.show_page("models")
    page: Any = window._pages["models"]
    page.add_file(model)
    wait_for(lambda: not room.jobs.running and bool(room.models.shelf()), "the model is added", 120)
    hands.live(50)
    case_id = window.shell.reading.view.case_id
    drawn = room.annotations(case_id)
    tries = [b for b in page.findChildren(QPushButton) if b.text().startswith("Try on")]
    hands.click(next(b for b in tries if b.isVisible()))
    wait_for(lambda: not room.jobs.running, "the model has run", 300)
    hands.live(50)
    trial = window.reading_page.trial.trial
    ran_apart = bool(room.models.host.process_ids) and os.getpid() not in (
        room.models.host.process_ids
    )
    many = "nothing" if trial is None else f"{len(trial.found)} findings"
    step(trial is not None and ran_apart, f"a model ran in a process of its own: {many}")
    kept = room.proposals(case_id) or room.models.runs.records()
    step(not kept and room.annotations(case_id) == drawn, "and the project kept nothing of it")
