"""A picture of one video in time: frames, truth, predictions, start and end probabilities.

Shape legend: K segments, L snippets, B thumbnails of H × W.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.datasets.videos.time_axis import frame_at
from mmlofi.detections.curves import Curves
from mmlofi.detections.predictions import Detections
from mmlofi.visualization.colours import OTHER, class_colours
from mmlofi.visualization.timeline import (
    IGNORED,
    SHADES,
    bare,
    best_detections,
    draw_rows,
    hatch,
    in_lanes,
    left_margin,
)

_LEFT, _RIGHT, _TOP, _BOTTOM = 0.85, 0.15, 0.32, 0.3   # margins in inches
_WIDTH, _GAP, _LANE, _CURVES, _LEGEND = 9.0, 0.1, 0.14, 0.6, 0.2
_THUMBNAILS, _THUMBNAIL_SIDE = 12, 96                  # about how many, and their pixels
_COLOURED, _LEGEND_COLUMNS = 8, 4                      # classes with a colour of their own
_STYLES = dict(start=('#009E73', '-'), end=('#CC79A7', '--'))


def draw_video_timeline(name: str, detections: Detections | Mapping[str, Detections], *,
                        duration_sec: float, classes: Iterable[str],
                        record: VideoRecord | None = None, filename: str | None = None,
                        curves: Curves | None = None, top_k: int = 20,
                        title: str | None = None) -> Figure:
    """Draws a video's thumbnails, truth, best predictions and curves on one time axis.

    Colour is the class, grey one beyond the first eight, of which true ones and then those of the
    best scores come first; the darker a prediction, the higher its score among the video's.
    Segments to ignore are hatched. What there is nothing of is left out.

    Args:
        name: Of the video among the detections.
        detections: With those of this video; one set, or several by name.
        classes: All of the data set or model, as `class_colours` takes them.
        record: The truth.
        filename: The video, of whose frames thumbnails are made.
        curves: Start and end probabilities.
        top_k: Predictions shown.
        title: Above the picture; default the name.

    Raises:
        FileNotFoundError, ValueError: When the video cannot be decoded.
    """
    sets = dict(predicted=detections) if isinstance(detections, Detections) else detections
    rows = _truth(record) | {key: best_detections(found, [name], top_k)[name]
                             for key, found in sets.items()}
    colours, others_shown = _colours(rows, len(rows) - len(sets), class_colours(classes))
    ignored = () if record is None else record.ignored_sec
    frames = None if filename is None else thumbnails(filename)

    left = max(_LEFT, left_margin(rows))
    figure, axes = _stack(_heights(rows, frames, curves, left), left,
                          _legend(colours, others_shown, bool(ignored)))
    if frames is not None:
        _draw_frames(axes['frames'], frames, duration_sec)
    for row, items in rows.items():
        draw_rows(axes[row], {row: items}, colours, duration_sec)
    if ignored:
        hatch(axes['truth'], ignored, duration_sec)
    if curves is not None:
        _draw_curves(axes['curves'], curves, duration_sec)
    _share_time_axis(list(axes.values()), duration_sec)
    next(iter(axes.values())).set_title(title or name, fontsize=9, loc='left', pad=3, color='0.25')
    return figure


def _truth(record: VideoRecord | None) -> dict[str, list[tuple[float, float, float, str]]]:
    """The row of true segments, (start, end, score, label) each; none without a record."""
    return {} if record is None else {'truth': [
        (start, end, 1.0, label)
        for (start, end), label in zip(record.segments_sec, record.labels)]}


def _heights(rows: Mapping[str, list], frames: np.ndarray | None, curves: Curves | None,
             left: float) -> dict[str, float]:
    """Inches of each row from the top down, with frames above and curves below if there are any."""
    heights = {row: _LANE * (1 + max([1, *(lane for lane, _ in in_lanes(items))]))
               for row, items in rows.items()}
    if frames is not None:
        heights = {'frames': _strip_height(frames, left)} | heights
    if curves is not None:
        heights['curves'] = _CURVES
    return heights


def _legend(colours: Mapping[str, str], others_shown: bool, ignored: bool) -> list[Patch]:
    patches = [Patch(color=colour, label=label) for label, colour in colours.items()]
    return patches + [Patch(color=OTHER, label='other class')] * others_shown + [IGNORED] * ignored


def thumbnails(filename: str, count: int = _THUMBNAILS) -> np.ndarray:
    """(B, H, W, 3) RGB frames from the middles of B equal parts of a video.

    Raises:
        FileNotFoundError, ValueError: When it cannot be decoded.
    """
    # Not above: the transforms load torch, which a page or picture without frames need not.
    import mmlofi.registered  # noqa: F401
    from mmlofi.datasets.transforms import DecodeSnippets, OpenVideo

    opened = OpenVideo(short_side=_THUMBNAIL_SIDE)(dict(filename=filename))
    inds = frame_at((np.arange(count) + 0.5) / count, opened)
    opened['frame_inds'] = inds.astype(np.int64).clip(0, opened['total_frames'] - 1)
    return np.stack(DecodeSnippets()(opened)['imgs'])


def _colours(rows: Mapping[str, list[tuple]], truths: int, known: Mapping[str, str]
             ) -> tuple[dict[str, str], bool]:
    """The first classes' `known` colours, by name, and whether there are more classes than that.

    True ones come first, of the first `truths` rows, then those of the best scores.
    """
    items = [(place >= truths, -score, label) for place, row in enumerate(rows.values())
             for *_, score, label in row]
    labels = list(dict.fromkeys(label for *_, label in sorted(items)))
    return ({label: known.get(label, OTHER) for label in sorted(labels[:_COLOURED])},
            len(labels) > _COLOURED)


def figure_to_image(figure: Figure) -> np.ndarray:
    """A figure's pixels (H, W, 3), uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _strip_height(frames: np.ndarray, left: float) -> float:
    B, H, W, _ = frames.shape
    return min((_WIDTH - left - _RIGHT) / B * H / W, 1.2)


