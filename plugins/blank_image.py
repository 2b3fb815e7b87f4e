"""A rule in code: the image is nearly empty, as after a failed exposure or on an end slice."""

import numpy as np

from desktop.api import Subject, labeling_function

PLUGIN = {
    "name": "Blank image",
    "version": "1.0",
    "api": 1,
    "author": "Reading Room",
}


@labeling_function(title="Image is nearly empty")
def blank_image(item: Subject) -> bool | None:
    """99 of 100 pixels of every image lie within a fiftieth of its range of values."""
    found = None
    for picture in item.pictures("all"):
        low, high = np.percentile(picture.values_yx, (0.5, 99.5))
        spread = float(picture.values_yx.max() - picture.values_yx.min())
        if spread > 0 and high - low > spread / 50:
            return False
        found = True
    return found


def register(registry: object) -> None:
    """Called when the plugin is loaded."""
    registry.add_rule(blank_image)  # type: ignore[attr-defined]
