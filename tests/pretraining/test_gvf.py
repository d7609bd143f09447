"""Global video features: made, read back, and refused."""
from __future__ import annotations

import numpy as np
import pytest

from mmlofi.pretraining.gvf import VideoFeatures, reduce_features, save_gvf

HEADER = dict(backbone_sha256='abc', reduction='max')


@pytest.fixture
def gvf(tmp_path):
    path = tmp_path / 'gvf.npz'
    save_gvf(path, dict(v_b=np.arange(3.0), a=np.full(3, 7.0)), HEADER)
    return str(path)


def test_the_maximum_over_time_does_not_depend_on_the_order_of_snippets():
    features = np.random.default_rng(0).standard_normal((5, 40)).astype(np.float32)
    assert np.array_equal(reduce_features(features), features.max(axis=1))
    assert np.array_equal(reduce_features(features), reduce_features(features[:, ::-1]))
    assert np.allclose(reduce_features(features, 'mean'), features.mean(axis=1))


def test_a_vector_is_found_by_its_name_with_and_without_v(gvf):
    features = VideoFeatures(gvf, feat_dim=3)
    features.require(['a', 'b', 'v_b'])
    assert features['b'].tolist() == features['v_b'].tolist() == [0, 1, 2]
    assert features['a'].tolist() == [7, 7, 7]


def test_videos_without_a_vector_are_named(gvf):
    with pytest.raises(ValueError, match=r"2 of 3 videos, the first: \['x', 'y'\]; expected one"):
        VideoFeatures(gvf, feat_dim=3).require(['a', 'x', 'y'])


def test_the_authors_h5_is_read(tmp_path):
    h5py = pytest.importorskip('h5py')
    with h5py.File(tmp_path / 'gvf.h5', 'w') as file:
        file.create_dataset('v_a', data=np.arange(3, dtype='f'), compression='gzip')
    features = VideoFeatures(str(tmp_path / 'gvf.h5'), feat_dim=3)
    features.require(['a'])
    assert features['a'].tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match=r'of shape \(3,\), the last the channels; expected 512'):
        VideoFeatures(str(tmp_path / 'gvf.h5'))


def test_other_channels_are_refused(gvf):
    with pytest.raises(ValueError, match=r'of shape \(2, 3\), the last the channels; expected 512'):
        VideoFeatures(gvf)


def test_another_encoder_is_refused(gvf):
    VideoFeatures(gvf, feat_dim=3, expected=dict(backbone_sha256='abc'))
    with pytest.raises(ValueError, match="backbone_sha256='abc'; expected backbone_sha256='xyz'"):
        VideoFeatures(gvf, feat_dim=3, expected=dict(backbone_sha256='xyz'))


def test_what_is_no_such_file_is_refused(tmp_path, gvf):
    with pytest.raises(FileNotFoundError, match='no global video features at'):
        VideoFeatures(str(tmp_path / 'none.npz'))
    (tmp_path / 'page.npz').write_text('<!doctype html>')
    with pytest.raises(ValueError, match='cannot be read as global video features'):
        VideoFeatures(str(tmp_path / 'page.npz'))


def test_numbers_that_are_not_finite_are_refused(tmp_path):
    save_gvf(tmp_path / 'gvf.npz', dict(a=np.array([1, np.nan])))
    with pytest.raises(ValueError, match='features that are not finite'):
        VideoFeatures(str(tmp_path / 'gvf.npz'), feat_dim=2)


def test_of_an_h5_file_they_are_refused_when_they_are_wanted(tmp_path):
    h5py = pytest.importorskip('h5py')
    with h5py.File(tmp_path / 'gvf.h5', 'w') as file:
        file['a'], file['b'] = np.ones(2, 'f'), np.array([1, np.inf], 'f')
    with pytest.raises(ValueError, match="features of 'b' that are not finite"):
        VideoFeatures(str(tmp_path / 'gvf.h5'), feat_dim=2)['b']   # of which any is read at once
