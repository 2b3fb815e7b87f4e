"""Plugins: read before they run, allowed by hash, reported when they raise."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.workspace import plugins
from desktop.workspace.plugins import PluginState, allow, find_plugins, load_plugins
from desktop.workspace.settings import Settings

GOOD = 'PLUGIN = {"name": "Good", "version": "1.2", "api": 1}\ndef register(registry): pass\n'


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path))
    monkeypatch.setattr(plugins, "SHIPPED", tmp_path / "nothing")
    return plugins.user_folder()


def test_an_own_plugin_runs_only_once_its_hash_is_allowed(own: Path) -> None:
    ran = own / "ran"
    path = own / "good_one.py"
    path.write_text(GOOD + f"open({str(ran)!r}, 'w').close()\n")
    settings = Settings()
    (plugin,) = load_plugins(settings)
    assert (plugin.name, plugin.version, plugin.state) == ("Good", "1.2", PluginState.NOT_ALLOWED)
    assert not ran.exists()
    allow(settings, plugin.sha256)
    (plugin,) = load_plugins(settings)
    assert plugin.state is PluginState.LOADED and ran.exists()
    path.write_text(path.read_text() + "# changed\n")
    (plugin,) = load_plugins(settings)
    assert plugin.state is PluginState.NOT_ALLOWED


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    (
        ("raises", GOOD + "raise OSError('no')\n", "raised OSError"),
        ("syntax", "def (", "can't be read"),
        ("silent", "x = 1\n", "no PLUGIN"),
        ("computed", "PLUGIN = dict(api=1)\n", "can't be read"),
        ("newer", 'PLUGIN = {"name": "N", "api": 2}\n', "another version"),
    ),
)
def test_a_plugin_that_does_not_fit_is_reported(
    own: Path, name: str, text: str, problem: str
) -> None:
    (own / f"{name}.py").write_text(text)
    settings = Settings()
    allow(settings, find_plugins(settings)[0].sha256)
    (plugin,) = load_plugins(settings)
    assert plugin.state is PluginState.REFUSED
    assert problem in plugin.problem
