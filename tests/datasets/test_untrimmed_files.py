"""UntrimmedVideoDataset: bad files are named at construction."""
from __future__ import annotations

import shutil
import struct

import numpy as np
import pytest
from small_videos import FEATURES, VIDEOS, action, dataset, write_annotations

from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.transforms import save_features


def test_a_missing_video_is_found_at_construction(folder):
    (folder / 'videos' / 'b.mp4').unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 2 video files of subset 'training' are "
                                                r'missing, the first: .*b\.mp4.*filename_tmpl'):
        dataset(folder)


def test_names_with_an_ending_are_told_their_template(folder):
    with pytest.raises(FileNotFoundError, match=r"a\.mp4\.mp4.* expected one file a video: set "
                                                r"filename_tmpl='\{\}', as the names in the ann"):
        dataset(folder, filename_tmpl='{}.mp4.mp4')


def test_missing_features_are_found_at_construction(folder):
    (folder / 'features' / 'a.npz').unlink()
    with pytest.raises(FileNotFoundError, match='1 of 2 feature files'):
        dataset(folder, 'feature')


def test_features_of_a_wrong_size_are_found_at_construction(folder):
    pipeline = [dict(FEATURES[0], feat_dim=512), FEATURES[1]]
    with pytest.raises(ValueError, match=r'shape \(4, 8\).*expected 512 channels'):
        dataset(folder, 'feature', pipeline=pipeline)


def test_features_of_a_wrong_size_are_counted_whichever_they_are(folder):
    save_features(folder / 'features' / 'b.npz', np.ones((5, 8), np.float32), 10.0)
    with pytest.raises(ValueError, match=r"1 of 2 feature files of subset 'training' cannot be "
                                         r"used, the first: \['.*b\.npz'\]; .*b\.npz' holds "
                                         r'features of shape \(5, 8\).*expected 4 channels'):
        dataset(folder, 'feature')


def test_without_a_size_given_all_features_have_the_same_one(folder):
    pipeline = [dict(type='LoadSnippetFeatures', num_snippets=8), FEATURES[1]]
    both = dict(subset=['training', 'validation'], pipeline=pipeline)
    assert len(dataset(folder, 'feature', **both)) == 3
    save_features(folder / 'features' / 'b.npz', np.ones((5, 8), np.float32), 10.0)
    with pytest.raises(ValueError, match=r'1 of 3 feature files .* have other channels than the 4 '
                                         r"of most, the first: \[\('.*b\.npz', 5\)\]; expected "
                                         'features of one encoder: run'):
        dataset(folder, 'feature', **both)


def test_features_that_are_cut_off_are_found_at_construction(folder):
    path = folder / 'features' / 'b.npz'
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match=r'1 of 2 feature .*b\.npz.*cannot be read as features'):
        dataset(folder, 'feature')


def test_an_unreadable_video_is_found_at_construction(folder):
    (folder / 'videos' / 'b.mp4').write_text('no video')
    with pytest.raises(ValueError, match=r"1 of 2 videos of subset 'training' cannot be used .*, "
                                         r"the first:\n.*b\.mp4' cannot be decoded \(it is no "
                                         r"video, but text that begins with 'no video'\); exp"):
        dataset(folder)


def test_a_video_that_was_cut_off_is_found_though_its_header_is_whole(folder, reference_data):
    content = (reference_data / 'data' / 'videos' / 'demo.mp4').read_bytes()
    boxes = list(_boxes(content))
    ftyp, mdat, moov = (box for name, box in boxes if name in (b'ftyp', b'mdat', b'moov'))
    # as most downloads have it: the header comes first
    whole = ftyp + _shifted(moov, len(ftyp + moov) - content.index(mdat)) + mdat
    path = folder / 'videos' / 'b.mp4'
    path.write_bytes(whole)
    dataset(folder)
    path.write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match='cut off'):
        dataset(folder)


def test_a_video_whose_header_is_whole_and_whose_frames_are_not_is_found(folder):
    path = folder / 'videos' / 'b.mp4'
    path.write_bytes(b''.join(box[:8] + bytes(len(box) - 8) if name == b'mdat' else box
                              for name, box in _boxes(path.read_bytes())))
    with pytest.raises(ValueError, match=r"b\.mp4' cannot be decoded \(the first frame of"):
        dataset(folder)


