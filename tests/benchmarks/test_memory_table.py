"""The table of planned steps."""
from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import pytest
from mmengine.registry import init_default_scope

from mmlofi.fidelity import FULL
from mmlofi.planning.step_memory import StepCounter

FOLDER = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture
def program(monkeypatch):
    """The module, for a small transformer, 6 clips and full fidelity alone."""
    monkeypatch.syspath_prepend(FOLDER)
    for name in ('videomae', 'memory_table', 'train_step', 'encoders'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    module, sizes = importlib.import_module('memory_table'), importlib.import_module('videomae')
    monkeypatch.setitem(sizes.SIZES, 'tiny', dict(embed_dims=32, depth=4, num_heads=2))
    monkeypatch.setattr(module, 'source', lambda size: sizes.source(size, clips=6, side=64))
    monkeypatch.setattr(module, 'FIDELITIES', (FULL,))
    init_default_scope('mmaction')
    return module


def test_a_row_is_what_the_plan_counts(program):
    arguments = argparse.Namespace(sizes=['tiny'], trained=['adapters', 'ladder'], map=False,
                                   options=['plain', 'bf16+checkpointing'])
    rows = list(program.rows(arguments))
    assert [(row['trained'], row['option']) for row in rows] == [
        (trained, option) for trained in arguments.trained for option in arguments.options]
    assert ['operations' in row for row in rows] == [True, False] * 2
    kept = [row['encoder'] for row in rows]
    assert kept[1] < kept[0] > kept[2] > kept[3]
    counter = StepCounter(sys.modules['videomae'].config('tiny', 'ladder', 'plain'), clip_len=16)
    assert counter.count(1, 6, 64).encoder == kept[2]


def test_a_cell_has_full_fidelity_and_the_dearest_of_the_others(program):
    found = [dict(size='S', trained='ladder', option='plain', fidelity=name, peak=peak * 2**30)
             for name, peak in (('full', 8), ('S', 2), ('T', 3), ('ST', 1))]
    assert program.table(found, ['plain'], ['S', 'T', 'ST']).splitlines()[-1] == \
        '| S | ladder | 8.00 / 3.00 |'
