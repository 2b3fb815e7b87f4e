"""A model tried on one case: what it would suggest, with its pixels; the project keeps nothing."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.domain.proposal import Proposal, ProposedFrame
from desktop.domain.runs import MaskYX, decode_runs


@dataclass(frozen=True)
class Trial:
    """``found`` is what a run would offer, the surest first; ``runs`` its pixels by digest."""

    model: str
    run_id: str
    case_id: str
    found: tuple[Proposal, ...]
    runs: dict[str, bytes]
    seconds: float

    def mask(self, part: ProposedFrame) -> MaskYX:
        """(rows, columns) bool of one painted frame."""
        return decode_runs(self.runs[part.runs], part.rows, part.columns)
