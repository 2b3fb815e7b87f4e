"""Measurements: what a gesture, a frame or a start costs on this machine."""
