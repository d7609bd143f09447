"""Models of both stages, and a video."""
from __future__ import annotations

from pathlib import Path

import pytest
from headless import browser, visit  # noqa: F401
from small_models import CLASSES, Model, make

from mmlofi.procedural import Benchmark, untrimmed_videos


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
