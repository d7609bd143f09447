"""Where the bars of one video's time line lie, in the units of an SVG's viewBox."""
from __future__ import annotations

import base64
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.report.charts import MINUTES_FROM_SEC, time_ticks
from mmlofi.visualization.colours import OTHER
from mmlofi.visualization.timeline import in_lanes
from mmlofi.visualization.video_timeline import thumbnails

WIDTH, LEFT, RIGHT = 1000.0, 120.0, 988.0
_TRUTH, _LANE, _GAP, _STRIP = 16.0, 9.0, 8.0, 90.0   # heights; of the frames at most
_NAME = 16                                           # letters that fit left of the bars
_THUMBNAILS, _JPEG_QUALITY = 12, 70
_HATCHED = 'url(#hatched)'                           # the page defines it
_WORDS = dict(found='found', missed='missed', won='won: found by the second set alone',
              lost='lost: found by the first set alone')


@dataclass(frozen=True)
class Truth:
    """A true segment, and what became of it: 'found', 'missed', 'won' or 'lost'."""

    start_sec: float
    end_sec: float
    label: str
    fate: str


@dataclass(frozen=True)
class Bar:
    """A segment: its place, what is shown by a pointer over it, and a truth's fate."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    opacity: float
    title: str
    fate: str = ''


@dataclass(frozen=True)
class Row:
    """The truth or the predictions of one set."""

    name: str
    short_name: str
    y: float
    height: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class TimeLine:
    """One video."""

    name: str
    duration_sec: float
    scores: dict[str, float]
    fates: dict[str, int]
    frames: tuple[tuple[float, str], ...]        # x and a data URI
    frame_width: float
    strip: float                                 # height of the frames
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    legend: tuple[tuple[str, str], ...]          # class and colour
    height: float
    width: float = WIDTH
    left: float = LEFT
    right: float = RIGHT


def draw_timeline(record: VideoRecord, truth: Sequence[Truth],
                  sets: Mapping[str, Detections], scores: Mapping[str, float], *, top_k: int,
                  colours: Mapping[str, str], filename: str | None = None) -> TimeLine:
    """Places the truth and the best predictions of each set on one axis.

    Colour is the class; the fainter a prediction, the lower its score among those of its row.
    Segments to ignore are hatched, in the row of the truth.

    Args:
        truth: The video's true segments.
        sets: Detections by the names of the sets.
        scores: The video's own mAP in each set.
        top_k: Predictions of each set.
        colours: Of the classes, by name; others are grey.
        filename: The video, of whose frames thumbnails are made. One that cannot be decoded has
            none, and a warning says why.
    """
    best = {name: _best(found, record.name, top_k) for name, found in sets.items()}
    ends = [one.end_sec for one in truth] + [one[1] for items in best.values() for one in items]
    duration = record.duration_sec or max(ends, default=1.0) or 1.0
    labels = dict.fromkeys([*record.labels, *(one[3] for items in best.values() for one in items)])
    legend = {label: colours.get(label, OTHER) for label in labels}
    frames, shape = _frames(filename)
    frame_width = (RIGHT - LEFT) / max(len(frames), 1)
    strip = min(frame_width * shape, _STRIP)
    top = _GAP + strip
    rows = []
    items = [(one.start_sec, one.end_sec, 1.0, one.label, 1.0, one.fate) for one in truth]
    for name, one, lane in [('truth', items, _TRUTH)] + [
            (name, items, _LANE) for name, items in best.items()]:
        rows.append(_row(name, one, top, lane, duration, legend))
        top += rows[-1].height + _GAP
    if record.ignored_sec:
        rows[0] = replace(rows[0], bars=(*_ignored(record, rows[0], duration), *rows[0].bars))
        legend['ignored'] = _HATCHED
    fates = [one.fate for one in truth]
    return TimeLine(
        record.name, duration, dict(scores), {fate: fates.count(fate) for fate in _WORDS},
        tuple((round(LEFT + place * (RIGHT - LEFT) / len(frames), 2), uri)
              for place, uri in enumerate(frames)),
        round(frame_width, 2), round(strip, 2), tuple(rows),
        tuple((_x(second, duration), clock(second, duration)) for second in time_ticks(duration)),
        tuple(legend.items()), top + 22)


def clock(second: float, duration_sec: float) -> str:
    """'4.5' s in a short video, '1:05' or '1:02:05' in one of minutes or hours."""
    if duration_sec < MINUTES_FROM_SEC:
        return f'{second:g}'
    minutes, rest = divmod(round(second), 60)
    if duration_sec < 3600:
        return f'{minutes}:{rest:02d}'
    return f'{minutes // 60}:{minutes % 60:02d}:{rest:02d}'


def _best(found: Detections, name: str, top_k: int) -> list[tuple]:
    """(start, end, share of the best score, label, score) of a video, best first."""
    if name not in found.video_names:
        return []
    mine = found.of_video(name)
    order = np.argsort(-mine.scores, kind='stable')[:top_k]
    highest = max(float(mine.scores[order].max(initial=0)), 0.0) or 1.0
    return [(*mine.segments_sec[place].tolist(), max(float(mine.scores[place]), 0.0) / highest,
             mine.classes[mine.label[place]], float(mine.scores[place])) for place in order]


def _row(name: str, items: Sequence[tuple], top: float, lane_height: float, duration: float,
         colours: Mapping[str, str]) -> Row:
    lanes = list(in_lanes(items))
    count = 1 + max((lane for lane, _ in lanes), default=0)
    bars = []
    for lane, (start, end, share, label, score, *fate) in lanes:
        x, width = _span(start, end, duration)
        told = ', '.join(_WORDS[one] for one in fate) or f'score {score:.3g}'
        bars.append(Bar(
            x, round(top + lane * lane_height + 1, 2), width, lane_height - 2, colours[label],
            round(0.15 + 0.85 * share, 3), f'{label}, {start:.1f} to {end:.1f} s, {told}', *fate))
    short = name if len(name) <= _NAME else f'{name[:_NAME - 1]}…'
    return Row(name, short, top, count * lane_height, tuple(bars))


def _ignored(record: VideoRecord, row: Row, duration: float) -> list[Bar]:
    """As high as the row."""
    bars = []
    for start, end in record.ignored_sec:
        x, width = _span(start, end, duration)
        bars.append(Bar(x, row.y, width, row.height, _HATCHED, 1.0,
                        f'ignored, {start:.1f} to {end:.1f} s'))
    return bars


def _span(start: float, end: float, duration: float) -> tuple[float, float]:
    """x and width of a bar, which is wide enough to be seen."""
    x = _x(start, duration)
    return x, round(max(_x(end, duration) - x, 1.5), 2)


def _x(second: float, duration: float) -> float:
    return round(LEFT + min(max(second / duration, 0.0), 1.0) * (RIGHT - LEFT), 2)


def _frames(filename: str | None) -> tuple[list[str], float]:
    """Thumbnails as data URIs, and their height by their width; none of a video that cannot be
    decoded, with a warning."""
    if filename is None:
        return [], 0.0
    try:
        frames = thumbnails(filename, _THUMBNAILS)
        return [_data_uri(frame) for frame in frames], frames.shape[1] / frames.shape[2]
    except (OSError, ValueError) as error:   # the rest of the page is worth keeping
        warnings.warn(f'no thumbnails of {filename}: {error}', stacklevel=2)
        return [], 0.0


def _data_uri(frame: Iterable) -> str:
    _, jpeg = cv2.imencode('.jpg', np.asarray(frame)[..., ::-1],
                           [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    return 'data:image/jpeg;base64,' + base64.b64encode(jpeg.tobytes()).decode()
