"""The files of the small datasets."""
from __future__ import annotations

import shutil

import numpy as np
import pytest
from small_videos import VIDEOS, write_annotations

from mmlofi.datasets.transforms import save_features


@pytest.fixture
def folder(tmp_path, numbered_video):
    """An annotation file, its three videos and their features."""
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'features').mkdir()
    for name in VIDEOS:
        shutil.copy(numbered_video, tmp_path / 'videos' / f'{name}.mp4')
        save_features(tmp_path / 'features' / f'{name}.npz', np.ones((4, 8), np.float32), 10.0)
    write_annotations(tmp_path, VIDEOS)
    return tmp_path
