"""Two processes on a CPU, as the launchers start them, do what one process does."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import mmaction
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow

# Registers a hook that leaves what each rank saw, and how its weights ended.
WITNESS = """
import json
from mmaction.registry import HOOKS
from mmengine.hooks import Hook


@HOOKS.register_module()
class Witness(Hook):
    def before_train(self, runner):
        self.steps = []

    def before_train_iter(self, runner, batch_idx, data_batch=None):
        samples = data_batch['data_samples']
        self.steps.append([[sample.fidelity, sample.video_name] for sample in samples])

    def after_train(self, runner):
        total = sum(value.double().sum().item() for value in runner.model.parameters())
        with open(f'{runner.work_dir}/rank{runner.rank}.json', 'w') as file:
            json.dump(dict(steps=self.steps, total=total, world=runner.world_size), file)
"""


@pytest.fixture
def witness(toy_configs, tmp_path):
    """Gives a toy config with a hook that writes down what each rank saw."""
    def write(name: str) -> Path:
        (tmp_path / 'witness.py').write_text(WITNESS)
        config = tmp_path / f'{name}_witness.py'
        config.write_text(
            f"_base_ = '{toy_configs / f'{name}.py'}'\n"
            "custom_imports = dict(imports=['mmlofi', 'witness'], allow_failed_imports=False)\n"
            "custom_hooks = [*_base_.get('custom_hooks', []), dict(type='Witness')]\n")
        return config
    return write


def test_training_shares_out_the_videos_at_one_fidelity_and_keeps_the_weights_equal(
        witness, must_run, tmp_path, port):
    output = must_run('dist_train.sh', witness('lofi_toy'), 2, '--work-dir', tmp_path / 'run',
                      '--seed', 0, '--cfg-options', 'train_cfg.max_epochs=3',
                      'train_dataloader.batch_size=1', PORT=port,
                      PYTHONPATH=f'{tmp_path}{os.pathsep}{ROOT}')
    first, second = (json.loads((tmp_path / 'run' / f'rank{i}.json').read_text()) for i in (0, 1))
    assert first['world'] == second['world'] == 2
    assert first['total'] == second['total']
    steps = [one + two for one, two in zip(first['steps'], second['steps'], strict=True)]
    assert [{fidelity for fidelity, _ in step} for step in steps] == 3 * [{'S'}] + 3 * [
        {'T'}] + 3 * [{'ST'}]
    for epoch in range(3):     # 6 videos, 3 steps of 1 video on 2 ranks: each once
        names = [name for step in steps[3 * epoch:3 * epoch + 3] for _, name in step]
        assert sorted(names) == [f'train_{i:04d}' for i in range(6)]
    assert len(re.findall('fidelity S: r_t=1', output)) == 1     # rank 0 alone writes the log
    assert (tmp_path / 'run' / 'cost.json').exists()


def test_testing_gives_the_score_and_the_detections_of_one_process(
        gtad, features, must_run, toy_configs, tmp_path, port):
    def score(name: str, tool: str, *processes: int) -> tuple[str, dict]:
        dump = tmp_path / f'{name}.json'
        output = must_run(tool, toy_configs / 'gtad_toy.py', gtad.checkpoint, *processes,
                          '--work-dir', tmp_path / name, '--dump', dump, '--cfg-options',
                          'test_dataloader.batch_size=1',
                          'default_hooks.visualization.enable=True',
                          TOY_FEATURES=features.folder, PORT=port)
        (found,) = re.findall(r'Epoch\(test\).*?(mAP: .*)data_time', output)
        return found, json.loads(dump.read_text())['results']
    one_score, one = score('one', 'test.py')
    two_score, two = score('two', 'dist_test.sh', 2)     # 5 videos: one is given out twice
    assert two_score == one_score
    assert len(one) == 5
    assert two == one
    drawn = [{path.name: path.read_bytes() for path in (tmp_path / name).rglob('timeline_*.png')}
             for name in ('one', 'two')]     # with the curves that either rank kept
    assert len(drawn[0]) == 4
    assert drawn[1] == drawn[0]


@pytest.fixture
def torchrun(toy_data, toy_features, tmp_path, port, warm_python):
    """Runs a Python tool by two processes."""
    def run(tool: Path, *arguments: object) -> subprocess.CompletedProcess:
        command = ['-m', 'torch.distributed.run', '--nproc-per-node=2', f'--master-port={port}',
                   tool, *arguments, '--launcher', 'pytorch']
        return subprocess.run(
            ['python', *map(str, command)], capture_output=True, text=True, timeout=900,
            env=os.environ | warm_python | dict(
                PYTHONPATH=f'{tmp_path}{os.pathsep}{ROOT}', TOY_DATA=str(toy_data),
                TOY_FEATURES=str(toy_features)))
    return run


@pytest.fixture
def extract_by_two(toy_configs, torchrun):
    """Runs the extraction under torchrun."""
    def run(checkpoint: Path, out: Path, *arguments: object) -> subprocess.CompletedProcess:
        return torchrun(ROOT / 'tools' / 'extract_features.py', toy_configs / 'lofi_toy.py',
                        checkpoint, '--out', out, *arguments)
    return run


def test_extraction_gives_the_features_of_one_process(lofi, features, extract_by_two, tmp_path):
    done = extract_by_two(lofi.checkpoint, tmp_path / 'two')
    assert done.returncode == 0, done.stdout + done.stderr
    assert 'training: 6 videos, 6 to do, 3 of them by this process' in done.stdout
    one = {path.name: path for path in features.folder.glob('*.npz')}
    two = {path.name: path for path in (tmp_path / 'two').glob('*.npz')}
    assert len(one) == 11
    assert one.keys() == two.keys()
    for name, path in one.items():
        with np.load(path) as expected, np.load(two[name]) as found:
            assert np.array_equal(found['features'], expected['features']), name
            assert found['duration_sec'] == expected['duration_sec']


def test_a_video_that_fails_on_one_rank_stops_neither(untrained_lofi, toy_data, extract_by_two,
                                                      tmp_path):
    videos = shutil.copytree(toy_data / 'videos', tmp_path / 'videos')
    path = videos / 'val_0000.mp4'           # the first of the last subset: rank 0 is done early
    content = bytearray(path.read_bytes())
    middle, part = len(content) // 2, len(content) // 3
    content[middle:middle + part] = np.random.default_rng(0).bytes(part)
    path.write_bytes(content)
    done = extract_by_two(untrained_lofi, tmp_path / 'two', '--cfg-options',
                          f'test_dataloader.dataset.data_prefix.video={videos}')
    assert done.returncode != 0
    assert "1 videos failed, the first: ['val_0000']" in done.stderr
    assert len(list((tmp_path / 'two').glob('*.npz'))) == 10


def test_a_folder_of_other_features_stops_both_processes(features, untrained_lofi, extract_by_two):
    done = extract_by_two(untrained_lofi, features.folder)
    assert done.returncode != 0
    assert "(['backbone_sha256'] differ)" in done.stderr


def test_mmaction2s_own_tool_trains_on_a_cpu_too(witness, torchrun, tmp_path):
    tool = Path(mmaction.__file__).parent / '.mim' / 'tools' / 'train.py'
    if not tool.exists():
        pytest.skip('this mmaction2 is a source checkout')
    done = torchrun(tool, witness('gtad_toy'), '--work-dir', tmp_path / 'run', '--cfg-options',
                    'train_cfg.max_epochs=2', 'train_cfg.val_interval=1',
                    'train_dataloader.batch_size=1')
    assert done.returncode == 0, done.stdout + done.stderr
    first, second = (json.loads((tmp_path / 'run' / f'rank{i}.json').read_text()) for i in (0, 1))
    assert first['world'] == second['world'] == 2
    assert first['total'] == second['total']
    for epoch in range(2):     # 6 videos, 3 steps of 1 video on 2 ranks: each once
        steps = first['steps'][3 * epoch:3 * epoch + 3] + second['steps'][3 * epoch:3 * epoch + 3]
        assert sorted(name for step in steps for _, name in step) == [
            f'train_{i:04d}' for i in range(6)]
    assert (tmp_path / 'run' / 'epoch_2.pth').exists()
