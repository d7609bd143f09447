"""Which files a user means, and what their videos are called."""
from __future__ import annotations

import os

import pytest

from mmlofi.apis.video_files import find_videos, name_videos
from mmlofi.files import file_stem


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ('b.mp4', 'a.AVI', 'notes.txt', 'day/c.mkv', 'day/more/d.mp4', 'empty/x.txt'):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('')
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_stands_for_its_own_videos(folder):
    assert find_videos(folder) == [str(folder / 'a.AVI'), str(folder / 'b.mp4')]


def test_a_pattern_a_list_and_a_file_of_any_ending(folder):
    assert find_videos('**/*.m*') == ['b.mp4', 'day/c.mkv', 'day/more/d.mp4']
    assert find_videos(['notes.txt', 'day', 'notes.txt']) == ['notes.txt', 'day/c.mkv']


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder):
    (folder / 'final [v2].mp4').write_text('')
    assert find_videos('final [v2].mp4') == ['final [v2].mp4']


@pytest.mark.parametrize(('inputs', 'message'), [
    ('none.mp4', "no video at 'none.mp4'; expected a file, a folder"),
    ('*.webm', r"no video at '\*.webm'"), ('empty', "the folder 'empty' holds no video"),
    (['b.mp4', 'none.mp4'], "no video at 'none.mp4'"), ([], 'got no video to localize in')])
def test_what_is_not_there_is_named(inputs, message, folder):
    with pytest.raises(FileNotFoundError, match=message):
        find_videos(inputs)


def test_frames_are_no_path():
    with pytest.raises(TypeError, match='got a int to localize actions in; expected the path'):
        find_videos([3])


def test_names_are_those_of_the_annotations_where_the_template_fits():
    assert name_videos(['x/v_abc.mp4', 'other.mp4'], 'v_{}.mp4') == ['abc', 'other']
    assert name_videos(['x/v_abc.mp4'], '{}.mp4') == ['v_abc']
    assert name_videos(['x/v_a.b.mp4']) == ['v_a.b']


def test_videos_of_the_same_name_keep_what_tells_them_apart():
    assert name_videos(['x/a.mp4', 'x/a.avi', 'x/b.avi']) == ['a.mp4', 'a.avi', 'b']
    names = name_videos(['x/a.mp4', 'y/a.mp4'])
    assert names == ['x/a.mp4', 'y/a.mp4']
    assert [file_stem(name) for name in names] == ['x_a.mp4', 'y_a.mp4']
    assert os.sep not in file_stem('/data/day 1/a.mp4')
    assert file_stem('../a\0/b') == '.._a_b'
