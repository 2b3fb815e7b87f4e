"""Progress of long work on the error stream where a person looks at it, silent otherwise."""

from __future__ import annotations

import sys

from desktop.domain.contracts import Progress


def terminal_progress() -> Progress:
    if not sys.stderr.isatty():
        return Progress()
    return Progress(
        lambda part, text: print(f"\r{part:4.0%} {text:60.60}", end="", file=sys.stderr)
    )
