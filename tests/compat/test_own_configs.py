"""The package's configs by name, as MMEngine names those of OpenMMLab's packages."""
from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.hub import get_config

import mmlofi

CONFIGS = Path(mmlofi.__file__).parents[1] / 'configs'


@pytest.mark.parametrize('name', ['lofi_tsm_anet.py', 'toy/lofi_toy.py', '_base_/gtad.py'])
def test_a_config_elsewhere_inherits_one_of_the_package_by_its_name(name, tmp_path):
    (tmp_path / 'mine.py').write_text(f"_base_ = 'mmlofi::{name}'\nlog_level = 'ERROR'\n")
    mine = Config.fromfile(tmp_path / 'mine.py').to_dict()
    shipped = Config.fromfile(CONFIGS / name).to_dict()
    assert mine == shipped | dict(log_level='ERROR')     # no `_scope_` in it either


def test_what_is_inherited_can_be_edited_by_its_name(tmp_path):
    (tmp_path / 'mine.py').write_text(
        "_base_ = ['mmlofi::lofi_tsm_anet.py']\nmodel = dict(head=dict(in_channels=7))\n"
        'first = _base_.train_dataloader.dataset.pipeline[0].type\n')
    mine = Config.fromfile(tmp_path / 'mine.py')
    assert mine.model.head.in_channels == 7
    assert mine.first == 'OpenVideo'


def test_get_config_reads_it_and_has_no_weights():
    shipped = Config.fromfile(CONFIGS / 'gtad_tsm_anet.py').to_dict()
    assert get_config('mmlofi::gtad_tsm_anet.py').to_dict() == shipped
    with pytest.raises(ValueError, match=r"'mmlofi::gtad_tsm_anet.py', pretrained=True.*no w"):
        get_config('mmlofi::gtad_tsm_anet.py', pretrained=True)


def test_an_unknown_name_is_met_with_similar_ones():
    with pytest.raises(FileNotFoundError, match=r"'mmlofi::lofi_tms_anet.py'.*'lofi_tsm_anet.py'"):
        get_config('mmlofi::lofi_tms_anet.py')


def test_those_of_mmaction2_are_read_as_before():
    assert get_config('mmaction::_base_/models/tsm_r50.py').model.backbone.depth == 50
