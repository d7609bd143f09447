"""What the tests of annotation files share."""
from __future__ import annotations


def entry(*segments, subset='training', duration=10.0, label='jump'):
    return dict(subset=subset, duration=duration,
                annotations=[dict(segment=list(segment), label=label) for segment in segments])
