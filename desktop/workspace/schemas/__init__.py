"""Schemas on the shelf, in files, their codes, and what a case still owes to its form."""
