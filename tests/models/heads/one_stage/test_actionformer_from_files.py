"""From files of features and annotated seconds to losses, and to detections, as the authors'."""
from __future__ import annotations

import zlib

import numpy as np
import pytest
import torch
from actionformer_settings import settings
from mmaction.registry import MODELS
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

import mmlofi  # noqa: F401  (registers)

CASES = ['thumos_small', 'anet_small', 'ego4d_small', 'variant_fpn']
pytestmark = pytest.mark.sums


@pytest.fixture(params=CASES)
def case(request, one_stage_case):
    init_default_scope('mmaction')
    return one_stage_case('actionformer', request.param)


def localizer(case):
    test = case.config['test_cfg']
    voting = {} if test['multiclass_nms'] else dict(
        voting_thresh=test['voting_thresh'], voting_weight='score_iou')
    model = MODELS.build(dict(
        type='EndToEndLocalizer', head=dict(settings(case.config), type='ActionFormerHead'),
        nms=dict(sigma=test['nms_sigma'], top_k=test['max_seg_num'], min_score=test['min_score'],
                 by_class=test['multiclass_nms'], **voting)))
    case.fill(model.head)
    return model.eval()


def packed(case, folder, video, *, training):
    """A sample of a file, through the transforms of our configs."""
    data, facts = case.config['dataset'], case.facts['videos'][video]
    resized = data['force_upsampling']
    load = dict(type='LoadSnippetFeatures', layout='LC', feature_stride=data['feat_stride'],
                feature_len=data['num_frames'],
                num_snippets=data['max_seq_len'] if resized else None)
    clean = [dict(type='CleanSegments')] if resized and training else []
    pad = [dict(type='PadFeatures', max_seq_len=data['max_seq_len'])] if training else []
    file = folder / f'{video}.npy'
    rows = np.random.default_rng(crc(case, video)).standard_normal(
        (facts['snippets'], int(np.sum(data['input_dim']))))
    np.save(file, rows.astype(np.float32))
    actions = facts['annotations']
    return Compose([load, *clean, *pad, dict(type='PackTALInputs', clip=not training)])(dict(
        filename=str(file), video_name=video, duration_sec=facts['duration'], fps=facts['fps'],
        annotated_duration_sec=facts['duration'], test_mode=not training,
        segments_sec=np.array([one[:2] for one in actions], np.float64).reshape(-1, 2),
        gt_labels=np.array([one[2] for one in actions], np.int64)))


def crc(case, video):
    return zlib.crc32(f'{case.facts["seed"]}:features:{video}'.encode())


def test_losses_of_a_padded_batch_are_theirs(case, tmp_path, certain):
    step = case.facts['loss']['steps'][0]
    samples = [packed(case, tmp_path, video, training=True)
               for video in case.facts['loss']['videos']]
    model = localizer(case)
    certain(model.head)
    with torch.no_grad():
        losses = model(torch.stack([one['inputs'] for one in samples]),
                       [one['data_samples'] for one in samples], mode='loss')
    found = sum(float(value) for value in losses.values())
    assert found == pytest.approx(step['final_loss'], abs=2e-5)
    assert model.head.criterion.normalizer == pytest.approx(step['loss_normalizer'])


def test_detections_in_seconds_are_theirs(case, tmp_path):
    model = localizer(case)
    for video in case.facts['eval']:
        sample = packed(case, tmp_path, video, training=False)
        (found,) = model(sample['inputs'][None], [sample['data_samples']], mode='predict')
        found = found.pred_instances
        expected = {part: torch.from_numpy(case.values[f'{video}_after_{part}'])
                    for part in ('segments_sec', 'scores', 'labels')}
        assert len(found.scores) == len(expected['scores'])
        torch.testing.assert_close(found.scores, expected['scores'], rtol=0, atol=1e-5)
        torch.testing.assert_close(found.segments_sec, expected['segments_sec'].to(
            found.segments_sec), rtol=0, atol=1e-3)
        assert torch.equal(found.labels, expected['labels'])
