"""Known answers and suspect labels."""
