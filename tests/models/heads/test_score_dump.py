"""Pickles that were made to do harm: nothing runs, and no memory is taken that is not there."""
from __future__ import annotations

import collections
import io
import os
import pickle
import struct

import numpy as np
import pytest
import torch

from mmlofi.models.heads.score_dump import load_dump

P = pickle   # whose steps are its constants


@pytest.fixture
def load(tmp_path):
    def load(content):
        path = tmp_path / 'x.pkl'
        path.write_bytes(content if isinstance(content, bytes) else pickle.dumps(content))
        return load_dump(str(path))
    return load


@pytest.mark.parametrize('protocol', range(6))
def test_values_arrays_and_tensors_come_as_they_were(load, protocol):
    values = [dict(pred_score=torch.tensor([0.5, 0.25]), half=torch.tensor([0.5]).half(),
                   brain=torch.tensor([0.5]).bfloat16(), label=torch.tensor([3]),
                   turned=torch.arange(6).view(2, 3).T, part=torch.arange(6)[2:4],
                   array=np.array([[1.5, 2], [3, 4]]), columns=np.ones((2, 3), order='F'),
                   big=np.arange(3, dtype='>i2'), number=np.float64(2.5), text='ä', none=None,
                   size=(4, 5), flag=True, large=2 ** 70, nested=[[1], {'a': b'bytes'}])]
    (found,) = load(pickle.dumps(values, protocol=protocol))
    (expected,) = values
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, torch.Tensor):
            value = value.float().numpy() if value.is_floating_point() else value.numpy()
        if isinstance(value, np.ndarray):
            np.testing.assert_array_equal(found[name], value)
        else:
            assert found[name] == value, name


def reduced(function, *arguments):
    class Reduced:
        def __reduce__(self):
            return function, arguments
    return Reduced()


def stated(function, arguments, state):
    class Stated:
        def __reduce__(self):
            return function, arguments, state
    return Stated()


class Own:
    """An object of a class."""


@pytest.mark.parametrize(('value', 'named'), [
    (reduced(os.system, 'touch ran'), 'posix.system'), (reduced(eval, '1'), 'eval'),
    (reduced(getattr, dict, 'get'), 'getattr'), (reduced(__import__, 'os'), '__import__'),
    (reduced(torch.load, 'x.pth'), 'torch.serialization.load'),
    (reduced(np.load, 'x.npy'), 'numpy.*load'), (reduced(bytearray, 10 ** 12), 'bytearray'),
    (Own(), 'Own|copy_reg|objects'), ({1, 2}, 'sets?'), (frozenset([1]), 'sets?'),
    (np.array([dict()], dtype=object), "an array of 'O8'"),
    (np.zeros(2, dtype=[('a', 'f4')]), "an array of 'V4'"),
    (np.array(['2001-01-01'], dtype='M8[D]'), "an array of 'M8'"),
    ({(1, 2): 3}, 'a dict with a tuple as key'),
    (reduced(collections.OrderedDict, [('a', 1)]), 'an OrderedDict made of a list'),
    (reduced(np.ndarray, (10 ** 12,)), 'a call of'),
    (reduced(np.zeros(1).__reduce__()[0], np.ndarray, (10 ** 12,), b'd'), 'an array of'),
    (stated(collections.OrderedDict, (), dict(__class__=1)), 'a state of a dict')])
@pytest.mark.parametrize('protocol', [0, 2, 4])
def test_anything_else_is_refused_by_its_name(load, value, named, protocol, tmp_path,
                                                 monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=rf'x\.pkl. was not loaded, because it holds .*({named})'):
        load(pickle.dumps([value], protocol=protocol))
    assert os.listdir() == ['x.pkl']


def storage_of(content):
    return P.GLOBAL + b'torch.storage\n_load_from_bytes\n' + P.BINBYTES \
        + struct.pack('<I', len(content)) + content + P.TUPLE1 + P.REDUCE


def saved(value, **kwargs):
    buffer = io.BytesIO()
    torch.save(value, buffer, **kwargs)
    return buffer.getvalue()


