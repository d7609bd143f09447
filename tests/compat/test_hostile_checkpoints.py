"""What a checkpoint asks to run, or to take memory for, is refused by name."""
from __future__ import annotations

import io
import os
import zipfile
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader
from tiny_run import HostileCode

from mmlofi.compat.checkpoints import load_url
from mmlofi.compat.trust import UNSAFE_SWITCH


class Rebuilt:
    """Pickled as these three parts of `__reduce__`."""

    def __init__(self, *parts):
        self.parts = parts

    def __reduce__(self):
        return self.parts


def state_of(kind: object, content: object, shape: tuple = (1,)) -> Rebuilt:
    """An array of numpy's pickles, with any type and content."""
    rebuild, arguments, _ = np.zeros(1).__reduce__()
    return Rebuilt(rebuild, arguments, (1, shape, kind, False, content))


# A number whose type says that its bytes are the address of an object.
ADDRESS = Rebuilt(np.dtype, ('f8', False, True), (3, '<', None, None, None, -1, -1, 63))
DEEP = b'\x80\x02}' + b')' + b'\x85' * 200_000 + b'K\x01s.'


@pytest.mark.parametrize(('content', 'found'), [
    (state_of(ADDRESS, b'12345678'), None), (state_of(ADDRESS, [1.0]), 'of objects'),
    (HostileCode(np.ndarray, (2**40,), np.dtype('f8')), 'a call of it'),
    (HostileCode(np.dtype, 'O'), "dtype('O')"), (HostileCode(np.dtype, 'f8,f8'), 'dtype('),
    (state_of(np.dtype('f8'), b'12345678', (2**60, 16)), '8 bytes for one'),
    (state_of(np.dtype('f8'), b'12345678', (-1, -1)), None),
    (HostileCode(bytearray, 2**40), 'bytearray'), (DEEP, 'nested more than 1000 deep')],
    ids=['addresses', 'objects', 'any length', 'type of objects', 'records', 'another shape',
         'a shape below 0', 'bytes', 'tuples'])
@pytest.mark.parametrize('new', [True, False])
def test_values_that_would_take_all_memory_or_end_python_are_refused(
        tmp_path, content, found, new):
    whole = tmp_path / 'whole.pth'
    torch.save(0 if isinstance(content, bytes) else [content], whole,
               _use_new_zipfile_serialization=new)
    if isinstance(content, bytes):
        replace_pickle(whole, content)
    if found is None:   # as the numbers that they are, or not at all
        with suppress(ValueError):
            (array,) = CheckpointLoader.load_checkpoint(str(whole))
            assert array.dtype.flags == np.dtype('f8').flags
            assert array.nbytes == 8
        return
    with pytest.raises(ValueError, match=UNSAFE_SWITCH) as caught:
        CheckpointLoader.load_checkpoint(str(whole))
    assert found in str(caught.value)


@pytest.mark.parametrize('dtype', [torch.float16, torch.float64, torch.bool, torch.complex64])
def test_a_storage_that_is_said_to_be_larger_than_it_is_is_refused(tmp_path, dtype):
    path = tmp_path / 'c.pth'
    torch.save(dict(a=torch.ones(7, dtype=dtype)), path)
    assert CheckpointLoader.load_checkpoint(str(path))['a'].shape == (7,)
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if name.endswith('data.pkl'))
        content = archive.read(name).replace(b'K\x07', b'K\x08')
    replace_pickle(path, content)
    with pytest.raises(ValueError, match='a storage of 8 values in'):
        CheckpointLoader.load_checkpoint(str(path))


def replace_pickle(path: Path, content: bytes) -> None:
    """Puts another pickle in the place of a checkpoint's."""
    if not zipfile.is_zipfile(path):
        path.write_bytes(path.read_bytes().replace(b'\x80\x02K\x00.', content))
        return
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in entries.items():
            archive.writestr(name, content if name.endswith('data.pkl') else data)


