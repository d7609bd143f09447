"""npz, npy, csv and h5 files of features, one a video and one for all."""
from __future__ import annotations

import builtins
import json

import numpy as np
import pytest
from mmaction.datasets.transforms import LoadLocalizationFeature
from small_videos import FEATURES, VIDEOS, dataset

from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.features.feature_files import (
    FeatureFile,
    in_container,
    look_at_features,
    read_features,
    save_features,
)

LAYOUT = [dict(FEATURES[0], layout='LC'), FEATURES[1]]


@pytest.fixture(scope='module')
def h5py():
    return pytest.importorskip('h5py')


@pytest.fixture
def array():
    return np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)                # (C, P)


@pytest.fixture
def of_all(folder, h5py):
    """One h5 file with (P, C) features of every video, as published ones often come."""
    with h5py.File(folder / 'tsp.h5', 'w') as file:
        for number, name in enumerate(VIDEOS):
            file[f'v_{name}'] = np.full((10, 4), number, np.float32)
    return folder


def test_a_header_is_kept_and_read_without_the_array(tmp_path, array):
    header = dict(side=224, num_snippets=None)
    save_features(tmp_path / 'v.npz', array, 12.5, header)
    expected = FeatureFile((4, 8), 12.5, header)
    assert look_at_features(str(tmp_path / 'v.npz')) == expected
    stored, found = read_features(str(tmp_path / 'v.npz'))
    assert found == expected
    np.testing.assert_array_equal(stored, array)


def test_a_published_npz_of_one_array_is_read_whatever_its_name(tmp_path, array):
    np.savez(tmp_path / 'v.npz', feats=array)
    stored, found = read_features(str(tmp_path / 'v.npz'))
    assert found == FeatureFile((4, 8)) == look_at_features(str(tmp_path / 'v.npz'))
    np.testing.assert_array_equal(stored, array)


@pytest.mark.parametrize('head', ['f0,f1,f2,f3\n', '0,1,2,3\n', '# 0,1,2,3\n', '# a,b,c,d\n', ''])
@pytest.mark.parametrize('end', ['', '\n \n'])
def test_csv_files_are_read_as_mmaction2_reads_them_and_without_a_head_too(
        tmp_path, array, head, end):
    path = tmp_path / 'v.csv'
    lines = [','.join(map(str, row)) + '\n' for row in array.T.tolist()]
    path.write_text(''.join([head, *lines, end]))
    assert look_at_features(str(path)) == FeatureFile((8, 4))
    stored, found = read_features(str(path))
    assert found == FeatureFile((8, 4))
    np.testing.assert_array_equal(stored, array.T)
    if head and not end:
        theirs = LoadLocalizationFeature()(dict(feature_path=str(path)))['raw_feature']
        np.testing.assert_array_equal(stored.T, theirs)


@pytest.mark.parametrize('head', ['', 'f0,f1\n', '0,1\n'])
def test_a_byte_order_mark_hides_no_snippet(tmp_path, head):
    (tmp_path / 'v.csv').write_text(f'{head}0.5,1.5\r\n2.5,3.5\r\n', 'utf-8-sig', newline='')
    assert read_features(str(tmp_path / 'v.csv'))[0].tolist() == [[0.5, 1.5], [2.5, 3.5]]


@pytest.mark.parametrize(('text', 'fault'), [
    ('0.5,x\n1,2\n', "its first line has 'x' among numbers; expected numbers, or names of all"),
    ('0.5,\n1,2\n', "its first line has '' among numbers"), (',\n1,2\n', "has '' among numbers"),
    (',0,1\n0,1,2\n', "has '' among numbers"),
    ('#1,2\n3,4\n', "has '#1,2' among numbers"), ('a,b\n1,2#3\n', "'2#3'"), ('a,b\n1,\n', '')])
def test_a_first_line_that_may_be_a_snippet_is_not_taken_for_names(tmp_path, text, fault):
    (tmp_path / 'v.csv').write_text(text)
    with pytest.raises(ValueError, match=rf"v\.csv' cannot be read as features .*{fault}"):
        read_features(str(tmp_path / 'v.csv'))


