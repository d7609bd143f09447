"""Features of a data set, held against what will load them."""
from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from small_videos import FEATURES, dataset

from mmlofi.datasets.checks import same_files
from mmlofi.datasets.checks.check import check
from mmlofi.datasets.checks.video_check import Source
from mmlofi.datasets.transforms import save_features
from mmlofi.datasets.videos import look

KINDS = ('unreadable', 'other features', 'bad values')


def faults(folder, *, loader=FEATURES[0], **options):
    settings = None if loader is None else json.dumps(
        {key: value for key, value in loader.items() if key != 'type'})
    source = Source(str(folder / 'gt.json'), None, str(folder / 'features'), '{}.npz',
                    features=True, loader=settings)
    return {one.record.name: [(kind, detail) for kind, detail in one.faults if kind in KINDS]
            for one in check([source], **options)}


def spoil(folder, name):
    """NaN in one place of a file whose header is good."""
    values = np.ones((4, 8), np.float32)
    values[2, 3] = np.nan
    save_features(folder / 'features' / f'{name}.npz', values, 10.0)


@pytest.mark.parametrize('loader', [FEATURES[0], None])
def test_values_that_are_not_finite_are_found_before_a_training(folder, loader):
    assert faults(folder, loader=loader) == {'a': [], 'b': [], 'c': []}
    spoil(folder, 'c')
    found = faults(folder, loader=loader)
    assert (found['a'], found['b']) == ([], [])
    ((kind, detail),) = found['c']
    assert kind == 'bad values'
    assert detail.endswith("c.npz' holds 1 features of 32 that are not finite")
    assert faults(folder, loader=loader, values=False)['c'] == []


def test_damage_behind_the_header_is_found_too(folder):
    path = folder / 'features' / 'a.npz'
    save_features(path, np.ones((4, 100_000), np.float32), 10.0)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1   # of a number, which the check sum of the archive sees
    path.write_bytes(content)
    ((kind, detail),) = faults(folder)['a']
    assert kind == 'bad values'
    assert 'cannot be read as features' in detail


def test_one_file_is_said_to_be_of_another_size_and_not_also_to_have_bad_values(folder):
    save_features(folder / 'features' / 'a.npz', np.ones((5, 8), np.float32), 10.0)
    ((kind, _),) = faults(folder)['a']
    assert kind == 'other features'


def test_the_data_set_itself_looks_at_headers_alone_until_the_file_is_taken(folder):
    spoil(folder, 'c')
    videos = dataset(folder, 'feature', subset='validation', test_mode=True)
    with pytest.raises(ValueError, match=r"video 'c' .*holds 1 features of 32 that are not finite"):
        videos[0]


def test_a_training_goes_on_without_a_file_that_has_no_numbers_and_names_it(folder):
    spoil(folder, 'a')
    sample = dataset(folder, 'feature')[0]['data_samples']
    assert sample.video_name == 'b'
    ((name, reason),) = sample.replaced
    assert name == 'a'
    assert "a.npz' holds 1 features of 32 that are not finite" in reason


def test_features_of_one_size_are_not_read_whole_to_find_repeats(folder, monkeypatch):
    for number, name in enumerate('abc'):
        values = np.full((4, 8), number, np.float32)
        save_features(folder / 'features' / f'{name}.npz', values, 10.0)
    hashed, real = [], same_files._digest
    monkeypatch.setattr(same_files, '_digest', lambda path: (hashed.append(path), real(path))[1])
    faults(folder)
    assert hashed == []
    shutil.copy(folder / 'features' / 'a.npz', folder / 'features' / 'c.npz')
    source = Source(str(folder / 'gt.json'), None, str(folder / 'features'), '{}.npz', True)
    found = {one.record.name: one.errors for one in check([source])}
    assert found == {'a': ['in two subsets'], 'b': [], 'c': []}
    assert len(hashed) == 2


def test_a_second_check_opens_no_file_of_features_but_for_its_values(folder, monkeypatch):
    expected = faults(folder)
    monkeypatch.setattr(look, 'look_at_features', None)
    assert faults(folder) == faults(folder, values=False) == expected
