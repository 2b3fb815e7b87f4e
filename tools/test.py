"""All checks in one command: style, types, import rules, tests; with --frozen the packed program.

``python3 tools/test.py [--long] [--frozen] [-k WORDS] [PATH ...]``
Runs on a bare Python: the environment is made first. Exit code 0 only when everything holds.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.environment import EnvironmentProblem, ready, say  # noqa: E402


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run all checks.")
    parser.add_argument("--long", action="store_true", help="also the long tests")
    parser.add_argument("--frozen", action="store_true", help="also build and try the program")
    parser.add_argument("--workers", default="2", help="test processes, 0 for none")
    parser.add_argument("-k", dest="words", default="", help="only tests with these words")
    parser.add_argument("paths", nargs="*", help="only these tests")
    chosen = parser.parse_args(arguments)
    try:
        python = str(ready("test"))
    except EnvironmentProblem as problem:
        say(f"The checks can't start: {problem}")
        return 2
    results: list[tuple[str, bool, float]] = []
    with tempfile.TemporaryDirectory(prefix="readingroom-test-") as scratch:
        environment = quiet_environment(Path(scratch))
        only_tests = bool(chosen.words or chosen.paths)
        if not only_tests:
            for title, command in style_checks(python):
                results.append(_step(title, command, environment))
        if chosen.frozen:
            results.append(_step("packed program", _frozen(python), environment))
        closing: list[str] = []
        results.append(_step("tests", _pytest(python, chosen), environment, closing))
    _summary(results, closing)
    return 0 if all(held for _, held, _ in results) else 1


def style_checks(python: str) -> list[tuple[str, list[str]]]:
    """The checks before the tests: what they are called and how they are run."""
    importlinter = "from importlinter.cli import lint_imports_command as run; run()"
    return [
        ("ruff", [python, "-m", "ruff", "check"]),
        ("format", [python, "-m", "ruff", "format", "--check"]),
        ("types", [python, "-m", "mypy"]),
        ("import rules", [python, "-c", importlinter, "--no-logo"]),
    ]


def quiet_environment(scratch: Path) -> dict[str, str]:
    """This process's environment without a display and with every user folder in ``scratch``.

    Compiled files are kept: without them each test process rewrites all tests for ten seconds.
    """
    environment = dict(os.environ)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        environment.pop(name, None)
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        folder = scratch / name.lower()
        folder.mkdir(mode=0o700)
        environment[name] = str(folder)
    environment["READINGROOM_HOME"] = str(scratch / "home")
    environment["QT_QPA_PLATFORM"] = "offscreen"
    environment["PYTHONHASHSEED"] = "0"
    environment["PYTHONUNBUFFERED"] = "1"
    return environment


def _pytest(python: str, chosen: argparse.Namespace) -> list[str]:
    command = [python, "-m", "pytest", "-q"]
    if chosen.workers != "0":
        command += ["-n", chosen.workers, "--dist", "worksteal"]
    if chosen.long:
        command.append("--long")
    if chosen.words:
        command += ["-k", chosen.words]
    return command + list(chosen.paths)


def _frozen(python: str) -> list[str]:
    return [python, "-m", "tools.freeze"]


def _step(
    title: str,
    command: list[str],
    environment: dict[str, str],
    closing: list[str] | None = None,
) -> tuple[str, bool, float]:
    """Run one check and show what it says; its last line is put into ``closing``."""
    say(f"\n== {title}")
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        print(line, end="", flush=True)
        last = line.strip() or last
    code = process.wait()
    if closing is not None:
        closing.append(last)
    return title, code == 0, time.monotonic() - started


def _summary(results: list[tuple[str, bool, float]], closing: list[str]) -> None:
    say("")
    for title, held, seconds in results:
        say(f"{'ok    ' if held else 'FAILED'} {title} ({seconds:.0f} s)")
    for line in closing:
        say(line)


if __name__ == "__main__":
    sys.exit(main())
