"""AppendFeatures: several encoders' features of a video as one."""
from __future__ import annotations

import numpy as np
import pytest
import torch
from small_videos import VIDEOS, write_annotations

from mmlofi.datasets import UntrimmedVideoDataset
from mmlofi.datasets.transforms import AppendFeatures, LoadSnippetFeatures, save_features


@pytest.fixture
def folders(tmp_path):
    """Frames' features (4, 10) of three videos, and flow's (10, 2)."""
    rng = np.random.default_rng(0)
    write_annotations(tmp_path, VIDEOS)
    for folder, shape in (('rgb', (4, 10)), ('flow', (10, 2))):
        (tmp_path / folder).mkdir()
        for name in VIDEOS:
            np.save(tmp_path / folder / f'{name}.npy', rng.normal(size=shape).astype(np.float32))
    return tmp_path


def appended(folder, **settings):
    return dict(dict(type='AppendFeatures', folder=str(folder / 'flow'), filename_tmpl='{}.npy',
                     num_snippets=None, feat_dim=2), **settings)


def dataset(folder, **settings):
    return UntrimmedVideoDataset(
        'gt.json', data_root=str(folder), subset='training', data_prefix=dict(feature='rgb'),
        filename_tmpl='{}.npy', pipeline=[
            dict(type='LoadSnippetFeatures', num_snippets=None, feat_dim=4),
            appended(folder, **settings), dict(type='PackTALInputs')])


def test_channels_follow_those_of_the_first(folders):
    sample = dataset(folders)[0]
    expected = np.concatenate([np.load(folders / 'rgb/a.npy'), np.load(folders / 'flow/a.npy').T])
    assert torch.equal(sample['inputs'], torch.from_numpy(expected))


def test_both_are_cut_to_the_same_window(folders):
    results = dict(filename=str(folders / 'rgb/a.npy'), video_name='a', duration_sec=10.0,
                   first_snippet=7)
    results = LoadSnippetFeatures(num_snippets=4, feat_dim=4)(results)
    results = AppendFeatures(folder=str(folders / 'flow'), filename_tmpl='{}.npy', num_snippets=4,
                             feat_dim=2)(results)
    flow = np.load(folders / 'flow/a.npy').T
    np.testing.assert_array_equal(results['features'][4:, :3], flow[:, 7:])
    assert (results['num_valid'], results['features'].shape) == (3, (6, 4))


def test_other_numbers_of_features_are_refused(folders):
    np.save(folders / 'flow/a.npy', np.zeros((9, 2), np.float32))
    with pytest.raises(ValueError, match=r"flow/a\.npy' gives 9 features, where .*rgb/a\.npy' "
                                         'gives 10; expected as many, of the same frames'):
        dataset(folders).pipeline(dict(dataset(folders).sample_info(0)))


@pytest.mark.parametrize(('spoil', 'message'), [
    (lambda file: file.unlink(), r"no features at '.*flow/b\.npy'; expected a file of each video "
                                 'in this folder too: correct folder and filename_tmpl of'),
    (lambda file: np.save(file, np.zeros((10, 3))), r"flow/b\.npy' holds features of shape")])
def test_files_of_the_other_folder_are_looked_at_before_training(folders, spoil, message):
    spoil(folders / 'flow/b.npy')
    with pytest.raises(ValueError, match=message):
        dataset(folders)


HEADER = dict(backbone_sha256='1c', num_snippets=10, snippet_interval=None, clip_len=8,
              frame_interval=8, side=224, feat_dim=2, dtype='float32')


@pytest.fixture
def own(folders):
    """As `folders`, both in files of our own that say how they were made."""
    for folder, channels in (('rgb', 4), ('flow', 2)):
        for name in VIDEOS:
            save_features(folders / folder / f'{name}.npz', np.ones((channels, 10), np.float32),
                          10.0, dict(HEADER, feat_dim=channels))
    return folders


def own_dataset(folder, beside='flow'):
    return UntrimmedVideoDataset(
        'gt.json', data_root=str(folder), subset='training', data_prefix=dict(feature='rgb'),
        pipeline=[dict(type='LoadSnippetFeatures', num_snippets=10),
                  dict(type='AppendFeatures', folder=str(folder / beside), num_snippets=10),
                  dict(type='PackTALInputs')])


@pytest.mark.parametrize(('channels', 'duration', 'header', 'message'), [
    (2, 10.0, dict(HEADER, backbone_sha256='2d'), 'made with other backbone_sha256 than the rest'),
    (3, 10.0, None, 'stored without a header, unlike the rest'),
    (2, 20.0, HEADER, r"flow/b\.npz' is of a video of 20.00 s, and '.*rgb/b\.npz' of one of 10")])
def test_the_other_folder_is_held_to_one_encoder_and_to_the_same_videos_too(
        own, channels, duration, header, message):
    assert own_dataset(own)[1]['inputs'].shape == (6, 10)
    save_features(own / 'flow/b.npz', np.ones((channels, 10), np.float32), duration, header)
    with pytest.raises(ValueError, match=message):
        own_dataset(own)


def test_a_file_of_another_channels_than_the_rest_is_refused_without_headers(folders):
    np.save(folders / 'flow/b.npy', np.zeros((3, 10), np.float32))
    np.save(folders / 'flow/a.npy', np.zeros((2, 10), np.float32))
    with pytest.raises(ValueError, match=r"flow/b\.npy' has 3 channels, most have 2"):
        dataset(folders, feat_dim=None)


def test_features_beside_themselves_are_refused(own):
    with pytest.raises(ValueError, match=r"both read '.*rgb/a\.npz'; expected features of two"):
        own_dataset(own, beside='rgb')


def test_a_file_with_v_before_its_name_is_found_as_in_the_first_folder(own):
    (own / 'flow/b.npz').rename(own / 'flow/v_b.npz')
    assert own_dataset(own)[1]['inputs'].shape == (6, 10)


def test_another_video_is_refused_where_files_were_not_looked_at(own):
    save_features(own / 'flow/b.npz', np.ones((2, 10), np.float32), 20.0)
    results = LoadSnippetFeatures(num_snippets=10)(dict(
        filename=str(own / 'rgb/b.npz'), video_name='b', duration_sec=10.0))
    with pytest.raises(ValueError, match='expected features of the same video'):
        AppendFeatures(folder=str(own / 'flow'), num_snippets=10)(results)


def test_an_annotated_duration_that_is_not_the_file_s_is_no_other_video(folders):
    """Of files that say nothing of it, as published ones, beside our own that do."""
    for name in VIDEOS:
        save_features(folders / f'flow/{name}.npz', np.ones((2, 10), np.float32), 20.0)
    loaded = dataset(folders, filename_tmpl='{}.npz')[1]
    assert loaded['inputs'].shape == (6, 10)
    assert loaded['data_samples'].duration_sec == 10.0


def test_folders_in_another_place_than_a_transform_each_are_refused(folders):
    with pytest.raises(ValueError, match='expected one folder or h5 file: another AppendFeatures'):
        AppendFeatures(folder=['rgb', 'flow'])
    with pytest.raises(ValueError, match='an AppendFeatures in the pipeline reads each further'):
        UntrimmedVideoDataset('gt.json', data_root=str(folders), subset='training', pipeline=[],
                              data_prefix=dict(feature=['rgb', 'flow']))
    with pytest.raises(ValueError, match='expected LoadSnippetFeatures before it'):
        AppendFeatures(folder=str(folders / 'flow'))(dict(video_name='a'))
