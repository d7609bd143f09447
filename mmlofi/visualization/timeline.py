"""A picture of true and predicted segments on time axes.

Shape legend: K segments of one video.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.textpath import TextPath

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.options import require_whole
from mmlofi.visualization.colours import OTHER, class_colours
from mmlofi.visualization.figure_file import save_figure

_ROW_INCH, _GAP_INCH, _LEGEND_INCH = 0.25, 0.38, 0.19  # a row, between videos, a line of the legend
_FAINTEST = 0.12  # opacity of a score of 0
_THINNEST = 1 / 400  # share of the axis that a bar takes at least, to be seen
_NAME, _FONT_SIZE = 28, 8  # letters of a row's name that are shown, and their points
SHADES = 'darker: higher score'
_LEGEND_COLUMNS = 4
_HATCHED = dict(facecolor='none', edgecolor='0.55', hatch='//////', linewidth=0)
IGNORED = Patch(**_HATCHED, label='ignored')   # of a legend


def plot_timelines(records: Sequence[VideoRecord],
                   detections: Detections | Mapping[str, Detections],
                   path: str | os.PathLike, *, classes: Iterable[str],
                   num_videos: int | None = 6, top_k: int = 5,
                   title: str | None = None) -> list[str]:
    """Draws some videos: the truth above, the best predictions of each set below.

    Colour is the class, grey one that none of the shown videos truly has. The darker a prediction,
    the higher its score among those of its set that are shown. Predictions that overlap lie in
    lanes, the better ones above. Segments to ignore are hatched.

    Args:
        records: The subset. Videos are chosen as `choose_videos` says.
        detections: One set, or several by name, such as ACP and LoFi.
        path: Of the picture; its ending is the format (png, pdf, svg).
        classes: All of the data set, as `class_colours` takes them.
        num_videos: Videos shown at most; None shows all records, in their order.
        top_k: Predictions shown a video and set at most.
        title: Above the picture.

    Returns:
        The names of the videos shown.

    Raises:
        ValueError: When no video of the records has both an action and a prediction.
    """
    sets = {'predicted': detections} if isinstance(detections, Detections) else dict(detections)
    chosen = list(records) if num_videos is None else choose_videos(
        records, list(sets.values()), num_videos)
    rows = {name: best_detections(found, [record.name for record in chosen], top_k)
            for name, found in sets.items()}
    shown, known = {label for record in chosen for label in record.labels}, class_colours(classes)
    colours = {label: known.get(label, OTHER) for label in sorted(shown)}

    figure = Figure(figsize=(9, 1), dpi=150, facecolor='white')
    _set_size(figure, len(chosen), ['truth', *sets], len(colours), bool(title))
    for axes, record in zip(figure.subplots(len(chosen), squeeze=False)[:, 0], chosen):
        _draw_video(axes, record, {name: best[record.name] for name, best in rows.items()}, colours)
    axes.set_xlabel('seconds', fontsize=8, labelpad=2)
    _add_legend(figure, colours, rows, any(record.ignored_sec for record in chosen))
    if title:
        figure.suptitle(title, fontsize=10, y=1 - 0.06 / figure.get_figheight(), va='top')
    save_figure(figure, path)
    return [record.name for record in chosen]


def choose_videos(records: Sequence[VideoRecord], sets: Sequence[Detections] | None,
                  count: int) -> list[VideoRecord]:
    """Of the annotated videos with predictions, `count` spread evenly over the names' order.

    No score plays a part, so that the picture is not of the best cases. Without `sets`, before
    there are any, predictions do not matter.
    """
    if count < 1:
        raise ValueError(f'asked for a picture of {count} videos; expected at least 1')
    predicted = {record.name for record in records} if sets is None else set().union(
        *({found.video_names[place] for place in np.unique(found.video)} for found in sets))
    candidates = sorted((record for record in records
                         if record.segments_sec and record.name in predicted),
                        key=lambda record: record.name)
    if not candidates:
        raise ValueError(f'no video has both an action and a prediction: {len(records)} videos of '
                         f'the annotations, {len(predicted)} predicted; expected some in common: '
                         'choose the subset that was predicted')
    count = min(count, len(candidates))
    return [candidates[(2 * place + 1) * len(candidates) // (2 * count)] for place in range(count)]


def best_detections(found: Detections, names: list[str],
                    top_k: int) -> dict[str, list[tuple[float, float, float, str]]]:
    """(start, end, share of the set's best score, label) of each video, best first.

    Raises:
        ValueError: For a `top_k` that is no number of detections.
    """
    require_whole('a picture of detections', top_k=top_k)
    place_of = {name: place for place, name in enumerate(found.video_names)}
    best = {}
    for name in names:
        members = np.flatnonzero(found.video == place_of.get(name, -1))
        members = members[np.argsort(-found.scores[members], kind='stable')][:top_k]
        best[name] = [(*found.segments_sec[place].tolist(), float(found.scores[place]),
                       found.classes[found.label[place]]) for place in members]
    highest = max((items[0][2] for items in best.values() if items), default=0) or 1
    return {name: [(start, end, max(score, 0) / highest, label)
                   for start, end, score, label in items] for name, items in best.items()}


def _set_size(figure: Figure, videos: int, names: list[str], classes: int, titled: bool) -> None:
    """Rows and gaps keep their size in inches, however many there are."""
    rows, left = len(names), left_margin(names)
    top = 0.48 if titled else 0.24
    bottom = 0.5 + _LEGEND_INCH * (1 + (classes + 1) // _LEGEND_COLUMNS)   # and grey, hatched
    height = top + bottom + videos * rows * _ROW_INCH + (videos - 1) * _GAP_INCH
    figure.set_figheight(height)
    figure.subplots_adjust(left=left / figure.get_figwidth(), right=0.985,
                           bottom=bottom / height, top=1 - top / height,
                           hspace=_GAP_INCH / (rows * _ROW_INCH))


def _add_legend(figure: Figure, colours: dict[str, str], rows: dict[str, dict],
                ignored: bool) -> None:
    patches = [Patch(color=colour, label=label) for label, colour in colours.items()]
    predicted = {label for best in rows.values() for items in best.values() for *_, label in items}
    if predicted.difference(colours):
        patches.append(Patch(color=OTHER, label='other class'))
    patches += [IGNORED] * ignored
    figure.legend(handles=patches, loc='lower center', ncols=_LEGEND_COLUMNS, frameon=False,
                  fontsize=8, title=SHADES, title_fontsize=7, borderpad=0.2,
                  labelspacing=0.3)


def _draw_video(axes: Axes, record: VideoRecord, predictions: dict[str, list],
                colours: dict[str, str]) -> None:
    truth = [(start, end, 1.0, label)
             for (start, end), label in zip(record.segments_sec, record.labels)]
    rows = {'truth': truth} | predictions
    duration = record.duration_sec or max(item[1] for items in rows.values() for item in items)
    draw_rows(axes, rows, colours, duration)
    hatch(axes, record.ignored_sec, duration)
    axes.set_xlim(0, duration)
    axes.set_title(record.name, fontsize=8, loc='left', pad=2, color='0.25')
    bare(axes)


def draw_rows(axes: Axes, rows: Mapping[str, list[tuple]], colours: Mapping[str, str],
              duration_sec: float) -> None:
    """Draws bars of (start, end, share of the best score, label), a row above the next.

    Bars of a row that overlap lie in lanes. A label without a colour is grey.
    """
    thinnest = _THINNEST * duration_sec
    for row, items in enumerate(rows.values()):
        axes.axhspan(row - 0.42, row + 0.42, color='0.955', linewidth=0, zorder=0)
        lanes = list(in_lanes(items))
        thickness = 0.84 / (1 + max((lane for lane, _ in lanes), default=0))
        for lane, (start, end, score, label) in lanes:
            colour = colours.get(label, OTHER)
            opacity = _FAINTEST + (1 - _FAINTEST) * score
            axes.broken_barh([(start, max(end - start, thinnest))],
                             (row - 0.42 + thickness * (lane + 0.06), thickness * 0.88),
                             facecolor=to_rgba(colour, opacity),
                             edgecolor=to_rgba(colour, 0.5), linewidth=0.4)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), list(map(_short, rows)), fontsize=_FONT_SIZE)


def hatch(axes: Axes, segments_sec: Iterable[tuple[float, float]], duration_sec: float) -> None:
    """Hatches segments in the first row."""
    axes.broken_barh([(start, max(end - start, _THINNEST * duration_sec))
                      for start, end in segments_sec], (-0.42, 0.84), **_HATCHED, zorder=0.5)


def left_margin(names: Iterable[str]) -> float:
    """Inches left of the axes that names of rows need."""
    paths = [TextPath((0, 0), _short(name), size=_FONT_SIZE) for name in names if name.strip()]
    return 0.2 + max((path.get_extents().width for path in paths), default=0) / 72


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f'{name[:_NAME - 1]}…'


def bare(axes: Axes) -> None:
    """Leaves the time axis alone."""
    axes.tick_params(axis='x', labelsize=7, length=2, pad=1.5, color='0.6')
    axes.tick_params(axis='y', length=0)
    for side in ('top', 'left', 'right'):
        axes.spines[side].set_visible(False)
    axes.spines['bottom'].set_color('0.6')


def in_lanes(items: list[tuple]) -> Iterator[tuple[int, tuple]]:
    """Each item with the first lane in which nothing before it overlaps it."""
    lanes: list[list[tuple]] = []
    for item in items:
        free = (place for place, lane in enumerate(lanes)
                if all(item[1] <= other[0] or item[0] >= other[1] for other in lane))
        place = next(free, len(lanes))
        if place == len(lanes):
            lanes.append([])
        lanes[place].append(item)
        yield place, item

