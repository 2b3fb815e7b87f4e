"""Stable numbers and file names made from ids, the same in every format and on every machine."""

from __future__ import annotations

import re

from desktop.domain.record import stable_id
from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef, Instance


def image_number(frame: FrameRef) -> int:
    """The COCO image id of a frame: 48 bits of a hash, so that any JSON reader keeps it exact."""
    return int(stable_id("coco-image", frame.key)[:12], 16) + 1


def region_number(annotation_id: str, frame_key: str) -> int:
    """The COCO annotation id of a region on one frame."""
    return int(stable_id("coco-region", annotation_id, frame_key)[:12], 16) + 1


def image_name(instance: Instance, frame_index: int) -> str:
    """A pseudonymous file name for one frame: what a loader may call its own copy."""
    suffix = ".dcm" if instance.media == "dicom" else ".png"
    if instance.frame_count == 1:
        return instance.id + suffix
    return f"{instance.id}_f{frame_index + 1:04d}{suffix}"


def schema_name(schema: Schema) -> str:
    """A file name part such as "chest-ct-nodule.v1"."""
    return f"{plain(schema.name)}.v{schema.version}"


def plain(text: str) -> str:
    """Only letters, digits, - and _: safe in a path on every system."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", text).strip("-")[:64] or "unnamed"


def uid_of(*parts: str) -> str:
    """A DICOM UID made from content. Source: PS3.5 B.2 (UUID-derived UIDs, root 2.25)."""
    return f"2.25.{int(stable_id(*parts), 16)}"
