"""LoadSnippetFeatures and save_features."""
from __future__ import annotations

import re

import numpy as np
import pytest
import torch

from mmlofi import Fidelity
from mmlofi.datasets.transforms import LoadSnippetFeatures, save_features


def loaded(path, *, fidelity=None, **settings):
    results = dict(filename=str(path), duration_sec=5.0)
    if fidelity is not None:
        results['fidelity'] = fidelity
    return LoadSnippetFeatures(**settings)(results)


@pytest.fixture
def features():
    return np.random.default_rng(0).normal(size=(6, 10)).astype(np.float32)               # (C, L)


def test_what_is_saved_is_loaded(tmp_path, features):
    save_features(tmp_path / 'v.npz', features, 12.5)
    results = loaded(tmp_path / 'v.npz', num_snippets=10, feat_dim=6)
    assert torch.equal(results['features'], torch.from_numpy(features))
    assert results['duration_sec'] == 12.5   # the file's own, not the annotation's
    assert results['num_clips'] == 10
    assert results['window_norm'] == (0, 1)


def test_a_save_that_fails_leaves_the_old_file(tmp_path, features):
    save_features(tmp_path / 'v.npz', features, 12.5)
    with pytest.raises(TypeError):
        save_features(tmp_path / 'v.npz', features, object())
    assert loaded(tmp_path / 'v.npz', num_snippets=10)['duration_sec'] == 12.5


def test_a_plain_npy_is_read_and_keeps_the_annotated_duration(tmp_path, features):
    np.save(tmp_path / 'v.npy', features.astype(np.float64))
    results = loaded(tmp_path / 'v.npy', num_snippets=10)
    assert results['features'].dtype == torch.float32
    assert torch.equal(results['features'], torch.from_numpy(features))
    assert results['duration_sec'] == 5.0


def test_features_stored_the_other_way_round_are_turned(tmp_path, features):
    np.save(tmp_path / 'v.npy', features.T)
    results = loaded(tmp_path / 'v.npy', num_snippets=10, feat_dim=6, layout='LC')
    assert torch.equal(results['features'], torch.from_numpy(features))


def test_another_length_is_interpolated_over_the_whole_video(tmp_path):
    ramp = (np.arange(8, dtype=np.float32) + 0.5)[None] / 8   # each position's own time
    save_features(tmp_path / 'v.npz', ramp, 1.0)
    for length in (4, 16):
        times = loaded(tmp_path / 'v.npz', num_snippets=length)['features'][0]
        expected = (torch.arange(length) + 0.5) / length
        # half a position from the ends there is nothing to interpolate with
        torch.testing.assert_close(times, expected.clamp(1 / 16, 15 / 16))


def test_a_temporal_fidelity_asks_for_fewer_positions(tmp_path, features):
    save_features(tmp_path / 'v.npz', features, 1.0)
    results = loaded(tmp_path / 'v.npz', num_snippets=20, fidelity=Fidelity('T', temporal=4))
    assert results['features'].shape == (6, 5)
    assert results['num_clips'] == 5


def test_missing_features_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no features at .*v\.npz.*extract_features\.py'):
        loaded(tmp_path / 'v.npz')


@pytest.mark.parametrize(('shape', 'advice'), [
    ((6,), 'extract one feature a snippet'), ((), 'extract one feature a snippet'),
    ((1, 6, 10), r'drop the axes of length 1, by numpy\.squeeze'),
    ((10, 6, 1, 1), r'drop the axes of length 1, by numpy\.squeeze'),
    ((10, 6, 5), 'take the mean over the others, such as crops')])
@pytest.mark.parametrize('layout', ['CL', 'LC', None])
def test_features_of_other_axes_get_their_own_advice(tmp_path, shape, advice, layout):
    np.save(tmp_path / 'v.npy', np.zeros(shape, np.float32))
    transform = LoadSnippetFeatures(feat_dim=6, layout=layout)
    for look in (transform.check_file, lambda path: loaded(path, feat_dim=6, layout=layout)):
        with pytest.raises(ValueError, match=rf'v\.npy.*shape {re.escape(str(shape))}; expected '
                                             rf'two axes, \(channels, snippets\) or.*{advice}'):
            look(str(tmp_path / 'v.npy'))


