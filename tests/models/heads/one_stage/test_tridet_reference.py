"""TriDet gives what the authors' program gave, with its weights under its own names."""
from __future__ import annotations

import gzip
import json

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch.testing import assert_close
from tridet_settings import head_of

from mmlofi.detections.postprocess import postprocess
from mmlofi.models.arrays import to_raw

pytestmark = pytest.mark.sums

SMALL = ['thumos_small', 'anet_small', 'hacs_small', 'variant_plain']
REAL = pytest.param('thumos_real', marks=pytest.mark.slow)
OUTPUTS = ('logits', 'offsets', 'start', 'end')


@pytest.fixture
def case(request, one_stage_case):
    return one_stage_case('tridet', request.param)


@pytest.fixture
def trained(case, certain):
    """The head in training, with neither chance nor noise, as the reference has it."""
    head = certain(case.fill(head_of(case.config)))
    head.input_noise = 0.0
    return head


def stored(case, name: str) -> torch.Tensor:
    return torch.from_numpy(case.values[name])


def of_level(case, video: str) -> list[int]:
    return case.facts['eval'][video]['level_lengths']


@pytest.mark.parametrize('case', [*SMALL, REAL], indirect=True)
@torch.no_grad()
def test_each_point_says_what_theirs_says(case):
    head = case.fill(head_of(case.config))
    tolerance = 3e-5 if 'real' in case.facts['case'] else 1e-5
    for video, facts in case.facts['eval'].items():
        outputs = head(case.features(video))
        assert list(outputs.points.counts) == facts['level_lengths']
        assert [int(mask.sum()) for mask in outputs.mask[0].split(facts['level_lengths'])] \
            == facts['valid']
        at = case.values.get(f'{video}_index', slice(None))
        for name in OUTPUTS:
            if f'{video}_{name}' in case.values:
                assert_close(getattr(outputs, name)[0][at], stored(case, f'{video}_{name}'),
                             atol=tolerance, rtol=0)


@pytest.mark.parametrize('case', SMALL, indirect=True)
@torch.no_grad()
def test_distances_are_theirs_for_every_point_and_class(case):
    head = case.fill(head_of(case.config))
    for video in case.facts['eval']:
        outputs, decoded = head(case.features(video)), stored(case, f'{video}_decoded')
        distances = head.distances(outputs)[0]
        if head.num_bins:
            point, label = torch.ones(decoded.shape[:2]).nonzero(as_tuple=True)
            distances = distances(point, label).view_as(decoded)
        assert_close(distances, decoded, atol=1e-5, rtol=0)


@pytest.mark.parametrize('case', [*SMALL, REAL], indirect=True)
def test_points_are_where_theirs_are_and_find_as_long_actions(case):
    head = head_of(case.config)
    points = head(torch.zeros(1, head.in_channels, 8)).points
    columns = zip(*(column.split(points.counts) for column in (
        points.position, points.stride, points.nearest, points.farthest)))
    for level, facts in zip(columns, case.facts['points'], strict=True):
        position, *rest = (column.tolist() for column in level)
        assert position[:2] == [facts['first'], facts['second']]
        assert [column[0] for column in rest] == [facts['stride'], *facts['range']]


@pytest.mark.parametrize('case', [*SMALL, REAL], indirect=True)
def test_targets_are_theirs(case, trained):
    features, samples = case.batch(case.facts['loss']['videos'])
    outputs = trained(features, valid(samples, features))
    targets = trained.targets(outputs, samples, features.size(2))
    positive = targets.positive.nonzero()
    assert positive.tolist() == case.values['target_positive_index'].tolist()
    assert_close(targets.classes[targets.positive], stored(case, 'target_cls'), check_dtype=False)
    assert_close(targets.offsets[targets.positive], stored(case, 'target_reg'), atol=1e-5, rtol=0)


@pytest.mark.parametrize('case', SMALL, indirect=True)
@torch.no_grad()
def test_a_training_batch_gives_what_theirs_gives(case, trained):
    features, samples = case.batch(case.facts['loss']['videos'])
    outputs = trained(features, valid(samples, features))
    assert int(outputs.mask.sum()) == case.facts['loss']['num_valid']
    for name in OUTPUTS:
        if f'train_{name}' in case.values:
            assert_close(getattr(outputs, name), stored(case, f'train_{name}'), atol=1e-5, rtol=0)


@pytest.mark.parametrize('case', [*SMALL, REAL], indirect=True)
@torch.no_grad()
def test_losses_of_one_call_after_another_are_theirs(case, trained):
    features, samples = case.batch(case.facts['loss']['videos'])
    for step in case.facts['loss']['steps']:
        check_losses(trained, trained.loss(features, samples), step)


