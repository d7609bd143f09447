"""One colour a class, in whatever picture it is."""
from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex, to_rgb

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.report.timeline import Truth, draw_timeline
from mmlofi.visualization.colours import OTHER, class_colours, palette
from mmlofi.visualization.timeline import plot_timelines
from mmlofi.visualization.video_timeline import draw_video_timeline

CLASSES = tuple(f'class {place:02d}' for place in range(20))


def test_the_colours_of_classes_do_not_depend_on_their_order():
    shuffled = random.Random(0).sample([*CLASSES, *CLASSES], 40)
    assert class_colours(shuffled) == class_colours(CLASSES)


def test_the_first_colours_are_the_same_however_many_there_are():
    assert palette(200)[:20] == palette(20)
    assert palette(20)[:3] == palette(3)
    assert palette(0) == ()


def test_many_classes_have_different_colours_which_are_none_of_the_page_or_of_others():
    colours = palette(200)
    assert len(set(colours)) == 200
    rgb = np.array([to_rgb(one) for one in palette(20)])
    apart = np.linalg.norm(rgb[:, None] - rgb, axis=2) + np.eye(20)
    assert apart.min() > 0.15
    for other in ('white', 'black', OTHER):
        assert np.linalg.norm(rgb - to_rgb(other), axis=1).min() > 0.2
    assert len(palette(5000)) == 5000


def of_label(label):
    """A video whose one action is found, and a record of it."""
    found = Detections.from_videos([('v', np.array([[1.0, 4]]), np.ones(1), np.zeros(1, int))],
                                   (label,))
    return found, VideoRecord('v', 'validation', 10.0, ((1.0, 4.0),), (label,))


def drawn(axes):
    """The colours of the segments, where they are not hatched."""
    return {to_hex(colour[:3]) for collection in axes.collections
            for colour in collection.get_facecolor()}


@pytest.mark.parametrize('label', [CLASSES[3], CLASSES[17]])
def test_a_class_has_its_colour_in_every_kind_of_picture_whatever_else_is_in_it(
        label, monkeypatch):
    expected = class_colours(CLASSES)[label].lower()
    found, record = of_label(label)
    other = replace(of_label(CLASSES[5])[1], name='w')
    figures = [draw_video_timeline('v', found, duration_sec=10.0, classes=CLASSES[::-1],
                                   record=record)]
    monkeypatch.setattr('mmlofi.visualization.timeline.save_figure',
                        lambda figure, path: figures.append(figure))
    for records in ([record], [other, record], [record, other]):
        plot_timelines(records, found, 'p.png', classes=CLASSES, num_videos=None)
    for figure in figures:
        assert expected in set().union(*map(drawn, figure.axes))
    line = draw_timeline(record, [Truth(1, 4, label, 'found')], dict(A=found), {}, top_k=1,
                         colours=class_colours(CLASSES))
    assert {bar.colour.lower() for row in line.rows for bar in row.bars} == {expected}
