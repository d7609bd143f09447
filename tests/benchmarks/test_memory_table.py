"""The table of planned steps: what a few blocks tell of many."""
from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import pytest
from mmengine.registry import init_default_scope

from mmlofi.fidelity import FULL

FOLDER = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def program(monkeypatch):
    """The module, for a narrow transformer of 10 blocks, 6 clips and full fidelity alone."""
    monkeypatch.syspath_prepend(FOLDER)
    for name in ('videomae', 'memory_table'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module, sizes = importlib.import_module('memory_table'), importlib.import_module('videomae')
    monkeypatch.setitem(sizes.SIZES, 'tiny', dict(embed_dims=32, depth=10, num_heads=2))
    monkeypatch.setattr(module, 'source', lambda size: sizes.source(size, clips=6, side=64))
    monkeypatch.setattr(module, 'FIDELITIES', (FULL,))
    init_default_scope('mmaction')
    return module


def test_every_further_block_adds_the_same(program):
    arguments = dict(sizes=['tiny'], trained=['all weights', 'ladder'],
                     options=['plain', 'bf16+checkpointing+chunks'], map=False)
    few, whole = (list(program.rows(argparse.Namespace(whole=whole, **arguments)))
                  for whole in (False, True))
    assert len(few) == len(whole) == 4
    for row, expected in zip(few, whole):
        for name, value in expected.items():
            close = value if isinstance(value, str) else pytest.approx(value, rel=1e-3)
            assert row[name] == close, (row['trained'], name)


def test_a_cell_has_full_fidelity_and_the_dearest_of_the_others(program):
    found = [dict(size='S', trained='ladder', option='plain', fidelity=name, peak=peak * 2**30)
             for name, peak in (('full', 8), ('S', 2), ('T', 3), ('ST', 1))]
    assert program.table(found, ['plain'], ['S', 'T', 'ST']).splitlines()[-1] == \
        '| S | ladder | 8.00 / 3.00 |'
