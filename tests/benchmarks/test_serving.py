"""The server under load, by the benchmark at a small size."""
from __future__ import annotations

import runpy
from pathlib import Path

import pytest

SCRIPT = str(Path(__file__).parents[2] / 'benchmarks' / 'serving.py')


@pytest.mark.slow
def test_good_and_bad_requests_of_four_threads_are_answered_rightly_and_leave_nothing_behind(
        monkeypatch):
    pytest.importorskip('werkzeug')
    monkeypatch.setenv('MALLOC_ARENA_MAX', '1')     # threads' own heaps would hide what is kept
    benchmark = runpy.run_path(SCRIPT)
    rows, answers, log = benchmark['run'](requests=100, threads=4, seed=1, parts=3)
    assert sum(answers.values()) == 100
    assert {key for key in answers if key[2] != 'right'} == set()
    assert len({kind for kind, *_ in answers}) == len(benchmark['KINDS'])
    assert 'Traceback' not in log
    warm, last = rows[0], rows[-1]
    assert (last['files'], last['threads']) == (warm['files'], warm['threads'])
    assert last['MiB'] < warm['MiB'] + 50   # heaps of threads that warm up take 20 by themselves
