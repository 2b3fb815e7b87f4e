"""The facade: open, run, undo, read, jobs, settings, plugins; authority is checked here.

May import: every room below. Deliberately absent: Qt.
"""
