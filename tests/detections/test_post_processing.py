"""From a head's proposals to detections."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmlofi.detections.postprocess import postprocess, suppress
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.soft_nms import soft_nms


def proposals(count=30, class_scores=(0.1, 0.7, 0.4)):
    rng = np.random.default_rng(0)
    return RawProposals('v', 60.0, (0.5, 0.75), np.sort(rng.random((count, 2), np.float32), 1),
                        rng.random(count, np.float32),
                        None if class_scores is None else np.array(class_scores, np.float32),
                        start=rng.random(4), end=rng.random(4))


def test_each_pick_is_given_once_for_each_of_the_best_classes_in_seconds_of_the_video():
    video = proposals()
    (found,) = postprocess([video], nms=dict(sigma=0.5, top_k=4), top_classes=2)
    segments_sec, scores, labels = found
    picked, decayed = soft_nms(video.segments, video.scores, sigma=0.5, top_k=4)
    np.testing.assert_allclose(segments_sec, np.tile(30 + 15 * picked, (2, 1)), rtol=1e-6)
    np.testing.assert_allclose(scores, np.concatenate([0.7 * decayed, 0.4 * decayed]), rtol=1e-6)
    assert labels.tolist() == [1] * 4 + [2] * 4


def test_without_class_scores_all_labels_are_0():
    (found,) = postprocess([proposals(class_scores=None)], nms=dict(sigma=0.5, top_k=4),
                           top_classes=2)
    assert found[2].tolist() == [0] * 4


@pytest.mark.parametrize('name', ['segments', 'scores', 'class_scores', 'start', 'end'])
@pytest.mark.parametrize('number', [np.nan, np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_video(name, number):
    values = getattr(proposals(), name).copy()
    values.reshape(-1)[1] = number
    good, bad = replace(proposals(), video_name='good'), replace(proposals(), **{name: values})
    with pytest.raises(ValueError, match=rf"gives 1 of {values.size} {name} of video 'v' that "
                                         'are not finite; expected numbers: it has diverged'):
        suppress([good, bad], dict(sigma=0.5, top_k=4))


@pytest.mark.parametrize('changed', [dict(duration_sec=float('nan')), dict(duration_sec=0.0),
                                     dict(window_norm=(0.0, float('inf')))])
def test_a_duration_that_is_none_is_refused_with_its_video(changed):
    with pytest.raises(ValueError, match="video 'v' lasts .* expected seconds above 0"):
        suppress([replace(proposals(), **changed)], dict(sigma=0.5, top_k=4))


def test_scores_below_0_are_refused_with_their_video():
    with pytest.raises(ValueError, match="scores below 0 in video 'v'; expected probabilities"):
        suppress([replace(proposals(), scores=-np.ones(30))], dict(sigma=0.5, top_k=4))
