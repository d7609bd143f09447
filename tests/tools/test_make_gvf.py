"""Global video features from folders of features."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.datasets.transforms import save_features
from mmlofi.pretraining import VideoFeatures

HEADER = dict(backbone_sha256='abc', num_snippets=None, snippet_interval=16, clip_len=16,
              frame_interval=1, side=112, feat_dim=4, dtype='float32')


@pytest.fixture
def features(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_normal((4, 6 + len(name))).astype('f') for name in ('a', 'v_bc')}
    for name, array in arrays.items():
        save_features(tmp_path / 'features' / f'{name}.npz', array, 10.0, HEADER)
    return tmp_path / 'features', arrays


@pytest.mark.parametrize('by', ['max', 'mean'])
def test_each_video_gets_its_largest_or_mean_values(call_tool, features, tmp_path, by):
    folder, arrays = features
    call_tool('make_gvf.py', folder, '--out', tmp_path / 'gvf.npz', '--reduce', by)
    made = VideoFeatures(str(tmp_path / 'gvf.npz'), feat_dim=4, expected=dict(
        backbone_sha256='abc', reduction=by))
    for name, array in arrays.items():
        assert np.allclose(made[name], getattr(np, by)(array, axis=1))


def test_published_features_are_told_their_layout(call_tool, tmp_path):
    h5py = pytest.importorskip('h5py')
    array = np.random.default_rng(0).standard_normal((9, 4)).astype('f')
    with h5py.File(tmp_path / 'tac.h5', 'w') as file:
        file.create_dataset('v_a', data=array)
    call_tool('make_gvf.py', tmp_path / 'tac.h5', '--out', tmp_path / 'gvf.npz', '--layout', 'LC')
    assert np.allclose(VideoFeatures(str(tmp_path / 'gvf.npz'), feat_dim=4)['a'], array.max(0))


@pytest.mark.parametrize(('header', 'channels', 'message'), [
    (dict(HEADER, backbone_sha256='xyz'), 4, 'made with other backbone_sha256 than the rest'),
    (dict(HEADER, feat_dim=5), 5, 'made with other feat_dim than the rest')])
def test_features_of_two_encoders_are_refused(call_tool, features, tmp_path, header, channels,
                                              message):
    folder, _ = features
    save_features(folder / 'other.npz', np.ones((channels, 6), 'f'), 10.0, header)
    with pytest.raises(SystemExit, match=message):
        call_tool('make_gvf.py', folder, '--out', tmp_path / 'gvf.npz')
    assert not (tmp_path / 'gvf.npz').exists()


def test_other_channels_without_a_header_are_refused(call_tool, tmp_path):
    for name, channels in (('a', 4), ('b', 5)):
        save_features(tmp_path / 'features' / f'{name}.npz', np.ones((channels, 6), 'f'), 10.0)
    with pytest.raises(SystemExit, match='of 5 channels, and .* of 4; expected those of one'):
        call_tool('make_gvf.py', tmp_path / 'features', '--out', tmp_path / 'gvf.npz')


@pytest.mark.parametrize(('source', 'message'), [
    ('none', "there is no '.*none'"), ('empty', 'holds no features'), ('file', 'is one file')])
def test_what_holds_no_features_is_refused(call_tool, tmp_path, source, message):
    (tmp_path / 'empty').mkdir()
    (tmp_path / 'file').touch()
    with pytest.raises(SystemExit, match=message):
        call_tool('make_gvf.py', tmp_path / source, '--out', tmp_path / 'gvf.npz')


def test_a_name_by_which_it_would_be_read_as_another_kind_of_file_is_refused(call_tool, features,
                                                                             tmp_path, capsys):
    with pytest.raises(SystemExit):
        call_tool('make_gvf.py', features[0], '--out', tmp_path / 'gvf.h5')
    assert 'gvf.h5: expected a name that ends in .npz' in capsys.readouterr().err
