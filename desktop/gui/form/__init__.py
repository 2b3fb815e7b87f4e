"""The form: questions and the ways to answer them, notes, guidelines."""
