"""Reads through MMEngine's file backends: of a store in memory, so that no file can stand in."""
from __future__ import annotations

import errno
import os
import shutil

import cv2
import decord
import numpy as np
import pytest
from mmengine.fileio import BaseStorageBackend, register_backend
from small_videos import FEATURES, FRAMES, VIDEOS, dataset

from mmlofi.datasets import SegmentDataset, UntrimmedVideoDataset
from mmlofi.datasets.videos import look
from mmlofi.datasets.videos.storage import is_file, is_there, on_disk
from mmlofi.evaluation import TALMetric

STORE: dict[str, bytes] = {}
READ: list[str] = []
ARGS = dict(backend='tests_memory')


@register_backend('tests_memory', prefixes='memory')
class MemoryBackend(BaseStorageBackend):
    """Files of a dict, by their path without a prefix."""

    def get(self, filepath):
        READ.append(str(filepath))
        return STORE[plain(filepath)]

    def get_text(self, filepath, encoding='utf-8'):
        return self.get(filepath).decode(encoding)

    def isfile(self, filepath):
        return plain(filepath) in STORE

    def isdir(self, filepath):
        return any(name.startswith(f'{plain(filepath)}/') for name in STORE)

    def list_dir_or_file(self, dir_path, list_dir=True, list_file=True, suffix=None,
                         recursive=False):
        start = f'{plain(dir_path)}/'
        yield from (name[len(start):] for name in STORE if name.startswith(start))

    def join_path(self, filepath, *filepaths):
        return os.path.join(filepath, *filepaths)


@register_backend('tests_blind', prefixes='blind')
class BlindBackend(BaseStorageBackend):
    """One that only gives files and cannot say what there is, as MMEngine's for http."""

    def get(self, filepath):
        return STORE[plain(filepath)]

    def get_text(self, filepath, encoding='utf-8'):
        return self.get(filepath).decode(encoding)

    def join_path(self, filepath, *filepaths):
        return os.path.join(filepath, *filepaths)


def plain(path):
    return str(path).partition('://')[2] or str(path)


@pytest.fixture
def expected(folder):
    """What the small data set gives from disk, where nothing of it is left; its files, and its
    frames too, are in the store, under names that are no path here."""
    STORE.clear()
    READ.clear()
    for path in folder.rglob('*'):
        if path.is_file():
            STORE[f'far/{path.relative_to(folder)}'] = path.read_bytes()
    for name in VIDEOS:
        reader = decord.VideoReader(str(folder / 'videos' / f'{name}.mp4'), num_threads=1)
        for number in range(len(reader)):
            picture = cv2.imencode('.png', reader[number].asnumpy()[..., ::-1])[1]
            STORE[f'far/rawframes/{name}/img_{number + 1:05}.png'] = picture.tobytes()
    samples = [dataset(folder, source, test_mode=True)[0]['inputs']
               for source in ('video', 'feature')]
    shutil.rmtree(folder)
    return dict(video=samples[0], feature=samples[1], img=samples[0])


def remote(source, root='far', *, opener_args=ARGS, **settings):
    first = dict(FEATURES[0]) if source == 'feature' else dict(FRAMES[0])
    rest = FEATURES[1:] if source == 'feature' else FRAMES[1:]
    if source == 'img':
        first.update(type='OpenFrames', filename_tmpl='img_{:05}.png')
    prefix = 'rawframes' if source == 'img' else f'{source}s'
    return dataset(root, source, data_prefix={source: prefix}, test_mode=True,
                   pipeline=[dict(first, backend_args=opener_args), *rest], **settings)


@pytest.mark.parametrize('source', ['video', 'feature', 'img'])
@pytest.mark.parametrize('by', [dict(backend_args=ARGS),
                                dict(root='memory://far', opener_args=None)])
def test_annotations_and_files_are_read_through_the_backend(expected, source, by):
    data = remote(source, **by)
    np.testing.assert_array_equal(data[0]['inputs'], expected[source])
    read = {plain(path) for path in READ}
    file = dict(video='videos/a.mp4', feature='features/a.npz', img='rawframes/a/img_00020.png')
    assert {'far/gt.json', f'far/{file[source]}'} <= read


def test_videos_that_are_not_on_a_disk_are_opened_at_construction_where_it_is_said_which_frames(
        expected, tmp_path):
    index = dict(index=str(tmp_path.parent / 'index'))
    assert 'facts' not in remote('video', backend_args=ARGS, **index).get_data_info(0)
    assert remote('video', backend_args=ARGS, check_files='all', **index).stored_sides == [64, 64]
    READ.clear()
    again = remote('video', backend_args=ARGS, check_files='first', **index)
    assert again.get_data_info(0)['facts'].frames == 'all'
    assert not [path for path in READ if path.endswith('.mp4')]
    STORE['far/videos/a.mp4'] = STORE['far/videos/a.mp4'][:2000]
    with pytest.raises(ValueError, match="1 of 2 videos of subset 'training' cannot be used"):
        remote('video', backend_args=ARGS, check_files='keys', index=str(tmp_path.parent / 'new'))


