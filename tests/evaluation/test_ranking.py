"""Which videos are detected best and worst."""
from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np

from mmlofi.datasets.annotations import VideoRecord
from mmlofi.detections.predictions import Detections
from mmlofi.evaluation.ranking import rank_videos


def record(name, *labels):
    return VideoRecord(name, 'validation', 100.0,
                       tuple((20.0 * i, 20.0 * i + 10) for i in range(len(labels))), labels)


def found(name, label, *segments):
    return (name, np.reshape(segments, (-1, 2)).astype(float), np.full(len(segments), 0.5),
            np.full(len(segments), label))


def test_videos_are_ordered_by_the_map_of_each_alone():
    truth = [record('half', 'a', 'a'), record('wrong', 'a'), record('right', 'a'),
             record('empty'), record('unseen', 'a'), record('again', 'a')]
    detections = Detections.from_videos([
        found('half', 0, (0, 10)), found('wrong', 1, (0, 10)), found('right', 0, (0, 10)),
        found('empty', 0, (0, 10)), found('unseen', 0), found('again', 0, (0, 6.2))], ('a', 'b'))
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        ranked = rank_videos(truth, detections)
    assert [one.name for _, one in ranked] == ['right', 'half', 'again', 'wrong']
    # An overlap of 0.62 is right at 0.5, 0.55 and 0.6 of the ten thresholds.
    np.testing.assert_allclose([score for score, _ in ranked], [1, 0.5, 0.3, 0])


def test_the_detections_of_one_video_are_those_it_had():
    detections = Detections.from_videos([found('x', 0, (0, 1)), found('y', 1, (1, 2), (3, 4))],
                                        ('a', 'b'))
    one = detections.of_video('y')
    assert one.to_results() == dict(y=detections.to_results()['y'])
    assert len(detections.of_video('x')) == 1


def test_what_lies_in_segments_to_ignore_lowers_no_rank():
    truth = [replace(record('v', 'a'), ignored_sec=((50.0, 60.0),)), record('w', 'a')]
    detections = Detections.from_videos([
        found(name, 0, (55, 70), (0, 10)) for name in 'vw'], ('a',))
    ranked = rank_videos(truth, detections)
    assert [(score, one.name) for score, one in ranked] == [(1, 'v'), (0.5, 'w')]
