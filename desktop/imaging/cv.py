"""The only place that imports OpenCV.

The package sets two variables for its own copy of Qt 5; they are removed again, because the
window's Qt reads them too. While it loads, the package has its own folder on ``sys.path``, where
a module named ``typing`` lies; a child process started in that moment would inherit it and fail,
so the two exclude each other. Import this module inside functions: it costs half a second.
"""

from __future__ import annotations

import os

from desktop.imaging.process import start_lock

with start_lock:
    import cv2

for _name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    os.environ.pop(_name, None)

__all__ = ["cv2"]
