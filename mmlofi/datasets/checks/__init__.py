"""Annotations held against the files that they are of, and what that comes to."""
