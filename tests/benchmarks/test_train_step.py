"""The program that measures training steps."""
from __future__ import annotations

import json
import os
import runpy
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / 'benchmarks' / 'train_step.py'


@pytest.fixture
def run(warm_python):
    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run(['python', str(SCRIPT), *map(str, arguments)],
                              env=os.environ | warm_python, capture_output=True, text=True,
                              timeout=900)
    return run


@pytest.fixture
def measured(run, tmp_path):
    """The steps of TSM-R18 at ST as they were written, and what was printed."""
    def measure(*options: str) -> tuple[list[dict], str]:
        done = run('--encoders', 'TSM-R18', '--fidelities', 'ST', '--snippets', 8, '--side', 64,
                   '--options', *options, '--threads', 1, '--repeats', 1, '--out', tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        steps = json.loads((tmp_path / 'train_step.json').read_text())['steps']
        assert [step['option'] for step in steps] == list(options)
        return steps, done.stdout
    return measure


def assert_as_planned(step: dict) -> None:
    assert step['planned'] == pytest.approx(step['allocated'], rel=0.1)
    assert step['process'] > 0
    assert step['seconds'] == pytest.approx(sum(step['parts'].values()))


@pytest.mark.slow
@pytest.mark.sums
def test_steps_are_measured_as_planned_and_what_cannot_run_is_said(measured, tmp_path):
    (plain, chunk, refused), output = measured('plain', 'chunk', 'checkpointing')
    assert_as_planned(plain)
    assert_as_planned(chunk)
    assert chunk['allocated'] < plain['allocated']
    assert 'with_cp' in refused['error']
    table = (tmp_path / 'train_step.md').read_text()
    assert table in output
    assert '| TSM-R18 | checkpointing | – |' in table
    assert f'TSM-R18, ST, checkpointing: {refused["error"]}' in table


@pytest.mark.slow
def test_a_step_of_16_bits_is_measured_as_planned(measured):
    (half,), _ = measured('chunk+bf16')
    assert_as_planned(half)


@pytest.mark.slow
def test_a_step_of_a_ladder_is_measured_as_planned(run, tmp_path):
    done = run('--encoders', 'VideoMAE-S ladder', '--fidelities', 'T', '--snippets', 8, '--side',
               32, '--options', 'bf16+checkpointing', '--threads', 1, '--repeats', 1,
               '--out', tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'a video has 8 snippets of side 32 at full fidelity' in done.stdout
    (step,) = json.loads((tmp_path / 'train_step.json').read_text())['steps']
    assert_as_planned(step)


def test_what_a_convolution_takes_and_gives_back_does_not_count():
    peak = runpy.run_path(str(SCRIPT.with_name('cpu_allocations.py')))['peak_without_workspaces']

    def memory(time: float, total: int) -> dict:
        return dict(name='[memory]', ts=time, args={'Total Allocated': total})
    within = [memory(11, 40), memory(12, 900), memory(13, 50)]     # output, workspace, its end
    trace = [memory(2, 10), memory(15, 20), memory(20, 35),
             dict(name='aten::convolution', ts=10, dur=4), dict(name='aten::add', ts=1, dur=30)]
    assert peak(trace + within) == 50
    assert peak([*trace, *within, memory(17, 60)]) == 60
    assert peak([*trace, *within, memory(12.5, 70)]) == 50
    assert peak(trace) == 35


def test_an_unknown_option_is_refused_with_those_there_are(run):
    done = run('--options', 'chunk+fp8')
    assert done.returncode == 2
    assert "got 'chunk+fp8'; expected some of plain, chunk," in done.stderr
