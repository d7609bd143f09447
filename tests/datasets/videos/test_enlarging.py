"""Videos smaller than the frames that are asked for are named before anything reads them."""
from __future__ import annotations

import cv2
import decord
import numpy as np
import pytest
from mmaction.registry import TRANSFORMS
from small_videos import FRAMES, VIDEOS, dataset

from mmlofi import Fidelity
from mmlofi.datasets.videos import enlarging
from mmlofi.datasets.videos.enlarging import resized_side, warn_of_enlarging

S, T = Fidelity('S', spatial=2), Fidelity('T', temporal=4)
RESIZE = dict(type='AtFidelity', transform=dict(type='Resize', scale=(-1, 96)))


@pytest.fixture
def said(monkeypatch):
    """The warnings, in order."""
    found = []
    monkeypatch.setattr(enlarging, 'print_log', lambda text, **_: found.append(text))
    return found


def resizing(folder, opener=FRAMES[0], resize=RESIZE, **settings):
    return dataset(folder, pipeline=[opener, *FRAMES[1:3], resize, *FRAMES[3:]], **settings)


def test_the_largest_side_of_a_training_is_held_against_all_videos(folder, said,
                                                                   write_numbered_video):
    write_numbered_video(folder / 'videos' / 'b.mp4', 100, width=128, height=160)
    videos = resizing(folder)
    assert videos.stored_sides == [64, 128]
    warn_of_enlarging(videos, [S])     # 48
    assert said == []                  # nor while the data set was built, which knows no schedule
    warn_of_enlarging(videos, [S, T])
    (text,) = said
    assert text.startswith(
        "1 of 2 videos of subset 'training' are stored at a side below 96 (the smallest: 64), "
        "which fidelity 'T' asks for: their frames are enlarged")
    assert '--side 96' in text


def test_to_test_and_to_extract_is_full_fidelity(folder, said):
    resizing(folder, subset='validation', test_mode=True)
    (text,) = said
    assert "'full' asks for" in text


def test_folders_of_pictures_have_a_side_too(folder, said):
    for name in VIDEOS:
        (folder / 'rawframes' / name).mkdir(parents=True)
        frame = decord.VideoReader(str(folder / 'videos' / f'{name}.mp4'))[0].asnumpy()
        cv2.imwrite(str(folder / 'rawframes' / name / 'img_00001.jpg'), np.ascontiguousarray(frame))
    opener = dict(type='OpenFrames', short_side=96)
    resizing(folder, opener, data_prefix=dict(img='rawframes'), subset='validation', test_mode=True)
    (text,) = said
    assert '(the smallest: 64)' in text


def test_features_and_files_that_nobody_looked_at_say_nothing(folder, said):
    resizing(folder, check_files=False, subset='validation', test_mode=True)
    dataset(folder, 'feature', subset='validation', test_mode=True)
    assert said == []


@pytest.mark.parametrize(('resize', 'side'), [
    (dict(type='Resize', scale=(-1, 96)), 96), (dict(type='Resize', scale=(340, 96)), 96),
    (dict(type='Resize', scale=(64, 80), keep_ratio=False), 64), (RESIZE, 48),
    (dict(type='Resize', scale=0.5), None), (dict(type='Flip'), None)])
def test_the_side_is_that_of_the_first_resize(resize, side):
    assert resized_side([TRANSFORMS.build(resize)], S) == side
