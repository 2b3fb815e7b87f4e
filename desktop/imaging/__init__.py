"""Pixels: finding files, decoding in a child process, geometry in space, display, the viewport.

May import: domain, and numpy, cv2 (through ``imaging.cv`` only), pydicom and the codecs (child side
only).
Deliberately absent: Qt, the database, anything that writes to a source file.
"""
