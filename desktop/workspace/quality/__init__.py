"""How well readers agree: the board, regions in mm, suspect labels, the report."""
