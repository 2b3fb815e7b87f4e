"""The steps of a schema's draft, so that all of them can be taken back. No widgets."""

from __future__ import annotations

from typing import Any

from desktop.domain.record import to_plain
from desktop.gui.schema.schema_draft import Draft

_MOST = 500


class DraftHistory:
    """Drafts one after the other. Typing in one place is one step, however long it takes."""

    def __init__(self, first: Draft) -> None:
        self._steps = [first]
        self._at = 0
        self._place: tuple[str, ...] = ()

    @property
    def now(self) -> Draft:
        return self._steps[self._at]

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at + 1 < len(self._steps)

    def add(self, draft: Draft) -> None:
        """The next step; what was taken back before is forgotten."""
        if draft == self.now:
            return
        place = _place_typed_in(self.now, draft)
        goes_on = bool(place) and place == self._place and self._at + 1 == len(self._steps)
        del self._steps[self._at + 1 :]
        if goes_on and self._at:
            self._steps[self._at] = draft
        else:
            self._steps.append(draft)
            self._steps = self._steps[-_MOST:]
        self._at = len(self._steps) - 1
        self._place = place

    def undo(self) -> None:
        self._step(-1)

    def redo(self) -> None:
        self._step(1)

    def _step(self, step: int) -> None:
        if 0 <= self._at + step < len(self._steps):
            self._at += step
            self._place = ()


def _place_typed_in(before: Draft, after: Draft) -> tuple[str, ...]:
    """The texts that differ, where nothing but texts of one part does; else ()."""
    if before.base is not after.base:
        return ()
    found: list[str] = []
    texts_only = _differences(to_plain(before.schema), to_plain(after.schema), "", found)
    parts = {"/".join(path.split("/")[:3]) for path in found}
    return tuple(sorted(found)) if texts_only and len(parts) == 1 else ()


def _differences(before: Any, after: Any, path: str, found: list[str]) -> bool:
    """Collect the paths of texts that differ; False where something else differs."""
    if before == after:
        return True
    if isinstance(before, dict) and isinstance(after, dict):
        return before.keys() == after.keys() and all(
            _differences(before[k], after[k], f"{path}/{k}", found) for k in before
        )
    if isinstance(before, (list, tuple)) and isinstance(after, (list, tuple)):
        return len(before) == len(after) and all(
            _differences(b, a, f"{path}/{n}", found)
            for n, (b, a) in enumerate(zip(before, after, strict=True))
        )
    found.append(path)
    return isinstance(before, str) and isinstance(after, str)