@pytest.mark.parametrize('shape', [(10, 7), (7, 10)])
def test_features_of_a_wrong_size_are_named_with_their_shape(tmp_path, shape):
    np.savez(tmp_path / 'v.npz', features=np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match=r'v\.npz.*shape \(.*expected 6 channels.*feat_dim'):
        loaded(tmp_path / 'v.npz', feat_dim=6)


def test_an_npz_of_something_else_is_named(tmp_path):
    np.savez(tmp_path / 'v.npz', rgb=np.zeros((6, 10)), flow=np.zeros((6, 10)))
    with pytest.raises(ValueError, match=r"v\.npz' holds \['flow', 'rgb'\].*'features'"):
        loaded(tmp_path / 'v.npz')


@pytest.mark.parametrize('content', [b'', b'no array'])
def test_a_file_that_is_no_array_is_named(tmp_path, content):
    (tmp_path / 'v.npz').write_bytes(content)
    with pytest.raises(ValueError, match=r'v\.npz.*cannot be read.*extract_features'):
        loaded(tmp_path / 'v.npz')


@pytest.mark.parametrize('save', [np.savez, np.savez_compressed])
def test_an_archive_whose_array_is_broken_is_named_when_it_is_loaded(tmp_path, save):
    path = tmp_path / 'v.npz'
    save(path, features=np.random.default_rng(0).normal(size=(64, 100)).round(1))
    content = bytearray(path.read_bytes())
    middle = len(content) // 2   # of the array: its check sum, or its compression, is wrong
    content[middle:middle + 20] = bytes(20)
    path.write_bytes(content)
    assert LoadSnippetFeatures().check_file(str(path)).shape[0] == 64   # the header is whole
    with pytest.raises(ValueError, match=r'v\.npz.*cannot be read as features.*extract_features'):
        loaded(path)


@pytest.mark.parametrize('number', [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused_and_counted(tmp_path, features, number):
    features[1, 2:4] = number
    save_features(tmp_path / 'v.npz', features, 1.0)
    with pytest.raises(ValueError, match=r"v\.npz' holds 2 features of 60 that are not finite; "
                                         'expected numbers: delete it'):
        loaded(tmp_path / 'v.npz')


def test_numbers_beyond_single_precision_are_not_finite_there(tmp_path, features):
    features = features.astype(np.float64)
    features[0, 0] = 1e60
    np.save(tmp_path / 'v.npy', features)
    with pytest.raises(ValueError, match=r"v\.npy' holds 1 features of 60 that are not finite"):
        loaded(tmp_path / 'v.npy')


def test_the_values_of_a_file_can_be_checked_without_a_video(tmp_path, features):
    save_features(tmp_path / 'v.npz', features, 1.0)
    LoadSnippetFeatures(feat_dim=6).check_values(str(tmp_path / 'v.npz'))
    features[1, 2] = np.nan
    save_features(tmp_path / 'v.npz', features, 1.0)
    assert LoadSnippetFeatures(feat_dim=6).check_file(str(tmp_path / 'v.npz')).shape == (6, 10)
    with pytest.raises(ValueError, match=r"v\.npz' holds 1 features of 60 that are not finite"):
        LoadSnippetFeatures(feat_dim=6).check_values(str(tmp_path / 'v.npz'))


def test_features_just_made_that_are_not_finite_are_the_encoders_and_no_files(features):
    features[0, :3] = np.inf
    with pytest.raises(ValueError, match=r"the encoder made of 'v\.mp4' 3 features of 60 that are "
                                         'not finite; expected numbers: the encoder has diverged'):
        LoadSnippetFeatures(num_snippets=10).place(dict(filename='v.mp4', duration_sec=5.0),
                                                   features)


@pytest.mark.parametrize('settings', [dict(num_snippets=0), dict(num_snippets=2.5),
                                      dict(num_snippets='9'), dict(feat_dim=-1),
                                      dict(feat_dim=True), dict(feature_stride=np.nan, fps=30),
                                      dict(feature_stride=4, fps='30')])
def test_settings_that_are_no_such_numbers_are_refused_when_it_is_built(settings):
    with pytest.raises(ValueError, match='LoadSnippetFeatures got .*; expected a '):
        LoadSnippetFeatures(**settings)


@pytest.mark.parametrize(('dtype', 'layout'), [('float32', 'CL'), ('float16', 'LC')])
def test_a_header_tells_the_channels(tmp_path, features, dtype, layout):
    stored = (features if layout == 'CL' else features.T).astype(dtype)
    save_features(tmp_path / 'v.npz', stored, 2.5)
    np.savez_compressed(tmp_path / 'compressed.npz', features=stored)
    np.save(tmp_path / 'v.npy', stored)
    check = LoadSnippetFeatures(layout=layout).check_file
    for name in ('v.npz', 'compressed.npz', 'v.npy'):
        assert check(str(tmp_path / name)).shape == (6, 10)


@pytest.mark.parametrize('name', ['v.npz', 'v.npy'])
def test_a_header_of_a_wrong_size_or_of_a_cut_off_file_is_refused(tmp_path, features, name):
    path = tmp_path / name
    if name == 'v.npz':
        save_features(path, features, 2.5)
    else:
        np.save(path, features)
    with pytest.raises(ValueError, match=r'shape \(6, 10\).*expected 7 channels'):
        LoadSnippetFeatures(feat_dim=7).check_file(str(path))
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ValueError, match='cannot be read as features'):
        LoadSnippetFeatures().check_file(str(path))


def test_features_without_a_position_are_refused(tmp_path):
    np.savez(tmp_path / 'v.npz', features=np.zeros((6, 0), np.float32))
    with pytest.raises(ValueError, match=r'v\.npz.*shape \(6, 0\)'):
        loaded(tmp_path / 'v.npz')


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="layout='TC'; expected 'CL', 'LC' or None"):
        LoadSnippetFeatures(layout='TC')


