"""What the command lines of tools that take a config have in common."""
from __future__ import annotations

import argparse

import pytest
from mmengine.config import Config

from mmlofi import arguments
from mmlofi.arguments import add_cfg_options, merge_cfg_options


@pytest.mark.parametrize(('line', 'expected'), [
    ('', None),
    ('--cfg-options a=1 b.c=[2,3]', {'a': 1, 'b.c': [2, 3]}),
    ('--cfg-options a=1 b=x --amp --cfg-options b=y c=0.5', {'a': 1, 'b': 'y', 'c': 0.5})])
def test_later_settings_add_to_earlier_ones_and_win(line, expected):
    parser = argparse.ArgumentParser()
    parser.add_argument('--amp', action='store_true')
    add_cfg_options(parser)
    assert parser.parse_args(line.split()).cfg_options == expected


def config():
    return Config(dict(model=dict(type='A', head=dict(k=3)), optim_wrapper=dict(lr=0.1),
                       hooks=[dict(interval=1)]))


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(arguments, 'print_log', lambda message, *_: lines.append(message))
    return lines


@pytest.mark.parametrize('options', [
    None, {}, {'model.head.k': 5}, {'load_from': 'a.pth'}, {'randomness.seed': 1},
    {'compile': True}, {'activation_checkpointing': ['backbone']},
    {'hooks.0.interval': 2}])
def test_settings_that_mean_something_are_taken_without_a_word(options, log):
    cfg = config()
    merge_cfg_options(cfg, options)
    expected = config()
    expected.merge_from_dict(options or {})
    assert cfg.to_dict() == expected.to_dict()
    assert log == []


def test_a_setting_that_would_change_nothing_is_refused_with_the_name_that_is_near(log):
    cfg = config()
    with pytest.raises(ValueError, match=r"--cfg-options optim_wraper\.lr=….*'optim_wraper'.*did "
                                         r"you mean 'optim_wrapper'\?"):
        merge_cfg_options(cfg, {'model.head.k': 5, 'optim_wraper.lr': 1})
    assert cfg.to_dict() == config().to_dict()
    with pytest.raises(ValueError, match="'something_else'.*correct its spelling"):
        merge_cfg_options(cfg, {'something_else': 1})


def test_a_setting_and_a_part_of_it_are_refused_together(log):
    with pytest.raises(ValueError, match=r"sets 'model\.head' and 'model\.head\.k', a part of it"):
        merge_cfg_options(config(), {'model.head.k': 1, 'model.head': None})


@pytest.mark.parametrize('key', ['', 'model.', '.k', 'model..k'])
def test_an_empty_name_is_refused(key, log):
    with pytest.raises(ValueError, match='an empty name'):
        merge_cfg_options(config(), {key: 1})


@pytest.mark.parametrize(('key', 'words'), [
    ('model.encoder.chunk_size', "sets 'model.encoder', which nothing in the config had"),
    ('model.haed.k', "sets 'model.haed', which nothing in the config had: did you mean 'head'?"),
    ('hooks.0.intervall', "sets 'hooks.0.intervall'")])
def test_a_new_setting_is_taken_and_named(key, words, log):
    cfg = config()
    merge_cfg_options(cfg, {key: 7})
    assert len(log) == 1
    assert words in log[0]
    *places, name = key.split('.')
    node = cfg
    for place in places:
        node = node[int(place) if place.isdecimal() else place]
    assert node[name] == 7
