"""Pre-labels end to end in the real window: a model runs, a reader answers blind, sees, changes
their mind, and the board says what the help did."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_prelabels_in_the_blind_first_arm(tmp_path: Path) -> None:
    """In a process of its own, as a person starts the program."""
    answer = subprocess.run(
        [sys.executable, "-m", "tests.journeys.prelabels", str(tmp_path)],
        cwd=ROOT,
        env={
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "READINGROOM_HOME": str(tmp_path / "user"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    for words in (
        "the model is on the shelf",
        "2 suggestions on 3 cases",
        "nothing was labelled by the run",
        "R shows nothing before the answer is locked",
        "the board says 1 of 1 misled and 1 of 1 corrected",
        "the project verifies",
    ):
        assert words in answer.stdout, answer.stdout
    shots = {p.stem for p in (tmp_path / "shots").glob("*.png")}
    assert shots == {
        f"{look}-{page}" for look in ("dark", "light") for page in ("models", "revealed", "help")
    }


if __name__ == "__main__":
    pytest.main([__file__])
