"""Transforms of inherited configs are changed by name."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from mmlofi.pipelines import change

CONFIGS = Path(__file__).parents[1] / 'configs'


def small() -> dict:
    inner = [dict(type='Open', side=1), dict(type='Around', transform=dict(type='Crop', size=1)),
             dict(type='Around', transform=dict(type='Resize', size=1))]
    return dict(train=dict(dataset=dict(pipeline=inner)), test=dict(dataset=dict(pipeline=[
        dict(type='Open', side=1), dict(type='Crop', size=1)])), model=dict(type='Open'))


def test_all_transforms_of_a_name_are_changed_wrapped_ones_too():
    config = small()
    change(config, 'Crop', size=2, seed=3)
    crops = (config['train']['dataset']['pipeline'][1]['transform'],
             config['test']['dataset']['pipeline'][1])
    assert [(crop['size'], crop['seed']) for crop in crops] == [(2, 3), (2, 3)]
    assert config['model'] == dict(type='Open')


def test_one_loader_or_one_wrapper_can_be_meant():
    config = small()
    change(config['test'], 'Open', side=2)
    change(config, 'Around', holding='Resize', divisor=16)
    first, *others = config['train']['dataset']['pipeline']
    assert first['side'] == 1
    assert ['divisor' in one for one in others] == [False, True]
    assert config['test']['dataset']['pipeline'][0]['side'] == 2


def test_those_of_joined_data_sets_and_of_choices_are_found():
    crops = [dict(type='Crop', size=1) for _ in range(3)]
    config = dict(train=dict(dataset=dict(type='ConcatDataset', datasets=[
        dict(type='Videos', pipeline=[crops[0], dict(type='Choice', transforms=[[crops[1]]])]),
        dict(type='Videos', pipeline=[dict(type='Around', transform=crops[2])])])))
    change(config, 'Crop', size=2)
    assert [crop['size'] for crop in crops] == [2, 2, 2]


@pytest.mark.parametrize(('name', 'values', 'message'), [
    ('Corp', dict(size=2), r"change\('Corp'\) finds 0 transforms.*such as \['Crop'\]"),
    ('Zzz', dict(size=2), r"such as \['Around', 'Crop', 'Open', 'Resize'\]"),
    ('Crop', {}, 'sets 0 arguments'),
    ('Around', dict(holding='Open', divisor=2), r"'Around' around a 'Open'\) finds 0")])
def test_what_would_change_nothing_is_refused(name, values, message):
    with pytest.raises(ValueError, match=message):
        change(small(), name, **values)


def test_no_config_that_is_shipped_goes_by_the_place_of_a_transform():
    # THUMOS' test clips were once at another rate than those it trains on: one place was forgotten.
    for path in CONFIGS.rglob('*.py'):
        assert not re.search(r'pipeline\[\d+\]', path.read_text()), path
    cfg = Config.fromfile(CONFIGS / 'tsp_tsm_thumos.py')
    assert {cfg[loader].dataset.pipeline[1].fps for loader in (
        'train_dataloader', 'val_dataloader', 'test_dataloader')} == {15}
