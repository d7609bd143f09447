"""UntrimmedVideoDataset by the index of what its files are."""
from __future__ import annotations

import pytest
from small_videos import FEATURES, FRAMES, VIDEOS, action, dataset, write_annotations

from mmlofi.datasets import SampleIndex, UntrimmedVideoDataset
from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.replacing import other_video
from mmlofi.datasets.transforms import LoadSnippetFeatures, OpenVideo
from mmlofi.datasets.videos import look
from mmlofi.randomness import derive_seed

WINDOWS = [FRAMES[0], dict(FRAMES[1], snippet_interval=4), *FRAMES[2:]]


@pytest.fixture
def opened(monkeypatch):
    """The files that are opened from now on to find out what they are."""
    paths = []

    def counting(real):
        return lambda path, *more: (paths.append(path), real(path, *more))[1]
    monkeypatch.setattr(look, 'find_facts', counting(look.find_facts))
    monkeypatch.setattr(look, 'look_at_features', counting(look.look_at_features))
    return paths


@pytest.mark.parametrize('settings', [
    dict(), dict(source='feature'), dict(pipeline=WINDOWS, window=dict(stride=4)),
    dict(source='feature', window=dict(stride=4)), dict(check_files='index')])
def test_a_second_start_opens_no_file_and_is_the_same(folder, opened, monkeypatch, settings):
    first = dataset(folder, **settings)
    assert len(opened) == 2
    monkeypatch.setattr(OpenVideo, 'transform', None)
    monkeypatch.setattr(LoadSnippetFeatures, 'transform', None)
    second = dataset(folder, **settings)
    assert len(opened) == 2
    assert [first.get_data_info(i) for i in range(len(first))].__repr__() == [
        second.get_data_info(i) for i in range(len(second))].__repr__()
    assert second.stored_sides == first.stored_sides


def test_a_file_that_changed_is_opened_anew(folder, opened, write_numbered_video):
    dataset(folder)
    write_numbered_video(folder / 'videos' / 'b.mp4', 50, width=96, height=96)
    assert sorted(dataset(folder).stored_sides) == [64, 96]
    assert opened[2:] == [str(folder / 'videos' / 'b.mp4')]


def test_what_the_check_of_a_data_set_found_a_training_knows(folder, opened):
    check([Source(str(folder / 'gt.json'), None, str(folder / 'videos'))])
    opened.clear()
    assert dataset(folder)[0]['inputs'].shape[0] == 8
    assert opened == []
    assert len(dataset(folder, subset='validation')) == 1


def test_every_rank_says_what_is_wrong(folder, monkeypatch):
    (folder / 'videos' / 'b.mp4').unlink()
    monkeypatch.setenv('LOCAL_RANK', '1')
    with pytest.raises(FileNotFoundError, match='1 of 2 video files'):
        dataset(folder)


def test_the_index_and_the_readers_may_be_chosen(folder):
    dataset(folder, index=str(folder / 'elsewhere'), readers=1)
    assert (folder / 'elsewhere').is_dir()
    assert not (folder / 'gt.json.index').exists()
    with pytest.raises(ValueError, match='UntrimmedVideoDataset got readers=0; expected a whole'):
        dataset(folder, readers=0)


def test_headers_of_features_are_held_against_the_pipeline_at_every_start(folder):
    dataset(folder, 'feature')
    with pytest.raises(ValueError, match='expected 5 channels'):
        dataset(folder, 'feature', pipeline=[dict(FEATURES[0], feat_dim=5), FEATURES[1]])


@pytest.fixture
def windows(folder):
    write_annotations(folder, {name: dict(VIDEOS['a'], annotations=[action(0, 2), action(5, 9)])
                               for name in VIDEOS})
    return dataset(folder, pipeline=WINDOWS, window=dict(stride=2))


def test_a_bad_window_is_replaced_by_one_of_another_video_without_a_walk_through_all(
        windows, monkeypatch):
    names = [windows.get_data_info(index)['video_name'] for index in range(len(windows))]
    asked = []
    real = UntrimmedVideoDataset.get_data_info
    monkeypatch.setattr(UntrimmedVideoDataset, 'get_data_info', lambda self, index: (
        asked.append(index), real(self, index))[1])
    for first in (0, names.index('b') + 1, len(names) - 1):
        tried, left = [first], set(names)
        while (other := other_video(windows, tried, seed=7)) is not None:
            left -= {names[one] for one in tried}
            free = [index for index, name in enumerate(names) if name in left]
            assert other == free[derive_seed(7, *tried) % len(free)]
            tried.append(other)
        assert len(tried) == 3
    asked.clear()
    other_video(windows, [0], seed=7)
    assert len(asked) <= names.count('a') + 3


def test_a_video_alone_has_no_other(folder):
    write_annotations(folder, {'a': VIDEOS['a']})
    videos = dataset(folder)
    (folder / 'videos' / 'a.mp4').write_text('no video')
    with pytest.raises(ValueError, match="video 'a' .* failed in the pipeline"):
        videos[SampleIndex(0, seed=3)]
