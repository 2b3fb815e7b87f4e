"""JSON as it stands in bundles: lines of rows, and values that people read too. Never NaN."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def lines_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """One row a line, as JSON Lines and NDJSON want it."""
    texts = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    return "".join(texts).encode()


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pretty(value: Any) -> bytes:
    """One value over many lines."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
