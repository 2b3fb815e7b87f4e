"""Preference tasks."""
