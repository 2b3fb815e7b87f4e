"""A project with made-up cases, a clock that ticks, and a key that lives in the test's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workspace.made import MadeProject


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MadeProject]:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    project = MadeProject(tmp_path)
    yield project
    project.close()
