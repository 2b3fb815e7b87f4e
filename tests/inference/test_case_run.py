"""Tasks over a series: the right numbers go in, the right places come out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from desktop.domain.contracts import Progress
from desktop.domain.errors import Cancelled, ModelProblem
from desktop.domain.geometry import Box, Point
from desktop.domain.model_card import (
    Activation,
    Fit,
    Layout,
    ModelCard,
    ModelClass,
    ModelInput,
    Pool,
    Task,
    Values,
)
from desktop.domain.runs import decode_runs
from desktop.domain.study import FrameRef, Window
from desktop.imaging.frame import Frame
from desktop.inference import session
from desktop.inference.boxes import boxes_of
from desktop.inference.case_run import Bench, run_series
from desktop.inference.prepare import frame_values
from desktop.inference.regions import connected_regions
from desktop.inference.tiles import places, slide
from tools import make_models

ROWS, COLUMNS = 128, 160
SPOT = (100.0, 50.0)  # x, y


def hu(number: int) -> Frame:
    """Air with a solid spot on images 2 and 3 of 5."""
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    values = np.full((ROWS, COLUMNS), -850, np.int16)
    if number in (2, 3):
        values[(x - SPOT[0]) ** 2 + (y - SPOT[1]) ** 2 < 6**2] = 300
    return Frame(
        ref=FrameRef(instance_id=f"i{number}"),
        pixels=(values + 1024).astype(np.uint16),
        pixels_sha256="",
        intercept=-1024.0,
        unit="HU",
        windows=(Window(center=-600, width=1500),),
    )


def bench(path: Path, card: ModelCard, count: int = 5, progress: Progress | None = None) -> Bench:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    facts = session.describe(str(path))

    def run(feeds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return session.run(str(path), digest, feeds)

    return Bench(
        card, count, hu, run, connected_regions, facts.inputs[0].name,
        tuple(t.name for t in facts.outputs), progress or Progress(),
    )  # fmt: skip


def middle_of(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def sample(name: str, **changes: Any) -> ModelCard:
    return replace(make_models.sample_cards()[name], **changes)


def test_a_segmenter_finds_the_spot_on_its_two_images(tmp_path: Path) -> None:
    path = make_models.bright_lesion_segmenter(tmp_path / "m.onnx")
    found = run_series(bench(path, sample("bright-lesion-segmenter"))).found
    assert len(found) == 1
    assert [part.index for part in found[0].slices] == [2, 3]
    mask = decode_runs(found[0].slices[0].runs, ROWS, COLUMNS)
    ys, xs = np.nonzero(mask)
    assert (xs.mean() + 0.5, ys.mean() + 0.5) == pytest.approx(SPOT, abs=0.6)
    assert 0.5 < found[0].score <= 1


def test_tiles_give_what_the_whole_image_gives(tmp_path: Path) -> None:
    """The segmenter looks 20 pixels far, so tiles that overlap by 48 lose nothing in the middle."""
    path = make_models.bright_lesion_segmenter(tmp_path / "m.onnx")
    whole = sample("bright-lesion-segmenter")
    tiles = ModelInput(rows=96, columns=96, fit=Fit.TILE, overlap=0.5, values=Values.MODALITY)
    a = run_series(bench(path, whole)).found[0].slices[0]
    b = run_series(bench(path, replace(whole, input=tiles))).found[0].slices[0]
    one, other = (decode_runs(s.runs, ROWS, COLUMNS) for s in (a, b))
    assert (one ^ other).sum() <= 0.05 * one.sum()


def test_a_volume_is_read_in_blocks(tmp_path: Path) -> None:
    path = make_models.volume_segmenter(tmp_path / "m.onnx")
    contract = ModelInput(
        layout=Layout.NCDHW, rows=64, columns=64, slices=4, values=Values.MODALITY, overlap=0.25
    )
    card = sample("bright-lesion-segmenter", input=contract)
    (spot,) = run_series(bench(path, card)).found
    assert [part.index for part in spot.slices] == [2, 3]
    assert spot.slices[0].area_px == pytest.approx(np.pi * 36, rel=0.05)


def test_neighbouring_slices_go_in_as_channels(tmp_path: Path) -> None:
    g = make_models.Graph()
    g.call("out", g("ReduceMax", "image", axes=[1], keepdims=1))
    path = g.save(tmp_path / "m.onnx", {"image": [1, 3, "r", "c"]}, {"out": [1, 1, "r", "c"]})
    contract = ModelInput(slices=3, values=Values.UNIT)
    (spot,) = run_series(
        bench(path, sample("bright-lesion-segmenter", input=contract, threshold=0.9))
    ).found
    assert [part.index for part in spot.slices] == [1, 2, 3, 4]


def test_a_detector_boxes_the_spot_once(tmp_path: Path) -> None:
    path = make_models.bright_lesion_detector(tmp_path / "m.onnx")
    done = run_series(bench(path, sample("bright-lesion-detector")))
    assert {f.frame for f in done.found} == {2, 3}
    box = done.found[0].geometry
    assert isinstance(box, Box)
    assert middle_of(box) == pytest.approx(SPOT, abs=8)
    assert done.window == Window(center=-600, width=1500)


def test_a_letterboxed_detector_finds_the_same_place(tmp_path: Path) -> None:
    path = make_models.bright_lesion_detector(tmp_path / "m.onnx")
    card = sample("bright-lesion-detector")
    card = replace(card, input=replace(card.input, fit=Fit.LETTERBOX))
    box = run_series(bench(path, card)).found[0].geometry
    assert isinstance(box, Box)
    assert middle_of(box) == pytest.approx(SPOT, abs=8)


def test_instances_come_with_their_own_pixels(tmp_path: Path) -> None:
    g = make_models.Graph()
    g.call("boxes", g.number([[90.0, 40, 110, 60]]))
    g.call("labels", g.number([0.0]))
    g.call("scores", g.number([0.8]))
    g.call("masks", g("Cast", g("Greater", "image", g.number(0.0)), to=1))
    path = g.save(
        tmp_path / "m.onnx", {"image": [1, 1, "r", "c"]},
        {"boxes": [1, 4], "labels": [1], "scores": [1], "masks": [1, 1, "r", "c"]},
    )  # fmt: skip
    found = run_series(bench(path, sample("bright-lesion-segmenter", task=Task.INSTANCES))).found
    assert [f.slices[0].index for f in found] == [2, 3]
    assert found[0].slices[0].area_px == pytest.approx(np.pi * 36, rel=0.05)


def test_a_classifier_answers_with_chances(tmp_path: Path) -> None:
    path = make_models.bright_classifier(tmp_path / "m.onnx")
    card = sample("brightness-classifier", pool=Pool.MEAN)
    (answer,) = run_series(bench(path, card)).found
    assert answer.index == 0 and answer.soft[0] + answer.soft[1] == pytest.approx(1.0)


def test_a_scikit_learn_classifier_reads_flat_pixels(tmp_path: Path) -> None:
    from sklearn.datasets import load_digits

    pytest.importorskip("skl2onnx")
    path = make_models.digits_classifier(tmp_path / "m.onnx")
    card = ModelCard(
        sha256="", name="Digits", licence="", task=Task.CLASSIFICATION, question_id="digit",
        classes=tuple(ModelClass(index=k, name=str(k), answer=str(k)) for k in range(10)),
        input=ModelInput(layout=Layout.NF, rows=8, columns=8), threshold=0.3,
    )  # fmt: skip
    images, digits = load_digits().images[:40], load_digits().target[:40]
    right = 0
    for image, digit in zip(images, digits, strict=True):
        pixels = (image / 16 * 255).astype(np.uint8)
        frame = Frame(ref=FrameRef(instance_id="d"), pixels=pixels, pixels_sha256="")
        found = run_series(replace_frame(bench(path, card, 1), frame)).found
        right += bool(found) and found[0].index == digit
    assert right >= 38


def replace_frame(old: Bench, frame: Frame) -> Bench:
    from dataclasses import replace as changed

    return changed(old, frame=lambda _n: frame)


def test_keypoints_are_the_peaks_of_heat_maps(tmp_path: Path) -> None:
    g = make_models.Graph()
    value = g("AveragePool", "image", kernel_shape=[5, 5], pads=[2] * 4)
    g.call("maps", g("Div", g("Add", value, g.number(850.0)), g.number(1200.0)))
    path = g.save(tmp_path / "m.onnx", {"image": [1, 1, 64, 64]}, {"maps": [1, 1, 64, 64]})
    contract = ModelInput(rows=64, columns=64, values=Values.MODALITY)
    card = sample("bright-lesion-segmenter", task=Task.KEYPOINTS, input=contract)
    found = run_series(bench(path, card)).found
    assert {f.frame for f in found} == {2, 3}
    place = found[0].geometry
    assert isinstance(place, Point)
    assert (place.x, place.y) == pytest.approx(SPOT, abs=2.5)


def test_a_card_that_does_not_fit_says_so(tmp_path: Path) -> None:
    path = make_models.bright_lesion_segmenter(tmp_path / "m.onnx")
    two = (ModelClass(index=3, name="none", class_id=1),)
    with pytest.raises(ModelProblem, match="fewer classes"):
        run_series(bench(path, sample("bright-lesion-segmenter", classes=two)))
    with pytest.raises(ModelProblem, match="come as nothing"):
        run_series(bench(path, sample("brightness-classifier", task=Task.DETECTION)))


def test_a_run_stops_when_asked(tmp_path: Path) -> None:
    path = make_models.bright_lesion_segmenter(tmp_path / "m.onnx")
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        run_series(bench(path, sample("bright-lesion-segmenter"), progress=progress))


def odd_answers() -> dict[str, np.ndarray]:
    """What a file may give that was made for something else."""
    ramp = np.linspace(-3, 3, 7, dtype=np.float32)
    shapes = [(), (0,), (7,), (1, 0), (1, 7), (1, 2, 0), (1, 1, 7), (3, 3), (2, 6), (1, 6, 40),
              (1, 1, 5, 7), (1, 3, 5, 7), (2, 1, 5, 7), (1, 1, 1, 5, 7), (1, 0, 5, 7)]  # fmt: skip
    found = {str(s): np.resize(ramp, s).astype(np.float32) for s in shapes}
    found |= {f"whole {k}": v.astype(np.int64) for k, v in found.items()}
    found |= {f"endless {k}": v * np.float32(np.inf) for k, v in found.items() if "w" not in k}
    return {k: np.nan_to_num(v, nan=1.0, posinf=np.inf, neginf=-np.inf) for k, v in found.items()}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("task", [t for t in Task if t is not Task.PROMPT])
def test_no_answer_of_a_model_is_more_than_a_sentence(task: Task) -> None:
    """Findings or a ModelProblem, whatever numbers come; never an error that nobody reads."""
    told = set()
    for name, odd in odd_answers().items():
        for activation in Activation:
            for form in ("yolo", "yolo-objectness", "boxes"):
                for layout in (Layout.NCHW, Layout.NHWC, Layout.NCDHW):
                    contract = ModelInput(layout=layout, slices=3 if layout is Layout.NCDHW else 1)
                    card = ModelCard(
                        sha256="", name="Odd", licence="x", task=task, output=form,
                        activation=activation, input=contract,
                        classes=(ModelClass(index=1, name="one", class_id=1),),
                    )  # fmt: skip
                    outputs = {f"out{n}": odd for n in range(4)}
                    odd_bench = Bench(
                        card, 2, hu, lambda _feeds, o=outputs: o, connected_regions, "image",
                        tuple(outputs), Progress(),
                    )  # fmt: skip
                    try:
                        found = run_series(odd_bench).found
                    except ModelProblem as problem:
                        found = ()
                        told.add((problem.title, problem.detail))
                    assert all(0 <= f.score <= 1 for f in found), (name, form)
                if task is not Task.DETECTION:
                    break
    assert told and all(title.endswith(".") and detail for title, detail in told)


def test_every_pixel_is_covered_and_constant_answers_stay_constant() -> None:
    for size, window in (((7, 9), (4, 4)), ((3, 3), (4, 4)), ((16, 5), (4, 5))):
        seen = np.zeros(size, int)
        for place in places(size, window, 0.3):
            seen[place] += 1
        assert seen.min() >= 1
        answer = slide(
            np.zeros((1, *size), np.float32), window, 0.3, 2,
            lambda patch: np.stack([patch[0] + 0.25, patch[0] + 0.75]),
        )  # fmt: skip
        assert np.allclose(answer[0], 0.25) and np.allclose(answer[1], 0.75)


def test_softmax_and_doubles() -> None:
    rows = np.zeros((1, 6, 3), np.float32)
    rows[0, :4] = np.array([[20, 20, 60], [20, 21, 60], [10, 10, 10], [10, 10, 10]])
    rows[0, 4] = (0.9, 0.8, 0.2)
    rows[0, 5] = (0.1, 0.1, 0.7)
    found = boxes_of(rows, "yolo", (1.0, 1.0), (100, 100), 0.5, 0.5, 2)
    assert [(b.index, round(b.score, 2), b.x0) for b in found] == [(0, 0.9, 15.0), (1, 0.7, 55.0)]
    with pytest.raises(ModelProblem, match="card says"):
        boxes_of(rows[:, :5], "boxes", (1.0, 1.0), (100, 100), 0.5, 0.5)
    assert Activation.SOFTMAX.value == "softmax"


def test_values_follow_the_card() -> None:
    frame = hu(2)
    unit = frame_values(frame, ModelInput(), Window(center=-600, width=1500))
    assert unit.shape == (ROWS, COLUMNS, 1) and 0 <= unit.min() < unit.max() <= 1
    same = frame_values(frame, ModelInput(values=Values.MODALITY), None)
    assert same.min() == -850 and same.max() == 300
    three = frame_values(frame, ModelInput(channels=3, mean=(0.5,) * 3, std=(0.5,) * 3), None)
    assert three.shape[2] == 3 and three.min() >= -1
