"""Lists of other files, which FFmpeg takes for videos: it would show the frames of those."""
from __future__ import annotations

from typing import BinaryIO

# What a file has to start with for FFmpeg to follow what it names (HLS, concat). Before either it
# skips an ID3 tag, with which no container of videos starts.
_STARTS = (b'#EXTM3U', b'ffconcat', b'ID3')


def refuse_playlist(filename: str, file: BinaryIO) -> None:
    """Stops before a text of three lines, called `video.mp4`, shows its sender other videos.

    Args:
        filename: What to call it in an error.
        file: Open, and read from its start.

    Raises:
        ValueError: For such a list.
    """
    file.seek(0)
    head = file.read(16)
    if head.startswith(_STARTS):
        raise ValueError(f'{filename!r} cannot be decoded (it starts with {head[:8]!r}, as a list '
                         'of other files or sound does); expected a video by itself: download '
                         'what it names, or leave it out, of annotations too')
