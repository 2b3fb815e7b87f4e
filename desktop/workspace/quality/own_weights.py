"""Weights given by hand to pairs of answers, kept among the user's settings for each project."""

from __future__ import annotations

from typing import Any

from desktop.domain.errors import UserError
from desktop.workspace.quality.quality_measures import OwnWeights
from desktop.workspace.settings import Settings

_KEY = "quality_weights"


def own_weights(settings: Settings, project_id: str) -> tuple[tuple[str, OwnWeights], ...]:
    """What was kept for a project; what can't be read as weights is left out."""
    found = []
    for topic, plain in sorted(_of(settings, project_id).items()):
        try:
            found.append((topic, weights_of_plain(plain)))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)


def keep_own_weights(
    settings: Settings, project_id: str, topic: str, own: OwnWeights | None
) -> None:
    """Keep or forget the weights of one topic."""
    kept = dict(_of(settings, project_id))
    kept.pop(topic, None)
    if own is not None:
        try:
            own.checked()
        except ValueError as error:
            raise UserError("These weights can't be used.", str(error)) from error
        kept[topic] = {"answers": list(own.answers), "weights": [list(row) for row in own.table]}
    settings.set(_KEY, {**settings.get(_KEY), project_id: kept})


def weights_of_plain(plain: Any) -> OwnWeights:
    """From ``{"answers": [...], "weights": [[...], ...]}``; ValueError where it is none."""
    table = tuple(tuple(float(cell) for cell in row) for row in plain["weights"])
    return OwnWeights(tuple(str(answer) for answer in plain["answers"]), table).checked()


def _of(settings: Settings, project_id: str) -> dict[str, Any]:
    kept = settings.get(_KEY).get(project_id, {})
    return kept if isinstance(kept, dict) else {}
