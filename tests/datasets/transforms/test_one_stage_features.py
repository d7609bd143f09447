"""Features and actions as the authors of ActionFormer and TriDet make them, by recorded runs."""
from __future__ import annotations

import json
import zlib

import numpy as np
import pytest
import torch

from mmlofi.datasets.transforms import (
    CleanSegments,
    LoadSnippetFeatures,
    PackTALInputs,
    RandomTruncation,
)

CASES = [f'{method}/{name}' for method, names in (
    ('actionformer', ('thumos_small', 'anet_small', 'ego4d_small', 'variant_fpn', 'thumos_real')),
    ('tridet', ('thumos_small', 'anet_small', 'hacs_small', 'variant_plain', 'thumos_real')))
    for name in names]


@pytest.fixture
def read_case(reference_data):
    def read(name):
        path = reference_data / f'reference/one_stage/{name}.json'
        with np.load(path.with_suffix('.npz')) as arrays:
            return json.loads(path.read_text()), dict(arrays)
    return read


def features_of(case, video):
    """(C, P), by the recipe of the reference data's README."""
    widths = case['config']['dataset']['input_dim']
    key = f'{case["seed"]}:features:{video}'
    shape = case['videos'][video]['snippets'], sum(widths if isinstance(widths, list) else [widths])
    return np.random.default_rng(zlib.crc32(key.encode())).standard_normal(shape).astype(
        np.float32).T


def load(case, video, folder):
    """What a config's first transforms give: features at the authors' grid, cleaned actions."""
    info, settings = case['videos'][video], case['config']['dataset']
    np.save(folder / 'v.npy', features_of(case, video))
    segments = np.array([action[:2] for action in info['annotations']], np.float64)
    results = LoadSnippetFeatures(
        num_snippets=settings['max_seq_len'] if settings['force_upsampling'] else None,
        feature_stride=settings['feat_stride'], feature_len=settings['num_frames'], layout='CL')(
        dict(filename=str(folder / 'v.npy'), video_name=video, duration_sec=info['duration'],
             annotated_duration_sec=info['duration'], fps=info['fps'], segments_sec=segments,
             gt_labels=np.array([action[2] for action in info['annotations']], np.int64)))
    return CleanSegments()(results) if case['case'] == 'anet_small' else results


def on_grid(results):
    """Features (C, L), and segments (K, 2) in the authors' grid units, from what is packed."""
    packed = PackTALInputs(clip=False)(dict(results))
    features, found = packed['inputs'], packed['data_samples'].gt_instances
    return features, found.segments.double() * features.shape[1] - 0.5, found.labels


def labels_of(case, labels):
    """A model of one class knows no others."""
    return torch.zeros_like(labels) if case['config']['dataset']['num_classes'] == 1 else labels


@pytest.mark.parametrize('name', CASES)
def test_actions_lie_where_the_authors_have_them(name, read_case, tmp_path):
    case, arrays = read_case(name)
    for key in [key for key in arrays if key.startswith('train_') and key.endswith('_segments')]:
        video = key.split('_')[1]
        _, segments, labels = on_grid(load(case, video, tmp_path))
        np.testing.assert_allclose(segments, arrays[key], atol=2e-4)
        assert labels_of(case, labels).tolist() == arrays[f'train_{video}_labels'].tolist()


@pytest.mark.parametrize('name', [name for name in CASES if 'real' not in name])
def test_truncation_draws_and_cuts_as_the_authors_do(name, read_case, tmp_path, monkeypatch):
    case, _ = read_case(name)
    assert len(case['truncation']) == 8
    for call in case['truncation']:
        results = load(case, call['video'], tmp_path)
        whole = results['features']
        draws = iter(call['randint_low_high_value'])

        def recorded(low, high, draws=draws):
            expected_low, expected_high, value = next(draws)
            assert (low, high - 1) == (expected_low, expected_high)
            return value

        monkeypatch.setattr(np.random, 'randint', recorded)
        crop = case['config']['dataset']['crop_ratio'] if len(
            call['randint_low_high_value']) > 1 else None
        cut = RandomTruncation(max_seq_len=call['max_seq_len'], crop_ratio=crop,
                               trunc_thresh=call['trunc_thresh'],
                               offset=call['offset'] or 0)(dict(results))
        assert next(draws, None) is None
        features, segments, labels = on_grid(cut)
        first = call['randint_low_high_value'][-1][2]
        assert torch.equal(features, whole[:, first:first + call['length']])
        np.testing.assert_allclose(segments, call['segments'], atol=1e-4)
        assert labels_of(case, labels).tolist() == call['labels']


@pytest.mark.parametrize('name', [name for name in CASES if name.startswith('actionformer/anet')])
def test_features_are_resized_as_the_authors_do(name, read_case, tmp_path):
    case, arrays = read_case(name)
    for key in [key for key in arrays if key.endswith('_resized_head')]:
        features, _, _ = on_grid(load(case, key.split('_')[0], tmp_path))
        np.testing.assert_allclose(features[:3], arrays[key], atol=1e-6)
