"""One-file extensions: found, shown with name and version, allowed by hash, then registered.

Plugins are trusted code that runs with the user's rights; no sandbox is claimed. Those that ship
with the app are allowed; one in the user's own folder is loaded only when its SHA-256 was allowed.
Nothing of a plugin runs before that: its facts are read from the source text.
"""

from __future__ import annotations

import ast
import enum
import hashlib
import importlib.util
import logging
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from desktop.domain.errors import PluginProblem
from desktop.workspace.places import config_dir
from desktop.workspace.settings import Settings

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).resolve().parents[2] / "plugins"
API_VERSION = 1


class PluginState(enum.Enum):
    LOADED = "loaded"
    NOT_ALLOWED = "not allowed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Plugin:
    """One plugin file as it is shown to a person."""

    path: Path
    name: str
    version: str
    author: str
    sha256: str
    shipped: bool
    state: PluginState = PluginState.NOT_ALLOWED
    problem: str = ""


class Registry:
    """What ``register(registry)`` may call."""

    def add_tool(self, tool: Any) -> None:
        """Add a canvas tool class."""
        from desktop.interaction.tool import register

        register(tool)

    def add_exporter(self, exporter: Any) -> None:
        """Add an export format."""
        from desktop.exchange.exporter import register

        register(exporter)

    def add_rule(self, rule: Any) -> None:
        """Add a kind of rule: what ``labeling_function`` made, or an object like it."""
        from desktop.engines.rules.rule_kinds import register

        register(rule)

    def add_consensus(self, method: Any) -> None:
        """Add a way to one answer from votes."""
        from desktop.engines.consensus.consensus import register

        register(method)

    def add_mask_consensus(self, method: Any) -> None:
        """Add a way to one mask from several."""
        from desktop.engines.consensus.mask_consensus import register

        register(method)

    def add_feature_extractor(self, extractor: Any) -> None:
        """Add a way of describing images for the learning queue."""
        from desktop.engines.learning.image_features import register

        register(extractor)

    def add_learner(self, learner: Any) -> None:
        """Add a learner that the learning queue may choose."""
        from desktop.engines.learning.learner import register

        register(learner)

    def add_sampler(self, sampler: Any) -> None:
        """Add a way of choosing the next cases."""
        from desktop.engines.learning.samplers import register

        register(sampler)

    def add_pixel_learner(self, learner: Any) -> None:
        """Add a learner that classifies pixels."""
        from desktop.engines.learning.pixel_learner import register

        register(learner)

    def add_model_adapter(self, adapter: Any) -> None:
        """Add a way of reading the numbers that a model file gives."""
        from desktop.inference.adapters import register

        register(adapter)

    def add_generator(self, generator: Any) -> None:
        """Add a generator of made-up images."""
        from desktop.engines.synthesis.synthetic import register

        register(generator)


def user_folder() -> Path:
    """Where a person puts own plugins."""
    folder = config_dir() / "plugins"
    folder.mkdir(exist_ok=True)
    return folder


def find_plugins(settings: Settings) -> list[Plugin]:
    """All plugin files with their facts; none of their code has run."""
    found = []
    for folder, shipped in ((SHIPPED, True), (user_folder(), False)):
        for path in sorted(folder.glob("*.py")) if folder.is_dir() else ():
            if not path.name.startswith("_"):
                found.append(_facts(path, shipped))
    return found


def load_plugins(settings: Settings) -> list[Plugin]:
    """Load what is allowed; a plugin that raises is reported and left out."""
    allowed = set(settings.get("allowed_plugins"))
    return [
        _load(plugin)
        if plugin.state is not PluginState.REFUSED and (plugin.shipped or plugin.sha256 in allowed)
        else plugin
        for plugin in find_plugins(settings)
    ]


def allow(settings: Settings, sha256: str) -> None:
    """Allow one plugin file of the user's folder by its hash."""
    settings.set("allowed_plugins", sorted({*settings.get("allowed_plugins"), sha256}))


def _facts(path: Path, shipped: bool) -> Plugin:
    source = path.read_bytes()
    plugin = Plugin(
        path=path,
        name=path.stem,
        version="",
        author="",
        sha256=hashlib.sha256(source).hexdigest(),
        shipped=shipped,
    )
    try:
        facts = _literal(ast.parse(source))
    except (SyntaxError, ValueError) as error:
        problem = f"It can't be read: {error}."
        return replace(plugin, state=PluginState.REFUSED, problem=problem)
    if facts.get("api") != API_VERSION:
        problem = f"It is made for another version of the interface ({facts.get('api')})."
        return replace(plugin, state=PluginState.REFUSED, problem=problem)
    return replace(
        plugin,
        name=str(facts.get("name", path.stem)),
        version=str(facts.get("version", "")),
        author=str(facts.get("author", "")),
    )


def _literal(tree: ast.Module) -> dict[str, Any]:
    """The value of ``PLUGIN = {…}``, read without running anything."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "PLUGIN" for t in node.targets
        ):
            facts = ast.literal_eval(node.value)
            if isinstance(facts, dict):
                return facts
    raise ValueError("there is no PLUGIN = {…} in it")


def _load(plugin: Plugin) -> Plugin:
    module_name = f"readingroom_plugin_{plugin.path.stem}"
    try:
        module = sys.modules.get(module_name) or _module(module_name, plugin.path)
        module.register(Registry())
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything; it is reported
        sys.modules.pop(module_name, None)
        log.warning("The plugin %s was switched off: %s", plugin.name, type(error).__name__)
        problem = f"It raised {type(error).__name__}: {error}"
        return replace(plugin, state=PluginState.REFUSED, problem=problem)
    return replace(plugin, state=PluginState.LOADED)


def _module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginProblem("It can't be loaded.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
