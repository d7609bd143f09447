"""What a file is, in plain values that an index keeps: found once, and true until it changes."""
from __future__ import annotations

import functools
import io
import os
from types import UnionType
from typing import BinaryIO, NamedTuple, get_args, get_origin, get_type_hints

import numpy as np

from mmlofi.datasets.videos.presentation import Presentation
from mmlofi.datasets.videos.readers import AUTO, DECORD
from mmlofi.datasets.videos.time_axis import TimeAxis


class Stamp(NamedTuple):
    """By what a file is known to be the one that was looked at."""

    size: int
    mtime_ns: int   # 0 where the file is on no disk, so that its size alone tells


class VideoFacts(NamedTuple):
    """A video as `OpenVideo` finds it, without opening it."""

    stamp: Stamp
    side: int | None                # of the first frame, the shorter one
    size: tuple[int, int] | None    # its height and width as its reader shows it, if it does
    total_frames: int
    duration_sec: float
    avg_fps: float
    codecs: tuple[str, ...]
    variable: bool                  # whether frames have times of their own
    late_sec: float                 # as of `presentation`
    until_sec: float | None
    hidden: int                     # as of `time_axis`
    stamped: bool
    repaired: str | None
    table: str | None = None        # file of `packet_table`, of a long video
    frames: str = 'first'           # of `damage.FRAMES`, which were decoded
    reader: str = DECORD            # of `readers.READER_NAMES`, which gave the rest
    wanted: str = AUTO              # reader that was set

    @classmethod
    def of_axis(cls, axis: TimeAxis, known: Presentation, stamp: Stamp, *, codecs: frozenset[str],
                avg_fps: float, reader: str) -> VideoFacts:
        """All but the size of frames."""
        return cls(
            stamp, side=None, size=None, total_frames=int(axis.total_frames),
            duration_sec=float(axis.duration_sec), avg_fps=avg_fps, codecs=tuple(sorted(codecs)),
            variable=axis.times_sec is not None, late_sec=known.late_sec,
            until_sec=known.until_sec, hidden=int(axis.hidden), stamped=axis.stamped,
            repaired=axis.repaired, reader=reader)

    def fits(self, wanted: str) -> bool:
        """Whether they are as this setting would find them: another reader gives other pixels."""
        return wanted in (self.wanted, self.reader) or self.reader == DECORD and wanted == AUTO

    @property
    def took_over(self) -> bool:
        """Whether a reader was taken since the first could not."""
        return self.wanted == AUTO and self.reader != DECORD

    def opened(self, times_sec: np.ndarray | None = None) -> dict:
        """What `OpenVideo` says of the video, by the keys of a pipeline.

        Args:
            times_sec: Of the frames, where they have times of their own.
        """
        return dict(total_frames=self.total_frames, avg_fps=self.avg_fps,
                    frame_times_sec=times_sec, duration_sec=self.duration_sec)

    def constant_axis(self) -> TimeAxis | None:
        """The time axis, where it takes no time stamps to know it."""
        return None if self.variable or self.repaired else TimeAxis(
            None, self.duration_sec, self.total_frames, self.hidden, self.stamped)


class FeatureFacts(NamedTuple):
    """What a file of features says of itself, as `feature_files.FeatureFile`."""

    stamp: Stamp
    shape: tuple[int, ...]
    duration_sec: float | None = None
    header: dict | None = None
    covered_sec: float | None = None


class FolderFacts(NamedTuple):
    """A folder of pictures as `OpenFrames` finds it, without listing it."""

    stamp: Stamp        # of the folder itself, which pictures that come or go change; on no disk,
                        # when it was looked at
    total_frames: int
    side: int           # of the first picture, the shorter one
    pictures: str       # which were counted, as of `OpenFrames`


class Seen(NamedTuple):
    """A file that is there, and is not opened before it is used."""

    stamp: Stamp


class Fault(NamedTuple):
    """Why a file cannot be used."""

    stamp: Stamp
    problem: str            # MISSING, or a sentence
    found_sec: float        # by the clock, since it may have been the disk's
    frames: str = 'first'   # as of `VideoFacts`
    wanted: str = AUTO      # likewise

    def fits(self, wanted: str) -> bool:
        """Whether it would be found with this setting."""
        return wanted == self.wanted or self.problem == MISSING


MISSING = 'missing'
Facts = VideoFacts | FeatureFacts | FolderFacts | Seen | Fault
NO_STAMP = Stamp(0, 0)


def refuse_other_types(facts: Facts) -> None:
    """Sees that values which were read from a file are of the types that stand above.

    Raises:
        TypeError: With the first that is not.
    """
    for name, value, (types, item, length) in zip(facts._fields, facts, _types_of(type(facts))):
        if not isinstance(value, types) or isinstance(value, tuple) and not (
                len(value) == (length or len(value)) and all(isinstance(v, item) for v in value)):
            raise TypeError(f'{name} is {value!r}')


@functools.cache
def _types_of(kind: type[Facts]) -> list[tuple[tuple[type, ...], type, int | None]]:
    """Of each field: its types, and of a tuple that of what is in it, and its length if fixed."""
    found = []
    for hint in get_type_hints(kind).values():
        choices = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        items = next((get_args(one) for one in choices if get_origin(one) is tuple),
                     (int, ...))   # a stamp's
        types = tuple(get_origin(one) or one for one in choices) + (int,) * (float in choices)
        found.append((types, items[0], None if ... in items else len(items)))
    return found


def stamp_of(path: str | os.PathLike | int) -> Stamp:
    """That of a path on disk, or of an open file.

    Raises:
        OSError: When it is not there.
    """
    found = os.stat(path)
    return Stamp(found.st_size, found.st_mtime_ns)


def stamp_of_open(file: BinaryIO) -> Stamp:
    """That of a file that is open, or in memory."""
    return Stamp(len(file.getbuffer()), 0) if isinstance(file, io.BytesIO) else \
        stamp_of(file.fileno())
