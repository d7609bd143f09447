"""Labels as they were read: the rows of a spreadsheet, or the segments of a labelling program."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from mmlofi.json_values import brief


class Row(NamedTuple):
    """An action; without a label it says that its video was labelled and may have none."""

    where: str                   # its place in the file, for messages
    video: str                   # the name of the video's file, with or without its ending
    label: str | None = None
    start_sec: float = 0.0
    end_sec: float = 0.0
    source: str = ''             # what says the label: a tier, a behaviour, …; '': a spreadsheet
    subset: str | None = None


@dataclass
class Labels:
    """All that the files say, what is wrong in them, and what of them is not used."""

    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)      # with their places
    left_over: Counter[str] = field(default_factory=Counter)
    videos: dict[str, str] = field(default_factory=dict)   # named in the files, and where

    @contextmanager
    def faults_of(self, where: str, program: str) -> Iterator[None]:
        """What cannot be read within it becomes a fault of that place.

        A file that somebody changed by hand may lack anything anywhere; what is in its place then
        is Python's word for it, in the message.
        """
        try:
            yield
        except (AttributeError, IndexError, KeyError, OverflowError, TypeError) as error:
            self.faults.append(f'{where}: cannot be read ({type(error).__name__}: '
                               f'{brief(str(error))}); expected what {program} writes: save it '
                               'there again')
        except (OSError, ValueError) as error:
            self.faults.append(f'{where}: {error}')

    def add_empty(self, where: str, video: str) -> None:
        """Adds a video that somebody has gone through without finding an action."""
        self.rows.append(Row(where, video))

    def add_segment(self, where: str, video: str, label: str, start_sec: float, end_sec: float,
                    source: str) -> None:
        """Adds a segment of a labelling program, cut where its video starts.

        Programs let people make segments of no length by a slip of the hand, and offsets move
        some before the start; these are counted and left out.
        """
        self.videos.setdefault(video, where)
        if end_sec <= 0 < end_sec - start_sec:
            self.left_over['segments before the start of their video'] += 1
        elif start_sec == end_sec:
            self.left_over['segments of no length'] += 1
        else:
            if start_sec < 0 < end_sec:
                self.left_over['parts of segments before the start of their video'] += 1
                start_sec = 0.0
            self.rows.append(Row(where, video, str(label), start_sec, end_sec, str(source)))
