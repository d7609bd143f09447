"""A shipped config learns videos of many lengths and several classes, from files to mAP."""
from __future__ import annotations

import json

import numpy as np
import pytest
from mmengine.runner import Runner
from shipped import load

CHANNELS, CLASSES = 16, ('climb', 'dive', 'jump', 'run')
pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """100 videos of 8 to 35 s, features of which tell the class of each action, as THUMOS14's."""
    monkeypatch.chdir(tmp_path)
    rng, database = np.random.default_rng(0), {}
    told = rng.normal(size=(len(CLASSES), CHANNELS))
    for number in range(100):
        count = int(rng.integers(60, 260))
        duration = count * 4 / 30
        features = 0.7 * rng.normal(size=(count, CHANNELS))
        actions, start = [], rng.uniform(0.5, 2)
        while start < duration - 3:
            end = min(start + rng.uniform(1, 6), duration - 0.2)
            label = int(rng.integers(len(CLASSES)))
            first, last = (round((time * 30 - 6) / 4) for time in (start, end))
            features[max(first, 0):last] += told[label]
            actions.append(dict(segment=[start, end], label=CLASSES[label]))
            start = end + rng.uniform(0.8, 4)
        np.save(tmp_path / f'v{number}.npy', features.astype(np.float32))
        database[f'v{number}'] = dict(subset='Validation' if number < 70 else 'Test', fps=30,
                                      duration=duration, annotations=actions)
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return tmp_path


def test_actions_of_several_classes_are_found_with_their_labels(folder):
    cfg = load('configs/actionformer_i3d_thumos.py')
    for loader in (cfg.train_dataloader, cfg.val_dataloader):
        loader.update(num_workers=0, persistent_workers=False)
        loader.dataset.update(ann_file='gt.json', data_prefix=dict(feature=''),
                              metainfo=dict(classes=CLASSES))
        loader.dataset.pipeline[0].update(feat_dim=CHANNELS)
    cfg.test_dataloader = cfg.val_dataloader
    for step in cfg.train_dataloader.dataset.pipeline[1:3]:
        step.max_seq_len = 192    # shorter than some videos, longer than others
    cfg.val_evaluator.ann_file = cfg.test_evaluator.ann_file = 'gt.json'
    cfg.merge_from_dict({
        'work_dir': str(folder / 'work'), 'randomness.seed': 0, 'train_dataloader.batch_size': 4,
        'model.head': dict(in_channels=CHANNELS, num_classes=len(CLASSES), max_seq_len=192,
                           backbone=dict(embed_dim=48, window=7), loss=dict(init_norm=40.0)),
        'optim_wrapper.optimizer.lr': 2e-3, 'custom_hooks.0.momentum': 0.05,
        'train_cfg.max_epochs': 6, 'train_cfg.val_interval': 6,
        'param_scheduler.0.end': 1, 'param_scheduler.1': dict(begin=1, end=6)})
    runner = Runner.from_cfg(cfg)
    runner.train()
    scores = runner.test()
    assert scores['mAP@0.50'] > 0.9
    assert scores['mAP'] > 0.85
