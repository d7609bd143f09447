"""What the command lines of several tools have in common."""
from __future__ import annotations

import argparse

import pytest

from mmlofi.arguments import add_cfg_options


@pytest.mark.parametrize(('line', 'expected'), [
    ('', None),
    ('--cfg-options a=1 b.c=[2,3]', {'a': 1, 'b.c': [2, 3]}),
    ('--cfg-options a=1 b=x --amp --cfg-options b=y c=0.5', {'a': 1, 'b': 'y', 'c': 0.5})])
def test_later_settings_add_to_earlier_ones_and_win(line, expected):
    parser = argparse.ArgumentParser()
    parser.add_argument('--amp', action='store_true')
    add_cfg_options(parser)
    assert parser.parse_args(line.split()).cfg_options == expected
