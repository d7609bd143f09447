"""The program that measures training steps."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'benchmarks' / 'train_step.py'


def run(*arguments: object) -> subprocess.CompletedProcess:
    environment = os.environ | dict(OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='')
    return subprocess.run([sys.executable, str(SCRIPT), *map(str, arguments)], env=environment,
                          capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_steps_are_measured_as_planned_and_what_cannot_run_is_said(tmp_path):
    done = run('--encoders', 'TSM-R18', '--fidelities', 'ST', '--snippets', 8, '--side', 64,
               '--options', 'plain', 'chunk+bf16', 'checkpointing', '--out', tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / 'train_step.json').read_text())
    plain, chunk, refused = written['steps']
    assert [step['option'] for step in written['steps']] == ['plain', 'chunk+bf16', 'checkpointing']
    for step in (plain, chunk):
        assert step['planned'] == pytest.approx(step['allocated'], rel=0.1)
        assert step['process'] > 0
        assert step['seconds'] == pytest.approx(sum(step['parts'].values()))
    assert chunk['allocated'] < plain['allocated']
    assert 'with_cp' in refused['error']
    table = (tmp_path / 'train_step.md').read_text()
    assert table in done.stdout
    assert '| TSM-R18 | checkpointing | – |' in table
    assert f'TSM-R18, ST, checkpointing: {refused["error"]}' in table


def test_an_unknown_option_is_refused_with_those_there_are():
    done = run('--options', 'chunk+fp8')
    assert done.returncode == 2
    assert "got 'chunk+fp8'; expected some of plain, chunk," in done.stderr
