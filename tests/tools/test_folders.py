"""The tools, which run without any package, agree with the application about folders."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest

from tools.folders import cache_folder, data_folder


def test_folders_are_those_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("READINGROOM_HOME", raising=False)
    assert data_folder() == platformdirs.user_data_path("readingroom", appauthor=False)
    assert cache_folder() == platformdirs.user_cache_path("readingroom", appauthor=False)


def test_the_tools_and_the_application_mean_the_same_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from desktop.workspace.places import data_dir

    monkeypatch.delenv("READINGROOM_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert data_folder() == data_dir()
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    assert data_folder() == data_dir() == tmp_path / "data"