def _share_time_axis(axes: list[Axes], duration_sec: float) -> None:
    """Seconds below the last of them."""
    *others, last = axes
    for one in axes:
        one.set_xlim(0, duration_sec)
        bare(one)
    for one in others:
        one.set_xticks([])
        one.spines['bottom'].set_visible(False)
    last.set_xlabel('seconds', fontsize=8, labelpad=1)


def _stack(heights: Mapping[str, float], left: float, patches: list[Patch]
           ) -> tuple[Figure, dict[str, Axes]]:
    """Axes of these heights in inches below each other, `left` inches from the edge, and a legend.
    """
    legend_rows = -(-len(patches) // _LEGEND_COLUMNS) + bool(patches)     # and its title
    bottom = _BOTTOM + 0.1 + _LEGEND * legend_rows
    height = _TOP + bottom + sum(heights.values()) + _GAP * (len(heights) - 1)
    figure = Figure(figsize=(_WIDTH, height), dpi=150, facecolor='white')
    axes, top = {}, height - _TOP
    for name, own in heights.items():
        axes[name] = figure.add_axes((left / _WIDTH, (top - own) / height,
                                      1 - (left + _RIGHT) / _WIDTH, own / height))
        top -= own + _GAP
    if patches:
        figure.legend(handles=patches, loc='lower center', ncols=_LEGEND_COLUMNS, frameon=False,
                      fontsize=8, title=SHADES, title_fontsize=7, borderpad=0.2, labelspacing=0.3)
    return figure, axes


def _draw_frames(axes: Axes, frames: np.ndarray, duration_sec: float) -> None:
    edges = np.linspace(0, duration_sec, len(frames) + 1)
    for frame, left, right in zip(frames, edges, edges[1:]):
        axes.imshow(frame, extent=(left, right, 0, 1), aspect='auto')
    axes.set(ylim=(0, 1), yticks=[])


def _draw_curves(axes: Axes, curves: Curves, duration_sec: float) -> None:
    """Each value at the middle of the part that its snippet stands for."""
    (begin, end), L = curves.window_norm, len(curves.start)
    seconds = (begin + (np.arange(L) + 0.5) / L * (end - begin)) * duration_sec
    for name, (colour, style) in _STYLES.items():
        axes.plot(seconds, getattr(curves, name), style, color=colour, linewidth=1, label=name)
    axes.set_ylim(0, 1.02)
    axes.set_yticks([0, 1], ['0', '1'], fontsize=7)
    axes.legend(loc='center left', bbox_to_anchor=(-0.1, 0.5), fontsize=7, frameon=False,
                handlelength=1.2, borderpad=0)
