"""ActionFormer beside its authors' program, on the reference data."""
from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
import torch
from actionformer_settings import settings
from mmaction.structures import ActionDataSample

from mmlofi.models import ActionFormerHead, EndToEndLocalizer
from mmlofi.models.heads.lengths import valid_mask

CASES = [(name, 1e-5) for name in ('thumos_small', 'anet_small', 'ego4d_small', 'variant_fpn')] + [
    pytest.param('thumos_real', 3e-5, marks=pytest.mark.slow)]
each_case = pytest.mark.parametrize(('name', 'tolerance'), CASES)
pytestmark = pytest.mark.sums


@pytest.fixture
def made(one_stage_case):
    """A case and the head of its configuration, with its weights."""
    def make(name):
        case = one_stage_case('actionformer', name)
        return case, case.fill(ActionFormerHead(**settings(case.config)))
    return make


def near(found, expected, tolerance):
    return torch.allclose(found, torch.as_tensor(expected, dtype=found.dtype), rtol=0,
                          atol=tolerance)


@each_case
@torch.no_grad()
def test_outputs_masks_and_points_are_theirs(name, tolerance, made):
    case, head = made(name)
    for video, facts in case.facts['eval'].items():
        outputs = head(case.features(video))
        stored = case.values.get(f'{video}_index', slice(None))
        assert near(outputs.logits[0][stored], case.values[f'{video}_logits'], tolerance)
        assert near(outputs.offsets[0][stored], case.values[f'{video}_offsets'], tolerance)
        counts = outputs.points.counts
        assert list(counts) == facts['level_lengths']
        assert [int(mask.sum()) for mask in outputs.mask[0].split(counts)] == facts['valid']
        for level, points in zip(case.facts['points'], zip(*(
                values.split(counts) for values in (
                    outputs.points.position, outputs.points.stride, outputs.points.nearest,
                    outputs.points.farthest)))):
            position, *constants = points
            assert position[:2].tolist() == [level['first'], level['second']]
            assert [one.unique().tolist() for one in constants] == [
                [level['stride']], *([bound] for bound in level['range'])]


@each_case
def test_candidates_are_theirs(name, tolerance, made):
    case, head = made(name)
    for video, facts in case.facts['eval'].items():
        features = case.features(video)
        found = head.predict(features)[0]
        assert len(found.scores) == facts['num_candidates']
        if f'{video}_before_scores' not in case.values:
            continue
        expected = {part: torch.as_tensor(case.values[f'{video}_before_{part}'])
                    for part in ('segments', 'scores', 'labels')}
        assert near(found.scores, expected['scores'], 1e-6)
        assert near(found.segments * features.size(2) - 0.5, expected['segments'], 1e-4)
        labels = found.get('labels', torch.zeros(len(found.scores)))
        assert torch.equal(labels.long(), expected['labels'].long())


@each_case
def test_a_models_detections_in_seconds_are_theirs(name, tolerance, made):
    case, head = made(name)
    test, model = case.config['test_cfg'], localizer_of(case)
    model.head.load_state_dict(head.state_dict())
    for video, facts in case.facts['eval'].items():
        # The window that the snippets cover: their frames, less what they overlap.
        margin = (facts['feat_num_frames'] - facts['feat_stride']) / 2
        frames = margin, margin + facts['feat_stride'] * facts['snippets_in']
        sample = ActionDataSample(metainfo=dict(
            video_name=video, duration_sec=facts['duration'],
            window_norm=tuple(frame / facts['fps'] / facts['duration'] for frame in frames)))
        found = model(case.features(video), [sample], mode='predict')[0].pred_instances
        expected = [torch.as_tensor(case.values[f'{video}_after_{part}'])
                    for part in ('segments_sec', 'scores', 'labels')]
        assert len(found.scores) == facts['num_after'] == test['max_seg_num']
        assert near(found.scores, expected[1], 3e-6)
        # Of near-equal scores some change places.
        clipped = found.segments_sec.clamp(0, facts['duration'])
        same = ((clipped[:, None] - expected[0]).abs().amax(-1) < 1e-3) \
            & ((found.scores[:, None] - expected[1]).abs() < 3e-6) \
            & (found.labels[:, None] == expected[2])
        assert same.any(0).all()
        assert same.any(1).all()


