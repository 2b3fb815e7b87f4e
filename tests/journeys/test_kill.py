"""Nothing is lost when the program is killed while somebody draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import kill_campaign


def held(folder: Path, kills: int) -> None:
    """That nothing was lost, in a campaign that had something to lose."""
    campaign = kill_campaign.run(kills, folder, seed=2026)
    assert campaign.faults == []
    assert campaign.kills == kills
    assert campaign.acknowledged > 4 * kills
    assert campaign.strokes_offered >= 1
    assert campaign.undone > 2 * kills


def test_10_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    held(tmp_path, 10)


@pytest.mark.long
def test_25_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    held(tmp_path, 25)
