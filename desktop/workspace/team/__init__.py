"""Work given out and brought together: batches, packages, gold, bundles merged."""