@pytest.mark.parametrize(('beside', 'fault'), [
    (dict(duration_sec=np.nan), 'lasts nan s'), (dict(duration_sec=np.ones(2)), 'no single value'),
    (dict(header='[1]'), r'header is \[1\], and not a dict'), (dict(header='{'), 'Expecting'),
    (dict(header='[' * 100_000), 'recursion'), (dict(header=np.ones(2)), 'no single value')])
def test_what_an_npz_says_of_its_video_is_looked_at(tmp_path, array, beside, fault):
    np.savez(tmp_path / 'v.npz', features=array, **beside)
    for read in (read_features, look_at_features):
        with pytest.raises(ValueError, match=rf"v\.npz' cannot be read as features .*{fault}"):
            read(str(tmp_path / 'v.npz'))


def test_csv_files_feed_the_dataset_under_activitynets_names(folder, array):
    (folder / 'csv').mkdir()
    for name in VIDEOS:
        np.savetxt(folder / 'csv' / f'v_{name}.csv', array.T, delimiter=',', header='a,b,c,d',
                   comments='')
    videos = dataset(folder, 'feature', data_prefix=dict(feature='csv'), filename_tmpl='{}.csv')
    np.testing.assert_allclose(videos[0]['inputs'], array, rtol=1e-6)


@pytest.mark.parametrize('text', ['', 'f0,f1\n', 'f0,f1\n1,two\n', 'f0,f1\n1,2\n3\n'])
def test_csv_files_that_are_no_table_of_numbers_are_named(tmp_path, text):
    (tmp_path / 'v.csv').write_text(text)
    with pytest.raises(ValueError, match=r"v\.csv' cannot be read as features .*h5 or csv"):
        read_features(str(tmp_path / 'v.csv'))


