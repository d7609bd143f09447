"""OpenFrames: a folder of pictures gives what the video gives that they come from."""
from __future__ import annotations

import cv2
import decord
import numpy as np
import pytest

from mmlofi import Fidelity
from mmlofi.datasets.transforms import (
    DecodeSnippets,
    OpenFrames,
    OpenVideo,
    SampleSnippets,
    open_frames,
)

TMPL = 'img_{:05}.png'


@pytest.fixture(scope='session')
def pictures(tmp_path_factory, numbered_video):
    """The frames of the numbered video, without loss."""
    folder = tmp_path_factory.mktemp('frames') / 'numbered'
    write_pictures(folder, numbered_video)
    return folder


def write_pictures(folder, video, first=1, template=TMPL):
    folder.mkdir()
    reader = decord.VideoReader(str(video), num_threads=1)
    for number in range(len(reader)):
        cv2.imwrite(str(folder / template.format(first + number)),
                    reader[number].asnumpy()[..., ::-1])


def snippets(opener, filename, **given):
    results = opener(dict(filename=str(filename), **given))
    return DecodeSnippets()(SampleSnippets(num_snippets=7, clip_len=4, frame_interval=3)(results))


@pytest.mark.parametrize('settings', [dict(fps=10), dict()])
def test_snippets_are_those_of_the_video(pictures, numbered_video, settings):
    ours = snippets(OpenFrames(filename_tmpl=TMPL, **settings), pictures, duration_sec=10.0)
    theirs = snippets(OpenVideo(), numbered_video)
    np.testing.assert_array_equal(ours['imgs'], theirs['imgs'])
    for key in ('total_frames', 'avg_fps', 'duration_sec', 'frame_times_sec', 'img_shape'):
        assert ours[key] == theirs[key], key


def test_the_duration_is_that_of_the_frames_where_the_rate_is_given(pictures):
    results = OpenFrames(filename_tmpl=TMPL, fps=5)(dict(filename=str(pictures), duration_sec=9.0))
    assert (results['duration_sec'], results['avg_fps']) == (20.0, 5)
    results = OpenFrames(filename_tmpl=TMPL)(dict(filename=str(pictures), duration_sec=8.0))
    assert (results['duration_sec'], results['avg_fps']) == (8.0, 12.5)


def test_pictures_are_reduced_to_the_fidelitys_side_and_never_enlarged(pictures, read_numbers):
    S = Fidelity('S', spatial=2)
    for short_side, size in ((48, (24, 30)), (128, (64, 80)), (256, (64, 80))):
        results = OpenFrames(filename_tmpl=TMPL, fps=10, short_side=short_side)(
            dict(filename=str(pictures), fidelity=S))
        results['frame_inds'] = np.array([99, 3, 3])
        results = DecodeSnippets()(results)
        assert results['img_shape'] == size
        assert read_numbers(results['imgs']) == [99, 3, 3]


def test_numbers_may_start_at_0_and_other_files_may_lie_there(tmp_path, numbered_video,
                                                              read_numbers):
    write_pictures(tmp_path / 'v', numbered_video, first=0, template='{:d}.png')
    (tmp_path / 'v' / 'flow_x_00001.png').write_bytes(b'')
    results = OpenFrames(filename_tmpl='{:d}.png', fps=10, start_index=0)(
        dict(filename=str(tmp_path / 'v')))
    assert results['total_frames'] == 100
    results['frame_inds'] = np.array([0, 99])
    assert read_numbers(DecodeSnippets()(results)['imgs']) == [0, 99]


def test_each_picture_is_read_once(pictures, monkeypatch):
    read, get = [], open_frames.get
    monkeypatch.setattr(open_frames, 'get',
                        lambda path, **more: read.append(path[-9:-4]) or get(path, **more))
    results = OpenFrames(filename_tmpl=TMPL, fps=10)(dict(filename=str(pictures)))
    results['frame_inds'] = np.array([5, 60, 5, 6])
    DecodeSnippets()(results)
    assert sorted(read) == ['00006', '00007', '00061']


def test_what_is_wrong_with_a_folder_is_named(tmp_path, pictures):
    opener = OpenFrames(filename_tmpl=TMPL, fps=10)
    with pytest.raises(FileNotFoundError, match=r'no folder at .*gone.*data_prefix\.img'):
        opener(dict(filename=str(tmp_path / 'gone')))
    folder = tmp_path / 'holes'
    folder.mkdir()
    with pytest.raises(ValueError, match=r"holds no picture 'img_00001\.png'"):
        opener(dict(filename=str(folder)))
    for number in (1, 2, 4):
        (folder / TMPL.format(number)).write_bytes(b'x')
    with pytest.raises(ValueError, match=r"3 pictures, but not 'img_00003\.png'.*extract"):
        opener(dict(filename=str(folder)))
    (folder / TMPL.format(3)).write_bytes(b'x')
    with pytest.raises(ValueError, match=r"img_00001\.png' cannot be decoded"):
        opener(dict(filename=str(folder)))['video_reader'].get_batch([0])
    with pytest.raises(ValueError, match=r'frame rate of .* unknown; expected OpenFrames\(fps='):
        OpenFrames(filename_tmpl=TMPL)(dict(filename=str(pictures)))


@pytest.mark.parametrize(('settings', 'message'), [
    (dict(fps=0), 'fps=0'), (dict(filename_tmpl='img.jpg'), r"filename_tmpl='img\.jpg'"),
    (dict(filename_tmpl='{}/{}.jpg'), 'expected one place')])
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        OpenFrames(**settings)
