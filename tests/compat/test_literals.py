"""Text that assigns literals, read for its values, and what more than that is refused as."""
from __future__ import annotations

import math

import pytest
from mmengine.config import Config

from mmlofi.compat.literals import MAX_CHARACTERS, NotData, read_values, write_values

VALUES = dict(
    a=dict(b=[1, -2.5, None, True], c='it\'s "quoted"', d=(1,), e=(), f={}, g=[]),
    big=10**30, small=1e-300, far=float('inf'), back=-float('inf'), words='\ud800 {} \\ \n é',
    raw=b'\x00\xff', some={1, 2}, none=set(), keys={1: 'one', (1, 2): dict(x=1.5), 'a b': 0},
    deep=[[[[(((1, 2), 3), 4)]]]])


def test_values_that_were_written_are_read_as_they_were():
    assert read_values(write_values(VALUES)) == VALUES
    assert math.isnan(read_values(write_values(dict(x=float('nan'))))['x'])


def test_what_is_written_is_python_of_the_same_values():
    space: dict = {}
    exec(write_values(VALUES), {'__builtins__': dict(set=set, float=float)}, space)
    assert space == VALUES


@pytest.mark.usefixtures('formatted_configs')
def test_what_mmengine_writes_of_a_config_is_read():
    content = {name: value for name, value in VALUES.items() if name != 'keys'}
    assert read_values(Config(content).pretty_text) == content


@pytest.mark.usefixtures('formatted_configs')
def test_keys_that_are_no_names_are_read_as_mmengine_writes_them():
    content = dict(paramwise_cfg=dict(custom_keys={'backbone.layer': dict(lr_mult=0.1), 'ln': {}}))
    text = Config(content).pretty_text
    assert 'dict({' in text
    assert read_values(text) == content


@pytest.mark.parametrize(('text', 'values'), [
    ('', {}),
    ('# a comment\n\nx = 1  # and one more\n', dict(x=1)),
    ("x = 'a' \"b\" r'\\c'", dict(x='ab\\c')),
    ('x = dict(\n    a=1,\n    b=dict(),\n)\n', dict(x=dict(a=1, b={}))),
    ('x = (1)', dict(x=1)), ('x = (1,)', dict(x=(1,))), ('x = [1, 2,]', dict(x=[1, 2])),
    ('x = tuple([1, 2])', dict(x=(1, 2))), ('x = list((1,))', dict(x=[1])),
    ('x = set()', dict(x=set())), ('x = set([1])', dict(x={1})),
    ('x = +1\ny = 0x10\nz = 1_000', dict(x=1, y=16, z=1000)),
    ('x = 1\nx = 2', dict(x=2))])
def test_literals_are_read(text, values):
    assert read_values(text) == values


@pytest.mark.parametrize('text', [
    'dict = exec\nx = dict("open(\'here\', \'w\').write(\'ran\')")',
    'x = exec("1")', 'import os', 'from os import path', 'x = os.environ', 'x = ().__class__',
    'x = 1 .__class__', 'x = "".join([])', 'x = [1][0]', 'x = dict(a=1)["a"]',
    '@exec\ndef f(): pass', 'class A:\n    x = 1', 'def f(x=exec("1")): pass',
    'x = lambda y=exec("1"): y', 'x = [y for y in (1, 2)]', 'x = {y: 1 for y in (1,)}',
    'x = (y for y in (1,))', 'x = f"{exec(1)}"', "x = rf'{1}'", 'x = (y := 1)', 'y := 1',
    'x = 1 + 1', 'x = not 1', 'x = 1 if 2 else 3', 'x = 1 < 2', 'x = *y,', 'x = dict(**y)',
    'x = dict({1})', 'x = dict({1: 2}, a=3)', 'x = dict({1: 2}, {3: 4})', 'x = dict([(1, 2)])',
    'x = dict("a")', 'x = dict(a=1)(b=2)', 'x = dict(a=1, a=2)', 'x = dict(if=1)', 'lambda = 1',
    'x = list(3)', 'x = list([1], [2])', 'x = tuple(y)',
    'x = set([[1]])', 'x = {[1]: 2}', 'x = {1: 2, 3}', 'x = y', 'x: int = 1', 'x = y = 1',
    'x, y = 1, 2', 'x.y = 1', 'x[0] = 1', 'x += 1', 'x = 1; y = 2', 'del x', 'if 1: x = 1',
    'print(1)', '1', 'x = float("1")', 'x = float(1)', 'x = float("inf", 1)', 'x =', 'x = [1',
    'x = """a', 'x = "a" b"b"', 'x = "\\N{nothing}"',
    'x = 1\n y = 2',
    '_base_ = "other.py"', 'x = dict(_base_="other.py")', "x = '{{$HOME:1}}'", 'x = {{$HOME:1}}',
    'x = "{{ fileDirname }}"', '\0', 'x = $', 'x = ...', 'x = 1j + 1',
    'x = ' + '[' * 10_000, 'x = ' + '(' * 100 + '1' + ')' * 100, 'x = ' + '-' * 10_000 + '1',
    'x = ' + 'dict(a=' * 100 + '1' + ')' * 100, 'x = ' + '9' * 5_000,
    'x = ' + '1 + ' * 50_000 + '1', 'x = "' + 'a' * MAX_CHARACTERS + '"'],
    ids=lambda text: text[:30])
def test_more_than_literals_is_refused(text):
    with pytest.raises(NotData):
        read_values(text)


def test_what_is_refused_is_named_with_its_line():
    with pytest.raises(NotData, match=r"'x = open\(\"a\"\)' in line 2, from 'open' \(column 5\)"):
        read_values('a = 1\nx = open("a")\n')
