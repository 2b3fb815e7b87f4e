"""Gestures: the view state, tools, hit-testing. Plain text in, previews and commands out.

May import: commands, imaging, domain. Deliberately absent: Qt, the store, clocks.
"""