def test_pictures_that_are_not_on_a_disk_are_looked_at_once_a_start(expected, tmp_path,
                                                                    monkeypatch):
    settings = dict(backend_args=ARGS, index=str(tmp_path.parent / 'index'))
    assert remote('img', **settings).get_data_info(0)['facts'].total_frames == 100
    READ.clear()
    remote('img', **settings)[0]   # as of another rank
    assert not [path for path in READ if path.endswith('img_00001.png')]
    del STORE['far/rawframes/a/img_00100.png']
    assert remote('img', check_files='index', **settings).get_data_info(0)[
        'facts'].total_frames == 100
    assert 'facts' not in remote('img', check_files=False, **settings).get_data_info(0)
    monkeypatch.setattr(look, 'START_SEC', 0)
    assert remote('img', **settings).get_data_info(0)['facts'].total_frames == 99


@pytest.mark.parametrize('source', ['video', 'feature'])
def test_a_backend_that_cannot_say_what_there_is_still_gives_it(expected, source):
    data = remote(source, root='blind://far', opener_args=None)
    np.testing.assert_array_equal(data[0]['inputs'], expected[source])


@pytest.mark.parametrize(('source', 'file'), [('video', 'videos/b.mp4'),
                                              ('feature', 'features/b.npz'),
                                              ('img', 'rawframes/b')])
def test_what_the_backend_lacks_is_named_before_training(expected, source, file):
    for name in [name for name in STORE if name.startswith(f'far/{file}')]:
        del STORE[name]
    with pytest.raises(FileNotFoundError, match=f'1 of 2 {source} files .*far/{file}'):
        remote(source, backend_args=ARGS)


def test_a_missing_annotation_file_is_named(expected):
    del STORE['far/gt.json']
    with pytest.raises(FileNotFoundError, match=r"no annotation file at 'far/gt\.json'"):
        remote('video', backend_args=ARGS)


def test_annotations_may_be_on_disk_and_videos_not(expected, tmp_path):
    tmp_path.mkdir()   # of which `expected` left nothing
    (tmp_path / 'local.json').write_bytes(STORE['far/gt.json'])
    pipeline = [dict(FRAMES[0], backend_args=ARGS), *FRAMES[1:]]
    data = UntrimmedVideoDataset(str(tmp_path / 'local.json'), data_root='far', subset='training',
                                 data_prefix=dict(video='videos'), pipeline=pipeline,
                                 test_mode=True)
    np.testing.assert_array_equal(data[0]['inputs'], expected['video'])
    assert not any(path.endswith('.json') for path in READ)


def test_the_metric_and_clips_of_segments_read_annotations_through_it(expected):
    assert [record.name for record in TALMetric(
        ann_file='far/gt.json', subset='validation', backend_args=ARGS).records] == ['c']
    clips = SegmentDataset('far/gt.json', subset='training', data_prefix=dict(video='far/videos'),
                           pipeline=[], check_files=False, backend_args=ARGS)
    assert [clips.get_data_info(i)['filename'] for i in range(len(clips))] == ['far/videos/a.mp4']


def test_a_path_without_prefix_or_backend_is_one_on_disk(expected, tmp_path):
    assert on_disk('far/gt.json', None)
    assert on_disk('far/gt.json', dict(backend='local'))
    assert not on_disk('far/gt.json', ARGS)
    assert not on_disk('memory://far/gt.json', None)
    assert [is_there('far/gt.json', ARGS), is_there('far/gt.json', None)] == [True, False]
    assert is_there('blind://nothing', None)


def test_a_disk_that_fails_has_not_said_that_there_is_no_file(tmp_path, monkeypatch):
    (tmp_path / 'a').touch()
    no_files = ['b', 'a/b', '', 'a\0', 'n' * 300]
    assert [is_file(tmp_path / name) for name in ('a', *no_files)] == [True] + [False] * 5

    real = os.stat

    def fails(path, **kwargs):
        if path == str(tmp_path / 'a'):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), path)
        return real(path, **kwargs)
    monkeypatch.setattr(os, 'stat', fails)
    for backend_args in (None, dict(backend='local')):
        with pytest.raises(OSError, match='[Ss]tale'):
            is_there(str(tmp_path / 'a'), backend_args)
