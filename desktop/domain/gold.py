"""Cases with a known answer, by which readers are taught and measured."""

from __future__ import annotations

from typing import ClassVar

from desktop.domain.annotation import Annotation, MaskSlice
from desktop.domain.record import Record, stable_id
from desktop.domain.schema import AnswerValue


class GoldCase(Record):
    """The known answer to one case, copied from somebody's work at the moment it became gold.

    ``answers`` by question id. ``regions`` and ``slices`` are the reference regions, meant where
    ``has_regions``. ``author_id`` is whose work it was: they are not measured by it.
    """

    kind: ClassVar[str] = "gold_case"

    case_id: str
    author_id: str
    concept: str = ""
    difficulty: str = ""
    answers: dict[str, AnswerValue] = {}
    has_regions: bool = False
    regions: tuple[Annotation, ...] = ()
    slices: tuple[MaskSlice, ...] = ()
    created_utc: str = ""

    @staticmethod
    def id_for(case_id: str) -> str:
        return stable_id("gold", case_id)
