"""Datasets of folders of pictures, beside those of the videos they come from."""
from __future__ import annotations

import os
import shutil

import cv2
import decord
import numpy as np
import pytest
from small_videos import FRAMES, VIDEOS, action, dataset, write_annotations

from mmlofi import Fidelity
from mmlofi.datasets import SampleIndex
from mmlofi.datasets.transforms import open_frames

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


def test_windows_are_of_the_pictures_there_are_though_files_are_not_checked(pictures):
    sample = dict(FRAMES[1], snippet_interval=5)

    def windows(opener=OPEN):
        return len(of_pictures(
            pictures, pipeline=[opener, sample, *FRAMES[2:]], subset='validation', test_mode=True,
            window=dict(stride=4), check_files=False))
    of_pictures(pictures, subset='validation', test_mode=True)   # which the index knows from now on
    assert windows() == 4
    for number in range(1, 61):
        shutil.copy(pictures / 'rawframes' / 'c' / TMPL.format(number),
                    pictures / 'rawframes' / 'c' / f'small_{number}.png')
    for number in range(81, 101):
        (pictures / 'rawframes' / 'c' / TMPL.format(number)).unlink()
    assert windows() == 3
    assert windows(dict(OPEN, filename_tmpl='small_{}.png')) == 2
    assert windows(dict(OPEN, start_index=21)) == 2


@pytest.fixture
def listed(monkeypatch):
    """Folders whose pictures were listed."""
    real, found = open_frames.list_dir_or_file, []

    def listing(folder, **how):
        found.append(os.path.basename(folder))
        return real(folder, **how)
    monkeypatch.setattr(open_frames, 'list_dir_or_file', listing)
    return found


def test_folders_are_listed_once_and_again_only_when_pictures_come_or_go(pictures, listed):
    cut = dict(window=dict(stride=4), pipeline=[OPEN, dict(FRAMES[1], snippet_interval=5),
                                                *FRAMES[2:]])
    of_pictures(pictures)
    assert sorted(listed) == ['a', 'v_b']
    of_pictures(pictures)[1]
    windows, asked = of_pictures(pictures, **cut), of_pictures(pictures, check_files='index')
    windows[0], asked[0]
    assert sorted(listed) == ['a', 'v_b']     # neither at a start nor for a sample
    a, b = (pictures / 'rawframes' / name / TMPL.format(100) for name in ('a', 'v_b'))
    b.unlink()
    dataset = of_pictures(pictures)
    assert sorted(listed) == ['a', 'v_b', 'v_b']
    assert [dataset.get_data_info(i)['facts'].total_frames for i in range(2)] == [100, 99]
    a.unlink()                                 # while it is in use
    assert dataset[0]['data_samples'].video_name == 'a'
    assert sorted(listed) == ['a', 'a', 'v_b', 'v_b']


def test_a_folder_is_listed_anew_for_other_pictures_of_it(pictures, listed):
    of_pictures(pictures)
    for name in ('a', 'v_b'):
        for number in range(1, 51):
            shutil.copy(pictures / 'rawframes' / name / TMPL.format(number),
                        pictures / 'rawframes' / name / f'small_{number}.png')
    with pytest.raises(ValueError, match=r"no picture 'flow_00001\.png'"):
        of_pictures(pictures, pipeline=[dict(OPEN, filename_tmpl='flow_{:05}.png'), *FRAMES[1:]])
    other = of_pictures(pictures, pipeline=[dict(OPEN, filename_tmpl='small_{}.png'), *FRAMES[1:]])
    assert other.get_data_info(0)['facts'].total_frames == 50     # the fault has not been kept
    assert of_pictures(pictures).get_data_info(0)['facts'].total_frames == 100


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