def test_the_side_of_the_known_size_is_the_channels(tmp_path, features):
    np.save(tmp_path / 'v.npy', features.T)
    turned = loaded(tmp_path / 'v.npy', num_snippets=10, feat_dim=6)
    assert torch.equal(turned['features'], torch.from_numpy(features))
    assert LoadSnippetFeatures(feat_dim=6).check_file(str(tmp_path / 'v.npy')).shape == (6, 10)
    as_stored = loaded(tmp_path / 'v.npy', num_snippets=6)     # no size given
    assert torch.equal(as_stored['features'], torch.from_numpy(features.T))


def test_a_square_of_features_has_to_be_told(tmp_path, features):
    square = features[:, :6]
    np.save(tmp_path / 'v.npy', square)
    with pytest.raises(ValueError, match=r"v\.npy' holds features of shape \(6, 6\), of which "
                                         "either side may be the channels; expected to be told"):
        loaded(tmp_path / 'v.npy', num_snippets=6, feat_dim=6)
    for layout, expected in (('CL', square), ('LC', square.T)):
        found = loaded(tmp_path / 'v.npy', num_snippets=6, feat_dim=6, layout=layout)
        assert torch.equal(found['features'], torch.from_numpy(expected))
    save_features(tmp_path / 'v.npz', square, 1.0, dict(num_snippets=6))     # our own say it
    found = loaded(tmp_path / 'v.npz', num_snippets=6, feat_dim=6)
    assert torch.equal(found['features'], torch.from_numpy(square))


STRIDE = dict(num_snippets=4, feature_stride=4, feature_len=16, fps=20)


def test_features_a_stride_apart_stand_for_the_middle_of_their_frames(tmp_path, features):
    # Feature 0 is of frames 0 to 16, feature 1 of 4 to 20: each stands for 4 frames from 6 on.
    np.save(tmp_path / 'v.npy', features)
    whole = loaded(tmp_path / 'v.npy', **STRIDE)
    assert whole['duration_sec'] == 5
    assert whole['window_norm'] == pytest.approx((6 / 100, 46 / 100))
    results = dict(filename=str(tmp_path / 'v.npy'), duration_sec=5.0, first_snippet=3)
    window = LoadSnippetFeatures(**STRIDE)(results)
    assert window['window_norm'] == pytest.approx((18 / 100, 34 / 100))
    assert torch.equal(window['features'], torch.from_numpy(features[:, 3:7]))
    same = LoadSnippetFeatures(num_snippets=4, feature_stride=10, fps=20)(
        dict(filename=str(tmp_path / 'v.npy'), duration_sec=5.0))
    assert same['window_norm'] == pytest.approx((0, 1))     # the same as without a stride


