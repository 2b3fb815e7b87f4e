"""Learning in rounds, teacher and student, splits, synthetic images."""
