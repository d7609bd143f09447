"""Damaged and odd files of class scores: what is in them, or an error that names them."""
from __future__ import annotations

import collections
import io
import json
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import array_of
from damaged_bytes import damage
from fuzz_scale import scaled
from timed_case import assert_named, timed_case

from mmlofi.models import ClassScoreFile

CLASSES, VIDEOS = ['run', 'jump', 'swim'], ['a', 'b', 'c', 'd']


def write(path: Path, draw: random.Random) -> None:
    """A good file, or one that is wrong in one place."""
    rows = np.random.default_rng(draw.randrange(1000)).random((4, 3)).round(3).tolist()
    odd = draw.choice((None, None, None, float('nan'), 1e60, 10 ** 400, '0.5', True, [0.5], {}))
    if odd is not None:
        rows[draw.randrange(4)][draw.randrange(3)] = odd
    if draw.random() < 0.1:
        rows[draw.randrange(4)].append(0.5)
    if path.suffix == '.json':
        rows = [draw.choice((row, [row])) for row in rows]
        names = draw.choice((*[CLASSES] * 5, CLASSES[::-1], [*CLASSES[:2], 'run'], [1]))
        text = json.dumps({'class': names, 'results': dict(zip(VIDEOS, rows))})
        path.write_text(text, draw.choice((*['utf-8'] * 4, 'utf-8-sig', 'utf-16')))
    elif path.suffix == '.npy':
        try:
            array = np.array(rows, draw.choice(('f2', 'f4', 'f8', '>f4')))
        except (OverflowError, TypeError, ValueError):
            array = np.array([[str(rows)]], draw.choice((object, 'U9')))
        np.save(path, array[:, 0] if draw.random() < 0.05 else array)
    else:
        made = draw.choice((torch.tensor, np.array, list))
        try:
            entries = [dict(pred_score=made(row), filename=f'x/{name}.mp4', pred_label=1)
                       for name, row in zip(VIDEOS, rows)]
        except (OverflowError, RuntimeError, TypeError, ValueError):
            entries = [dict(pred_score=row, filename=f'{name}.mp4')
                       for name, row in zip(VIDEOS, rows)]
        path.write_bytes(pickle.dumps(entries, protocol=draw.randrange(6)))


class Trusting(pickle._Unpickler):
    """As Python reads a pickle, but for the modules of whatever a bit turned a name into."""

    def find_class(self, module: str, name: str) -> object:
        if module == 'torch.storage':
            return lambda content: torch.load(io.BytesIO(content), weights_only=True)
        assert module.split('.')[0] in ('torch', 'numpy', '_codecs', 'collections'), module
        return super().find_class(module, name)


def stored(path: Path) -> dict[str, np.ndarray]:
    """The scores of CLASSES that a good file has."""
    if path.suffix == '.json':
        content = json.loads(path.read_bytes())
        places = [content['class'].index(name) for name in CLASSES]
        return {name: np.ravel(row)[places] for name, row in content['results'].items()}
    if path.suffix == '.npy':
        return dict(zip(VIDEOS, array_of(path.read_bytes())))
    found = collections.defaultdict(list)
    for entry in Trusting(io.BytesIO(path.read_bytes())).load():
        name = Path(entry['filename']).name
        found[Path(name).stem if '.' in name[1:] else name].append(np.ravel(entry['pred_score']))
    return {name: np.mean(rows, 0) for name, rows in found.items()}


def tried(path: Path) -> dict[str, torch.Tensor] | Exception:
    """The scores that are loaded, or why they are not."""
    try:
        return ClassScoreFile(path=str(path), classes=CLASSES,
                              videos=VIDEOS if path.suffix == '.npy' else None).scores
    except ValueError as error:
        return error


@pytest.mark.filterwarnings('ignore')   # numbers overflow
@pytest.mark.parametrize('ending', ['.json', '.npy', '.pkl'])
def test_scores_are_what_their_file_has_or_refused_by_its_name(ending, tmp_path, little_memory):
    path, read = tmp_path / f'scores{ending}', 0
    with little_memory():
        for seed in range(scaled(50)):
            draw = random.Random(seed)
            write(path, draw)
            if draw.random() < 0.5:
                path.write_bytes(damage(path.read_bytes(), draw))
            with timed_case(seed, seconds=30):
                found = tried(path)
                if isinstance(found, Exception):
                    assert_named(found, path)
                    continue
                expected = stored(path)
                assert found.keys() == expected.keys()
                for name, row in found.items():
                    assert torch.isfinite(row).all()
                    np.testing.assert_allclose(row, expected[name].astype(np.float32), rtol=1e-6)
            read += 1
    assert read > scaled(50) / 20   # some are good
