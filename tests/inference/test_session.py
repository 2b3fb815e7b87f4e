"""Model files as they come: refused in plain words, run by their hash alone."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from desktop.domain.errors import Cancelled, ModelProblem
from desktop.inference import session
from desktop.inference.host import ModelHost
from desktop.inference.onnx_file import check_whole
from tests.inference import made_models as made
from tools.make_models import bright_classifier

IMAGE = np.zeros((1, 1, 64, 64), np.float32)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return bright_classifier(tmp_path / "model.onnx")


@pytest.fixture(scope="module")
def host() -> Iterator[ModelHost]:
    made_host = ModelHost(memory_bytes=2 << 30)
    yield made_host
    made_host.close()


def test_a_model_runs_by_its_hash(model: Path) -> None:
    facts = session.describe(str(model))
    assert facts.sha256 == sha(model)
    assert [t.words for t in facts.inputs] == ["image (1×1×64×64)"]
    answer = session.run(str(model), facts.sha256, {"image": IMAGE})
    assert answer["probabilities"].shape == (1, 2)
    assert answer["probabilities"].sum() == pytest.approx(1.0)
    bright = session.run(str(model), facts.sha256, {"image": IMAGE + 1})
    assert bright["probabilities"][0, 1] > 0.99 > 0.01 > answer["probabilities"][0, 1]


def test_a_changed_file_is_refused_even_after_it_was_loaded(model: Path) -> None:
    trusted = sha(model)
    session.run(str(model), trusted, {"image": IMAGE})
    data = bytearray(model.read_bytes())
    data[-20] ^= 1
    model.write_bytes(bytes(data))
    with pytest.raises(ModelProblem, match="changed"):
        session.run(str(model), trusted, {"image": IMAGE})


@pytest.mark.parametrize("make", [made.external_model, made.hidden_external_model])
def test_weights_in_other_files_are_refused(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path / "model.onnx")
    with pytest.raises(ModelProblem, match="other files"):
        session.describe(str(path))


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a", b"\x80" * 40, b"\x3a\xff\xff\xff\x7f", b"\x08\x08"]
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelProblem, match="not an ONNX model"):
        session.describe(str(path))


def test_cut_off_files_never_do_more_than_be_refused(model: Path) -> None:
    data = model.read_bytes()
    for end in range(0, len(data), 7):
        with contextlib.suppress(ModelProblem):
            check_whole(data[:end])


def test_a_file_above_the_cap_is_refused(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "LARGEST_BYTES", 100)
    with pytest.raises(ModelProblem, match="too large"):
        session.describe(str(model))


def test_wrong_names_and_sizes_are_told_in_words(model: Path) -> None:
    with pytest.raises(ModelProblem, match="does not fit its card") as names:
        session.run(str(model), sha(model), {"picture": IMAGE})
    assert "image (1×1×64×64)" in names.value.detail and "picture" in names.value.detail
    with pytest.raises(ModelProblem, match="does not fit the model") as sizes:
        session.run(str(model), sha(model), {"image": IMAGE[:, :, :32]})
    assert "1×1×32×64" in sizes.value.detail
    with pytest.raises(ModelProblem, match="does not give"):
        session.run(str(model), sha(model), {"image": IMAGE}, ("boxes",))


def test_nan_is_refused(tmp_path: Path) -> None:
    path = made.nan_model(tmp_path / "nan.onnx")
    with pytest.raises(ModelProblem, match="no usable numbers"):
        session.run(str(path), sha(path), {"image": IMAGE})


def test_what_is_no_table_of_numbers_is_refused(tmp_path: Path) -> None:
    path = made.wordy_model(tmp_path / "wordy.onnx")
    with pytest.raises(ModelProblem, match="no table of numbers"):
        session.run(str(path), sha(path), {"image": IMAGE})


def test_only_the_cpu_is_used(model: Path) -> None:
    session.describe(str(model))
    used = session._loaded[sha(model)].session.get_providers()
    assert used == ["CPUExecutionProvider"]


def test_a_slow_greedy_or_crashing_model_is_stopped_and_the_next_one_runs(
    host: ModelHost, tmp_path: Path, model: Path
) -> None:
    trusted = sha(model)
    assert host.run(model, trusted, {"image": IMAGE})["probabilities"].shape == (1, 2)
    first = host.process_ids
    one = np.ones((1, 1, 1, 1), np.float32)
    slow = made.slow_model(tmp_path / "slow.onnx")
    with pytest.raises(ModelProblem, match="stopped") as late:
        host.run(slow, sha(slow), {"image": one}, limit_s=1.0)
    assert "longer than 1 seconds" in late.value.detail
    greedy = made.greedy_model(tmp_path / "greedy.onnx")
    with pytest.raises(ModelProblem, match="stopped") as much:
        host.run(greedy, sha(greedy), {"image": one})
    assert "memory" in much.value.detail
    with pytest.raises(ModelProblem, match="stopped"):
        host.call("os:abort")
    asked = itertools.count()

    def changes_its_mind() -> None:
        if next(asked) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):  # long before the limit, or this test would not end
        host.run(slow, sha(slow), {"image": one}, limit_s=600.0, check=changes_its_mind)
    again = host.run(model, trusted, {"image": IMAGE})
    assert again["probabilities"].shape == (1, 2)
    assert host.process_ids != first


def test_no_file_beside_the_model_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where the working folder holds what an external tensor asks for."""
    path = made.external_model(tmp_path / "model.onnx")
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(path, alone)
    monkeypatch.chdir(tmp_path)
    assert os.path.exists("weights.bin")
    with pytest.raises(ModelProblem, match="other files"):
        session.describe(str(alone / "model.onnx"))
