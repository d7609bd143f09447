"""Settings of a command line, made up at random: they say what they did, or why they cannot."""
from __future__ import annotations

import argparse
import copy
import random

import pytest
from fuzz_scale import scaled
from mmengine.config import Config

from mmlofi.arguments import add_cfg_options, merge_cfg_options

CONTENT = dict(model=dict(type='A', head=dict(k=3, sizes=[1, 2]), encoder=None),
               optim_wrapper=dict(optimizer=dict(lr=0.1)), hooks=[dict(interval=1), dict(k=2)],
               load_from=None, name='x')
NAMES = ['model', 'head', 'k', 'sizes', 'encoder', 'optim_wrapper', 'optimizer', 'lr', 'hooks', '0',
         '1', '7', '-1', 'load_from', 'name', 'modle', '', ' ', '_base_', 'é', 'text',
         'filename', '__class__', 'get', 'type']
TEXTS = ['1', '0.5', 'nan', 'None', 'true', 'x', '', '[1,2]', '(1,[2,3])', '[1', '1)', ',', '[,]',
         '"a b"', "'", '=', 'a=b', '1e999', '9' * 500, '[' * 2000 + ']' * 2000, '{}', '$HOME',
         '\x00']


def command_line(source: random.Random) -> list[str]:
    settings = []
    for _ in range(source.randint(1, 3)):
        name = '.'.join(source.choices(NAMES, k=source.randint(1, 4)))
        settings.append(name + source.choice(['=', '=', '=', '=', '', '==']) + source.choice(TEXTS))
    return ['--cfg-options', *settings]


def put(content: object, name: str, value: object) -> None:
    """Sets one dotted name, where the way to it is there or can be made of dicts."""
    first, _, rest = name.partition('.')
    if isinstance(content, list):
        first = int(first)
    if not rest:
        content[first] = value
        return
    if not isinstance(content, list) and first not in content:
        content[first] = {}
    put(content[first], rest, value)


@pytest.mark.parametrize('seed', range(scaled(200)))
def test_settings_are_set_as_named_or_refused_by_name(seed, capsys):
    line = command_line(random.Random(seed))
    parser = argparse.ArgumentParser()
    add_cfg_options(parser)
    try:
        options = parser.parse_args(line).cfg_options
    except SystemExit:
        assert 'KEY=VALUE' in capsys.readouterr().err
        return
    cfg, expected = Config(copy.deepcopy(CONTENT)), copy.deepcopy(CONTENT)
    try:
        merge_cfg_options(cfg, options)
    except ValueError as error:
        assert '--cfg-options' in str(error)
        assert any(key in str(error) for key in options)
        assert cfg.to_dict() == CONTENT   # a config is changed as a whole or not at all
        return
    for name, value in options.items():
        put(expected, name, value)
    assert str(cfg.to_dict()) == str(expected)   # nan is not equal to itself
