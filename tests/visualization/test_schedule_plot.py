"""The picture of a schedule."""
from __future__ import annotations

import pytest

from mmlofi.fidelity import Fidelity
from mmlofi.visualization.schedule_plot import MAX_RUNS, Run, plot_schedule

S = Fidelity('S', spatial=2)
T = Fidelity('T', temporal=4)
SHAPES = {S: (100, 112), T: (25, 224)}


def alternate(count, length=10, side=True):
    """S and T in turn, an epoch of `length` steps each."""
    runs = []
    for place in range(count):
        fidelity = (S, T)[place % 2]
        snippets, size = SHAPES[fidelity]
        runs.append(Run(fidelity, 0, (place + 1, place + 1),
                        (place * length + 1, (place + 1) * length), (4,) * length, snippets,
                        size if side else None, 0.25))
    return runs


@pytest.fixture
def figure(monkeypatch):
    """What was drawn, read from the figure that is saved."""
    saved = []
    monkeypatch.setattr('mmlofi.visualization.schedule_plot.save_figure',
                        lambda figure, *_, **__: saved.append(figure))
    return saved


def steps_drawn(axes):
    """The horizontal lines: (start, end, height)."""
    lines = (line.get_data() for line in axes.lines if line.get_linestyle() == '-')
    return [(x[0], x[1], y[0]) for x, y in lines]


def labels(texts):
    return [text.get_text() for text in texts]


def test_the_cost_of_a_run_is_its_videos_times_their_share_of_pixels():
    assert alternate(1)[0].cost == 10


def test_the_picture_is_written_and_is_the_same_each_time(tmp_path):
    for name in ('one.png', 'new/two.png'):
        plot_schedule(alternate(4), tmp_path / name, epoch_steps=[10] * 4, title='lofi')
    one = (tmp_path / 'one.png').read_bytes()
    assert one[:4] == b'\x89PNG'
    assert one == (tmp_path / 'new' / 'two.png').read_bytes()


def test_each_run_is_a_step_of_its_pixels_snippets_and_side(figure):
    plot_schedule(alternate(3), 'p.png', epoch_steps=[10] * 3)
    pixels, snippets, side = figure[0].axes
    assert steps_drawn(pixels) == [(0, 10, 25), (10, 20, 25), (20, 30, 25)]
    assert steps_drawn(snippets) == [(0, 10, 100), (10, 20, 25), (20, 30, 100)]
    assert steps_drawn(side) == [(0, 10, 112), (10, 20, 224), (20, 30, 112)]
    assert labels(side.get_yticklabels()) == ['224', '112']


def test_a_fidelity_has_one_colour_in_all_panels_and_the_legend(figure):
    plot_schedule(alternate(4), 'p.png', epoch_steps=[10] * 4)
    for axes in figure[0].axes:
        colours = [line.get_color() for line in axes.lines if line.get_linestyle() == '-']
        assert colours[0] == colours[2] != colours[1] == colours[3]
    assert labels(figure[0].legends[0].get_texts()) == ['S', 'T']


def test_features_have_no_panel_for_a_side(figure):
    plot_schedule(alternate(2, side=False), 'p.png', epoch_steps=[10] * 2)
    assert [axes.get_ylabel() for axes in figure[0].axes] == ['pixels (%)', 'snippets']


def test_tick_labels_that_would_overlap_are_left_out(figure):
    runs = [Run(Fidelity(f'f{place}'), 0, (1, 1), (place + 1, place + 1), (4,), count, None, 1.0)
            for place, count in enumerate((100, 98, 50))]
    plot_schedule(runs, 'p.png', epoch_steps=[3])
    assert labels(figure[0].axes[1].get_yticklabels()) == ['100', '50']


@pytest.mark.parametrize(('epochs', 'numbers'), [
    (15, [str(number) for number in range(1, 16)]),
    (36, ['1', '4', '7', '10', '13', '16', '19', '22', '25', '28', '31', '34'])])
def test_epochs_are_numbered_where_they_begin_and_not_too_densely(epochs, numbers, figure):
    plot_schedule(alternate(epochs), 'p.png', epoch_steps=[10] * epochs)
    axis = figure[0].axes[0].child_axes[0]
    assert labels(axis.get_xticklabels()) == numbers
    assert list(axis.get_xticks()) == [10 * (int(number) - 1) for number in numbers]


def test_many_runs_are_shown_from_the_first_on_with_a_band_of_all_of_them(figure):
    plot_schedule(alternate(600), 'p.png', epoch_steps=[6000])
    *panels, band = figure[0].axes
    assert len(panels) == 3
    assert all(len(steps_drawn(axes)) == MAX_RUNS for axes in panels)
    assert all(axes.get_xlim() == (0, 1000) for axes in panels)
    assert band.get_xlim() == (0, 6000)
    assert sum(len(bars.get_paths()) for bars in band.collections) == 600
    assert band.patches[0].get_width() == 1000
    assert band.get_xlabel() == 'step; above, the first 100 of 600 turns, framed here'


def test_a_schedule_without_steps_is_refused():
    with pytest.raises(ValueError, match='schedule of 0 steps; expected at least one run: draw'):
        plot_schedule([], 'p.png', epoch_steps=[])
