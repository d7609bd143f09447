"""Faults of a storage that pass, and those that a file has."""
from __future__ import annotations

import errno
import os
import urllib.error

import av
import decord
import numpy as np
import pytest
from small_videos import dataset

from mmlofi.datasets.features.feature_files import look_at_features, save_features
from mmlofi.datasets.sample_index import SampleIndex
from mmlofi.datasets.streaming import SnippetChunk, SnippetStream
from mmlofi.datasets.transforms import OpenVideo
from mmlofi.datasets.videos import patience
from mmlofi.datasets.videos.patience import PAUSES_SEC, passes, with_patience
from mmlofi.datasets.videos.video_file import look_at_video
from mmlofi.fidelity import FULL


class FromBotocore(Exception):
    response = dict(ResponseMetadata=dict(HTTPStatusCode=503))


def stale() -> OSError:
    return OSError(errno.ESTALE, os.strerror(errno.ESTALE), 'a.mp4')


def wrapped(error: Exception) -> ValueError:
    """As what opens a video tells of it."""
    try:
        raise ValueError('a.mp4 cannot be decoded') from error
    except ValueError as told:
        return told


@pytest.fixture
def pauses(monkeypatch) -> list[float]:
    """Those that are made, of which none takes its time."""
    made = []
    monkeypatch.setattr(patience.time, 'sleep', made.append)
    return made


@pytest.mark.parametrize('error', [
    stale(), TimeoutError(), ConnectionResetError(), FromBotocore(), wrapped(stale()),
    urllib.error.HTTPError('http://store/a.mp4', 503, 'Slow Down', None, None),
    decord.DECORDError('avio_open a.mp4: Stale file handle'),
    OSError(errno.EIO, os.strerror(errno.EIO))])
def test_faults_that_pass(error):
    assert passes(error)


@pytest.mark.parametrize('error', [
    FileNotFoundError(errno.ENOENT, 'none'), PermissionError(errno.EACCES, 'no'), ValueError('503'),
    urllib.error.HTTPError('http://store/a.mp4', 404, 'Not Found', None, None),
    av.error.OSError(errno.EIO, 'Input/output error', 'a.mp4'), decord.DECORDError('no frame'),
    wrapped(decord.DECORDError('no frame'))])
def test_faults_of_a_file(error):
    assert not passes(error)


def test_what_does_not_pass_is_raised_after_the_last_pause_and_the_last_attempt_knows(pauses):
    last = []

    def attempt(is_last: bool):
        last.append(is_last)
        raise stale()
    with pytest.raises(OSError, match='Stale'):
        with_patience(attempt)
    assert pauses == list(PAUSES_SEC)
    assert last == [False] * len(PAUSES_SEC) + [True]


@pytest.fixture
def storage(monkeypatch):
    """`storage.faults`: how many more times a video's opening fails, in a way that passes."""
    class Storage:
        faults = 0

    def failing(opens):
        def fails(self, *args):
            if Storage.faults:
                Storage.faults -= 1
                np.random.rand()    # what a pipeline has drawn by then
                raise stale()
            return opens(self, *args)
        return fails
    for name in ('transform', 'learn'):
        monkeypatch.setattr(OpenVideo, name, failing(getattr(OpenVideo, name)))
    return Storage


def test_a_video_is_tried_again_before_another_one_takes_its_place(folder, storage, pauses):
    videos = dataset(folder)
    index = SampleIndex(0, FULL, seed=3)
    expected = videos[index]
    storage.faults = 2
    found = videos[index]
    assert pauses == list(PAUSES_SEC[:2])
    assert found['data_samples'].get('replaced', []) == []
    assert np.array_equal(found['inputs'], expected['inputs'])


@pytest.fixture
def stale_once(monkeypatch):
    """Lets the disk fail the next time that it is asked in one of `os`'s ways for a path."""
    def fail(way: str, path: str) -> None:
        real, faults = getattr(os, way), [stale()]

        def fails_once(asked, *args, **kwargs):
            if faults and asked == path:
                raise faults.pop()
            return real(asked, *args, **kwargs)
        monkeypatch.setattr(os, way, fails_once)
    return fail


def test_a_disk_that_does_not_say_whether_a_video_is_there_is_asked_again(
        folder, stale_once, pauses):
    videos = dataset(folder, test_mode=True)
    path = str(folder / 'videos' / 'a.mp4')
    stale_once('stat', path)
    assert videos[SampleIndex(0, FULL, seed=3)]['data_samples'].get('replaced', []) == []
    stale_once('stat', path)
    assert [type(one) for one in SnippetStream(videos, [0], 99)] == [SnippetChunk]
    assert pauses == [PAUSES_SEC[0]] * 2


@pytest.mark.parametrize(('way', 'name'), [('stat', 'videos/a.mp4'), ('listdir', 'videos')])
def test_so_it_is_at_a_start(folder, stale_once, pauses, way, name):
    (folder / 'videos' / 'a.mp4').rename(folder / 'videos' / 'v_a.mp4')
    path = folder / name.replace('a.mp4', 'v_a.mp4')
    stale_once(way, str(path))
    assert len(dataset(folder)) == 2
    assert pauses == [PAUSES_SEC[0]]


def test_a_video_whose_storage_stays_away_is_replaced_as_a_bad_one(folder, storage, pauses):
    videos = dataset(folder)
    storage.faults = len(PAUSES_SEC) + 1
    ((name, reason),) = videos[SampleIndex(0, FULL, seed=3)]['data_samples'].replaced
    assert (name, reason.partition(':')[0]) == ('a', 'OSError')
    assert pauses == list(PAUSES_SEC)


def test_a_look_at_a_video_before_training_is_as_patient(folder, storage, pauses):
    storage.faults = 1
    assert look_at_video(str(folder / 'videos' / 'a.mp4')).problem is None
    assert pauses == [PAUSES_SEC[0]]


def test_a_look_at_features_is_as_patient(tmp_path, pauses, monkeypatch):
    save_features(tmp_path / 'a.npz', np.ones((4, 8), np.float32), 10.0)
    faults = [stale()]
    from mmlofi.datasets.features import feature_files
    is_npz = feature_files.is_npz

    def fails_once(source):
        if faults:
            raise faults.pop()
        return is_npz(source)
    monkeypatch.setattr(feature_files, 'is_npz', fails_once)
    assert look_at_features(str(tmp_path / 'a.npz')).shape == (4, 8)
    assert pauses == [PAUSES_SEC[0]]
