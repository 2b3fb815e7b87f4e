"""Regions as upright boxes in whole pixels: around the pixels whose centre lies inside them."""

from __future__ import annotations

from collections.abc import Iterator

from desktop.domain.runs import mask_bounds
from desktop.domain.schema import Schema
from desktop.domain.study import FrameRef
from desktop.exchange.regions import CaseLabels

PixelBox = tuple[int, int, int, int, int]  # class index, left, top, width, height


def boxed_images(
    labels: CaseLabels,
) -> Iterator[tuple[Schema, str, FrameRef, list[PixelBox]]]:
    """Images with their boxes by schema and reader, in a stable order.

    An image without a region is there only where the reader said "no finding" for its case: an
    image that was merely not drawn on is no negative example.
    """
    found: dict[tuple[str, str], dict[FrameRef, list[PixelBox]]] = {}
    schemas: dict[str, Schema] = {}
    for claim in labels.assignments:
        if claim.no_finding and labels.case.schema_id:
            schema = labels.schema(labels.case.schema_id)
            schemas[schema.id] = schema
            images = found.setdefault((schema.id, labels.reader(claim.reader_id)), {})
            for series in labels.series:
                for frame in labels.frames(series):
                    images.setdefault(frame, [])
    for region in labels.regions:
        schemas[region.schema.id] = region.schema
        index = class_ids(region.schema).index(region.label_class.id)
        images = found.setdefault((region.schema.id, region.reader), {})
        for part in region.frames:
            x0, y0, x1, y1 = mask_bounds(part.mask())
            if x1 > x0 and y1 > y0:
                images.setdefault(part.frame, []).append((index, x0, y0, x1 - x0, y1 - y0))
    for (schema_id, reader), images in sorted(found.items()):
        for frame, boxes in sorted(images.items(), key=lambda item: item[0].key):
            yield schemas[schema_id], reader, frame, boxes


def class_ids(schema: Schema) -> list[int]:
    """The classes of a schema in the order of their index, which counts from 0."""
    return sorted(c.id for c in schema.classes)
