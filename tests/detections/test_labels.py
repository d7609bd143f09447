"""Which classes proposals are given, by the head, for the segment or for the video."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mmlofi.detections.labels import check_labelling, fuse
from mmlofi.detections.postprocess import check_nms, postprocess, suppress
from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.soft_nms import soft_nms

NMS = dict(sigma=0.5, top_k=4)


def proposals(count=30, **more):
    rng = np.random.default_rng(0)
    return RawProposals('v', 60.0, (0.0, 1.0), np.sort(rng.random((count, 2), np.float32), 1),
                        rng.random(count, np.float32), **dict(class_scores=None) | more)


def labelled(count=30, **more):
    return proposals(count, labels=np.arange(count) % 3, **more)


def picked(video, which, **options):
    """What soft-NMS leaves of some proposals alone."""
    segments, scores = soft_nms(video.segments[which], video.scores[which], **NMS | options)
    return segments, scores


def test_by_class_each_label_is_picked_as_if_it_were_alone_and_the_best_are_kept():
    video = labelled()
    (found,) = suppress([video], dict(NMS, top_k=8))
    alone = [picked(video, video.labels == one, top_k=8) for one in range(3)]
    scores = np.sort(np.concatenate([scores for _, scores in alone]))[::-1]
    assert np.array_equal(found.scores, scores[:8])
    for one, (segments, _) in enumerate(alone):
        mine = found.labels == one
        assert np.array_equal(found.segments[mine], segments[:mine.sum()])


def test_across_classes_labels_follow_their_segments():
    video = labelled()
    (found,) = suppress([video], dict(NMS, by_class=False))
    segments, scores = picked(video, slice(None))
    assert np.array_equal(found.segments, segments)
    assert np.array_equal(found.scores, scores)
    for segment, one in zip(found.segments, found.labels):
        assert video.labels[(video.segments == segment).all(1)] == one


def test_without_labels_by_class_is_nothing():
    (one,), (other,) = (suppress([proposals()], dict(NMS, by_class=by)) for by in (True, False))
    assert np.array_equal(one.segments, other.segments)
    assert one.labels is None


def test_videos_of_no_proposal_stay_empty():
    (found,) = postprocess([labelled(0)], nms=NMS, top_classes=2)
    assert [tuple(part.shape) for part in found] == [(0, 2), (0,), (0,)]


def test_a_head_s_labels_are_given_out_as_they_are():
    video = labelled()
    ((segments_sec, scores, labels),) = postprocess([video], nms=NMS, top_classes=1)
    (found,) = suppress([video], NMS)
    np.testing.assert_allclose(segments_sec, 60 * found.segments)
    assert np.array_equal(scores, found.scores)
    assert np.array_equal(labels, found.labels)


def test_a_head_s_labels_meet_the_video_s_and_others_are_left_out():
    class_scores = np.array([0.1, 0.9, 0.5])
    video = labelled(class_scores=class_scores)
    (found,) = suppress([video], NMS)
    ((segments_sec, scores, labels),) = postprocess([video], nms=NMS, top_classes=2,
                                                    fusion='sqrt')
    kept = found.labels != 0
    assert 0 < kept.sum() < len(kept)
    assert np.array_equal(labels, found.labels[kept])
    np.testing.assert_allclose(scores, np.sqrt(found.scores[kept] * class_scores[labels]))


def test_each_proposal_competes_once_for_each_of_its_own_best_classes():
    # Two actions of different classes at nearly one time: both stay what they are.
    video = RawProposals('v', 10.0, (0.0, 1.0), np.array([[0.2, 0.6], [0.2, 0.59]]),
                         np.array([0.9, 0.8]), np.array([[0.9, 0.1], [0.1, 0.9]]))
    ((_, scores, labels),) = postprocess([video], nms=dict(NMS, top_k=2), top_classes=2)
    assert labels.tolist() == [0, 1]
    assert scores.tolist() == pytest.approx([0.81, 0.72])
    ((_, scores, labels),) = postprocess([video], nms=dict(NMS, top_k=2, by_class=False),
                                         top_classes=1)
    assert labels.tolist() == [0, 1]
    assert scores[1] < 0.2   # decayed by the other


def test_fusions_by_hand():
    scores, classes = np.array([[0.5], [0.2]]), np.array([0.5, 0.8])
    assert fuse(scores, classes, 'product').tolist() == pytest.approx(
        np.array([[0.25, 0.4], [0.1, 0.16]]))
    np.testing.assert_allclose(fuse(scores, classes, 'sqrt')**2, fuse(scores, classes, 'product'))
    assert fuse(scores, classes, 'none').tolist() == [[0.5, 0.5], [scores[1, 0].item()] * 2]


def test_segments_over_the_edge_of_the_video_end_with_it():
    video = replace(labelled(2), segments=np.array([[-0.1, 0.5], [0.5, 1.2]]))
    ((segments_sec, *_),) = postprocess([video], nms=NMS, top_classes=1)
    assert np.sort(segments_sec, 0).tolist() == [[0, 30], [30, 60]]


@pytest.mark.parametrize('labels', [np.zeros(29, int), np.zeros(30), np.full(30, -1),
                                    np.zeros(30, bool)])
def test_labels_that_are_none_are_refused_with_their_video(labels):
    with pytest.raises(ValueError, match="labels .* of 30 proposals of video 'v'; expected"):
        suppress([proposals(labels=labels)], NMS)


def test_class_scores_of_other_proposals_are_refused_with_their_video():
    with pytest.raises(ValueError, match=r"class scores \(3, 5\) of 30 proposals of video 'v'"):
        suppress([proposals(class_scores=np.ones((3, 5)))], NMS)


@pytest.mark.parametrize(('check', 'message'), [
    (lambda: check_nms(sigma=1.0, top_k=1, by_class='yes'), "by_class='yes'; expected True"),
    (lambda: check_nms(sigma=1.0, top_k=1, voting_weight='iou'), "voting_weight='iou'; expected"),
    (lambda: check_labelling('X', top_classes=0, fusion='product'), 'X got top_classes=0'),
    (lambda: check_labelling('X', top_classes=1, fusion='sum'), "X got fusion='sum'; expected")])
def test_wrong_options_are_named(check, message):
    with pytest.raises(ValueError, match=message):
        check()
