"""The picture of segments on time axes."""
import numpy as np
import pytest

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.visualization.timeline import choose_videos, plot_timelines

CLASSES = ('jump', 'run')


def video(name, *labels, duration=50.0):
    segments = tuple((10.0 * place, 10.0 * place + 8) for place in range(len(labels)))
    return VideoRecord(name, 'validation', duration, segments, labels)


def detections(*names, count=4, classes=CLASSES):
    rng = np.random.default_rng(0)
    return Detections.from_videos(
        [(name, np.sort(rng.uniform(0, 50, (count, 2)), axis=1), rng.random(count),
          rng.integers(len(classes), size=count)) for name in names], classes)


@pytest.fixture
def figure(monkeypatch):
    """What was drawn, read from the figure that is saved."""
    saved = []
    monkeypatch.setattr('mmlofi.visualization.timeline.save_figure',
                        lambda figure, *_, **__: saved.append(figure))
    return saved


def bars(axes):
    """Rectangles with their row: (row, left, width)."""
    return [(round(path.vertices[:, 1].mean()), path.vertices[0, 0],
             np.ptp(path.vertices[:, 0])) for collection in axes.collections
            for path in collection.get_paths()]


def test_the_picture_is_written_and_is_the_same_each_time(tmp_path):
    records = [video('a', 'jump', 'run'), video('b', 'run')]
    for name in ('one.png', 'new/two.png'):
        plot_timelines(records, detections('a', 'b'), tmp_path / name, classes=CLASSES,
                       title='Two videos')
    one = (tmp_path / 'one.png').read_bytes()
    assert one[:4] == b'\x89PNG'
    assert one == (tmp_path / 'new' / 'two.png').read_bytes()


def test_each_set_has_a_row_below_the_truth(figure):
    shown = plot_timelines([video('a', 'jump', 'run')],
                           dict(ACP=detections('a'), LoFi=detections('a', count=9)), 'p.png',
                           classes=CLASSES)
    axes = figure[0].axes[0]
    assert shown == ['a']
    assert axes.get_xlim() == (0, 50)
    assert [text.get_text() for text in axes.get_yticklabels()] == ['truth', 'ACP', 'LoFi']
    rows = [row for row, _, _ in bars(axes)]
    assert [rows.count(row) for row in range(3)] == [2, 4, 5]  # five are shown at most
    assert sorted(bars(axes))[:2] == [(0, 0, 8), (0, 10, 8)]


def test_a_class_that_no_video_has_is_grey_and_in_the_legend(figure):
    plot_timelines([video('a', 'jump')], detections('a'), 'p.png', classes=CLASSES)
    labels = [text.get_text() for text in figure[0].legends[0].get_texts()]
    assert labels == ['jump', 'other class']


def test_videos_without_duration_and_many_classes_are_drawn(tmp_path):
    labels = [f'class {number}' for number in range(30)]
    records = [video('a', *labels, duration=None)]
    plot_timelines(records, detections('a', classes=tuple(labels)), tmp_path / 'p.pdf',
                   classes=labels)
    assert (tmp_path / 'p.pdf').stat().st_size > 0


def test_videos_are_chosen_by_name_alone_and_spread_evenly():
    records = [video(f'v{number:02d}', 'jump') for number in range(20)]
    everything = detections(*(record.name for record in records))
    names = [record.name for record in choose_videos(records[::-1], [everything], 4)]
    assert names == ['v02', 'v07', 'v12', 'v17']


def test_all_records_are_shown_in_their_order_when_no_number_is_given(figure):
    records = [video(name, 'jump') for name in 'cab']
    assert plot_timelines(records, detections('a', 'b', 'c'), 'p.png', classes=CLASSES,
                          num_videos=None) == ['c', 'a', 'b']
    assert [axes.get_title(loc='left') for axes in figure[0].axes] == ['c', 'a', 'b']


def test_only_annotated_and_predicted_videos_are_chosen():
    records = [video('empty'), video('unseen', 'jump'), video('a', 'jump')]
    assert [r.name for r in choose_videos(records, [detections('empty', 'a')], 9)] == ['a']


def test_nothing_to_show_is_an_error():
    with pytest.raises(ValueError, match='1 videos of the annotations, 1 predicted'):
        choose_videos([video('a', 'jump')], [detections('b')], 3)
    with pytest.raises(ValueError, match='0 videos; expected at least 1'):
        choose_videos([video('a', 'jump')], [detections('a')], 0)


@pytest.mark.parametrize('top_k', [0, -1, 2.5])
def test_a_number_of_predictions_that_is_none_is_refused(tmp_path, top_k):
    with pytest.raises(ValueError, match=f'got top_k={top_k}; expected a whole number, 1 or more'):
        plot_timelines([video('a', 'jump')], {'one': detections('a')}, tmp_path / 'p.png',
                       classes=('jump',), top_k=top_k)
