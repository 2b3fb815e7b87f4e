"""How well readers agree beyond chance, on answers, masks, boxes, points and measurements."""
