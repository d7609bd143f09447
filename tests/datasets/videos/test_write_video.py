"""Videos are written as a whole, or there is an error."""
from __future__ import annotations

import os

import numpy as np
import pytest

from mmlofi.datasets.videos.write_video import write_video
from mmlofi.files import CannotWrite


def test_without_room_there_is_no_video_and_an_error_though_opencv_says_nothing(
        tmp_path, files_of_at_most):
    frames = list(np.random.default_rng(0).integers(0, 255, (20, 64, 64, 3), np.uint8))
    with files_of_at_most(20000), pytest.raises(CannotWrite, match='a.mp4 could not be written: '
                                                                   '0 of 20 frames'):
        write_video(tmp_path / 'a.mp4', frames, fps=10, size=(64, 64))
    assert os.listdir(tmp_path) == []
    write_video(tmp_path / 'a.mp4', frames, fps=10, size=(64, 64))
    assert os.listdir(tmp_path) == ['a.mp4']
