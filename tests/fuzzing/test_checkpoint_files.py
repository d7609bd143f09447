"""Checkpoints changed at random: they load as they were, or are refused by name, in time."""
from __future__ import annotations

import ast
import io
import random
import zipfile

import numpy as np
import pytest
import torch
from damaged_bytes import damage
from fuzz_scale import scaled
from mmengine.logging import HistoryBuffer
from mmengine.runner import CheckpointLoader
from timed_case import assert_named, timed_case

from mmlofi.compat.literals import NotData, read_values
from mmlofi.compat.stored_config import stored_config
from mmlofi.models.encoders.checkpoint_fit import weights_in

CONFIG = """model = dict(
    backbone=dict(depth=18, name='R\\'18', stages=(1, 2, -3.5e-1)), head=None,
    nms=dict(sigma=0.84, top=[1, 2, dict(a={'b c': True})]), k=1_0)
custom_imports = dict(allow_failed_imports=False, imports=['mmlofi'])
classes = ('a', "b", r'c\\d')
"""
SPLICES = ['(', ')', '[', ']', '{', '}', ',', '=', '.', '-', '+', "'", '"', ':', '\n', ' ', '#',
           'f"', 'dict', 'lambda', 'x', '1', '*', '@', '\\', '_base_', 'None', ';', '\0', 'é',
           '{{', 'if']
ROUGH = dict(times=(1, 1, 1, 3, 20), longest=1000)   # of `damage`


def a_checkpoint() -> dict:
    history = HistoryBuffer()
    history.update(1.5)
    return dict(
        state_dict={'backbone.w': torch.arange(6.0).reshape(2, 3), 'head.b': torch.ones(2)},
        meta=dict(epoch=3, cfg=CONFIG, dataset_meta=dict(classes=('a', 'b'))),
        message_hub=dict(log_scalars=dict(loss=history), runtime_info=dict(
            epoch=3, lr=np.float64(0.5), cfg=CONFIG), resumed_keys=dict(loss=True)))


@pytest.fixture(scope='module')
def whole() -> bytes:
    content = io.BytesIO()
    torch.save(a_checkpoint(), content)
    return content.getvalue()


def load(path, content: bytes) -> dict | None:
    """What comes of it; None where it is refused by its name."""
    path.write_bytes(content)
    try:
        return CheckpointLoader.load_checkpoint(str(path))
    except ValueError as error:
        assert_named(error, path)
        return None


@pytest.mark.parametrize('seed', range(scaled(100)))
def test_changed_bytes_give_the_same_weights_or_a_refusal(seed, tmp_path, whole):
    with timed_case(seed, seconds=20):
        loaded = load(tmp_path / 'c.pth', damage(whole, random.Random(seed), **ROUGH))
    if loaded is not None:
        state = weights_in(loaded)
        expected = a_checkpoint()['state_dict']
        assert state.keys() == expected.keys()
        assert all(torch.equal(state[key], expected[key]) for key in expected)


@pytest.mark.parametrize('seed', range(scaled(200)))
def test_changed_pickles_in_a_whole_archive_run_and_hang_nothing(seed, tmp_path, whole):
    """The archive's check sums are right, as those of a file that somebody made up."""
    source, changed = random.Random(seed), io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(changed, 'w') as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, damage(content, source, **ROUGH)
                         if name.endswith('.pkl') else content)
    with timed_case(seed, seconds=20):
        loaded = load(tmp_path / 'c.pth', changed.getvalue())
        if loaded is None:
            return
        for read in (weights_in, lambda content: stored_config(content, 'c.pth')):
            try:
                read(loaded)
            except ValueError as error:
                assert 'expected' in str(error)


def twin(text: str) -> dict | None:
    """The values of assignments by Python's own parser; None for anything else."""
    def value(node: ast.expr) -> object:
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Name) and node.func.id == 'dict' and not node.args
                    and all(keyword.arg for keyword in node.keywords)):
                raise ValueError
            return {keyword.arg: value(keyword.value) for keyword in node.keywords}
        if isinstance(node, (ast.List, ast.Tuple)):
            return (list if isinstance(node, ast.List) else tuple)(map(value, node.elts))
        if isinstance(node, ast.Set):
            return set(map(value, node.elts))
        if isinstance(node, ast.Dict):
            return {value(key): value(content) for key, content in zip(node.keys, node.values)}
        return ast.literal_eval(node)
    try:
        found = {}
        for node in ast.parse(text).body:
            (target,) = node.targets
            found[target.id] = value(node.value)
        return found
    except (AttributeError, TypeError, ValueError, SyntaxError, RecursionError, MemoryError):
        return None


@pytest.mark.parametrize('seed', range(scaled(300)))
def test_changed_configs_are_read_as_python_reads_them_or_not_at_all(seed):
    source, text = random.Random(seed), CONFIG
    for _ in range(source.choice([1, 1, 2, 5])):
        start = source.randrange(len(text))
        end = start + source.choice([0, 0, 1, 3, 20])
        text = text[:start] + source.choice([*SPLICES, '']) + text[end:]
    with timed_case(seed, text):
        try:
            found = read_values(text)
        except NotData:
            return
    assert found == twin(text)
