"""What the canvas shows of the reader under review: their regions, which nobody can change here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from desktop.domain.annotation import Annotation
from desktop.gui.canvas.canvas_sheet import Affected, Sheet

if TYPE_CHECKING:
    from desktop.domain.event import Event
    from desktop.workspace.claims.reviews import Work
    from desktop.workspace.workspace import Workspace


class OwnerSheet(Sheet):
    """One reader's work on a series, in the classes' own colours."""

    def __init__(
        self, workspace: Workspace, case_id: str, series_id: str, work: Work | None
    ) -> None:
        super().__init__(workspace, case_id, series_id)
        regions = work.annotations if work is not None else ()
        self._regions = {a.id: replace(a, reader_id="", locked=False) for a in regions}
        self._slices = {s.id: s for s in (work.slices if work is not None else ())}

    def apply(self, event: Event) -> Affected:
        """Nothing of it changes while it is looked at; images and calibration still may."""
        found = super().apply(event)
        return Affected(frozenset(), found.sheet)

    def _is_shown(self, region: Annotation) -> bool:
        return False