@pytest.mark.parametrize('case', SMALL, indirect=True)
@torch.no_grad()
def test_losses_without_an_action_are_theirs(case, trained):
    facts = case.facts['loss_without_actions']
    features, samples = case.batch([facts['video']], actions=False)
    check_losses(trained, trained.loss(features, samples), facts)


@pytest.mark.parametrize('case', [*SMALL, REAL], indirect=True)
def test_gradients_in_double_precision_are_as_long_as_theirs(case, trained):
    features, samples = case.batch(case.facts['loss']['videos'], torch.float64)
    sum(trained.double().loss(features, samples).values()).backward()
    norms = {name: 0.0 if one.grad is None else one.grad.norm().item()
             for name, one in trained.named_parameters()}
    # At the real size theirs are of single precision, where a ReLU may flip.
    bound = dict(rel=2e-3) if 'real' in case.facts['case'] else dict(abs=2e-6, rel=0)
    assert norms == pytest.approx(case.facts['grad_norm'], **bound)


@pytest.mark.parametrize('case', SMALL, indirect=True)
def test_candidates_are_theirs(case):
    head = case.fill(head_of(case.config))
    for video in case.facts['eval']:
        features = case.features(video)
        found, = head.predict(features)
        segments = found.segments * features.size(2) - 0.5
        coarsest = case.facts['points'][-1]['stride']     # of which the distances are within 1e-5
        assert_close(segments, stored(case, f'{video}_before_segments'), atol=1e-5 * coarsest,
                     rtol=0)
        assert_close(found.scores, stored(case, f'{video}_before_scores'), atol=3e-6, rtol=0)
        labels = found.labels if head.gives_labels else torch.zeros(len(segments))
        assert labels.tolist() == case.values[f'{video}_before_labels'].tolist()


@pytest.mark.slow
@pytest.mark.parametrize('case', ['thumos_real'], indirect=True)
def test_detections_of_a_real_size_are_theirs(case):
    """By score and segment: of near-equal scores some change places."""
    facts, test = case.facts['eval']['va0'], case.config['test_cfg']
    found, = case.fill(head_of(case.config)).predict(case.features('va0'))
    assert len(found.scores) == facts['num_candidates']
    margin = (facts['feat_num_frames'] - facts['feat_stride']) / 2
    window = [frame / facts['fps'] / facts['duration'] for frame in (
        margin, margin + facts['feat_stride'] * facts['snippets_in'])]
    video = to_raw(ActionDataSample(metainfo=dict(
        video_name='va0', duration_sec=facts['duration'], window_norm=tuple(window))), found, None)
    found, = postprocess([video], top_classes=1, nms=dict(
        by_class=True, sigma=test['nms_sigma'], top_k=test['max_seg_num'],
        min_score=test['min_score']))
    segments, scores, labels = map(torch.from_numpy, found)
    # Theirs, in single precision, are up to 3.9e-6 from what double precision gives.
    assert_close(scores.float(), stored(case, 'va0_after_scores'), atol=5e-6, rtol=0)
    theirs = [stored(case, f'va0_after_{part}') for part in ('segments_sec', 'scores', 'labels')]
    apart = (segments[:, None] - theirs[0]).abs().amax(-1)
    same = (apart < 1e-3) & ((scores[:, None] - theirs[1]).abs() < 1e-5) \
        & (labels[:, None] == theirs[2])
    assert same.any(0).all()
    assert same.any(1).all()


@pytest.mark.parametrize('name', ['anet_tsp', 'epic_slowfast_noun', 'epic_slowfast_verb',
                                  'hacs_i3d', 'hacs_slowfast', 'thumos_i3d'])
def test_a_published_configuration_has_their_names_and_shapes(name, reference_data):
    path = reference_data / 'reference/one_stage/tridet/official_configs.json.gz'
    published = json.loads(gzip.decompress(path.read_bytes()))[name]
    with torch.device('meta'):
        head = head_of(published['config'])
    assert {key: list(weight.shape) for key, weight in head.state_dict().items()} \
        == published['state_dict']
    assert sum(weight.numel() for weight in head.parameters()) == published['num_parameters']
    assert head.lengths(head.lengths.max_seq_len + 1) % published['max_div_factor'] == 0


def valid(samples: list, features: torch.Tensor) -> torch.Tensor:
    counts = torch.tensor([sample.num_valid for sample in samples])
    return torch.arange(features.size(2)) < counts[:, None]


def check_losses(head, losses: dict, facts: dict) -> None:
    assert losses['loss_cls'].item() == pytest.approx(facts['cls_loss'], rel=1e-6, abs=1e-6)
    assert losses['loss_reg'].item() == pytest.approx(facts['reg_loss'], rel=1e-6, abs=1e-6)
    assert sum(losses.values()).item() == pytest.approx(facts['final_loss'], rel=1e-6, abs=1e-6)
    assert head.criterion.normalizer == pytest.approx(facts['loss_normalizer'], abs=1e-9)
