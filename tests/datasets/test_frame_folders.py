"""Datasets of folders of pictures, beside those of the videos they come from."""
from __future__ import annotations

import shutil

import cv2
import decord
import numpy as np
import pytest
from small_videos import FRAMES, VIDEOS, action, dataset, write_annotations

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex

TMPL = 'img_{:05}.png'
OPEN = dict(type='OpenFrames', filename_tmpl=TMPL, short_side=64)
PICTURES = [OPEN, *FRAMES[1:]]


@pytest.fixture
def pictures(folder):
    """Folders of the frames of the three videos, one of them under ActivityNet's prefix."""
    (folder / 'rawframes').mkdir()
    for name in VIDEOS:
        target = folder / 'rawframes' / ('v_b' if name == 'b' else name)
        target.mkdir()
        reader = decord.VideoReader(str(folder / 'videos' / f'{name}.mp4'), num_threads=1)
        for number in range(len(reader)):
            cv2.imwrite(str(target / TMPL.format(number + 1)), reader[number].asnumpy()[..., ::-1])
    return folder


def of_pictures(folder, **settings):
    settings.setdefault('pipeline', PICTURES)
    return dataset(folder, data_prefix=dict(img='rawframes'), **settings)


@pytest.mark.parametrize('settings', [dict(), dict(subset='validation', test_mode=True)])
def test_samples_equal_those_of_the_videos(pictures, settings):
    ours, theirs = of_pictures(pictures, **settings), dataset(pictures, **settings)
    assert len(ours) == len(theirs)
    for index in range(len(ours)):
        index = SampleIndex(index, Fidelity('T', temporal=2), seed=1)
        a, b = ours[index], theirs[index]
        np.testing.assert_array_equal(a['inputs'], b['inputs'])
        assert a['inputs'].shape[0] == 4
        assert a['data_samples'].duration_sec == b['data_samples'].duration_sec == 10
        np.testing.assert_array_equal(a['data_samples'].gt_instances.segments,
                                      b['data_samples'].gt_instances.segments)


def test_windows_are_cut_of_pictures_too(pictures):
    sample = dict(FRAMES[1], snippet_interval=5)
    cut = dict(subset='validation', test_mode=True, window=dict(stride=4))
    ours = of_pictures(pictures, pipeline=[OPEN, sample, *FRAMES[2:]], **cut)
    theirs = dataset(pictures, pipeline=[FRAMES[0], sample, *FRAMES[2:]], **cut)
    assert len(ours) == len(theirs) == 4
    for index in range(4):
        np.testing.assert_array_equal(ours[index]['inputs'], theirs[index]['inputs'])


def test_missing_and_broken_folders_are_named_before_training(pictures):
    (pictures / 'rawframes' / 'a' / TMPL.format(7)).unlink()
    with pytest.raises(ValueError, match=r"1 of 2 img files .*'training' cannot be used.*99 pictur"
                                         r"es, but not 'img_00007\.png'"):
        of_pictures(pictures)
    shutil.rmtree(pictures / 'rawframes' / 'a')
    with pytest.raises(FileNotFoundError, match='1 of 2 img files .* are missing'):
        of_pictures(pictures)


def test_pictures_that_end_before_an_action_starts_are_named(pictures):
    write_annotations(pictures, dict(a=dict(subset='training', annotations=[action(30, 40)])))
    with pytest.raises(ValueError, match=r'lasts 10\.00 s and has a segment \[30, 40\]'):
        of_pictures(pictures, pipeline=[dict(OPEN, fps=10), *FRAMES[1:]])


def test_a_pipeline_for_video_files_is_refused(pictures):
    with pytest.raises(ValueError, match='expected OpenFrames in place of OpenVideo'):
        of_pictures(pictures, pipeline=FRAMES)
