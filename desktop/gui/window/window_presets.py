"""Windows that F2 to F8, the menu under the image and the canvas offer: one list for all three."""

from __future__ import annotations

from dataclasses import dataclass

from desktop.domain.study import Window
from desktop.gui.goto import current_frame
from desktop.gui.reading.reading import Reading


@dataclass(frozen=True)
class Offer:
    """A window by name. ``key`` is "" where none is left; ``window`` None is that of the file."""

    name: str
    key: str
    window: Window | None


def presets_for(reading: Reading) -> list[Offer]:
    """Named windows for the image shown, in the order of F2 to F8; then others of the file.

    A share of the image's own values can be offered only once the image is in memory.
    """
    from desktop.imaging.display import preset_window, presets  # numpy has no place at start-up

    room, ref = reading.workspace, current_frame(reading)
    if room is None or ref is None:
        return []
    instance = room.instance(ref.instance_id)
    if instance.samples != 1:
        return []
    modality = next(
        (s.modality for s in room.series(reading.view.case_id) if s.id == instance.series_id), ""
    )
    frame = room.frames.cached(ref)
    offers = []
    for preset in presets(modality):
        if preset.window is None and preset.percentiles is None:
            offers.append(Offer(preset.name, preset.key, None))
        elif preset.window is not None:
            offers.append(Offer(preset.name, preset.key, preset.window))
        elif frame is not None:
            offers.append(Offer(preset.name, preset.key, preset_window(preset, frame)))
    for number, window in enumerate(instance.windows[1:], start=2):
        offers.append(Offer(window.name or f"File window {number}", "", window))
    return offers


def take_preset(reading: Reading, number: int) -> None:
    """Show the image in the window of F2 (0) to F8 (6)."""
    offer = next((o for o in presets_for(reading) if o.key == f"F{number + 2}"), None)
    if offer is not None:
        reading.replace(window=offer.window)
