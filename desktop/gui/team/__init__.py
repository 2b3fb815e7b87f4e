"""Who reads what: work list, readers, batches, packages, gold."""
