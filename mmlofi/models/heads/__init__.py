"""Localization heads, and what says which classes a video or a segment is of."""
