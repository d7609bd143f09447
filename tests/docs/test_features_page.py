"""The page on features does what it says."""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import DATASETS, MODELS
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope

from mmlofi.datasets.features.feature_header import KEYS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'features.md').read_text()
BLOCKS = re.findall(r'```python\n(.+?)```', PAGE, re.DOTALL)


def block(beginning: str) -> str:
    (found,) = [one for one in BLOCKS if one.startswith(beginning)]
    return found


@pytest.fixture
def h5py():
    return pytest.importorskip('h5py')


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the user is: annotations of two videos, and a place for features."""
    monkeypatch.chdir(tmp_path)
    label = Config.fromfile(ROOT / 'configs/_base_/anet_classes.py').anet_classes[0]
    (tmp_path / 'data/activitynet').mkdir(parents=True)
    (tmp_path / 'data/activitynet/activity_net.v1-3.json').write_text(json.dumps(dict(database={
        name: dict(subset=subset, duration=20, annotations=[dict(segment=[2, 8], label=label)])
        for name, subset in (('QOlSCBRmfWY', 'training'), ('ehGHCYKzyZ8', 'validation'))})))
    (tmp_path / 'features').mkdir()
    return tmp_path


def test_published_features_in_h5_files_feed_the_head_of_the_page(folder, h5py):
    for part, name in (('train', 'v_QOlSCBRmfWY'), ('valid', 'v_ehGHCYKzyZ8')):
        with h5py.File(f'features/tsp_{part}.h5', 'w') as file:
            file[name] = np.random.default_rng(0).normal(size=(18, 512)).astype('f')
    (folder / 'config.py').write_text(
        block('# configs/my_gtad_tsp_anet.py').replace("'./", f"'{ROOT}/configs/"))
    cfg = Config.fromfile('config.py')
    for loader in (cfg.train_dataloader, cfg.val_dataloader, cfg.test_dataloader):
        (sample,) = DATASETS.build(loader.dataset)
        assert sample['inputs'].shape == (512, 100)
        assert sample['data_samples'].window_norm == pytest.approx((0, 18 * 16 / 15 / 20))
    model = MODELS.build(cfg.model).eval()
    (found,) = model(sample['inputs'][None], [sample['data_samples']], mode='predict')
    assert found.video_name == 'ehGHCYKzyZ8'
    assert len(found.pred_instances) == 200     # 100 proposals for each of 2 classes


def test_flow_and_rgb_of_every_frame_become_one_file_of_every_fifth(folder, h5py):
    for part, count in (('flow', 23), ('rgb', 20)):
        with h5py.File(f'{part}_test.h5', 'w') as file:
            file['video_test_0000004'] = np.arange(count)[:, None] * np.ones((1, 3)) + (
                100 if part == 'rgb' else 0)
    exec(block('import h5py'), {})
    with h5py.File('tsn_test.h5') as file:
        array = file['video_test_0000004'][()]
    assert array.shape == (4, 6)
    assert array[:, 0].tolist() == [0, 5, 10, 15]
    assert array[:, 3].tolist() == [100, 105, 110, 115]


def test_the_header_on_the_page_has_the_keys_of_a_header():
    shown = block('>>> from mmlofi')
    assert set(re.findall(r"'(\w+)':", shown)) == set(KEYS)


def test_the_pipelines_on_the_page_are_built(folder):
    values: dict = {}
    exec(block('pipeline = ['), values)
    assert DATASETS.build(dict(
        type='UntrimmedVideoDataset', ann_file='data/activitynet/activity_net.v1-3.json',
        subset='training', data_prefix=dict(feature='features'), pipeline=values['pipeline'],
        check_files=False)).pipeline.transforms[0].expected == dict(side=224, clip_len=8)


def test_videos_of_many_lengths_become_a_batch_by_the_pipelines_of_the_page(tmp_path):
    init_default_scope('mmaction')
    pipelines = {}
    exec(block('load = dict('), pipelines)
    videos = []
    for count in (300, 3000):
        np.save(tmp_path / f'{count}.npy', np.random.default_rng(0).normal(size=(2048, count)))
        videos.append(dict(
            video_name=str(count), filename=str(tmp_path / f'{count}.npy'),
            duration_sec=count * 4 / 30, segments_sec=np.array([[2.0, 8.0]]),
            gt_labels=np.array([0])))
    train, test = (Compose(pipelines[f'{of}_pipeline']) for of in ('train', 'test'))
    packed = [train(dict(video, test_mode=False)) for video in videos]
    assert torch.stack([one['inputs'] for one in packed]).shape == (2, 2048, 2304)
    valid = [one['data_samples'].num_valid for one in packed]
    assert 270 <= valid[0] <= 300
    assert valid[1] is None
    assert [test(dict(video, test_mode=True))['inputs'].shape[1] for video in videos] == [300, 3000]
