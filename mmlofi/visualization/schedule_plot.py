"""A picture of a training's schedule: what its steps cost, by fidelity."""
from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from mmlofi.fidelity import Fidelity
from mmlofi.visualization.colours import palette
from mmlofi.visualization.figure_file import save_figure

MAX_RUNS = 100   # that can be told apart in the picture's width
_PANEL_INCH, _BAND_INCH = 0.9, 0.16
_MOST_EPOCHS = 16   # numbers that fit above the panels


@dataclass(frozen=True)
class Run:
    """Steps one after the other at one fidelity of one phase of a schedule.

    `epochs` and `steps` are the first and the last, counted from 1 in the whole training; `phase`
    is the epoch, from 0, with which the phase begins; `videos` has those of each step on all ranks.
    `pixel_share` is that of a video relative to full fidelity; features have no `side`.
    """

    fidelity: Fidelity
    phase: int
    epochs: tuple[int, int]
    steps: tuple[int, int]
    videos: tuple[int, ...]
    num_snippets: int
    side: int | None
    pixel_share: float

    @property
    def cost(self) -> float:
        """In videos at full fidelity."""
        return sum(self.videos) * self.pixel_share


def plot_schedule(runs: Sequence[Run], path: str | os.PathLike, *, epoch_steps: Sequence[int],
                  title: str | None = None) -> None:
    """Draws share of pixels, snippets and side over the steps; colour is the fidelity.

    Of more than `MAX_RUNS` runs the panels show the first ones, and a band below them the whole
    training.

    Args:
        runs: The whole training in order.
        path: Of the picture; its ending is the format (png, pdf, svg).
        epoch_steps: Steps of each epoch.
        title: Above the picture.

    Raises:
        ValueError: When there is no run.
    """
    if not runs:
        raise ValueError('asked for a picture of a schedule of 0 steps; expected at least one '
                         'run: draw a training of an epoch or more')
    names = list(dict.fromkeys(run.fidelity.name for run in runs))
    colours = dict(zip(names, palette(len(names))))
    panels = {'pixels (%)': [100 * run.pixel_share for run in runs],
              'snippets': [run.num_snippets for run in runs]}
    if all(run.side is not None for run in runs):
        panels['side (pixels)'] = [run.side for run in runs]
    shown = runs[:MAX_RUNS]
    heights = [_PANEL_INCH] * len(panels) + [_BAND_INCH] * (len(shown) < len(runs))

    figure = Figure(figsize=(9, 0.9 + 1.1 * sum(heights)), dpi=150, facecolor='white',
                    layout='constrained')
    axes = figure.subplots(len(heights), height_ratios=heights, squeeze=False)[:, 0]
    for panel, (label, values) in zip(axes, panels.items()):
        _draw_panel(panel, shown, values, colours, full=100 if panel is axes[0] else None)
        panel.set_ylabel(label, fontsize=8)
        panel.tick_params(labelbottom=panel is axes[len(panels) - 1])
    _add_epochs(axes[0], epoch_steps)
    if len(shown) < len(runs):
        _draw_band(axes[-1], runs, shown[-1].steps[1], colours)
    axes[-1].set_xlabel('step' if len(shown) == len(runs) else
                        f'step; above, the first {len(shown)} of {len(runs):,} turns, framed here',
                        fontsize=8, labelpad=2)
    _add_legend(figure, colours)
    if title:
        figure.suptitle(title, fontsize=10, x=0.01, ha='left')
    save_figure(figure, path)


def _draw_panel(axes: Axes, runs: Sequence[Run], values: Sequence[float],
                colours: dict[str, str], full: float | None) -> None:
    """A step for each run; `values` has those of all runs, and `full` is marked by a line."""
    for run, value in zip(runs, values):
        start, end = run.steps[0] - 1, run.steps[1]
        colour = colours[run.fidelity.name]
        axes.broken_barh([(start, end - start)], (0, value), facecolor=to_rgba(colour, 0.25))
        axes.plot([start, end], [value, value], color=colour, linewidth=2, solid_capstyle='butt')
    marked = {*values, full} if full else set(values)
    if full:
        axes.axhline(full, color='0.6', linewidth=0.8, linestyle='--', zorder=0)
    axes.set(xlim=(0, runs[-1].steps[1]), ylim=(0, 1.1 * max(marked)))
    ticks: list[float] = []
    for value in sorted(marked, reverse=True):   # labels that would overlap are left out
        if not ticks or ticks[-1] - value > 0.12 * max(marked):
            ticks.append(value)
    axes.set_yticks(ticks, [f'{value:.3g}' for value in ticks])
    _tidy(axes)


def _add_epochs(axes: Axes, epoch_steps: Sequence[int]) -> None:
    """Numbers the epochs at their first steps, above the panel."""
    end = axes.get_xlim()[1]
    starts = [start for start in accumulate(epoch_steps, initial=0) if start < end]
    every = -(-len(starts) // _MOST_EPOCHS)
    above = axes.secondary_xaxis('top')
    above.set_xticks(starts[::every], [f'{1 + every * place}'
                                       for place in range(len(starts[::every]))])
    above.set_xlabel('epoch', fontsize=8, labelpad=2)
    _tidy(above)


def _draw_band(axes: Axes, runs: Sequence[Run], framed: int, colours: dict[str, str]) -> None:
    """All runs, with a frame around the steps up to `framed`."""
    for name, colour in colours.items():
        axes.broken_barh([(run.steps[0] - 1, run.steps[1] - run.steps[0] + 1) for run in runs
                          if run.fidelity.name == name], (0, 1), facecolor=colour)
    axes.add_patch(Rectangle((0, 0), framed, 1, fill=False, edgecolor='black', clip_on=False))
    axes.set(xlim=(0, runs[-1].steps[1]), ylim=(0, 1), yticks=[])
    _tidy(axes)


def _add_legend(figure: Figure, colours: dict[str, str]) -> None:
    figure.legend(handles=[Patch(color=colour, label=name) for name, colour in colours.items()],
                  loc='outside upper right', ncols=8, frameon=False, fontsize=8, borderpad=0.2)


def _tidy(axes: Axes) -> None:
    axes.tick_params(labelsize=7, length=2, pad=1.5, color='0.6')
    for side in ('top', 'left', 'right'):
        axes.spines[side].set_visible(False)
    axes.spines['bottom'].set_color('0.6')
