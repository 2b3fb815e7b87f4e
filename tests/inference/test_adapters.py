"""Model adapters: one contract for all that are registered, and what each task makes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import pytest

from desktop.domain.contracts import Progress
from desktop.domain.errors import ModelProblem, PluginProblem
from desktop.domain.geometry import Box, Point
from desktop.domain.model_card import ModelCard, ModelClass, Pool, Task
from desktop.domain.runs import decode_runs
from desktop.inference import adapters
from desktop.inference.adapters import ImageSeen, ModelAdapter, Spotted
from desktop.inference.bench import Bench, Finding
from desktop.inference.case_run import run_series
from desktop.inference.regions import connected_regions
from desktop.workspace.plugins import load_plugins
from desktop.workspace.settings import Settings
from tests.inference.test_case_run import COLUMNS, ROWS, hu, odd_answers

TWO = (ModelClass(index=1, name="one", class_id=1), ModelClass(index=2, name="two", class_id=2))
SEEN = ImageSeen(rows=100, columns=200, scale_xy=(2.0, 0.5), classes=(1, 2), threshold=0.5)


class Made(ModelAdapter):
    """Gives what it is told to."""

    name, title, version = "made", "Made", "3"

    def __init__(self, task: Task, items: Sequence[Spotted] | Exception) -> None:
        self.task, self.items = task, items
        self.fed: list[tuple[str, ...]] = []

    def inputs(
        self, image: np.ndarray, names: Sequence[str], seen: ImageSeen
    ) -> dict[str, np.ndarray]:
        self.fed.append(tuple(names))
        return {names[0]: image, names[-1]: np.array([seen.rows, seen.columns])}

    def read(self, outputs: Mapping[str, np.ndarray], seen: ImageSeen) -> Iterable[Spotted]:
        if isinstance(self.items, Exception):
            raise self.items
        return self.items


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    yield
    adapters.unregister("made")


def found_by(task: Task, items: Sequence[Spotted] | Exception, **card: object) -> list[Finding]:
    adapter = Made(task, items)
    adapters.register(adapter)
    made = ModelCard(
        sha256="", name="M", licence="x", task=task, output="made", classes=TWO, **card
    )  # type: ignore[arg-type]
    bench = Bench(
        made, 3, hu, lambda feeds: {"out": feeds["size"]}, connected_regions, "image", ("out",),
        Progress(), ("image", "size"),
    )  # fmt: skip
    found = list(run_series(bench).found)
    assert set(adapter.fed) == {("image", "size")}
    return found


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_whatever_the_numbers_are_each_reads_places_or_says_why_not() -> None:
    load_plugins(Settings())
    assert len(adapters.adapters()) >= 4  # with the one that ships
    for adapter in adapters.adapters():
        check_contract(adapter)


def check_contract(adapter: ModelAdapter) -> None:
    assert adapter.name and adapter.title and adapter.task in adapters.TASKS
    for name, odd in odd_answers().items():
        for outputs in ({"out": odd}, {"boxes": odd, "labels": odd.astype(np.int64), "z": odd}):
            try:
                found = adapters.spotted(adapter, outputs, SEEN)
            except ModelProblem as problem:
                found = []
                words = str(problem)
            else:
                words = "read."
            assert "." in words, name
            for item in found:
                assert 0.5 <= item.score <= 1 and item.index in SEEN.classes, name
                if isinstance(item.shape, Box):
                    assert 0 <= item.shape.x0 < item.shape.x1 <= SEEN.columns, name
                    assert 0 <= item.shape.y0 < item.shape.y1 <= SEEN.rows, name


def test_places_are_those_of_the_image_and_nothing_unasked_comes_through() -> None:
    assert SEEN.point(20, 20) == Point(x=10, y=40)
    assert SEEN.box(0, 10, 40, 20) == Box(x0=0, y0=20, x1=20, y1=40)
    far, beside = Box(x0=-5, y0=5, x1=500, y1=9), Box(x0=201, y0=5, x1=300, y1=9)
    items = [
        Spotted(1, 0.9, far), Spotted(1, 0.9, beside), Spotted(7, 0.9, far), Spotted(2, 0.4, far),
        Spotted(2, 0.6, Point(x=300, y=3)), Spotted(2, 0.6, Point(x=3, y=3)),
    ]  # fmt: skip
    kept = adapters.spotted(Made(Task.DETECTION, items), {}, SEEN)
    assert [(i.index, i.shape) for i in kept] == [
        (1, Box(x0=0, y0=5, x1=200, y1=9)), (2, Point(x=3, y=3)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        OSError("no"), [Spotted(1, 1.5)], [Spotted(1, float("nan"))],
        [Spotted(1, 0.9, Box(x0=float("nan"), y0=0, x1=1, y1=1))], [None],
    ],
)  # fmt: skip
def test_an_adapter_at_fault_is_a_sentence_with_its_name(fault: object) -> None:
    with pytest.raises(ModelProblem, match=r"could not be read\. The adapter Made says"):
        adapters.spotted(Made(Task.DETECTION, fault), {}, SEEN)  # type: ignore[arg-type]


def test_each_task_makes_findings_of_what_was_read() -> None:
    plane = np.zeros((ROWS, COLUMNS), np.float32)
    plane[10:20, 30:50] = 0.9
    box = Box(x0=3, y0=4, x1=30, y1=40)
    for task, item in (
        (Task.DETECTION, Spotted(2, 0.9, box)), (Task.KEYPOINTS, Spotted(2, 0.9, Point(x=3, y=4))),
    ):  # fmt: skip
        found = found_by(task, [item])
        assert [(f.frame, f.index, f.geometry) for f in found] == [
            (n, 2, item.shape) for n in range(3)
        ]
    painted = found_by(Task.INSTANCES, [Spotted(1, 0.7, chances_yx=plane)])
    assert [[s.index for s in f.slices] for f in painted] == [[0], [1], [2]]
    (whole,) = found_by(Task.SEGMENTATION, [Spotted(1, 1.0, chances_yx=plane)])
    assert [s.index for s in whole.slices] == [0, 1, 2]  # one region through the series
    mask = decode_runs(whole.slices[1].runs, ROWS, COLUMNS)
    assert (mask == (plane > 0.5)).all() and whole.score == pytest.approx(0.9, abs=0.01)
    sure = [Spotted(1, 0.2), Spotted(2, 0.8)]
    (answer,) = found_by(Task.CLASSIFICATION, sure, pool=Pool.MEAN)
    assert (answer.index, answer.soft) == (2, pytest.approx({1: 0.2, 2: 0.8}))
    assert found_by(Task.CLASSIFICATION, sure, threshold=0.9) == []


def test_two_of_one_name_and_prompts_are_refused() -> None:
    class Other(Made):
        pass

    adapters.register(Made(Task.DETECTION, []))
    with pytest.raises(PluginProblem, match="same name"):
        adapters.register(Other(Task.DETECTION, []))
    with pytest.raises(PluginProblem, match="this task"):
        adapters.register(Made(Task.PROMPT, []))


def test_planes_are_asked_of_who_paints() -> None:
    with pytest.raises(ModelProblem, match="no plane"):
        found_by(Task.SEGMENTATION, [Spotted(1, 1.0)])
    with pytest.raises(ModelProblem, match="wants more than an image"):
        ModelAdapter().inputs(np.zeros(1, np.float32), ("a", "b"), SEEN)
