"""COCO run lengths against the reference implementation."""

from __future__ import annotations

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as reference

from desktop.exchange.rle import decode_rle, encode_rle
from desktop.exchange.verify_bundle import runs_of

masks = hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=40))


@given(masks)
def test_the_text_is_the_one_the_reference_writes(mask: np.ndarray) -> None:
    theirs = reference.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert encode_rle(mask) == theirs["counts"].decode()


@given(masks)
def test_decoding_gives_the_mask_back(mask: np.ndarray) -> None:
    assert np.array_equal(decode_rle(encode_rle(mask), *mask.shape), mask)


@given(masks)
def test_the_reference_reads_what_we_write(mask: np.ndarray) -> None:
    ours = {"size": list(mask.shape), "counts": encode_rle(mask).encode()}
    assert np.array_equal(reference.decode(ours).astype(bool), mask)


@given(masks)
def test_the_verifier_counts_the_same_pixels(mask: np.ndarray) -> None:
    runs = runs_of(encode_rle(mask))
    assert sum(runs) == mask.size
    assert sum(runs[1::2]) == mask.sum()


def test_a_large_mask_with_long_runs_survives() -> None:
    mask = np.zeros((3000, 2000), np.bool_)
    mask[100:2900, 300:1500] = True
    mask[::7, ::3] ^= True
    theirs = reference.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert encode_rle(mask) == theirs


@given(st.text(alphabet=[chr(c) for c in range(48, 112)], max_size=20))
def test_broken_text_is_refused_or_fits(text: str) -> None:
    try:
        mask = decode_rle(text, 5, 7)
    except ValueError:
        return
    assert mask.shape == (5, 7)


def test_runs_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="of 36 pixels"):
        decode_rle(encode_rle(np.ones((5, 7), np.bool_)), 6, 6)
