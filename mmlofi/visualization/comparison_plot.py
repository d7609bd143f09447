"""A picture of methods side by side: mAP over seeds, and what each cost."""
from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mmlofi.evaluation.bootstrap import LEVEL, Difference
from mmlofi.visualization.colours import palette
from mmlofi.visualization.figure_file import save_figure


def plot_comparison(methods: Mapping[str, Sequence[Mapping[str, float]]],
                    path: str | os.PathLike, *, baseline: str,
                    gains: Mapping[str, Difference] | None = None) -> None:
    """Draws a bar a method: average mAP, training time and peak memory.

    A bar is the mean over a method's runs, each of which is a dot; a line marks the standard
    deviation, and a dashed one the baseline's mAP.

    Args:
        methods: The runs of each method, with `mAP` in percent, `seconds` and `peak MiB`.
        path: Of the picture; its ending is the format (png, pdf, svg).
        baseline: The method that the dashed line is of.
        gains: Over the baseline, with their intervals, which get a panel of their own.
    """
    panels = {'average mAP (%)': _column(methods, 'mAP'),
              'training (min)': _column(methods, 'seconds', 60),
              'peak memory (GiB)': _column(methods, 'peak MiB', 1024)}
    figure = Figure(figsize=(9, 0.9 + 0.3 * len(methods)), dpi=150, facecolor='white',
                    layout='constrained')
    axes = figure.subplots(1, len(panels) + bool(gains), sharey=True,
                           width_ratios=(3, 1, 1) + (2,) * bool(gains))
    for panel, (label, values), colour in zip(axes, panels.items(), palette(len(panels))):
        _draw_bars(panel, list(values.values()), colour)
        panel.set_xlabel(label, fontsize=8)
    axes[0].axvline(statistics.mean(panels['average mAP (%)'][baseline]), color='0.4',
                    linewidth=0.8, linestyle='--')
    if gains:
        _draw_gains(axes[-1], [gains.get(name) for name in methods], baseline)
    axes[0].set_yticks(range(len(methods)), list(methods), fontsize=8)
    axes[0].invert_yaxis()
    save_figure(figure, path)


def _draw_gains(axes: Axes, gains: Sequence[Difference | None], baseline: str) -> None:
    """A dot and its interval a method, in points of mAP; none for the baseline."""
    for place, gain in enumerate(gains):
        if gain is not None:
            value, low, high = 100 * gain.value, 100 * gain.low, 100 * gain.high
            axes.plot([low, high], [place, place], color='0.3', linewidth=1)
            axes.plot(value, place, 'o', color='0.3', markersize=4)
    axes.axvline(0, color='0.4', linewidth=0.8, linestyle='--')
    axes.set_xlabel(f'gain over {baseline} (points, {LEVEL:.0%})', fontsize=8)
    axes.tick_params(labelsize=7, length=2, color='0.6')
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)


def _column(methods: Mapping[str, Sequence[Mapping[str, float]]], name: str, unit: float = 1
            ) -> dict[str, list[float]]:
    return {method: [run[name] / unit for run in runs] for method, runs in methods.items()}


def _draw_bars(axes: Axes, values: Sequence[Sequence[float]], colour: str) -> None:
    """For each method a bar, its standard deviation, its runs, and the mean in numbers."""
    means = [statistics.mean(runs) for runs in values]
    axes.barh(range(len(values)), means, height=0.7, color=colour, alpha=0.35)
    for place, (mean, runs) in enumerate(zip(means, values)):
        end = max(runs)
        if len(runs) > 1:
            deviation = statistics.stdev(runs)
            end = max(end, mean + deviation)
            axes.errorbar(mean, place, xerr=deviation, color=colour, capsize=2, linewidth=1)
            axes.plot(runs, [place] * len(runs), '.', color=colour, markersize=4)
        axes.annotate(f' {mean:.3g}', (end, place), va='center', fontsize=7)
    axes.set_xlim(0, 1.2 * max(max(max(runs) for runs in values), 1e-9))
    axes.tick_params(labelsize=7, length=2, color='0.6')
    for side in ('top', 'right'):
        axes.spines[side].set_visible(False)