def localizer_of(case):
    """With the case's head and post-processing; class scores of a video come later."""
    test = case.config['test_cfg']
    nms = dict(by_class=test['multiclass_nms'], sigma=test['nms_sigma'],
               top_k=test['max_seg_num'], min_score=test['min_score'])
    if not test['multiclass_nms']:
        nms |= dict(voting_thresh=test['voting_thresh'], voting_weight='score_iou')
    return EndToEndLocalizer(head=dict(type='ActionFormerHead', **settings(case.config)),
                             nms=nms).eval()


@each_case
def test_outputs_and_targets_of_a_training_batch_are_theirs(name, tolerance, made, certain):
    case, head = made(name)
    features, samples = case.batch(case.facts['loss']['videos'])
    with torch.no_grad():
        outputs = certain(head)(features, valid_mask(samples, features.size(2)))
    if 'train_logits' in case.values:
        assert near(outputs.logits, case.values['train_logits'], tolerance)
        assert near(outputs.offsets, case.values['train_offsets'], tolerance)
    assert int(outputs.mask.sum()) == case.facts['loss']['num_valid']
    targets = head.targets(outputs, samples, features.size(2))
    where = targets.positive
    assert torch.equal(where.nonzero(),
                       torch.as_tensor(case.values['target_positive_index']).long())
    assert torch.equal(targets.classes[where],
                       torch.as_tensor(case.values['target_cls']).float())
    assert near(targets.offsets[where], case.values['target_reg'], 2e-5)
    counts = [int(level.sum()) for level in where.split(outputs.points.counts, dim=1)]
    assert counts == case.facts['loss']['positives_per_level']


@each_case
def test_losses_and_their_normalizer_are_theirs_over_several_calls(name, tolerance, made, certain):
    case, head = made(name)
    batch = case.batch(case.facts['loss']['videos'])
    certain(head)
    for step in case.facts['loss']['steps']:
        with torch.no_grad():
            losses = head.loss(*batch)
        check_losses(head, losses, step, case.loss_weight())


@pytest.mark.parametrize('name', [case[0] for case in CASES[:4]])
def test_losses_without_actions_are_theirs(name, made, certain):
    case, head = made(name)
    step = case.facts['loss_without_actions']
    losses = certain(head).loss(*case.batch([step['video']], actions=False))
    sum(losses.values()).backward()
    check_losses(head, {key: value.detach() for key, value in losses.items()}, step,
                 case.loss_weight())
    assert all(torch.isfinite(one.grad).all() for one in head.parameters())


def check_losses(head, losses, expected, weight):
    relative = pytest.approx
    assert float(losses['loss_cls']) == relative(expected['cls_loss'], rel=2e-6, abs=1e-6)
    if weight > 0:
        assert float(losses['loss_reg']) / weight == relative(expected['reg_loss'], rel=2e-6,
                                                              abs=1e-6)
    assert float(sum(losses.values())) == relative(expected['final_loss'], rel=2e-6, abs=1e-6)
    assert head.criterion.normalizer == relative(expected['loss_normalizer'], rel=1e-12)


@each_case
def test_gradients_in_double_precision_have_their_norms(name, tolerance, made, certain):
    case, head = made(name)
    losses = certain(head).double().loss(*case.batch(case.facts['loss']['videos'], torch.double))
    sum(losses.values()).backward()
    found = {name: float(one.grad.norm()) for name, one in head.named_parameters()}
    # The real case's norms were summed in single precision, over up to 3 million values.
    rel = 2e-4 if name == 'thumos_real' else 0
    assert found == {key: pytest.approx(value, abs=2e-6, rel=rel)
                     for key, value in case.facts['grad_norm'].items()}


def test_every_published_configuration_has_the_published_state(reference_data):
    path = Path(reference_data, 'reference/one_stage/actionformer/official_configs.json.gz')
    with gzip.open(path) as file:
        published = json.load(file)
    assert len(published) == 11
    for name, facts in published.items():
        with torch.device('meta'):
            head = ActionFormerHead(**settings(facts['config']))
        shapes = {key: list(value.shape) for key, value in head.state_dict().items()}
        assert shapes == facts['state_dict'], name
        assert sum(one.numel() for one in head.parameters()) == facts['num_parameters'], name
        assert head.lengths.divisor == facts['max_div_factor'], name
