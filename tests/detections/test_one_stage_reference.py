"""From candidates to detections, as the programs of ActionFormer and TriDet give them."""
from __future__ import annotations

import json

import numpy as np
import pytest

from mmlofi.detections.labels import label
from mmlofi.detections.postprocess import suppress
from mmlofi.detections.proposals import RawProposals

CASES = [f'{method}/{case}' for method, cases in dict(
    actionformer=('thumos_small', 'anet_small', 'ego4d_small', 'variant_fpn'),
    tridet=('thumos_small', 'anet_small', 'hacs_small', 'variant_plain')).items() for case in cases]
WEIGHT = dict(actionformer='score_iou', tridet='score')


@pytest.fixture(params=CASES)
def case(request, reference_data):
    method = request.param.partition('/')[0]
    path = reference_data / 'reference' / 'one_stage' / request.param
    return method, json.loads(path.with_suffix('.json').read_text()), np.load(
        path.with_suffix('.npz'))


def candidates(info, arrays, name, class_scores=None):
    """Segments stay in grid units, whose unit is a share of the video here."""
    video = info['eval'][name]
    first = 0.5 * video['feat_num_frames'] / video['fps'] / video['duration']
    stride = video['feat_stride'] / video['fps'] / video['duration']
    segments, scores, labels = (arrays[f'{name}_before_{part}']
                                for part in ('segments', 'scores', 'labels'))
    return RawProposals(name, video['duration'], (first, first + stride), segments, scores,
                        class_scores, labels=labels)


def options(method, variant):
    """Of `suppress`, for what the programs call it."""
    soft = variant['use_soft_nms']
    votes = not variant['multiclass'] and variant['voting_thresh'] > 0
    return dict(by_class=variant['multiclass'], top_k=variant['max_seg_num'],
                min_score=variant['min_score'], voting_weight=WEIGHT[method],
                voting_thresh=variant['voting_thresh'] if votes else None,
                **(dict(sigma=variant['sigma']) if soft else
                   dict(method='hard', iou_threshold=variant['iou_threshold'])))


def test_every_form_of_nms_gives_what_the_programs_give(case):
    method, info, arrays = case
    for name, video in info['eval'].items():
        for form, variant in video['nms_variants'].items():
            (found,) = suppress([candidates(info, arrays, name)], options(method, variant))
            expected = [arrays[f'{name}_{form}_{part}']
                        for part in ('segments', 'scores', 'labels')]
            np.testing.assert_allclose(found.scores, expected[1], rtol=0, atol=1e-6, err_msg=form)
            # Votes are sums of hundreds in single precision, in the order of the processor.
            np.testing.assert_allclose(found.segments, expected[0], rtol=1e-6, atol=1e-4,
                                       err_msg=form)
            assert np.array_equal(found.labels, expected[2]), form


def test_detections_in_seconds_and_fused_with_a_videos_class_scores(case):
    method, info, arrays = case
    test = info['config']['test_cfg']
    assert test['nms_method'] == 'soft'
    nms = options(method, dict(use_soft_nms=True, sigma=test['nms_sigma'],
                               multiclass=test['multiclass_nms'],
                               **{key: test[key] for key in ('max_seg_num', 'min_score',
                                                             'voting_thresh')}))
    for name in info['eval']:
        (found,) = suppress([candidates(info, arrays, name)], nms)
        compare(label(found, 2), arrays, f'{name}_after')
        if f'{name}_class_scores' not in arrays:
            continue
        agnostic = RawProposals(**{**vars(found), 'labels': None, 'class_scores': arrays[
            f'{name}_class_scores']})
        compare(label(agnostic, 2, 'sqrt'), arrays, f'{name}_fused')


def compare(found, arrays, name):
    segments, scores, labels = found
    expected = [arrays[f'{name}_{part}']
                for part in ('segments_sec', 'scores', 'labels')]
    # The programs repeat each segment for its classes one after the other.
    order, theirs = (np.lexsort((one[2], -one[1].astype(float).round(6)))
                     for one in ((segments, scores, labels), expected))
    np.testing.assert_allclose(scores[order], expected[1][theirs], rtol=0, atol=1e-6)
    np.testing.assert_allclose(segments[order], expected[0][theirs], rtol=0, atol=1e-4)
    assert np.array_equal(labels[order], expected[2][theirs])