def test_arrays_of_objects_are_not_run(tmp_path):
    np.save(tmp_path / 'v.npy', np.array([dict()], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r'v\.npy. cannot be read as features'):
        read_features(str(tmp_path / 'v.npy'))


@pytest.mark.parametrize(('path', 'expected'), [
    ('a/tsp.h5/v_x', ('a/tsp.h5', 'v_x')), ('tsp.hdf5/x/c3d', ('tsp.hdf5', 'x/c3d')),
    ('x.h5', ('x.h5', '')), ('a/x.npz', None), ('h5/x.npy', None)])
def test_a_path_through_an_h5_file_is_known(path, expected):
    assert in_container(path) == expected


def test_a_folder_that_ends_like_an_h5_file_is_a_folder(tmp_path, array):
    (tmp_path / 'x.h5').mkdir()
    np.save(tmp_path / 'x.h5' / 'v.npy', array)
    assert look_at_features(f'{tmp_path}/x.h5/v.npy').shape == (4, 8)


def test_an_h5_file_a_video_holds_one_array_and_may_say_more(tmp_path, array, h5py):
    with h5py.File(tmp_path / 'v.h5', 'w') as file:
        file['i3d'] = array
        file['i3d'].attrs['header'] = np.bytes_(json.dumps(dict(side=64)))
        file['duration_sec'] = 12.5
    stored, found = read_features(str(tmp_path / 'v.h5'))
    assert found == FeatureFile((4, 8), 12.5, dict(side=64))
    np.testing.assert_array_equal(stored, array)


def test_a_group_a_video_holds_one_array(tmp_path, array, h5py):
    with h5py.File(tmp_path / 'c3d.hdf5', 'w') as file:
        file['v_x/c3d_features'] = array
        file['v_y/rgb'], file['v_y/flow'] = array, array
    path = f'{tmp_path}/c3d.hdf5'
    for name in ('v_x', 'v_x/c3d_features', 'v_y/rgb'):
        np.testing.assert_array_equal(read_features(f'{path}/{name}')[0], array)
    with pytest.raises(ValueError, match=r"c3d\.hdf5/v_y' holds \['flow', 'rgb'\]; expected"):
        look_at_features(f'{path}/v_y')


def test_one_h5_file_of_all_videos_feeds_the_dataset_with_v_or_without(of_all):
    for subset, names in (('training', 'ab'), ('validation', 'c')):
        videos = dataset(of_all, 'feature', subset=subset, pipeline=LAYOUT,
                         data_prefix=dict(feature='tsp.h5'))
        assert [one['data_samples'].video_name for one in videos] == list(names)
        assert videos[0]['inputs'].shape == (4, 8)
        assert [one['inputs'].unique().tolist() for one in videos] == [
            [list(VIDEOS).index(name)] for name in names]


def test_videos_that_an_h5_file_lacks_are_named_at_construction(of_all, h5py):
    with h5py.File(of_all / 'tsp.h5', 'a') as file:
        del file['v_b']
    with pytest.raises(FileNotFoundError, match=r"1 of 2 feature files of subset 'training' are "
                                                r"missing, the first: \['.*tsp\.h5/b'\] \(nor"):
        dataset(of_all, 'feature', data_prefix=dict(feature='tsp.h5'))


def test_what_an_h5_file_has_in_place_of_a_video_is_said_without_listing_it(of_all, h5py,
                                                                            monkeypatch):
    """Of 20,000 videos that takes 50 times as long as reading one, and `AppendFeatures` asks for
    each under a name that may not be there."""
    for all_of_them in ('__iter__', '__len__'):
        monkeypatch.setattr(h5py.Group, all_of_them, None)
    with pytest.raises(FileNotFoundError, match=r"has no 'b', but others such as "
                                                r"\['v_a', 'v_b', 'v_c'\]; expected"):
        read_features(f'{of_all}/tsp.h5/b')


def test_a_cut_off_h5_file_of_all_videos_is_named(of_all):
    whole = (of_all / 'tsp.h5').read_bytes()
    (of_all / 'tsp.h5').write_bytes(whole[:len(whole) // 2])
    with pytest.raises(ValueError, match=r"tsp\.h5' cannot be read as features .*get it again"):
        dataset(of_all, 'feature', data_prefix=dict(feature='tsp.h5'), pipeline=LAYOUT)


def test_an_h5_file_with_a_video_under_both_names_is_refused(of_all, h5py):
    with h5py.File(of_all / 'tsp.h5', 'a') as file:
        file['a'] = np.ones((10, 4))
    with pytest.raises(ValueError, match=r"1 of 2 videos have several .*'.*tsp\.h5/a'"):
        dataset(of_all, 'feature', data_prefix=dict(feature='tsp.h5'))


def test_windows_are_cut_of_an_h5_file_too(of_all):
    pipeline = [dict(LAYOUT[0], num_snippets=6), LAYOUT[1]]
    videos = dataset(of_all, 'feature', data_prefix=dict(feature='tsp.h5'), test_mode=True,
                     pipeline=pipeline, window=dict(stride=3))
    assert [one['data_samples'].first_snippet for one in videos] == [0, 3, 4, 0, 3, 4]
    assert videos[0]['data_samples'].window_norm == (0, 0.6)


def test_the_check_of_a_data_set_looks_into_an_h5_file(of_all, h5py):
    with h5py.File(of_all / 'tsp.h5', 'a') as file:
        del file['v_c']
    source = Source(str(of_all / 'gt.json'), None, str(of_all / 'tsp.h5'), '{}', features=True)
    assert {one.record.name: one.errors for one in check([source])} == {
        'a': [], 'b': [], 'c': ['missing']}


@pytest.mark.parametrize('name', ['v.h5', 'v.h5/x'])
def test_a_file_that_is_no_h5_is_named(tmp_path, name, h5py):
    (tmp_path / 'v.h5').write_bytes(b'no h5')
    with pytest.raises(ValueError, match=r'v\.h5.* cannot be read as features'):
        read_features(f'{tmp_path}/{name}')


def test_without_h5py_the_error_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / 'v.h5').write_bytes(b'')
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == 'h5py':
            raise ImportError(name)
        return real(name, *args, **kwargs)
    monkeypatch.setattr(builtins, '__import__', without)
    with pytest.raises(ImportError, match=r"v\.h5' is read by h5py.*: pip install h5py"):
        read_features(f'{tmp_path}/v.h5')
