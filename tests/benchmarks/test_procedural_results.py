"""What stays of the procedural benchmark's trainings."""
from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from mmlofi.datasets.annotations import load_annotations
from mmlofi.detections.predictions import load_detections
from mmlofi.evaluation.bootstrap import Resampler

FOLDER = Path(__file__).parents[2] / 'benchmarks'


@pytest.fixture(scope='module')
def script():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FOLDER)
        yield importlib.import_module('procedural_results')


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / 'annotations.json'
    path.write_text(json.dumps(dict(database={f'v{number}': dict(
        subset='validation', duration=10.0,
        annotations=[dict(segment=[2.0, 6.0], label='a' if number % 2 else 'b')])
        for number in range(12)})))
    return path


def detections(path: Path, found: int) -> Path:
    """Of the first videos what is true, of the others nothing that is."""
    path.write_text(json.dumps(dict(version='', external_data={}, results={
        f'v{number}': [dict(segment=[2.0, 6.0] if number < found else [8.0, 9.0], score=0.5,
                            label='a' if number % 2 else 'b')] for number in range(12)})))
    return path


def test_a_table_from_results_has_the_bootstrap_of_the_detections(script, ann_file, tmp_path):
    runs = {}
    for seed, shift in ((0, 0), (1, 2)):
        results = script.Results(tmp_path / 'kept', seed, dict(version=1))
        for row, found in (('acp', 3), ('long', 7)):
            file = detections(tmp_path / f'{row}.json', found + shift)
            results.add(row, 0.123, 61.4, ann_file, file)
            resampler = Resampler(load_annotations(str(ann_file), 'validation'), resamples=1000)
            runs.setdefault(row, []).append(resampler.score(load_detections(str(file))))
    gain = resampler.difference(runs['acp'], runs['long'])
    lines = script.table(script.read_results(tmp_path / 'kept')).splitlines()
    cells = [cell.strip() for cell in lines[3].split('|')[1:-1]]
    assert cells[:2] == ['Long C-LoFi', '2']
    means = [run[0] for run in runs['long']]      # of nothing between: the same at each threshold
    assert cells[2:6] == [f'{50 * sum(means):.2f} ± {100 * np.std(means, ddof=1):.2f}'] * 4
    assert cells[6:9] == ['12.30 ± 0.00', '61', f'{100 * gain.value:+.2f}']
    low, high = (float(text) for text in cells[9].split(' to '))
    assert (low, high) == pytest.approx((100 * gain.low, 100 * gain.high), abs=0.02)
    assert cells[10] == f'{gain.turns:.1%}'


def test_gains_are_over_the_seeds_that_both_rows_have(script, ann_file, tmp_path):
    for seed, found in ((0, 3), (1, 9)):
        results = script.Results(tmp_path, seed, {})
        results.add('acp', 0.0, 1, ann_file, detections(tmp_path / 'd.json', found))
        if seed == 0:
            results.add('s', 0.0, 1, ann_file, tmp_path / 'd.json')
    acp, single = script.table(script.read_results(tmp_path)).splitlines()[2:]
    assert acp.endswith('| - | - | - |')
    assert '| S-LoFi | 1 |' in single
    assert '| +0.00 |' in single
    acp, single = script.table(script.read_results(tmp_path), 's').splitlines()[2:]
    assert '| +0.00 |' in acp
    assert single.endswith('| - | - | - |')


def test_a_row_that_is_there_is_known_and_its_file_is_small(script, ann_file, tmp_path):
    results = script.Results(tmp_path, 4, dict(version=1))
    results.add('t', 0.0, 1, ann_file, detections(tmp_path / 'd.json', 5))
    again = script.Results(tmp_path, 4, dict(version=1))
    assert 't' in again
    assert 's' not in again
    assert (tmp_path / 'seed4.json').stat().st_size < 8000
    assert np.asarray(again.content['rows']['t']['resampled']).dtype == int


def test_results_of_another_benchmark_are_refused(script, tmp_path):
    (tmp_path / 'seed0.json').write_text(json.dumps(dict(seed=0, benchmark={'a': 1}, rows={})))
    with pytest.raises(ValueError, match="benchmark.*{'a': 1}, expected {'a': 2}.*--results"):
        script.Results(tmp_path, 0, {'a': 2})
    (tmp_path / 'seed1.json').write_text(json.dumps(dict(seed=1, benchmark={'a': 2}, rows={})))
    with pytest.raises(ValueError, match='different benchmarks'):
        script.read_results(tmp_path)
    with pytest.raises(FileNotFoundError, match='no seed'):
        script.read_results(tmp_path / 'none')


@pytest.mark.parametrize('world', ['both', 'scenes_brief', 'scenes'])
def test_the_page_has_the_table_of_the_results_that_are_kept(script, world):
    page = (FOLDER.parent / 'docs/procedural_results.md').read_text()
    lines = script.table(script.read_results(FOLDER / 'results' / world)).splitlines()
    place = lines[0].split(' | ').index('CPU seconds')
    for line in lines[:1] + lines[2:]:
        cells = line.split(' | ')
        assert ' | '.join(cells[:place] + cells[place + 1:]) in page
