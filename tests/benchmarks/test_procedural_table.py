"""The program that trains the paper's table on the procedural benchmark."""
from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / 'benchmarks' / 'procedural_table.py'
ROWS = runpy.run_path(str(SCRIPT))['ROWS']


def load(row):
    return Config.fromfile(ROOT / 'configs/toy' / ROWS[row].config)


def test_the_rows_are_the_papers_and_the_ceiling():
    assert [row.title for row in ROWS.values()] == [
        'ICP', 'ACP', 'ACP+', 'S-LoFi', 'T-LoFi', 'ST-LoFi', 'Short C-LoFi', 'Long C-LoFi',
        'full fidelity']
    assert {name: row.start for name, row in ROWS.items() if row.start != 'acp'} == {
        'icp': None, 'acp': None}


def test_rows_of_stage_2_differ_by_the_cycle_alone():
    long = load('long')
    for row in ('s', 't', 'st', 'short', 'full'):
        other = load(row)
        assert other.custom_hooks != long.custom_hooks
        other.custom_hooks = long.custom_hooks
        assert other.to_dict() == long.to_dict()


def run(*arguments: object) -> str:
    environment = os.environ | dict(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    done = subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], env=environment,
                          capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_second_call_trains_nothing_again(tmp_path):
    options = '--smoke', '--out', tmp_path, '--seeds', 3, '--rows', 'acp_plus'
    first = run(*options)
    assert [line.split(':')[0] for line in first.splitlines() if line.startswith('seed')] == [
        'seed3/acp', 'seed3/acp_plus', 'seed3/acp_plus_gtad']     # where ACP+ starts from, first
    second = run(*options)
    assert not [line for line in second.splitlines() if line.startswith('seed')]
    table = (tmp_path / 'table.md').read_text()
    assert table.splitlines()[2].startswith('| ACP+ ')
    assert table in first
    assert table in second
