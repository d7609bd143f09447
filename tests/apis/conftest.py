"""Models with random weights, which localize something somewhere, and a video."""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config

from mmlofi.procedural import Benchmark, untrimmed_videos

CONFIGS = Path(__file__).parents[2] / 'configs' / 'toy'
CLASSES = ('climb', 'dive', 'jump', 'run', 'swim')


@dataclass(frozen=True)
class Model:
    """A config and a checkpoint that fits it."""

    cfg: Config
    checkpoint: str


def make(path: Path, config: str, *, classes: tuple[str, ...] = CLASSES, **options) -> Model:
    """A toy config with `options` set in it, and random weights whose classes are `classes`."""
    cfg = Config.fromfile(CONFIGS / config)
    cfg.merge_from_dict(options)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict(), meta=dict(dataset_meta=dict(classes=classes))),
               path)
    return Model(cfg, str(path))


@pytest.fixture(scope='session')
def stage_2(tmp_path_factory) -> Model:
    """Encoder and head, with a classifier."""
    classifier = dict(type='VideoClassifier', in_channels=128, num_classes=len(CLASSES))
    return make(tmp_path_factory.mktemp('stage_2') / 'lofi.pth', 'lofi_toy.py',
                **{'model.class_scores': classifier})


@pytest.fixture(scope='session')
def stage_3(tmp_path_factory) -> Model:
    """A head on features."""
    return make(tmp_path_factory.mktemp('stage_3') / 'gtad.pth', 'gtad_toy.py')


@pytest.fixture(scope='session')
def video(tmp_path_factory) -> Path:
    """An untrimmed video of the procedural benchmark."""
    folder = tmp_path_factory.mktemp('untrimmed')
    (folder / 'videos').mkdir()
    one = untrimmed_videos(Benchmark(train_videos=0, val_videos=1))[0]
    one.write(folder)
    return folder / one.file
