"""``python -m desktop``: the window; see ``--help``."""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Start the program; the exit code."""
    multiprocessing.freeze_support()  # a frozen build starts its decode processes through here
    from desktop.gui.app import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
