"""Preferences on one scale: comparisons, rankings, raters, the next pair."""