def test_damage_in_the_middle_is_found_by_option(folder):
    path = folder / 'videos' / 'b.mp4'
    content = bytearray(path.read_bytes())
    content[len(content) // 3:len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    for frames in ('keys', 'all'):
        with pytest.raises(ValueError, match=r"(?s)1 of 2 videos .*b\.mp4' is damaged"):
            dataset(folder, check_files=frames)
    with pytest.raises(ValueError, match="check_files='every'; expected True, False, or which"):
        dataset(folder, check_files='every')


@pytest.mark.parametrize('name', ['b.avi', 'b.mkv'])
def test_avi_and_mkv_are_seen_to_be_cut_off_too(folder, write_numbered_video, name):
    path = write_numbered_video(folder / 'videos' / name, 100)
    write_annotations(folder, {'b': VIDEOS['a']})
    videos = dataset(folder, filename_tmpl=f'{{}}.{name[2:]}')
    assert videos[0]['data_samples'].duration_sec == pytest.approx(10)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"1 of 1 videos .*\n.*b\.\w+' is cut off; expected the "):
        dataset(folder, filename_tmpl=f'{{}}.{name[2:]}')


@pytest.mark.parametrize(('name', 'place', 'unknown'), [
    ('b.avi', b'RIFF', b'\xff' * 4), ('b.avi', b'RIFF', bytes(4)),
    ('b.mkv', b'\x18\x53\x80\x67', b'\x01' + b'\xff' * 7)])
def test_a_file_that_does_not_say_where_it_ends_is_not_cut_off(folder, write_numbered_video, name,
                                                               place, unknown):
    path = write_numbered_video(folder / 'videos' / name, 100)
    content = path.read_bytes()
    start = content.index(place) + 4
    path.write_bytes(content[:start] + unknown + content[start + len(unknown):])
    write_annotations(folder, {'b': VIDEOS['a']})
    assert len(dataset(folder, filename_tmpl=f'{{}}.{name[2:]}')) == 1


def test_videos_that_end_before_a_segment_starts_are_counted_and_named(folder):
    write_annotations(folder, {
        'a': dict(subset='training', annotations=[action(2, 5), action(100, 200)]),
        'b': dict(subset='training', duration=60, annotations=[action(30, 40)]),
        'c': dict(subset='training', annotations=[action(9, 12), action(10.5, 11)])})
    with pytest.raises(ValueError, match=r"2 of 3 videos of subset 'training' end before an "
                                         r"annotated segment starts, the first: '.*a\.mp4' lasts "
                                         r'10.00 s and has a segment \[100, 200\]; .*b\.mp4.*'
                                         'expected all segments inside their video: get the whole'):
        dataset(folder)


def test_a_video_that_lasts_longer_than_its_header_says_is_no_bad_file(folder,
                                                                       write_numbered_video):
    path = write_numbered_video(folder / 'videos' / 'b.mkv', 100)
    content = path.read_bytes()
    place = content.index(b'\x44\x89\x88') + 3   # the duration in ms
    path.write_bytes(content[:place] + struct.pack('>d', 3000) + content[place + 8:])
    write_annotations(folder, {'b': dict(subset='training', annotations=[action(8, 9)])})
    videos = dataset(folder, filename_tmpl='{}.mkv')
    np.testing.assert_allclose(videos[0]['data_samples'].gt_instances.segments, [[0.8, 0.9]])


def _boxes(content):
    start = 0
    while start < len(content):
        length = int.from_bytes(content[start:start + 4], 'big')
        yield content[start + 4:start + 8], content[start:start + length]
        start += length


def _shifted(moov, by):
    """The header of a file whose data moves: every `stco` is a list of places in the file."""
    start = moov.find(b'stco') + 12
    if start < 12:
        return moov
    end = start + 4 * struct.unpack_from('>I', moov, start - 4)[0]
    places = np.frombuffer(moov[start:end], '>u4') + by
    return moov[:start] + places.astype('>u4').tobytes() + _shifted(moov[end:], by)


def test_files_need_not_be_looked_for(folder):
    shutil.rmtree(folder / 'videos')
    assert len(dataset(folder, check_files=False)) == 2


@pytest.mark.parametrize('source', ['video', 'feature'])
@pytest.mark.parametrize('name', ['../features/a', '/etc/passwd', 'x/../../a', '..'])
def test_a_video_whose_name_leads_out_of_the_folder_is_refused_and_not_looked_for(
        folder, source, name):
    write_annotations(folder, {**VIDEOS, name: VIDEOS['a']})
    with pytest.raises(ValueError, match='a video is named .*, of which no file in a folder'):
        dataset(folder, source)
    for files in (None, str(folder / f'{source}s')):
        found = check([Source(str(folder / 'gt.json'), None, files, '{}.mp4' if source == 'video'
                              else '{}.npz', source == 'feature')])
        assert {one.record.name: one.errors.count('bad name') for one in found} == {
            'a': 0, 'b': 0, 'c': 0, name: 1}


def test_a_video_may_lie_in_a_folder_of_its_own(folder):
    (folder / 'videos' / 'day').mkdir()
    (folder / 'videos' / 'a.mp4').rename(folder / 'videos' / 'day' / 'a.mp4')
    write_annotations(folder, {'day/a': VIDEOS['a'], 'b': VIDEOS['b']})
    assert [info['data_samples'].video_name for info in dataset(folder)] == ['day/a', 'b']
