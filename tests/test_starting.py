"""Tools answer `--help`, and those that read json do their work, without torch."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mmlofi import allowed_cores, starting
from mmlofi.starting import keep_to_quota, wait_passively

TOOLS = Path(__file__).parents[1] / 'tools'
PYTHON_TOOLS = sorted(path.stem for path in TOOLS.glob('*.py'))
HEAVY = ('torch', 'mmaction', 'mmcv', 'mmengine.runner', 'transformers')

# Runs commands of tools one after another, as a shell does, and prints which of `HEAVY` each loads.
RUN = """
import contextlib, io, json, runpy, sys
heavy, commands = json.loads(sys.stdin.read())
found = {}
for name, (path, *arguments) in commands.items():
    sys.argv = [path, *arguments]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            runpy.run_path(path, run_name='__main__')
        except SystemExit as stop:
            assert not stop.code, (name, stop.code)
    assert said.getvalue(), name
    found[name] = [module for module in heavy if module in sys.modules]
print(json.dumps(found))
"""


def heavy_modules(commands: dict[str, list[object]]) -> dict[str, list[str]]:
    """Which of `HEAVY` are loaded after each command of a tool, in one fresh process."""
    listed = {name: [str(TOOLS / f'{tool}.py'), *map(str, arguments)]
              for name, (tool, *arguments) in commands.items()}
    done = subprocess.run(
        [sys.executable, '-c', RUN], input=json.dumps([HEAVY, listed]), text=True,
        capture_output=True, check=False,
        env=os.environ | {'PYTHONPATH': f'{TOOLS.parent}{os.pathsep}'
                                        f'{os.environ.get("PYTHONPATH", "")}'})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope='module')
def loaded_for_help() -> dict[str, list[str]]:
    return heavy_modules({tool: [tool, '--help'] for tool in PYTHON_TOOLS})


@pytest.mark.parametrize('tool', PYTHON_TOOLS)
def test_help_is_there_before_torch_is_loaded(loaded_for_help, tool):
    assert loaded_for_help[tool] == []


def test_tools_that_read_json_do_their_work_without_torch(tmp_path):
    truth, found = tmp_path / 'truth.json', tmp_path / 'found.json'
    truth.write_text(json.dumps(dict(database={name: dict(
        subset='validation', duration=20.0, annotations=[dict(segment=[2, 8], label='a')])
        for name in ('v0', 'v1')})))
    found.write_text(json.dumps(dict(results={name: [
        dict(label='a', score=0.5, segment=[2, 7])] for name in ('v0', 'v1')})))
    scalars = tmp_path / 'run' / '20260101_000000' / 'vis_data' / 'scalars.json'
    scalars.parent.mkdir(parents=True)
    scalars.write_text(json.dumps({'mAP': 0.5, 'mAP@0.50': 0.5, 'step': 1}) + '\n')
    (tmp_path / 'run' / 'cost.json').write_text('{"seconds": 1, "peak_memory_mib": 1}')
    raw = tmp_path / 'raw'
    raw.mkdir()
    (raw / 'raw.json').write_text(json.dumps(dict(
        classes=['a'], nms=dict(sigma=0.5), top_classes=1,
        proposals=dict(peak_filter=False, allow_end_at_last=True))))
    np.savez(raw / 'v0.npz', segments=np.array([[0.1, 0.4], [0.2, 0.5]]), scores=np.ones(2),
             duration_sec=20.0, window_norm=np.array([0.0, 1.0]), start=np.ones(4), end=np.ones(4))
    np.savez(raw / 'v1@000000.npz', segments=np.array([[0.2, 0.8], [0.1, 0.9]]), scores=np.ones(2),
             duration_sec=20.0, window_norm=np.array([0.0, 0.5]), first_snippet=0,
             class_scores=np.ones((2, 1)), start=np.ones(4), end=np.ones(4))
    assert heavy_modules(dict(
        eval=['eval_detections', found, truth, '--proposals', '--bootstrap', 100],
        diagnose=['diagnose', found, truth, '--bins', 'quintiles'],
        compare=['compare', tmp_path / 'run', '--out', tmp_path / 'compare.png'],
        report=['report', found, truth, '--bins', 'quintiles', '--out', tmp_path / 'page.html'],
        plot=['plot_detections', found, truth, '--out', tmp_path / 'lines.png'],
        one=['plot_detections', found, truth, '--video', 'v0', '--raw', raw, '--out',
             tmp_path / 'one.png'],
        post=['postprocess', raw, truth, '--method', 'gaussian', 'linear', '--top-k', 5,
              '--voting-thresh', 0.5, '--peak-filter', 'yes', '--out', tmp_path / 'best.json'],
        export=['export_detections', found, '--export', 'label_studio', 'via', 'audacity',
                'ffmetadata', '--first', 'both', '--out', tmp_path / 'exported'],
    )) == dict.fromkeys(['eval', 'diagnose', 'compare', 'report', 'plot', 'one', 'post', 'export'],
                        [])


@pytest.mark.parametrize(('said', 'policy'), [
    ({}, 'PASSIVE'), (dict(OMP_WAIT_POLICY='ACTIVE'), 'ACTIVE'),
    (dict(GOMP_SPINCOUNT='1000'), None), (dict(KMP_BLOCKTIME='200'), None)])
def test_threads_wait_passively_unless_the_user_says_how(monkeypatch, said, policy):
    monkeypatch.setattr('os.environ', dict(said))
    wait_passively()
    assert os.environ.get('OMP_WAIT_POLICY') == policy


@pytest.mark.parametrize(('quota', 'said', 'threads'), [
    (None, {}, None), (2.5, {}, '3'), (0.5, {}, '1'), (64.0, {}, '8'),
    (2.5, dict(OMP_NUM_THREADS='4'), '4')])
def test_a_quota_bounds_the_threads_unless_the_user_says_how_many(monkeypatch, quota, said,
                                                                  threads):
    monkeypatch.setattr('os.environ', dict(said))
    monkeypatch.setattr('os.sched_getaffinity', lambda _: range(8), raising=False)
    for module in (allowed_cores, starting):
        monkeypatch.setattr(module, 'cpu_quota', lambda: quota)
    keep_to_quota()
    assert os.environ.get('OMP_NUM_THREADS') == threads
