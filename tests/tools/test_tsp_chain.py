"""TSP from the authors' checkpoint to LoFi: features, global features, training, stage 2."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS

from mmlofi.datasets.features.feature_files import read_features

SMALL = ['model.backbone.depth=18']


@pytest.fixture
def project(tmp_path, write_numbered_video):
    """Three videos of 4 s in a folder of ActivityNet's layout, and a checkpoint as published."""
    data = tmp_path / 'data'
    (data / 'videos').mkdir(parents=True)
    video, database = write_numbered_video(tmp_path / 'video.mp4', 40), {}
    for name, subset, label in (('a', 'training', 'run'), ('b', 'training', 'jump'),
                                ('c', 'validation', 'run')):
        shutil.copy(video, data / 'videos' / f'v_{name}.mp4')
        database[name] = dict(subset=subset, duration=4, annotations=[
            dict(segment=[1, 2.5], label=label)])
    (data / 'gt.json').write_text(json.dumps(dict(database=database)))
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type='TSPResNet2Plus1d', depth=18)).state_dict()
    torch.save(dict(model={f'features.{name}': value for name, value in backbone.items()} | {
        'fc.weight': torch.zeros(400, 512), 'fc.bias': torch.zeros(400)}),
        tmp_path / 'tac_on_kinetics.pth')
    return tmp_path


def options(project, *loaders, **more):
    paths = [f'{loader}.dataset.{key}={value}' for loader in loaders for key, value in (
        ('data_root', project / 'data'), ('ann_file', 'gt.json'),
        ('metainfo.classes', "['jump','run']"))]
    short = [f'{loader}.{key}={value}' for loader in loaders for key, value in (
        ('num_workers', 0), ('persistent_workers', False))]
    return ['--cfg-options', *SMALL, *paths, *short, *(f'{key}={value}' for key, value in
                                                       more.items())]


def configs(toy_configs, name):
    return toy_configs.parent / f'{name}.py'


@pytest.mark.slow
def test_the_authors_checkpoint_gives_features_and_trains_tsp(project, call_tool, toy_configs):
    stage_2 = configs(toy_configs, 'lofi_tsp_r2plus1d_anet')
    features = project / 'tac_kinetics'
    call_tool('extract_features.py', stage_2, project / 'tac_on_kinetics.pth', '--out', features,
              *options(project, 'test_dataloader'))
    array, stored = read_features(str(features / 'a.npz'))
    assert array.shape == (512, 3)     # 60 frames at 15 a second, of which 48 fill clips
    assert (stored.header['side'], stored.header['snippet_interval']) == (112, 16)
    call_tool('make_gvf.py', features, '--out', project / 'gvf.npz')
    with np.load(project / 'gvf.npz') as gvf:
        assert np.array_equal(gvf['features'][0], array.max(1))

    loaders = ('train_dataloader', 'val_dataloader', 'test_dataloader')
    call_tool('train.py', configs(toy_configs, 'tsp_r2plus1d_anet'), '--work-dir',
              project / 'tsp', *options(
                  project, *loaders, **{
                      'load_from': project / 'tac_on_kinetics.pth', 'train_cfg.max_epochs': 1,
                      'model.cls_head.num_classes': 2, 'param_scheduler': '[]'} | {
                      f'{loader}.dataset.{key}': value for loader in loaders for key, value in (
                          ('gvf.file', project / 'gvf.npz'), ('background.shortest_gap_sec', 1.2),
                          ('pipeline.1.clips_per_segment', 1))}))
    best = next((project / 'tsp').glob('best_acc_mean_*.pth'))
    trained = torch.load(best, weights_only=False)['state_dict']
    start = torch.load(project / 'tac_on_kinetics.pth')['model']
    name = 'stem.0.weight'      # which has the rate 0
    assert torch.equal(trained[f'backbone.{name}'], start[f'features.{name}'])
    name = 'layer1.0.conv1.0.0.weight'
    assert not torch.equal(trained[f'backbone.{name}'], start[f'features.{name}'])
    assert torch.allclose(trained[f'backbone.{name}'], start[f'features.{name}'], atol=0.02)
    assert trained['cls_head.fc2.weight'].shape == (2, 1024)
