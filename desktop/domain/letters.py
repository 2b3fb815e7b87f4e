"""Letters that stand for readers where their names are not shown."""

from __future__ import annotations

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter_at(place: int) -> str:
    """A, B … Z, then A2, B2 …"""
    round_, at = divmod(place, len(LETTERS))
    return LETTERS[at] + (str(round_ + 1) if round_ else "")


def letter_place(letter: str) -> int:
    """The place of a letter: 0 for A; a colour and a digit go with it."""
    round_ = int(letter[1:] or 1) - 1
    return round_ * len(LETTERS) + LETTERS.index(letter[0])
