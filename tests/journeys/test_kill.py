"""Nothing is lost when the program is killed while somebody draws."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import kill_campaign


def test_25_kills_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    campaign = kill_campaign.run(25, tmp_path, seed=2026)
    assert campaign.faults == []
    assert campaign.kills == 25
    # the campaign must have had something to lose
    assert campaign.acknowledged > 100
    assert campaign.strokes_offered >= 1
    assert campaign.undone > 50
