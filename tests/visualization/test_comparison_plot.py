"""The picture of methods side by side."""
from __future__ import annotations

import pytest

from mmlofi.visualization import plot_comparison


def run(score, seconds=60, peak=1024):
    return {'mAP': score, 'seconds': seconds, 'peak MiB': peak}


METHODS = {'ACP': [run(5)], 'LoFi': [run(40, 120), run(50, 240, 3072)]}


@pytest.fixture
def figure(monkeypatch):
    """What was drawn, read from the figure that is saved."""
    saved = []
    monkeypatch.setattr('mmlofi.visualization.comparison_plot.save_figure',
                        lambda figure, *_, **__: saved.append(figure))
    return saved


def test_bars_are_means_in_percent_minutes_and_gibibytes(figure, tmp_path):
    plot_comparison(METHODS, tmp_path / 'p.png', baseline='ACP')
    score, minutes, memory = figure[0].axes
    assert [bar.get_width() for bar in score.patches] == [5, 45]
    assert [bar.get_width() for bar in minutes.patches] == [1, 3]
    assert [bar.get_width() for bar in memory.patches] == [1, 2]
    assert [label.get_text() for label in score.get_yticklabels()] == ['ACP', 'LoFi']


def test_seeds_are_dots_and_the_baseline_a_line(figure, tmp_path):
    plot_comparison(METHODS, tmp_path / 'p.png', baseline='ACP')
    lines = figure[0].axes[0].lines
    assert [list(line.get_xdata()) for line in lines if line.get_marker() == '.'] == [[40, 50]]
    assert [line.get_xdata()[0] for line in lines if line.get_linestyle() == '--'] == [5]


def test_methods_without_any_detection_can_be_drawn(tmp_path):
    plot_comparison({'ACP': [run(0)]}, tmp_path / 'new' / 'p.svg', baseline='ACP')
    assert '<svg' in (tmp_path / 'new' / 'p.svg').read_text()
