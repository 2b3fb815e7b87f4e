"""Starting on a demo: what is said without a display, what is run, which exit code comes back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import run
from tools.environment import EnvironmentProblem

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
PYTHON = Path(sys.executable)


@LINUX
def test_without_a_display_it_says_so() -> None:
    assert "no display" in run.why_no_window(PYTHON, {})


@LINUX
def test_with_a_display_or_a_chosen_platform_a_window_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run, "missing_display_libraries", lambda python: [])
    for environment in ({"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "w"}, {"QT_QPA_PLATFORM": "vnc"}):
        assert run.why_no_window(PYTHON, environment) == ""


@LINUX
def test_libraries_that_the_display_needs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "missing_display_libraries", lambda python: ["libxcb-cursor.so.0"])
    sentence = run.why_no_window(PYTHON, {"DISPLAY": ":0"})
    assert "apt-get install libxcb-cursor0" in sentence
    assert "offscreen" in sentence


@LINUX
def test_the_display_plugin_is_looked_at_where_qt_keeps_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "lib/python3.11/site-packages/PySide6/Qt/plugins/platforms"
    folder.mkdir(parents=True)
    asked: list[list[str]] = []

    def ldd(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        asked.append(command)
        text = "\tlibxcb-icccm.so.4 => not found\n\tlibc.so.6 => /lib/libc.so.6 (0x1)\n"
        return subprocess.CompletedProcess(command, 0, text, "")

    monkeypatch.setattr(subprocess, "run", ldd)
    assert run.missing_display_libraries(tmp_path / "bin" / "python") == ["libxcb-icccm.so.4"]
    assert asked == [["ldd", str(folder / "libqxcb.so")]]


def test_the_journey_says_where_its_results_are_and_hands_on_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commands: list[list[str]] = []
    codes = [0, 3]

    def call(command: list[str], **options: object) -> int:
        commands.append(command)
        return codes.pop(0)

    monkeypatch.setattr(run, "last_line", lambda python, module, phantom: "the images")
    monkeypatch.setattr(subprocess, "call", call)
    folder = tmp_path / "results"
    assert run.journey(PYTHON, folder, phantom=True) == 0
    assert commands[0][1:] == ["-m", "desktop", "--journey", str(folder), "the images"]
    assert "Everything held" in capsys.readouterr().out
    assert run.journey(PYTHON, folder, phantom=False) == 3
    assert "stopped (code 3)" in capsys.readouterr().out
    monkeypatch.setattr(run, "last_line", lambda python, module, phantom: None)
    assert run.journey(PYTHON, folder, phantom=False) == 1
    assert len(commands) == 2


def test_a_tools_lines_are_shown_and_the_last_one_is_its_answer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "speaks.py").write_text("print('one')\nprint('two')\nprint('answer')\n")
    (tmp_path / "fails.py").write_text("print('one')\nraise SystemExit(2)\n")
    monkeypatch.setattr(run, "ROOT", tmp_path)
    assert run.last_line(PYTHON, "speaks", False) == "answer"
    assert capsys.readouterr().out == "one\ntwo\n"
    assert run.last_line(PYTHON, "fails", False) is None


def test_an_environment_that_can_not_be_made_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(kind: str) -> Path:
        raise EnvironmentProblem("There is no network.")

    monkeypatch.setattr(run, "ready", refuse)
    assert run.main(["--journey"]) == 2
    assert capsys.readouterr().out == "Reading Room can't start: There is no network.\n"
