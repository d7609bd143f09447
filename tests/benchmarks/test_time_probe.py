"""The linear readout of time from snippet features."""
from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from mmlofi.datasets.transforms import save_features

SCRIPT = str(Path(__file__).parents[2] / 'benchmarks' / 'time_probe.py')
area_under_roc = runpy.run_path(SCRIPT)['area_under_roc']


def test_area_under_roc_counts_pairs_in_the_right_order():
    positive = np.array([True, False, True, False])
    assert area_under_roc(np.array([4, 1, 3, 2]), positive) == 1
    assert area_under_roc(np.array([1, 4, 2, 3]), positive) == 0
    assert area_under_roc(np.array([3, 1, 1, 2]), positive) == (2 + 0.5) / 4


@pytest.fixture
def features(tmp_path):
    """Of 40 videos of 8 snippets with an action in snippets 2 to 4: one set knows, one does not.

    A second action covers half of snippet 6, and a third lies within it: a boundary is there.
    """
    rng = np.random.default_rng(0)
    database = {}
    for number in range(40):
        database[f'v{number}'] = dict(
            subset='training' if number < 20 else 'validation', duration=8,
            annotations=[dict(segment=[2, 5], label='a'), dict(segment=[6, 6.5], label='a'),
                         dict(segment=[6, 6.5], label='b')])
        noise = rng.standard_normal((3, 8)).astype(np.float32)
        action = noise.copy()
        action[1, 2:5] += 10
        for name, array in (('knows', action), ('blind', noise)):
            (tmp_path / name).mkdir(exist_ok=True)
            save_features(tmp_path / name / f'v{number}.npz', array, 8.0)
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database)))
    return tmp_path


@pytest.fixture
def probe(features, monkeypatch, capsys):
    """The cells that the program prints, by set of features."""
    def probe(*folders: str) -> dict[str, list[str]]:
        monkeypatch.setattr(sys, 'argv', [SCRIPT, str(features / 'gt.json'), *folders,
                                          '--num-snippets', '8'])
        runpy.run_path(SCRIPT, run_name='__main__')
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith('|')]
        return {row[1]: row[2:4] for row in ([cell.strip() for cell in line.split('|')]
                                             for line in lines[2:])}
    return probe


def test_features_that_know_the_action_are_told_from_those_that_do_not(features, probe):
    rows = probe(f'sees={features}/knows', f'{features}/blind')
    assert rows['sees'] == ['140', '1.000']
    assert 0.3 < float(rows['blind'][1]) < 0.7


def test_features_that_are_not_there_are_named_in_a_line(features, probe):
    with pytest.raises(SystemExit, match='^time_probe: 20 of 20 feature files .*none/v0.npz'):
        probe(f'ACP={features}/none')
    with pytest.raises(SystemExit, match="called 'blind'; expected different names"):
        probe(f'{features}/blind', f'blind={features}/knows')
