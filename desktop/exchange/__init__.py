"""Formats: bundles and what is in them, written from a read-only snapshot and read back.

May import: commands, imaging, domain. Deliberately absent: Qt, the store, the network.
"""