@pytest.mark.parametrize(
    ('content', 'name'),
    [
        (HostileCode(os.system, 'echo run'), 'posix.system'),
        (HostileCode(eval, '1 + 1'), 'eval'),
        (HostileCode(__import__, 'os'), '__import__'),
        (HostileCode(getattr, np.ndarray, 'tofile'), "'tofile'"),
        (HostileCode(getattr, HistoryBuffer, '__init__'), "'__init__'"),
        (HostileCode(torch.hub.load, 'echo', 'run'), 'torch.hub.load'),
        (HostileCode(np.load, 'x.npy'), 'load'),
        (HostileCode(bytearray.fromhex, '00'), 'bytearray'),
        (HostileCode(Path, '/'), 'pathlib'),
        (HostileCode(type, 'A', (), {}), 'type'),
        (dict(meta=dict(config='import os\nos.system("echo run")')), 'import os'),
        (dict(meta=dict(cfg='a = open("f", "w")')), 'open("f", "w")'),
        (dict(meta=dict(config="_base_ = 'other.py'")), '_base_'),
        (dict(message_hub=dict(runtime_info=dict(cfg='[f for f in x]'))), 'runtime_info.cfg'),
    ],
)
def test_a_hostile_checkpoint_is_refused_by_name_and_its_code_not_run(
    tmp_path, capfd, content, name
):
    path = tmp_path / 'hostile.pth'
    torch.save(content, path)
    with pytest.raises(ValueError, match=UNSAFE_SWITCH) as caught:
        CheckpointLoader.load_checkpoint(str(path))
    assert name in str(caught.value)
    assert 'hostile.pth' in str(caught.value)
    assert 'run\n' not in capfd.readouterr().out


@pytest.mark.parametrize('scheme', ['s3://bucket/c.pth', 'petrel://bucket/c.pth'])
def test_files_of_a_store_are_read_as_safely(monkeypatch, scheme):
    content = io.BytesIO()
    torch.save(HostileCode(eval, '1 + 1'), content)
    monkeypatch.setattr('mmlofi.compat.checkpoints.get', lambda *_, **__: content.getvalue())
    with pytest.raises(ValueError, match=r'c\.pth was not loaded, because it holds'):
        CheckpointLoader.load_checkpoint(scheme)


def test_a_store_whose_loader_runs_code_is_refused():
    with pytest.raises(ValueError, match='download it'):
        CheckpointLoader.load_checkpoint('pavi://model')


def test_downloads_are_refused_in_the_same_way(tmp_path):
    torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
    with pytest.raises(ValueError, match=r'holds (builtins\.)?eval'):
        load_url((tmp_path / 'c.pth').as_uri(), model_dir=str(tmp_path / 'cache'))


def test_what_cannot_be_downloaded_is_named_with_the_place_where_it_may_be_put(tmp_path):
    url, cache = (tmp_path / 'none.pth').as_uri(), tmp_path / 'cache'
    with pytest.raises(OSError, match=f'{url} cannot be downloaded .* file at {cache}/none.pth'):
        load_url(url, model_dir=str(cache))


def test_an_archive_that_could_unpack_to_any_size_is_not_taken_from_the_net_either(tmp_path):
    torch.save(dict(weight=torch.zeros(1000)), tmp_path / 'c.pth')
    packed = tmp_path / 'packed.pth'
    with zipfile.ZipFile(tmp_path / 'c.pth') as archive, \
            zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as new:
        for name in archive.namelist():
            new.writestr(name, archive.read(name))
    for path, fault in ((packed, 'compressed entries'), (tmp_path / 'c.pth', None)):
        load = partial(load_url, path.as_uri(), model_dir=str(tmp_path / 'cache'), progress=False)
        if fault is None:
            assert load()['weight'].shape == (1000,)
        else:
            with pytest.raises(ValueError, match=fault):
                load()
