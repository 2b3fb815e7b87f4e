"""One answer from many: classes, masks, boxes, points."""
