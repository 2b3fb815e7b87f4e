"""Pieces that pages are put together from; none of them knows what it is about."""