def test_a_stride_tells_a_duration_that_nothing_else_does(tmp_path, features):
    np.save(tmp_path / 'v.npy', features)
    results = dict(filename=str(tmp_path / 'v.npy'), duration_sec=None)
    assert LoadSnippetFeatures(**STRIDE)(dict(results))['duration_sec'] == 52 / 20
    assert LoadSnippetFeatures(**STRIDE).grid(results) == (10, 40 / 20, 6 / 20)


@pytest.mark.parametrize('settings', [dict(fps=30), dict(feature_stride=0, fps=30),
                                      dict(feature_len=16),
                                      dict(feature_stride=4, fps=30, feature_len=0)])
def test_frames_of_a_feature_need_a_stride(settings):
    with pytest.raises(ValueError, match='expected the first, and the others where they are known'):
        LoadSnippetFeatures(**settings)


def test_the_frame_rate_may_be_each_video_s_own(tmp_path, features):
    np.save(tmp_path / 'v.npy', features)
    load = LoadSnippetFeatures(num_snippets=4, feature_stride=4, feature_len=16)
    results = dict(filename=str(tmp_path / 'v.npy'), duration_sec=5.0)
    assert load(dict(results, fps=20))['window_norm'] == pytest.approx((6 / 100, 46 / 100))
    assert load.grid(dict(results, fps=20)) == (10, 40 / 20, 6 / 20)
    load.check_values(results['filename'])
    for call in (load, load.grid):
        with pytest.raises(ValueError, match='no frame rate is known of .*; expected one, since '
                                             'feature_stride counts frames: .* add "fps"'):
            call(dict(results))


@pytest.mark.parametrize('stored', [7, 10])
def test_all_features_of_a_video_stay_as_they_are_stored(tmp_path, features, stored):
    save_features(tmp_path / 'v.npz', features[:, :stored], 5.0, dict(num_snippets=None))
    load = LoadSnippetFeatures(num_snippets=None, feat_dim=6)
    assert load.check_file(str(tmp_path / 'v.npz')).shape == (6, stored)
    found = loaded(tmp_path / 'v.npz', num_snippets=None)
    assert torch.equal(found['features'], torch.from_numpy(features[:, :stored]))
    assert (found['num_clips'], found['window_norm']) == (stored, (0, 1))
    assert 'num_valid' not in found
    half = loaded(tmp_path / 'v.npz', num_snippets=None, fidelity=Fidelity('T', temporal=2))
    assert half['features'].shape[1] == round(stored / 2 + 1e-9)


@pytest.mark.parametrize(('first', 'fidelity', 'valid'), [
    (0, None, None), (2, None, None), (6, None, 4), (6, Fidelity('T', temporal=2), 2),
    (9, None, 1), (9, Fidelity('T', temporal=8), 1)])
def test_a_window_says_how_much_of_it_is_the_video_s(tmp_path, features, first, fidelity, valid):
    save_features(tmp_path / 'v.npz', features, 5.0)
    results = dict(filename=str(tmp_path / 'v.npz'), duration_sec=5.0, first_snippet=first)
    if fidelity is not None:
        results['fidelity'] = fidelity
    found = LoadSnippetFeatures(num_snippets=8)(results)
    assert found['num_valid'] == valid
    if fidelity is None and valid is not None:
        after = found['features'][:, valid:]
        assert torch.equal(after, found['features'][:, valid - 1:valid].expand_as(after))


def test_features_that_were_just_made_are_no_stride_apart(features):
    results = dict(filename='v.mp4', duration_sec=5.0)
    found = LoadSnippetFeatures(num_snippets=10).place(dict(results), features)
    assert torch.equal(found['features'], torch.from_numpy(features))
    with pytest.raises(ValueError, match='takes features every 4 frames of another encoder'):
        LoadSnippetFeatures(**STRIDE).place(results, features)
