"""The test command: what it runs, that one failure is enough, pytest's closing line comes last."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tools import test as checks


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Checks that are one line of Python each, to be changed by the test."""
    lines = {"ruff": "print('clean')", "types": "print('clean')", "tests": "print('3 passed')"}
    monkeypatch.setattr(checks, "ready", lambda kind: Path(sys.executable))
    monkeypatch.setattr(
        checks,
        "style_checks",
        lambda python: [(n, [python, "-c", lines[n]]) for n in ("ruff", "types")],
    )
    monkeypatch.setattr(checks, "_pytest", lambda python, chosen: [python, "-c", lines["tests"]])
    return lines


def test_all_clean_is_zero_and_ends_with_the_closing_line(
    stand_ins: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert checks.main([]) == 0
    lines = capfd.readouterr().out.strip().splitlines()
    assert lines[-1] == "3 passed"
    assert [line.split(" (")[0] for line in lines[-4:-1]] == [
        "ok     ruff",
        "ok     types",
        "ok     tests",
    ]


@pytest.mark.parametrize("name", ["ruff", "types", "tests"])
def test_one_failure_is_enough_and_the_rest_still_runs(
    stand_ins: dict[str, str], capfd: pytest.CaptureFixture[str], name: str
) -> None:
    stand_ins[name] = "print('broken'); raise SystemExit(1)"
    assert checks.main([]) == 1
    out = capfd.readouterr().out
    assert f"FAILED {name}" in out
    assert out.count("\n== ") == 3


def test_some_tests_only_means_no_style_checks(
    stand_ins: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    stand_ins["ruff"] = "raise SystemExit(1)"
    assert checks.main(["-k", "boxes"]) == 0
    assert "ruff" not in capfd.readouterr().out


def test_checks_run_without_display_and_away_from_the_users_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    environment = checks.quiet_environment(tmp_path)
    assert environment["QT_QPA_PLATFORM"] == "offscreen"
    assert "DISPLAY" not in environment
    assert Path(environment["XDG_CONFIG_HOME"]).parent == tmp_path
    assert Path(environment["READINGROOM_HOME"]).parent == tmp_path
