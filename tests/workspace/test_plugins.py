"""Plugins: read before they run, allowed by hash, reported when they raise."""

from __future__ import annotations

from pathlib import Path

import pytest

from desktop.domain.learning import RoundPlan
from desktop.engines.learning import image_features, learner, pixel_learner, samplers
from desktop.workspace import plugins
from desktop.workspace.plugins import PluginState, allow, find_plugins, load_plugins
from desktop.workspace.settings import Settings
from tests.workspace.made_lessons import Lessons

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


LEARNERS = """
PLUGIN = {"name": "Learners", "version": "1", "api": 1}
import numpy as np

class First:
    name, title = "first", "the first ones"
    def pick(self, scene, count):
        return np.flatnonzero(scene.allowed)

class Mean:
    name, title, version = "mean", "brightness alone", "1"
    def extract(self, images, progress):
        return np.array([[float(i.mean()), float(i.std())] for i in images])

class Even:
    name, title = "even", "knows nothing"
    def fit(self, features, classes, count, seed):
        return self
    def probabilities(self, features):
        return np.full((len(features), 3), 1 / 3)

class Pixels:
    name, title = "first-class", "always the first class"
    def fit(self, rows, classes, seed):
        self.count = int(classes.max()) + 1
        return self
    def probabilities(self, rows):
        found = np.zeros((len(rows), self.count))
        found[:, 0] = 1.0
        return found

def register(registry):
    registry.add_sampler(First())
    registry.add_feature_extractor(Mean())
    registry.add_learner(Even())
    registry.add_pixel_learner(Pixels())
"""


def test_one_file_brings_sampler_extractor_and_learners_to_a_project_just_opened(
    own: Path, tmp_path: Path
) -> None:
    (own / "learners.py").write_text(LEARNERS)
    lessons = Lessons(tmp_path / "lessons", count=20)
    settings = lessons.ws.settings
    allow(settings, find_plugins(settings)[0].sha256)
    lessons.ws.close()
    lessons.open()
    plan = RoundPlan(size=4, extractor="mean", sampler="first", learners=("even",))
    try:
        lessons.ws.learning.run_round(lessons.topic, plan)  # nobody looked at plugins before
        lessons.answer_queue()
        made = lessons.ws.learning.run_round(lessons.topic, plan)
        assert made.learner == "knows nothing"
        ways = lessons.ws.learning.ways()
        assert ("first", "the first ones") in ways.samplers
        assert ("mean", "brightness alone") in ways.extractors
        assert pixel_learner.usual_pixel_learner().name == "first-class"
    finally:
        samplers.unregister("first")
        image_features.unregister("mean")
        learner.unregister("even")
        pixel_learner.unregister("first-class")
        lessons.ws.close()
    assert pixel_learner.usual_pixel_learner().name == "extra-trees"
