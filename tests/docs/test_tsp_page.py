"""The page on TSP: its commands, its config and its parts are there."""
from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from mmaction.registry import DATASETS
from mmengine.config import Config

from mmlofi.pretraining import RegularClips

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs/tsp.md').read_text()


def test_commands_name_tools_and_configs_that_are_there():
    commands = re.findall(r'(tools/\w+\.(?:py|sh)) (\S+)', PAGE)
    assert len(commands) > 12
    for tool, config in commands:
        assert (ROOT / tool).is_file()
        assert not config.startswith('configs/') or (ROOT / config).is_file() or \
            config in ('configs/my_tsp.py', 'configs/my_lofi.py')     # the latter of own_data.md
    for path in re.findall(r'configs/(\w+\.py)', PAGE):
        assert (ROOT / 'configs' / path).is_file() or path.startswith('my_')


def test_what_a_command_reads_was_written_by_one_before():
    """Features, and checkpoints copied from a training."""
    for folder in ('tac_kinetics_anet', 'acp_tsm_anet', 'tsp_tsm_anet', 'tsp_r2plus1d_anet'):
        assert f'--out features/{folder}' in PAGE
    for config, loader in (('tsp_r2plus1d_anet', 'gvf_r2plus1d_anet'),
                           ('tsp_tsm_anet', 'gvf_tsm_anet')):
        file = Config.fromfile(ROOT / f'configs/{config}.py').train_dataloader.dataset.gvf.file
        assert file == f'features/{loader}.npz'
        assert f'--out {file}' in PAGE


def test_the_config_for_own_data_reads_them_in_all_loaders(tmp_path):
    text = re.search(r'```python\n# configs/my_tsp.py\n(.+?)```', PAGE, re.DOTALL)[1]
    (tmp_path / 'my_tsp.py').write_text(text.replace("'./", f"'{ROOT}/configs/"))
    cfg = Config.fromfile(tmp_path / 'my_tsp.py')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = cfg[loader].dataset
        assert (dataset.data_root, dataset.metainfo.classes) == ('my_data/', cfg.classes)
        assert dataset.gvf == dict(file='features/gvf_my.npz', feat_dim=512)
        assert f'--out {dataset.gvf.file}' in PAGE
    assert cfg.model.cls_head.num_classes == 3
    assert cfg.default_hooks.checkpoint.save_best == 'acc/mean'
    assert cfg.default_hooks.checkpoint_fit.type == 'CheckpointFitHook'
    clip = cfg.train_dataloader.dataset.pipeline[1]
    assert f'{clip.clip_len} frames at {clip.fps} a second' in PAGE


def test_features_of_thumos_are_extracted_by_the_config_of_the_page(reference_data, tmp_path):
    text = re.search(r'```python\n# configs/my_tsp_thumos_features.py\n(.+?)```', PAGE, re.DOTALL)
    config = tmp_path / 'my_tsp_thumos_features.py'
    config.write_text(text[1].replace("'./", f"'{ROOT}/configs/").replace(
        "'_base_/", f"'{ROOT}/configs/_base_/").replace('# _base_.', '_base_.'))
    dataset = Config.fromfile(config).test_dataloader.dataset
    dataset.update(data_root=str(reference_data / 'data/thumos14'), subset='train',
                   check_files=False)
    videos = DATASETS.build(dataset)
    assert len(videos) == 200
    assert re.search(r'/video_validation_\d{7}\.mp4$', videos.get_data_info(0)['filename'])
    clips = [one for one in videos.pipeline.transforms if isinstance(one, RegularClips)]
    assert clips[0].stride == 1


def test_published_features_of_thumos_feed_the_head_of_the_page(tmp_path, monkeypatch):
    h5py = pytest.importorskip('h5py')
    monkeypatch.chdir(tmp_path)
    text = re.search(r'```python\n# configs/my_actionformer_tsp_thumos.py\n(.+?)```', PAGE,
                     re.DOTALL)
    (tmp_path / 'config.py').write_text(text[1].replace("'./", f"'{ROOT}/configs/"))
    cfg = Config.fromfile('config.py')
    (tmp_path / cfg.ann_file).parent.mkdir(parents=True)
    (tmp_path / 'features').mkdir()
    entries = {}
    for part, subset, name in (('valid', 'Validation', 'video_validation_0000051'),
                               ('test', 'Test', 'video_test_0000004')):
        with h5py.File(f'features/tsp_thumos_{part}.h5', 'w') as file:
            file[name] = np.arange(285)[:, None] * np.ones((1, 512), 'f')     # of 20 s
        entries[name] = dict(subset=subset, duration=20, fps=30, annotations=[
            dict(segment=[5, 8], label='Billiards')])
    (tmp_path / cfg.ann_file).write_text(json.dumps(dict(database=entries)))
    (sample,) = DATASETS.build(cfg.test_dataloader.dataset)
    assert sample['inputs'][0].tolist() == list(range(0, 285, 2))
    start, end = sample['data_samples'].window_norm
    middle = (start + (end - start) * 0.5 / 143) * 20      # of the first: frames 0 to 15
    assert middle == pytest.approx(8 / 15)
    (training,) = DATASETS.build(cfg.train_dataloader.dataset)
    assert training['inputs'].shape == (512, 2304)
    assert cfg.model.head.in_channels == 512


@pytest.mark.parametrize('name', ['TSPDataset', 'SeededSampler', 'TSPHead', 'TSPMetric',
                                  'ClipInSegment', 'ResizeWholeFrame', 'CropCentre', 'WarmUpLR'])
def test_its_parts_are_there(name):
    import mmlofi.pretraining as package
    assert f"'{name}'" in PAGE or f'`{name}`' in PAGE
    assert name in package.__all__
