"""Numbers are written out, not in powers of ten."""

from __future__ import annotations

import pytest

from desktop.domain.number_words import number_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (-0.5, "-0.5"),
        (100, "100"),
        (1234567, "1234567"),
        (60000.5, "60000.5"),
        (12.345678, "12.345678"),
        (0.1 + 0.2, "0.3"),
        (0.00003, "0.00003"),
        (1e12, "1000000000000"),
    ],
)
def test_every_digit_that_was_given_is_shown(value: float, text: str) -> None:
    assert number_text(value) == text