@pytest.mark.parametrize(('offset', 'shape', 'stride'), [
    (0, (5,), (1,)), (1, (4,), (1,)), (0, (10 ** 12,), (0,)), (0, (2, 2), (3, 1)),
    (-1, (1,), (1,)), (0, (2,), (-1,)), (0, (2.5,), (1,))])
def test_a_tensor_has_no_more_numbers_than_there_are(load, offset, shape, stride):
    with pytest.raises(ValueError, match='a tensor of shape .* for which it has 4 numbers'):
        load(reduced(torch._utils._rebuild_tensor_v2, torch.zeros(4)._typed_storage(), offset,
                     shape, stride, False, None))


@pytest.mark.parametrize('content', [saved(torch.zeros(4)), saved(dict(a=1)),
                                     saved(dict(a=1), _use_new_zipfile_serialization=False)])
def test_what_lies_in_the_place_of_a_tensors_numbers_is_looked_at(load, content):
    with pytest.raises(ValueError, match='was not loaded, because it holds (an archive of tensors|'
                                         'a dict in the place of the numbers of a tensor)'):
        load(storage_of(content) + P.STOP)


@pytest.mark.parametrize(('inside', 'found'), [
    (P.PROTO + b'\2' + P.EMPTY_DICT + P.EMPTY_TUPLE + P.TUPLE1 * 200_000 + P.NONE + P.SETITEM
     + P.STOP, 'nested more than'), (pickle.dumps(bytearray(9), 2), 'a bytearray')])
def test_a_pickle_within_the_pickle_ends_nothing(load, inside, found):
    whole = saved(0, _use_new_zipfile_serialization=False)
    assert (content := whole.replace(pickle.dumps(0, 2), inside)) != whole
    with pytest.raises(ValueError, match=f'was not loaded, because it holds .*{found}'):
        load(storage_of(content) + P.STOP)


def test_a_pickle_within_the_pickle_runs_nothing(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r'x\.pkl. cannot be read \(UnpicklingError'):
        load(storage_of(pickle.dumps(reduced(os.system, 'touch ran'), protocol=2)) + P.STOP)
    assert os.listdir() == ['x.pkl']


@pytest.mark.parametrize('content', [
    P.BINBYTES8 + struct.pack('<Q', 2 ** 62) + b'x' + P.STOP,
    P.BINBYTES8 + struct.pack('<Q', 2 ** 37) + b'x' + P.STOP,
    P.LONG4 + struct.pack('<i', 2 ** 31 - 1) + b'1' + P.STOP,
    b'I' + b'9' * 100_000 + b'\n.', P.MARK * 100_000, b'(' * 100_000 + P.STOP,
    P.EMPTY_DICT + P.EMPTY_TUPLE + P.TUPLE1 * 100_000 + P.NONE + P.SETITEM + P.STOP,
    P.BINUNICODE + struct.pack('<I', 100_000) + b'a' * 100_000 + P.PUT + b'0\n' + P.POP + P.MARK
    + (P.GLOBAL + b'_codecs\nencode\n' + P.GET + b'0\n' + P.SHORT_BINUNICODE + b'\x06latin1'
       + P.TUPLE2 + P.REDUCE) * 50_000 + P.LIST + P.STOP], ids=range(8))
def test_bombs_take_no_memory(load, content, little_memory):
    with pytest.raises(ValueError, match=r"x\.pkl' "), little_memory():
        load(content)


@pytest.mark.parametrize('content', [
    P.EMPTY_TUPLE + P.TUPLE1 * 100_000 + P.STOP,
    P.EMPTY_LIST + P.LONG_BINPUT + struct.pack('<I', 2 ** 32 - 1) + P.STOP,
    P.FRAME + struct.pack('<Q', 2 ** 62) + P.EMPTY_TUPLE + P.STOP], ids=range(3))
def test_what_only_looks_like_a_bomb_is_a_value(load, content, little_memory):
    with little_memory():
        assert isinstance(load(content), tuple | list)


def test_an_encoding_of_ones_own_is_refused(load):
    import _codecs
    with pytest.raises(ValueError, match="a text in 'zlib'"):
        load(pickle.dumps(reduced(_codecs.encode, 'x', 'zlib')))
