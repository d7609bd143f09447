"""What features say of how they were made, held against what stage 3 expects."""
from __future__ import annotations

import json

import numpy as np
import pytest
from small_videos import FEATURES, VIDEOS, dataset

from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.features.feature_files import save_features
from mmlofi.datasets.features.feature_header import (
    check_header,
    check_same,
    read_folder,
    snippet_settings,
    write_folder,
)
from mmlofi.datasets.transforms import OpenVideo, SampleSnippets

HEADER = dict(backbone_sha256='0a', num_snippets=8, snippet_interval=None, clip_len=2,
              frame_interval=2, side=64, feat_dim=4, dtype='float32')


@pytest.fixture
def extracted(folder):
    """The features of three videos, by one extraction."""
    for name in VIDEOS:
        write(folder, name)
    write_folder(str(folder / 'features'), dict(HEADER, pipeline=[]))
    return folder


def write(folder, name, **changes):
    save_features(folder / 'features' / f'{name}.npz', np.ones((4, 8), np.float32), 10.0,
                  HEADER | changes)


def with_settings(**settings):
    return [dict(FEATURES[0], **settings), FEATURES[1]]


def test_features_as_expected_are_taken(extracted):
    pipeline = with_settings(expected=dict(side=[64, 80], clip_len=2))
    assert len(dataset(extracted, 'feature', pipeline=pipeline)) == 2
    assert dataset(extracted, 'feature')[0]['inputs'].shape == (4, 8)


def test_another_grid_is_refused_before_training_with_both_and_the_mend(extracted):
    with pytest.raises(ValueError, match=(
            r"2 of 2 feature files .*a\.npz' was extracted with num_snippets=8; expected "
            r'num_snippets=100: extract it again.*set '
            r'LoadSnippetFeatures\(expected=dict\(num_snippets=8\)\)')):
        dataset(extracted, 'feature', pipeline=with_settings(num_snippets=100))
    meant = with_settings(num_snippets=100, expected=dict(num_snippets=8))
    assert dataset(extracted, 'feature', pipeline=meant)[0]['inputs'].shape == (4, 100)


def test_another_fidelity_is_refused(extracted):
    with pytest.raises(ValueError, match=r'extracted with side=64, clip_len=2; expected side=224, '
                                         'clip_len=8: extract'):
        dataset(extracted, 'feature', pipeline=with_settings(expected=dict(side=224, clip_len=8)))


def test_features_of_two_encoders_in_a_folder_are_refused(extracted):
    write(extracted, 'b', backbone_sha256='ff')
    with pytest.raises(ValueError, match=r"1 of 2 feature files are made with other "
                                         r"backbone_sha256 than the rest, .*b\.npz'\]; exp"):
        dataset(extracted, 'feature')


def test_the_folder_tells_which_encoder_it_is_of_where_a_whole_subset_is_of_another(extracted):
    for name in 'ab':
        write(extracted, name, backbone_sha256='ff', dtype='float16')
    with pytest.raises(ValueError, match='2 of 2 .* made with other backbone_sha256, dtype than'):
        dataset(extracted, 'feature')
    (extracted / 'features' / 'features.json').unlink()
    assert len(dataset(extracted, 'feature')) == 2     # among themselves they agree


def test_a_file_without_a_header_among_others_is_refused(extracted):
    save_features(extracted / 'features' / 'a.npz', np.ones((4, 8), np.float32), 10.0)
    with pytest.raises(ValueError, match='1 of 2 .* are stored without a header, unlike the'):
        dataset(extracted, 'feature')


def test_a_file_with_a_header_among_others_without_one_is_refused_as_such():
    with pytest.raises(ValueError, match=r"1 of 3 feature files are stored with a header, unlike "
                                         r"the rest, the first: \['f/c.npz'\]"):
        check_same({'f/a.npz': None, 'f/b.npz': None, 'f/c.npz': HEADER})


def test_features_without_any_header_are_taken(folder):
    assert len(dataset(folder, 'feature', pipeline=with_settings(num_snippets=100))) == 2


def test_windows_need_features_a_fixed_number_of_frames_apart(extracted):
    with pytest.raises(ValueError, match='extracted with num_snippets=8 of the whole video.*'
                                         r'SampleSnippets\(snippet_interval=…\)'):
        dataset(extracted, 'feature', window=dict(stride=4), test_mode=True)
    settings = dict(HEADER, num_snippets=None, snippet_interval=5)
    for name in 'ab':
        write(extracted, name, **settings)
    write_folder(str(extracted / 'features'), settings)
    assert len(dataset(extracted, 'feature', window=dict(stride=4), test_mode=True)) == 2
    with pytest.raises(ValueError, match='snippet_interval=5; expected snippet_interval=4'):
        dataset(extracted, 'feature', window=dict(stride=4), test_mode=True,
                pipeline=with_settings(expected=dict(snippet_interval=4)))
    with pytest.raises(ValueError, match='num_snippets=None; expected num_snippets=8'):
        dataset(extracted, 'feature')     # as whole videos


def test_the_sampler_of_a_pipeline_gives_the_grid():
    assert snippet_settings([OpenVideo(), SampleSnippets(num_snippets=32, clip_len=4)]) == dict(
        num_snippets=32, snippet_interval=None, clip_len=4, frame_interval=8)
    assert snippet_settings([SampleSnippets(num_snippets=256, snippet_interval=5)]) == dict(
        num_snippets=None, snippet_interval=5, clip_len=8, frame_interval=8)


def test_a_key_that_a_header_lacks_is_not_what_is_expected():
    with pytest.raises(ValueError, match='sides=None; expected sides=64'):
        check_header(HEADER, dict(sides=64), 'v.npz')


def test_settings_of_a_folder_are_read_as_written_and_may_be_absent(tmp_path):
    assert read_folder(str(tmp_path)) is None
    write_folder(str(tmp_path), dict(HEADER, more=[1]))
    assert read_folder(str(tmp_path)) == dict(HEADER, more=[1])
    assert [path.name for path in tmp_path.iterdir()] == ['features.json']
    check_same({str(tmp_path / 'a.npz'): json.loads(json.dumps(HEADER))})
    for text in ('[1]', '{', '[' * 100_000):
        (tmp_path / 'features.json').write_text(text)
        with pytest.raises(ValueError, match='features.json. is no json of settings.*extract aga'):
            read_folder(str(tmp_path))


def test_the_check_of_a_data_set_takes_features_of_any_grid(extracted):
    source = Source(str(extracted / 'gt.json'), None, str(extracted / 'features'), '{}.npz', True)
    checks = check([source])
    assert [one.duration_sec for one in checks] == [10, 10, 10]
    assert not any('unreadable' in one.errors for one in checks)
