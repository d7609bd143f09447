"""Files whose names have, or lack, ActivityNet's leading v_."""
from __future__ import annotations

import os
import shutil

import pytest
from small_videos import VIDEOS, dataset, write_annotations

from mmlofi.datasets.annotations import load_video_names
from mmlofi.datasets.videos.find_files import find_files, spellings


def find(folder, *names, claimed=None):
    paths = [str(folder / name) for name in names]
    found = find_files(paths, lambda: [str(folder / name) for name in claimed or names])
    return [os.path.basename(path) for path in found]


@pytest.fixture
def put(tmp_path):
    def put(*names):
        for name in names:
            (tmp_path / name).write_text(name)
        return tmp_path
    return put


def test_a_name_has_one_more_spelling_or_two_where_it_begins_with_v_itself():
    assert spellings('d/a.mp4') == ('d/v_a.mp4',)
    assert spellings('v_a.mp4') == ('v_v_a.mp4', 'a.mp4')


def test_either_spelling_is_found(put):
    folder = put('v_QOlSCBRmfWY.mp4', 'ehGHCYKzyZ8.mp4', 'v_v_UmAH95xls.mp4')
    assert find(folder, 'QOlSCBRmfWY.mp4', 'v_ehGHCYKzyZ8.mp4', 'v_UmAH95xls.mp4') == [
        'v_QOlSCBRmfWY.mp4', 'ehGHCYKzyZ8.mp4', 'v_v_UmAH95xls.mp4']


def test_what_is_not_there_keeps_its_name(put):
    assert find(put('b.mp4'), 'a.mp4', 'b.mp4') == ['a.mp4', 'b.mp4']
    assert find_files(['s3://bucket/a.mp4'], list) == ['s3://bucket/a.mp4']


def test_two_files_of_one_video_are_refused_with_both_names(put):
    with pytest.raises(ValueError, match=r"1 of 2 videos have several files, such as '.*/a\.mp4' "
                                         r"and '.*/v_a\.mp4'; expected one"):
        find(put('a.mp4', 'v_a.mp4', 'b.mp4'), 'a.mp4', 'b.mp4')


def test_a_video_is_found_under_another_ending_where_none_has_that_of_the_template(put):
    folder = put('v_a.mkv', 'b.mp4', 'b.webm', 'c.MP4', 'd.npy')
    assert find(folder, 'a.mp4', 'b.mp4', 'v_c.mp4', 'd.npz', 'd.mp4') == [
        'v_a.mkv', 'b.mp4', 'c.MP4', 'd.npz', 'd.mp4']
    with pytest.raises(ValueError, match=r"/b\.mp4' and '.*/b\.webm'; expected one, with v_ or "
                                         'without, of one ending'):
        find(folder, 'b.avi')


def test_another_video_s_file_of_another_ending_is_not_taken(put):
    folder = put('1.mkv')
    assert find(folder, '1.mp4', 'v_1.mp4') == ['1.mkv', 'v_1.mp4']
    assert find(folder, '1.mp4', '1.mkv') == ['1.mp4', '1.mkv']     # of the template '{}'


def test_two_names_of_one_file_are_one(put):
    folder = put('a.mp4')
    (folder / 'v_a.mp4').symlink_to('a.mp4')
    assert find(folder, 'a.mp4') == ['a.mp4']


def test_another_video_s_own_file_is_not_taken(put):
    folder = put('v_1.mp4', '2.mp4', 'v_2.mp4')
    names = ('1.mp4', 'v_1.mp4', '2.mp4', 'v_2.mp4')
    assert find(folder, *names) == list(names)
    assert find(folder, '1.mp4', claimed=names) == ['1.mp4']     # missing, whatever the subset


def test_the_dataset_finds_them_and_names_both_where_neither_is_there(folder):
    shutil.move(folder / 'videos/a.mp4', folder / 'videos/v_a.mp4')
    assert [os.path.basename(info['filename']) for info in map(
        dataset(folder).get_data_info, range(2))] == ['v_a.mp4', 'b.mp4']
    os.remove(folder / 'videos/v_a.mp4')
    with pytest.raises(FileNotFoundError, match=r"missing, the first: \['.*/a\.mp4'\] \(nor "
                                                r"\['v_a\.mp4'\]\); expected one file a video"):
        dataset(folder)


def test_names_in_the_annotations_may_have_the_prefix_and_files_not(folder):
    write_annotations(folder, {f'v_{name}': entry for name, entry in VIDEOS.items()})
    assert dataset(folder)[0]['data_samples'].video_name == 'v_a'
    assert dataset(folder, 'feature', filename_tmpl='{}.npz')[1]['inputs'].shape == (4, 8)


def test_all_of_activitynet_is_matched_with_files_of_either_spelling(reference_data, tmp_path):
    ann_file = reference_data / 'data/activitynet/activity_net.v1-3.json'
    names = load_video_names(ann_file)
    files = [f'v_{name}.mp4' if number % 2 else f'{name}.mp4' for number, name in enumerate(names)]
    for file in files:
        (tmp_path / file).touch()
    for template in ('{}.mp4', 'v_{}.mp4'):
        assert find(tmp_path, *map(template.format, names)) == files


def test_videos_of_other_endings_are_decoded(folder, write_numbered_video):
    (folder / 'videos' / 'b.mp4').unlink()
    write_numbered_video(folder / 'videos' / 'v_b.mkv', 100)
    videos = dataset(folder)
    assert [os.path.basename(videos.get_data_info(i)['filename']) for i in range(2)] == [
        'a.mp4', 'v_b.mkv']
    assert videos[1]['data_samples'].duration_sec == pytest.approx(10, abs=0.1)
