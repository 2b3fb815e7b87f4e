"""Disagreements and review: what readers said, what is ruled, pinned comments."""
