"""A picture of what the pipeline feeds the model of one video, at several fidelities.

Shape legend: L snippets, T frames a snippet, H × W a frame, K actions.
"""
from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mmlofi.fidelity import Fidelity
from mmlofi.visualization.colours import class_colours
from mmlofi.visualization.figure_file import save_figure
from mmlofi.visualization.timeline import in_lanes

_DPI = 100
_PAGE = 1600   # pixels of a row, unless a frame is wider
_MARGIN, _HEAD, _FOOT = 24, 40, 12          # around the page; the head has title and legend
_TITLE, _LINE, _TICKS, _GAP = 22, 16, 18, 14   # of a strip; time line and ticks of a row


@dataclass(frozen=True)
class Strip:
    """One video at one fidelity.

    `frames` is (L, 3, T, H, W) uint8; `segments_norm` (K, 2) lies in [0, 1] of the window that the
    snippets cover, `window_sec` from start to end; `labels` names the K actions.
    """

    fidelity: Fidelity
    frames: np.ndarray
    segments_norm: np.ndarray
    labels: tuple[str, ...]
    window_sec: tuple[float, float]

    def __post_init__(self) -> None:
        shape, kind = self.frames.shape, self.frames.dtype
        if len(shape) != 5 or shape[1] != 3 or kind != np.uint8:
            raise ValueError(f'a contact sheet got frames {kind} {shape}; expected '
                             'uint8 (snippets, 3, frames, height, width): pack them by '
                             "FormatShape(input_format='NCTHW') and PackTALInputs, and leave "
                             'normalisation to the model')

    @property
    def title(self) -> str:
        L, _, T, H, W = self.frames.shape
        fidelity = self.fidelity
        return (f'{fidelity.name}: r_t = {fidelity.temporal:.3g}, r_s = {fidelity.spatial:.3g}; '
                f'{L} snippets × {T} frames × {H} × {W}, {fidelity.pixel_share:.0%} of the pixels')


@dataclass(frozen=True)
class Row:
    """Snippets `first` to before `last` of a strip, each in a cell of `cell` × `height` pixels."""

    strip: Strip
    first: int
    last: int
    cell: float

    @property
    def height(self) -> int:
        return self.strip.frames.shape[-2]


def plot_contact_sheet(strips: Sequence[Strip], path: str | os.PathLike, *,
                       classes: Iterable[str], title: str | None = None) -> None:
    """Draws the middle frame of every snippet at its own size, and the truth on time lines below.

    Each frame is centred in the part of the time line that its snippet stands for; ticks below
    it mark where these parts begin, those inside it the seconds. A strip that is too long for the
    page goes on in further rows.

    Args:
        strips: Fidelities of one video.
        path: Of the picture; its ending is the format. In a png a pixel is one of the frame.
        classes: All of the data set, as `class_colours` takes them.
        title: Above the picture.

    Raises:
        ValueError: When there is no strip.
    """
    if not strips:
        raise ValueError('asked for a contact sheet of 0 strips; expected one or more: name a '
                         'fidelity to show')
    page = max(_PAGE, *(strip.frames.shape[-1] for strip in strips))
    rows = [list(split_rows(strip, page)) for strip in strips]
    height = _HEAD + _FOOT + sum(
        _TITLE + _GAP + sum(row.height + _LINE + _TICKS for row in group) for group in rows)
    figure = Figure(figsize=((page + 2 * _MARGIN) / _DPI, height / _DPI), dpi=_DPI,
                    facecolor='white')
    known = class_colours(classes)
    colours = {label: known[label] for label in sorted({
        label for strip in strips for label in strip.labels})}
    _add_head(figure, title, colours)
    top = height - _HEAD
    for strip, group in zip(strips, rows):
        _add_text(figure, strip.title, top)
        top -= _TITLE
        for row in group:
            figure.figimage(row_image(row), _MARGIN, top - row.height)
            top -= row.height + _LINE
            _draw_truth(_place(figure, row, top), row, colours)
            top -= _TICKS
        top -= _GAP
    save_figure(figure, path, dpi=_DPI)


def split_rows(strip: Strip, page: int) -> Iterator[Row]:
    """As few rows as the page's width needs, about equally long, in cells of equal width."""
    L, *_, W = strip.frames.shape
    count = -(-L // (page // W))
    columns = -(-L // count)
    for first in range(0, L, columns):
        yield Row(strip, first, min(first + columns, L), page / columns)


def row_image(row: Row) -> np.ndarray:
    """The middle frames of a row (H, width, 3), each in the middle of its cell, on white."""
    middle = row.strip.frames.shape[2] // 2
    frames = row.strip.frames[row.first:row.last, :, middle].transpose(0, 2, 3, 1)  # (n, H, W, 3)
    n, H, W, _ = frames.shape
    image = np.full((H, round(n * row.cell), 3), 255, np.uint8)
    for place, frame in enumerate(frames):
        left = int((place + 0.5) * row.cell - W / 2)
        image[:, left:left + W] = frame
    return image


def _place(figure: Figure, row: Row, bottom: float) -> Axes:
    """Axes of a row's time line, exactly as wide as its cells."""
    width, height = figure.get_size_inches() * _DPI
    return figure.add_axes((_MARGIN / width, bottom / height,
                            (row.last - row.first) * row.cell / width, (_LINE - 3) / height))


def _draw_truth(axes: Axes, row: Row, colours: dict[str, str]) -> None:
    """Bars of the actions over seconds; actions that overlap lie in lanes."""
    strip, L = row.strip, len(row.strip.frames)
    start, end = strip.window_sec
    seconds = start + strip.segments_norm * (end - start)                       # (K, 2)
    lanes = list(in_lanes([(*segment, label) for segment, label in zip(seconds, strip.labels)]))
    thickness = 1 / (1 + max((lane for lane, _ in lanes), default=0))
    for lane, (left, right, label) in lanes:
        axes.broken_barh([(left, right - left)], (lane * thickness, 0.9 * thickness),
                         facecolor=colours[label], linewidth=0)
    borders = start + np.arange(row.first, row.last + 1) / L * (end - start)
    axes.set(xlim=(borders[0], borders[-1]), ylim=(1, 0), yticks=[], facecolor='0.955')
    axes.set_xticks(borders, minor=True)
    axes.xaxis.remove_overlapping_locs = False   # a border keeps its mark where a second has one
    axes.xaxis.set_major_formatter('{x:g} s')
    axes.tick_params(axis='x', labelsize=7, length=3, direction='in', color='0.4', pad=4)
    axes.tick_params(axis='x', which='minor', length=4, color='0.4')
    for side in ('top', 'left', 'right', 'bottom'):
        axes.spines[side].set_visible(False)


def _add_text(figure: Figure, text: str, top: float, **style: object) -> None:
    width, height = figure.get_size_inches() * _DPI
    figure.text(_MARGIN / width, (top - 2) / height, text, va='top', fontsize=9, **style)


def _add_head(figure: Figure, title: str | None, colours: dict[str, str]) -> None:
    height = figure.get_figheight() * _DPI
    _add_text(figure, title or '', height - 6, fontweight='bold')
    figure.legend(handles=[Patch(color=colour, label=label) for label, colour in colours.items()],
                  loc='upper right', ncols=8, frameon=False, fontsize=8, borderpad=0.2)
