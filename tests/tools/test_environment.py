"""The environment: what is current, which words a person reads when something is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools import environment
from tools.environment import EnvironmentProblem


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two locks and no environment yet."""
    (tmp_path / "requirements.lock").write_text("a==1 --hash=sha256:00\n")
    (tmp_path / "requirements-test.lock").write_text("a==1 --hash=sha256:00\nb==2\n")
    monkeypatch.setattr(environment, "FOLDER", tmp_path / ".venv")
    monkeypatch.setattr(environment, "STAMP", tmp_path / ".venv" / "installed.json")
    monkeypatch.setattr(
        environment,
        "LOCKS",
        {"app": tmp_path / "requirements.lock", "test": tmp_path / "requirements-test.lock"},
    )
    return tmp_path


def make(place: Path, kind: str) -> None:
    python = environment.python_of(place / ".venv")
    python.parent.mkdir(parents=True, exist_ok=True)
    python.touch()
    environment._stamp(kind)


def test_without_an_environment_nothing_is_current(place: Path) -> None:
    assert not environment.is_current("app")


def test_the_test_environment_serves_the_application_too(place: Path) -> None:
    make(place, "test")
    assert environment.is_current("test")
    assert environment.is_current("app")


def test_the_application_environment_does_not_serve_the_tests(place: Path) -> None:
    make(place, "app")
    assert environment.is_current("app")
    assert not environment.is_current("test")


def test_a_changed_lock_makes_it_stale(place: Path) -> None:
    make(place, "test")
    (place / "requirements.lock").write_text("a==2 --hash=sha256:00\n")
    assert not environment.is_current("app")
    assert environment.is_current("test")


def test_a_stamp_without_an_interpreter_does_not_count(place: Path) -> None:
    make(place, "app")
    environment.python_of(place / ".venv").unlink()
    assert not environment.is_current("app")


def test_a_broken_stamp_does_not_count(place: Path) -> None:
    make(place, "app")
    environment.STAMP.write_text("{")
    assert not environment.is_current("app")


def test_a_current_environment_is_used_without_starting_anything(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(place, "app")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert environment.ready("app") == environment.python_of(place / ".venv")


def test_a_missing_lock_is_said(place: Path) -> None:
    (place / "requirements.lock").unlink()
    with pytest.raises(EnvironmentProblem, match="complete copy"):
        environment.ready("app")


def test_an_old_python_hears_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(EnvironmentProblem, match=r"needs Python 3\.11 to 3\.13; this is 3\.9"):
        environment._suitable_python()


def test_missing_libraries_come_with_the_command_that_installs_them() -> None:
    sentence = environment.apt_sentence(["libEGL.so.1", "libxcb-cursor.so.0", "libEGL.so.1"])
    assert "libEGL.so.1, libxcb-cursor.so.0" in sentence
    assert sentence.endswith("sudo apt-get install libegl1 libxcb-cursor0")


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("WARNING: Retrying ... NewConnectionError('...: Failed to establish')", "no network"),
        (
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "not the one",
        ),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: something else", "something else"),
    ],
)
def test_what_pip_says_becomes_a_sentence(output: str, words: str) -> None:
    assert words in environment._why_not_installed(output)


def test_the_stamp_holds_hashes_of_the_locks(place: Path) -> None:
    make(place, "test")
    assert sorted(json.loads(environment.STAMP.read_text())) == ["app", "test"]


def test_the_tools_that_make_the_environment_need_only_the_standard_library() -> None:
    root = Path(environment.__file__).parent
    for name in ("environment.py", "run.py", "test.py"):
        answer = subprocess.run(
            [sys.executable, "-I", "-S", str(root / name), "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr
