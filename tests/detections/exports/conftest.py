"""A video and what was found in it, which the formats have to bring to others and back."""
from __future__ import annotations

import pytest

from mmlofi.detections.exports.videos import ExportedVideo, Segment

CLASSES = ('pour', 'stir, fast', 'wipe & <dry>')


@pytest.fixture
def found(numbered_video):
    """Ten seconds at ten frames a second; two that overlap, and one to the very end."""
    return ExportedVideo(numbered_video.stem, numbered_video.name, (
        Segment(0.0, 1.5, 'pour', 0.9), Segment(1.0, 2.5, 'stir, fast', 0.25),
        Segment(3.0, 4.0, 'pour', 0.5), Segment(8.0, 10.0, 'wipe & <dry>', 0.7)), numbered_video)


@pytest.fixture
def unseen():
    """A video whose file nobody gave, and in which nothing was found."""
    return ExportedVideo('day/empty', 'day/empty.mp4', ())
