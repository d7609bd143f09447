"""Detections as other programs read them, a module a format."""
