"""What holds for every test: no display, no network, no folder of the user, nothing left behind."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # there are as many test processes as cores
os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import HealthCheck, settings

settings.register_profile(
    "readingroom",
    deadline=None,  # two busy cores are no reason to fail
    derandomize=True,  # the same examples every time: a failure is a change in the code
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("readingroom")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--long"):
        return
    skip = pytest.mark.skip(reason="long; runs with --long")
    for item in items:
        if "long" in item.keywords:
            item.add_marker(skip)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> None:
    """Settings, keys, data and caches of a test are its own, never those of a person."""
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path_factory.mktemp("home", numbered=True)))


@pytest.fixture(scope="session", autouse=True)
def synchronous() -> Iterator[int]:
    """What the program asks of the disk. Tests don't wait for it: they lose no power."""
    from desktop.store import database

    asked, database.SYNCHRONOUS = database.SYNCHRONOUS, 0
    yield asked
    database.SYNCHRONOUS = asked


@pytest.fixture(scope="session", autouse=True)
def password_cost() -> Iterator[tuple[int, int, int]]:
    """What a try of a password costs in the program. In tests it costs next to nothing."""
    from desktop.workspace.access import passwords

    asked, passwords.COST = passwords.COST, (1, 64, 1)
    yield asked
    passwords.COST = asked


@pytest.fixture(scope="session", autouse=True)
def children_per_project() -> Iterator[int]:
    """How many processes read images for a project. In tests one is enough, and starts sooner."""
    from desktop.imaging import child

    asked, child.PER_PROJECT = child.PER_PROJECT, 1
    yield asked
    child.PER_PROJECT = asked


def take_plugin_formats_out() -> None:
    """Export formats that plugins added go again, so that the order of tests does not matter."""
    registry = sys.modules.get("desktop.exchange.exporter")
    for exporter in registry.exporters() if registry else ():
        if type(exporter).__module__.startswith("readingroom_plugin_"):
            registry.unregister(exporter.name)


@pytest.fixture(autouse=True)
def _only_built_in_formats() -> Iterator[None]:
    yield
    take_plugin_formats_out()


@pytest.fixture(autouse=True)
def _no_closed_window_stays() -> Iterator[None]:
    """A closed window is deleted: it hears every event of the tests after it, and slows them."""
    yield
    widgets = sys.modules.get("PySide6.QtWidgets")
    application = widgets.QApplication.instance() if widgets else None
    if widgets is None or application is None:
        return
    for left in application.topLevelWidgets():
        if isinstance(left, widgets.QMainWindow) and not left.isVisible():
            left.deleteLater()
    application.sendPostedEvents(None, sys.modules["PySide6.QtCore"].QEvent.Type.DeferredDelete)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing needs a network: reaching for one fails the test, whoever does it."""
    attempts: list[str] = []
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            attempts.append(str(address))
            raise OSError("no network in tests")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refuse)
    yield
    assert not attempts, f"reached for the network: {attempts}"
