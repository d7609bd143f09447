"""Damaged and odd files of features: the numbers that are in them, or an error that names them."""
from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import array_of, arrays_of
from damaged_bytes import damage
from fuzz_scale import scaled
from timed_case import assert_named, timed_case

from mmlofi.datasets.transforms import LoadSnippetFeatures, save_features

BESIDE = ('duration_sec', 'header')


def odd_array(draw: random.Random, rng: np.random.Generator) -> np.ndarray:
    """Features of a few channels, as people store them, or wrong in one way."""
    array = rng.normal(size=(draw.randint(1, 5), draw.randint(1, 9)))
    kind = draw.choice(('plain', 'plain', 'plain', 'plain', 'whole', 'nan', 'inf', 'large', 'deep',
                        'flat', 'empty', 'text', 'complex', 'objects'))
    if kind == 'whole':
        return rng.integers(0, 100, array.shape).astype(draw.choice(('i1', 'u2', '>i4', 'i8')))
    if kind in ('nan', 'inf', 'large'):
        array.flat[draw.randrange(array.size)] = dict(nan=np.nan, inf=-np.inf, large=1e200)[kind]
    if kind == 'text':
        return array.astype('U8')
    if kind == 'complex':
        return array + 1j
    if kind == 'objects':
        return array.astype(object)
    shape = dict(deep=(1, *array.shape), flat=(-1,), empty=(0, 3)).get(kind, array.shape)
    array = array.ravel()[:0].reshape(shape) if kind == 'empty' else array.reshape(shape)
    return array.astype('f8' if kind == 'large' else draw.choice(('f2', 'f4', 'f8', '>f4')))


def write(path: Path, array: np.ndarray, draw: random.Random) -> None:
    if path.suffix == '.npy':
        np.save(path, array)
    elif path.suffix == '.npz':
        if draw.random() < 0.3:
            save_features(path, array, 5.0, dict(side=64))
        else:
            lasts = draw.choice((5, 2.5, np.nan, 'x', [1, 2]))
            more = draw.choice(({}, {}, {}, {}, {'duration_sec': lasts},
                                {'header': draw.choice(('{}', '[1]', '{', 'NaN'))}, {'other': 1}))
            save = draw.choice((np.savez, np.savez_compressed))
            save(path, **{draw.choice(('features', 'rgb')): array}, **more)
    elif path.suffix == '.h5':
        import h5py
        with h5py.File(path, 'w') as file:
            if array.dtype.kind in 'fiuc':
                file.create_dataset('x', data=array, compression=draw.choice((None, 'gzip'))
                                    if array.size and array.ndim else None)
            else:
                file['x'] = 'text'
            file['x'].attrs.update(draw.choice((
                {}, dict(duration_sec=5.0), dict(duration_sec=np.inf), dict(header='{}'),
                dict(header=np.bytes_('{}')))))
    else:
        path.write_bytes(csv_of(array, draw))


def csv_of(array: np.ndarray, draw: random.Random) -> bytes:
    """A line a row, with some of what spreadsheets and programs add."""
    rows = [[str(cell) for cell in np.ravel(row)] for row in np.atleast_1d(array)]
    width = len(rows[0]) if rows else 2
    head = draw.choice(([], [f'f{place}' for place in range(width)],
                        [str(place) for place in range(width)], [''] * width,
                        ['a', *['1'] * (width - 1)]))
    rows = [head, *rows] if head else rows
    if rows and draw.random() < 0.3:
        draw.choice(rows)[0] = draw.choice(('', 'x', '1_0', '1e400', ' 2 ', '"3"', '#4', 'nan'))
    if rows and draw.random() < 0.1:
        draw.choice(rows).append('7')
    text = draw.choice(('\n', '\r\n')).join(map(','.join, rows)) + draw.choice(('', '\n', '\n \n'))
    return text.encode(draw.choice(('utf-8', 'utf-8-sig', 'utf-8-sig', 'utf-16')))


def stored(path: Path) -> np.ndarray:
    """The array that a good file has."""
    if path.suffix == '.npy':
        return array_of(path.read_bytes())
    if path.suffix == '.npz':
        arrays = {name: array for name, array in arrays_of(path).items() if name not in BESIDE}
        return arrays['features'] if 'features' in arrays else next(iter(arrays.values()))
    if path.suffix == '.h5':
        import h5py
        with h5py.File(path) as file:
            (array,) = (node[()] for name, node in file.items() if name not in BESIDE)
            return array
    lines = path.read_text('utf-8-sig').split('\n')
    rows = [line.split(',') for line in lines if line.strip()]
    names = not any(map(reads, rows[0])) or len(rows[0]) > 1 and all(map(reads, rows[0])) and [
        float(cell) for cell in rows[0]] == list(range(len(rows[0])))
    return np.array([[float(cell) for cell in row] for row in rows[bool(names):]])


def reads(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def tried(path: Path) -> torch.Tensor | Exception:
    """The features that are loaded, at the length that they have, or why they are not."""
    filename = f'{path}/x' if path.suffix == '.h5' else str(path)
    anything = dict(num_snippets=[None, *range(100)])
    try:
        length = LoadSnippetFeatures(layout='CL', expected=anything).check_file(filename).shape[1]
        loader = LoadSnippetFeatures(layout='CL', expected=anything, num_snippets=length)
        return loader(dict(filename=filename, duration_sec=5.0))['features']
    except (FileNotFoundError, ValueError) as error:
        return error


@pytest.mark.filterwarnings('ignore')   # numbers overflow
@pytest.mark.parametrize('ending', ['.npy', '.npz', '.csv', '.h5'])
def test_features_are_what_their_file_has_or_refused_by_its_name(ending, tmp_path, little_memory):
    if ending == '.h5':
        pytest.importorskip('h5py')
    path, read = tmp_path / f'v{ending}', 0
    with little_memory():
        for seed in range(scaled(38)):
            draw, rng = random.Random(seed), np.random.default_rng(seed)
            write(path, odd_array(draw, rng), draw)
            if draw.random() < 0.5:
                path.write_bytes(damage(path.read_bytes(), draw))
            with timed_case(seed, seconds=30):
                found = tried(path)
                if isinstance(found, Exception):
                    assert_named(found, path)
                    continue
                assert torch.isfinite(found).all()
                np.testing.assert_array_equal(found, stored(path).astype(np.float32))
            read += 1
    assert read > scaled(38) / 20   # some are good
