"""Prompted models: each family is known by its tensors and outlines what was clicked."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from desktop.domain.errors import ModelProblem
from desktop.inference import session
from desktop.inference.prompt_family import PromptFamily, family_of
from desktop.inference.prompting import ModelFile, decode, encode
from tools.make_models import decoder, encoder

FAMILIES = ("SAM", "SAM 2", "EfficientSAM", "MedSAM-lite")
ROWS, COLUMNS = 120, 160


def files(folder: Path, family: str) -> tuple[ModelFile, ModelFile, PromptFamily]:
    made = encoder(folder / "e.onnx", family), decoder(folder / "d.onnx", family)
    known = [ModelFile(str(p), hashlib.sha256(p.read_bytes()).hexdigest()) for p in made]
    facts = [session.describe(f.path) for f in known]
    return known[0], known[1], family_of(facts[0], facts[1])


@pytest.fixture
def image() -> np.ndarray:
    """A bright disk off the middle, so that a swapped axis or a wrong scale shows."""
    y, x = np.mgrid[:ROWS, :COLUMNS] + 0.5
    picture = np.full((ROWS, COLUMNS), 40, np.uint8)
    picture[(x - 110) ** 2 + (y - 40) ** 2 < 15**2] = 220
    return picture


@pytest.mark.parametrize("family", FAMILIES)
def test_a_prompt_outlines_the_disk(tmp_path: Path, family: str, image: np.ndarray) -> None:
    encoder_file, decoder_file, known = files(tmp_path, family)
    assert known.name == family
    encoded = encode(encoder_file, known, image)
    if known.takes_points:
        points, labels = [(110.0, 40.0)], [1]
    else:
        points, labels = [(92.0, 22.0), (128.0, 58.0)], [2, 3]
    found = decode(decoder_file, known, encoded, points, labels, None)
    disk = image == 220
    mask = found.mask_yx.astype(bool)
    dice = 2 * (mask & disk).sum() / (mask.sum() + disk.sum())
    assert found.mask_yx.shape == image.shape
    assert dice > 0.8, dice
    assert 0 < found.score <= 1


def test_an_outside_click_takes_away_and_the_mask_before_is_heard(
    tmp_path: Path, image: np.ndarray
) -> None:
    encoder_file, decoder_file, known = files(tmp_path, "SAM")
    encoded = encode(encoder_file, known, image)
    first = decode(decoder_file, known, encoded, [(110.0, 40.0)], [1], None)
    less = decode(
        decoder_file, known, encoded, [(110.0, 40.0), (118.0, 40.0)], [1, 0], first.low_res
    )
    assert less.mask_yx.sum() < first.mask_yx.sum()
    assert not less.mask_yx[40, 118]
    heard = decode(decoder_file, known, encoded, [(110.0, 40.0)], [1], first.low_res)
    assert not np.array_equal(heard.low_res, first.low_res)


def test_a_box_model_wants_a_box(tmp_path: Path, image: np.ndarray) -> None:
    encoder_file, decoder_file, known = files(tmp_path, "MedSAM-lite")
    encoded = encode(encoder_file, known, image)
    with pytest.raises(ModelProblem, match="boxes only"):
        decode(decoder_file, known, encoded, [(5.0, 5.0)], [1], None)


def test_wrong_names_are_refused_with_the_names(tmp_path: Path) -> None:
    other = {"image_embeddings": "features"}
    wrong = encoder(tmp_path / "e.onnx", names=other), decoder(tmp_path / "d.onnx", names=other)
    with pytest.raises(ModelProblem, match="no prompted model") as problem:
        family_of(*(session.describe(str(p)) for p in wrong))
    assert "features" in problem.value.detail
    fine = decoder(tmp_path / "d2.onnx")
    with pytest.raises(ModelProblem):
        family_of(session.describe(str(fine)), session.describe(str(wrong[0])))
