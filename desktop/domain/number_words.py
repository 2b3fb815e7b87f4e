"""Numbers as a person writes them."""

from __future__ import annotations

from decimal import Decimal


def number_text(value: float) -> str:
    """Up to 12 significant digits, never with an exponent: "60000", "0.0003", "12.5"."""
    text = format(Decimal(f"{value:.12g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
