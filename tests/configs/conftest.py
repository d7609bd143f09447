"""Tiny stand-ins for the data sets of the shipped configs, laid out as each config expects them."""
from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmlofi.datasets.transforms import save_features
from mmlofi.pretraining.gvf import save_gvf

NAMES = ('a', 'b', 'c', 'd')     # two for training, two for validation
DURATION_SEC = 3.0


@pytest.fixture(scope='session')
def tiny_video(tmp_path_factory, write_numbered_video) -> Path:
    path = tmp_path_factory.mktemp('videos') / 'tiny.mp4'
    return write_numbered_video(path, int(10 * DURATION_SEC), width=64, height=48)


@pytest.fixture
def lay_out_data(tiny_video, tmp_path, monkeypatch):
    """Goes to an empty folder and puts there, for a config, every file that it will look for."""
    monkeypatch.chdir(tmp_path)

    def lay_out(cfg: Config) -> None:
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            if cfg.get(loader) is None:
                continue
            dataset = cfg[loader].dataset
            root = Path(dataset.get('data_root') or '')
            folder = root / next(iter(dataset.data_prefix.values()))
            folder.mkdir(parents=True, exist_ok=True)
            (root / dataset.ann_file).parent.mkdir(parents=True, exist_ok=True)
            if dataset.type in ('VideoDataset', 'PlaybackDataset', 'StitchDataset'):
                _write_clips(root / dataset.ann_file, folder, tiny_video,
                             per_class=2 if dataset.type == 'StitchDataset' else 1)
            else:
                classes = _classes(cfg.model, dataset)
                if dataset.type in ('SegmentDataset', 'TSPDataset'):   # each segment is a sample
                    classes = classes[:2]
                if dataset.get('gvf'):
                    _write_global_features(Path(dataset.gvf.file), dataset.gvf.feat_dim)
                _write_annotations(root / dataset.ann_file, classes,
                                   _subset(cfg, 'train'), _subset(cfg, 'test'))
                _write_untrimmed(dataset, folder, tiny_video, cfg.model.get('head'))
    return lay_out


def _write_global_features(path: Path, channels: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_gvf(path, {name: np.ones(channels, np.float32) for name in NAMES})


def _write_clips(ann_file: Path, folder: Path, video: Path, per_class: int) -> None:
    ann_file.write_text(''.join(f'{name}.mp4 {place // per_class}\n'
                                for place, name in enumerate(NAMES)))
    for name in NAMES:
        shutil.copy(video, folder / f'{name}.mp4')


def _classes(model: dict, dataset: dict) -> list[str]:
    """The config's own names, or as many as the model tells apart (two, where it says none)."""
    named = dataset.get('metainfo', {}).get('classes')
    of_model = model.get('class_scores') or model.get('head') or {}
    names = [f'class {label}' for label in range(of_model.get('num_classes', 2))]
    if isinstance(named, str):     # a file of names
        Path(named).write_text('\n'.join(names))
    return names if named is None or isinstance(named, str) else named


def _subset(cfg: Config, of: str) -> str:
    loader = cfg.get(f'{of}_dataloader')
    return dict(train='training', test='validation')[of] if loader is None \
        else loader.dataset.subset


def _write_annotations(ann_file: Path, classes: list[str], train: str, test: str) -> None:
    """All classes act in each video, since detections of none that is annotated are refused."""
    actions = [dict(segment=[0.8, 2.1], label=name) for name in classes]
    database = {name: dict(subset=train if index < 2 else test,
                           duration=DURATION_SEC, fps=10, annotations=actions)
                for index, name in enumerate(NAMES)}
    ann_file.write_text(json.dumps(dict(version='tiny', database=database)))


def _write_features(path: Path, channels: int, load: dict, rng: np.random.Generator) -> None:
    features = rng.standard_normal((channels, 8)).astype(np.float32)
    save_features(path, features.T if load.get('layout') == 'LC' else features, DURATION_SEC)


def _write_untrimmed(dataset: dict, folder: Path, video: Path, head: dict | None) -> None:
    rng = np.random.default_rng(0)
    for name in NAMES:
        if 'feature' in dataset.data_prefix:
            path = folder / dataset.get('filename_tmpl', '{}.npz').format(name)
            load, *more = [step for step in dataset.pipeline
                           if step.type in ('LoadSnippetFeatures', 'AppendFeatures')]
            _write_features(path, load.get('feat_dim', head.in_channels), load, rng)
            for step in more:
                Path(step.folder).mkdir(parents=True, exist_ok=True)
                _write_features(Path(step.folder) / step.filename_tmpl.format(name), step.feat_dim,
                                step, rng)
        else:
            shutil.copy(video, folder / dataset.get('filename_tmpl', '{}.mp4').format(name))
