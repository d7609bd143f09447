"""A small video transformer whose clips give several positions, on windows: every stage once.

The benchmark's videos of 20 to 60 s have 10 frames a second; a window is of 12 clips of 16 frames,
every 2nd, 38.4 s, and gives the head 192 positions.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from near_detections import assert_near

from mmlofi.datasets.features.feature_files import look_at_features

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

STAGE_2 = """
_base_ = '{root}/configs/toy/lofi_actionformer_toy.py'
model = dict(
    backbone=dict(_delete_=True, type='VisionTransformer', img_size=32, patch_size=16,
                  embed_dims=32, depth=2, num_heads=2, num_frames=16),
    encoder=dict(_delete_=True, dense=True, resample=2.0, chunk_size=7, grad_ratio=0.5),
    head=dict(in_channels=32, max_seq_len=192))
clips = dict(type='SampleSnippets', num_snippets=12, clip_len=16, frame_interval=2,
             placement='contiguous')
end = [dict(type='DecodeSnippets'), dict(type='FormatShape', input_format='NCTHW'),
       dict(type='PackTALInputs')]
train_dataloader = dict(num_workers=0, persistent_workers=False, batch_size=2, dataset=dict(
    pipeline=[dict(type='OpenVideo', short_side=64, divisor=16),
              dict(clips, truncation=dict(trunc_thresh=0.75, crop_ratio=(0.9, 1.0))), *end]))
test_dataloader = dict(num_workers=0, persistent_workers=False, dataset=dict(
    window=dict(stride=6), pipeline=[dict(type='OpenVideo', short_side=64), clips, *end]))
train_cfg = dict(max_epochs=3)
param_scheduler = []
"""
STAGE_3 = """
_base_ = '{root}/configs/toy/actionformer_toy.py'
model = dict(head=dict(in_channels=32, max_seq_len=192))
load = dict(type='LoadSnippetFeatures', num_snippets=192, feat_dim=32,
            expected=dict(snippet_interval=2, clip_len=16))
data = dict(data_prefix=dict(feature='{features}'), window=dict(stride=96),
            pipeline=[load, dict(type='PackTALInputs')])
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=data)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=data)
test_dataloader = val_dataloader
train_cfg = dict(max_epochs=1, val_interval=1)
param_scheduler = []
"""


@pytest.fixture(scope='module')
def stage_2(must_run, tmp_path_factory) -> tuple[Path, Path, str]:
    """Config, checkpoint and log."""
    folder = tmp_path_factory.mktemp('dense_2')
    config = folder / 'dense.py'
    config.write_text(STAGE_2.format(root=ROOT))
    output = must_run('train.py', config, '--work-dir', folder / 'run', '--seed', 0)
    return config, folder / 'run' / 'epoch_3.pth', output


@pytest.fixture(scope='module')
def features(stage_2, call_tool, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp('dense_features') / 'features'
    call_tool('extract_features.py', *stage_2[:2], '--out', folder)
    return folder


@pytest.fixture(scope='module')
def stage_3(features, must_run, tmp_path_factory) -> tuple[Path, Path, str]:
    folder = tmp_path_factory.mktemp('dense_3')
    config = folder / 'head.py'
    config.write_text(STAGE_3.format(root=ROOT, features=features))
    output = must_run('train.py', config, '--work-dir', folder / 'run', '--seed', 0)
    return config, folder / 'run' / 'epoch_1.pth', output


def test_a_step_is_trained_at_each_fidelity(stage_2):
    assert re.findall(r'fidelity (\w+): r_t', stage_2[2]) == ['S', 'T', 'ST']
    assert len(re.findall(r'Epoch\(train\).*loss: \d', stage_2[2])) >= 3


def test_stored_features_are_the_positions_of_whole_videos_as_their_folder_says(features):
    settings = json.loads((features / 'features.json').read_text())
    assert settings['encoder'] == dict(input_format='auto', dense=True, resample=2.0)
    assert (settings['num_snippets'], settings['snippet_interval']) == (None, 2)
    lengths = []
    for path in features.glob('*.npz'):
        stored = look_at_features(str(path))
        frames = round(10 * stored.duration_sec)
        assert stored.shape == (32, -(-frames // 2))
        assert stored.covered_sec == pytest.approx(stored.shape[1] / 5)
        lengths.append(stored.shape[1])
    assert len(lengths) == 11
    assert min(lengths) < 192 < max(lengths)


def test_snippets_with_gaps_between_them_are_not_extracted(stage_2, call_tool, tmp_path):
    gaps = "test_dataloader.dataset.pipeline.1.placement='even'"
    with pytest.raises(SystemExit, match="^extract_features: .*placement='even'.*contiguous"):
        call_tool('extract_features.py', *stage_2[:2], '--out', tmp_path / 'features',
                  '--cfg-options', gaps)


def test_a_head_on_the_stored_features_trains_and_is_scored(stage_3):
    assert re.search(r'mAP: \d\.\d+  mAP@0\.50', stage_3[2])


@pytest.mark.parametrize('stage', ['stage_2', 'stage_3'])
def test_localizing_finds_what_testing_finds(stage, stage_2, call_tool, tmp_path, request,
                                             toy_data):
    model = request.getfixturevalue(stage)
    call_tool('test.py', *model[:2], '--work-dir', tmp_path / 'run', '--dump',
              tmp_path / 'tested.json')
    encoder = ['--encoder', *stage_2[:2]] if stage == 'stage_3' else []
    videos = [toy_data / 'videos' / f'val_{i:04d}.mp4' for i in range(5)]
    call_tool('localize.py', *videos, '--config', model[0], '--checkpoint', model[1], *encoder,
              '--device', 'cpu', '--out', tmp_path / 'found', '--top-k', 0, '--timeline')
    expected, found = (json.loads(path.read_text())['results'] for path in (
        tmp_path / 'tested.json', tmp_path / 'found' / 'detections.json'))
    assert_near(found, expected)
    annotated = json.loads((toy_data / 'annotations.json').read_text())['database']
    for name, detections in found.items():
        ends = np.array([one['segment'] for one in detections])
        assert len(ends) >= 20
        assert ends.min() >= 0
        assert ends.max() <= annotated[name]['duration'] + 0.2
    assert (tmp_path / 'found' / 'val_0000.png').exists()
