"""Example images for a schema: a PNG that is too large for it is made smaller, not refused."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QImage

from desktop.domain.errors import FileProblem
from desktop.domain.schema import Picture
from desktop.domain.schema_check import DATA_URL, PICTURE_BYTES, picture_bytes
from desktop.workspace.schemas.schema_files import read_picture

TIP = "A PNG, kept in the schema; one of more than 200 KB is made smaller."
_PNG = b"\x89PNG\r\n\x1a\n"
_MOST_BYTES = 50 << 20
_WIDEST_PX, _SMALLEST_PX = 1024, 64


def example_picture(path: Path) -> Picture:
    """The picture as a schema holds it; UserError where it is no PNG, or none that can be read."""
    try:
        size = path.stat().st_size
        if size <= PICTURE_BYTES:
            return read_picture(path)
        content = path.read_bytes() if size <= _MOST_BYTES else b""
    except OSError as error:
        raise FileProblem("This example image can't be read.", error.strerror or "") from error
    image = QImage.fromData(content) if content.startswith(_PNG) else QImage()
    if image.isNull():
        raise FileProblem("An example image must be a PNG.", path.name)
    side = min(_WIDEST_PX, max(image.width(), image.height()))
    while len(packed := _png(image, side)) > PICTURE_BYTES and side > _SMALLEST_PX:
        side = side * 3 // 4
    data = DATA_URL + b64encode(packed).decode()
    picture_bytes(data)
    return Picture(caption=path.stem, data=data)


def _png(image: QImage, side: int) -> bytes:
    """The image with its longer side of this many pixels."""
    scaled = image
    if max(image.width(), image.height()) > side:
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        scaled = image.scaled(side, side, keep, smooth)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    scaled.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())
