"""The quality board: agreement, regions, suspect labels, reports."""
