"""What a measurement hands over: its figures as JSON, on the screen and in a file."""

from __future__ import annotations

import json
from pathlib import Path


def hand_over(figures: object, path: Path | None) -> int:
    """Print the figures, write them where a file is asked for; the exit code of the program."""
    text = json.dumps(figures, indent=1)
    print(text)
    if path is not None:
        path.write_text(text + "\n", encoding="utf-8")
    return 0
