"""Preference tasks: judging side by side, results."""
