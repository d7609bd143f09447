"""The picture of one video in time."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.curves import Curves
from mmlofi.detections.predictions import Detections
from mmlofi.visualization.video_timeline import draw_video_timeline, figure_to_image, thumbnails

CLASSES = ('jump', 'run')
RECORD = VideoRecord('v', 'validation', 40.0, ((5.0, 15.0), (10.0, 30.0)), ('jump', 'run'))
FOUND = Detections.from_videos(
    [('v', np.array([[4, 14], [12, 28], [0, 40]]), np.array([0.8, 0.4, 0.2]), np.array([0, 1, 0]))],
    ('jump', 'run'))


def bars(axes):
    """(left, right, red to blue and opacity) of the segments."""
    return [(path.vertices[:, 0].min(), path.vertices[:, 0].max(), tuple(colour))
            for collection in axes.collections
            for path, colour in zip(collection.get_paths(), collection.get_facecolor())]


def test_truth_is_above_predictions_in_the_colours_of_their_classes():
    figure = draw_video_timeline('v', FOUND, duration_sec=40.0, classes=CLASSES, record=RECORD)
    truth, predicted = figure.axes
    assert truth.get_position().y0 > predicted.get_position().y1
    (jump, run), found = bars(truth), bars(predicted)
    assert [bar[:2] for bar in (jump, run)] == [(5, 15), (10, 30)]
    assert [bar[:2] for bar in found] == [(4, 14), (12, 28), (0, 40)]
    assert [bar[2][:3] for bar in found] == [jump[2][:3], run[2][:3], jump[2][:3]]
    assert found[0][2][3] > found[1][2][3] > found[2][2][3]     # by score


def test_curves_stand_at_the_middles_of_the_snippets_of_the_window():
    figure = draw_video_timeline(
        'v', FOUND, duration_sec=40.0, classes=CLASSES,
        curves=Curves(np.array([0.1, 0.9]), np.zeros(2), (0.5, 1.0)))
    start, end = figure.axes[-1].get_lines()
    assert start.get_xdata().tolist() == [25, 35]
    assert start.get_ydata().tolist() == [0.1, 0.9]
    assert end.get_label() == 'end'


def test_every_row_has_the_same_time_axis(numbered_video):
    figure = draw_video_timeline('v', FOUND, duration_sec=10.0, classes=CLASSES,
                                 filename=str(numbered_video), record=RECORD,
                                 curves=Curves(np.zeros(4), np.zeros(4), (0.0, 1.0)))
    assert len(figure.axes) == 4
    assert {axes.get_xlim() for axes in figure.axes} == {(0, 10)}
    assert len({(axes.get_position().x0, axes.get_position().x1) for axes in figure.axes}) == 1


def test_thumbnails_are_the_frames_at_the_middles_of_equal_parts(numbered_video, read_numbers):
    frames = thumbnails(str(numbered_video), 5)
    assert read_numbers(frames) == [10, 30, 50, 70, 90]
    assert len(thumbnails(str(numbered_video), 200)) == 200


def test_a_video_in_which_nothing_was_found_is_drawn():
    nothing = Detections.from_videos([('v', np.zeros((0, 2)), np.zeros(0), np.zeros(0, int))], ())
    image = figure_to_image(draw_video_timeline('v', nothing, duration_sec=10.0, classes=CLASSES))
    assert image.dtype == np.uint8
    assert image.shape[2] == 3


def test_a_video_that_cannot_be_decoded_is_named(tmp_path):
    (tmp_path / 'text.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r'text\.mp4.*cannot be decoded'):
        draw_video_timeline('v', FOUND, duration_sec=10.0, classes=CLASSES,
                            filename=str(tmp_path / 'text.mp4'))


def test_the_name_of_a_set_is_inside_the_picture():
    figure = draw_video_timeline(
        'v', {'a set of detections with a long name': FOUND, 'B': FOUND}, duration_sec=40.0,
        classes=CLASSES)
    figure_to_image(figure)
    boxes = [label.get_window_extent() for axes in figure.axes for label in axes.get_yticklabels()]
    assert len(boxes) == 2
    assert min(box.x0 for box in boxes) > 0


def test_of_many_classes_the_true_and_the_best_have_colours_and_the_others_are_told():
    classes = tuple('abcdefghijkl')
    found = Detections.from_videos([('v', np.array([[4.0, 14.0]] * 12), np.arange(1, 13) / 12,
                                     np.arange(12))], classes)
    record = VideoRecord('v', 'validation', 40.0, ((5.0, 15.0),), ('a',))
    figure = draw_video_timeline('v', found, duration_sec=40.0, classes=classes, record=record)
    told = [text.get_text() for text in figure.legends[0].get_texts()]
    assert told == ['a', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'other class']
    colours = {bar[2][:3] for bar in bars(figure.axes[1])}
    assert len(colours) == 9     # eight and grey


def test_an_action_of_no_time_can_be_seen():
    record = VideoRecord('v', 'validation', 4000.0, ((5.0, 5.1),), ('jump',))
    figure = draw_video_timeline('v', FOUND, duration_sec=4000.0, classes=CLASSES, record=record)
    ((left, right, _),) = bars(figure.axes[0])
    assert (left, right) == (5, 15)


def test_what_is_ignored_is_hatched_beside_the_truth_and_told():
    record = replace(RECORD, ignored_sec=((30.0, 40.0),))
    figure = draw_video_timeline('v', FOUND, duration_sec=40.0, classes=CLASSES, record=record)
    hatched = [(path.vertices[:, 0].min(), path.vertices[:, 0].max())
               for collection in figure.axes[0].collections if collection.get_hatch()
               for path in collection.get_paths()]
    assert hatched == [(30, 40)]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ['jump', 'run', 'ignored']
    assert not any(collection.get_hatch() for collection in figure.axes[1].collections)
    figure_to_image(figure)
