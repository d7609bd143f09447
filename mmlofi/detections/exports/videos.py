"""What is written of a video: its segments in time's order, and what is known of its file."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from mmlofi.datasets.videos.frame_clock import FrameClock, read_clock
from mmlofi.detections.predictions import Detections


class Segment(NamedTuple):
    """A detection."""

    start_sec: float
    end_sec: float
    label: str
    score: float


@dataclass(frozen=True)
class ExportedVideo:
    """A video that was searched, and what was found in it."""

    name: str                        # as the detections have it
    file: str                        # the name of its file
    segments: tuple[Segment, ...]    # by start
    path: Path | None = None         # of the file, where it is known
    url: str | None = None           # where other programs find it, if not at the path

    @cached_property
    def clock(self) -> FrameClock:
        """Of the file, which is opened for it.

        Raises:
            FileNotFoundError, ValueError: As `read_clock`; when it is not known where it is.
        """
        if self.path is None:
            raise ValueError(f'the file of the video {self.name!r} is not known, and what was '
                             'asked for numbers its frames; expected it: give --videos')
        return read_clock(self.path)

    @property
    def duration_sec(self) -> float:
        """Of the file; where it is not known, until the last segment ends."""
        ends = max((segment.end_sec for segment in self.segments), default=1.0)
        return ends if self.path is None else max(ends, self.clock.duration_sec)

    @property
    def address(self) -> str:
        """For programs that open files by a URL."""
        return self.url or (self.path.resolve().as_uri() if self.path else self.file)


def videos_of(detections: Detections, files: Mapping[str, Path], *, threshold: float = 0.0,
              top_k: int | None = None, filename_tmpl: str = '{}', media_url: str | None = None
              ) -> list[ExportedVideo]:
    """All videos by name, each with its best segments; those of no length are left out.

    Args:
        files: Of the videos, by name, as far as they are known.
        threshold: Lowest score of a segment.
        top_k: A video's best segments that are kept; None for all.
        filename_tmpl: The file of a video that `files` has not; '{}' is its name.
        media_url: Where other programs find the files; '{}' is a file's name, escaped.
    """
    found = []
    for name, items in detections.to_results().items():
        good = [Segment(max(one['segment'][0], 0.0), one['segment'][1], one['label'], one['score'])
                for one in items if one['score'] >= threshold]
        good = [one for one in good if one.start_sec < one.end_sec]
        best = sorted(good, key=lambda one: -one.score)[:top_k]
        path = files.get(name)
        file = path.name if path else filename_tmpl.format(name)
        found.append(ExportedVideo(name, file, tuple(sorted(best)), path,
                                   media_url and media_url.format(quote(os.fsencode(file)))))
    return found


def lanes(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Parts them so that in none two overlap, for tracks that hold one thing at a time."""
    found: list[list[Segment]] = []
    for segment in sorted(segments):
        for lane in found:
            if lane[-1].end_sec <= segment.start_sec:
                lane.append(segment)
                break
        else:
            found.append([segment])
    return found
