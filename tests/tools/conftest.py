"""Runs the tools, and once each stage on a tiny benchmark, for all tests that look at them."""
from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from checked import action
from random_weights import save_random_weights

from mmlofi.datasets.transforms import save_features
from mmlofi.procedural import Benchmark, generate

ROOT = Path(__file__).parents[2]
TRAIN, VAL = 6, 5     # videos; an odd number to test on, so that two ranks get a padded share


@dataclass(frozen=True)
class Run:
    """A finished command and the folder that it wrote to."""

    folder: Path
    output: str

    @property
    def checkpoint(self) -> Path:
        """The last one that training wrote."""
        return Path((self.folder / 'last_checkpoint').read_text())


@pytest.fixture(scope='session')
def toy_configs() -> Path:
    """The configs for the procedural benchmark."""
    return ROOT / 'configs' / 'toy'


@pytest.fixture(scope='session')
def toy_data(tmp_path_factory) -> Path:
    """A procedural benchmark of a few videos and two clips a class."""
    folder = tmp_path_factory.mktemp('toy') / 'data'
    generate(folder, Benchmark(train_videos=TRAIN, val_videos=VAL, clips_per_class=2), workers=1)
    return folder


@pytest.fixture(scope='session')
def toy_features(tmp_path_factory) -> Path:
    """Features of the benchmark's videos that mean nothing but have the right shape."""
    folder = tmp_path_factory.mktemp('toy_features')
    rng = np.random.default_rng(0)
    names = [f'train_{i:04d}' for i in range(TRAIN)] + [f'val_{i:04d}' for i in range(VAL)]
    for name in names:
        save_features(folder / f'{name}.npz', rng.standard_normal((128, 32)).astype('f'), 30.0)
    return folder


@pytest.fixture(scope='session')
def start_tool(toy_data, warm_python) -> Callable[..., subprocess.Popen]:
    """Starts a tool as a user does, in a process of its own on the CPU, which has imported all."""
    def start(tool: str, *arguments: object, cwd: Path | None = None, **variables: object
              ) -> subprocess.Popen:
        command = {'.py': 'python', '.sh': 'bash'}[Path(tool).suffix]
        environment = os.environ | warm_python | dict(TOY_DATA=str(toy_data))
        return subprocess.Popen(
            [command, str(ROOT / 'tools' / tool), *map(str, arguments)],
            env=environment | {name: str(value) for name, value in variables.items()},
            cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return start


@pytest.fixture(scope='session')
def run_tool(start_tool) -> Callable[..., subprocess.CompletedProcess]:
    """Runs it to its end: `run_tool('train.py', …)`."""
    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess:
        with start_tool(*arguments, **options) as process:
            try:
                output, errors = process.communicate(timeout=900)
            except BaseException:
                process.kill()
                raise
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
    return run


@pytest.fixture(scope='session')
def must_run(run_tool) -> Callable[..., str]:
    """`run_tool` that has to succeed; gives what was printed."""
    def run(tool: str, *arguments: object, **variables: object) -> str:
        done = run_tool(tool, *arguments, **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr
    return run


@pytest.fixture(scope='session')
def call_tool(toy_data, toy_features, tmp_path_factory) -> Callable[..., None]:
    """Runs a Python tool inside the test's process, which saves the seconds of importing torch."""
    elsewhere = tmp_path_factory.mktemp('elsewhere')

    def call(tool: str, *arguments: object) -> None:
        path = str(ROOT / 'tools' / tool)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sys, 'argv', [path, *map(str, arguments)])
            patched.setattr('mmengine.device.get_device', lambda: 'cpu')     # of the extraction
            patched.setenv('TOY_DATA', str(toy_data))
            patched.setenv('TOY_FEATURES', str(toy_features))
            patched.setenv('LOCAL_RANK', '0')     # set by the tools, so that it is undone
            patched.chdir(elsewhere)
            runpy.run_path(path, run_name='__main__')
    return call


@pytest.fixture(scope='session')
def untrained_lofi(toy_configs, tmp_path_factory) -> Path:
    """A checkpoint of the stage-2 model with random weights."""
    return save_random_weights(toy_configs / 'lofi_toy.py',
                               tmp_path_factory.mktemp('untrained') / 'lofi.pth')


@pytest.fixture(scope='session')
def with_classifier(toy_configs, tmp_path_factory) -> tuple[Path, Path]:
    """A stage-2 config with class scores, and a checkpoint of random weights."""
    folder = tmp_path_factory.mktemp('with_classifier')
    config = folder / 'lofi.py'
    config.write_text(
        f"_base_ = '{toy_configs / 'lofi_toy.py'}'\n"
        "model = dict(class_scores=dict(type='VideoClassifier', in_channels=128, num_classes=5))\n")
    return config, save_random_weights(config, folder / 'lofi.pth')


@pytest.fixture(scope='session')
def acp(must_run, toy_configs, tmp_path_factory) -> Run:
    """Stage 1, one epoch of two steps; another seed than stage 2's, whose own weights differ."""
    folder = tmp_path_factory.mktemp('acp')
    output = must_run('train.py', toy_configs / 'acp_toy.py', '--work-dir', folder, '--seed', 1,
                      '--cfg-options', 'train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
                      'train_dataloader.batch_size=5')
    return Run(folder, output)


@pytest.fixture(scope='session')
def train_lofi(acp, must_run, toy_configs) -> Callable[..., Run]:
    """Trains stage 2 from the ACP checkpoint, or resumes; an epoch is one step of 4 videos."""
    def train(folder: Path, max_epochs: int) -> Run:
        output = must_run('train.py', toy_configs / 'lofi_toy.py', '--work-dir', folder,
                          '--seed', 0, '--resume', '--cfg-options', f'load_from={acp.checkpoint}',
                          f'train_cfg.max_epochs={max_epochs}')
        return Run(folder, output)
    return train


@pytest.fixture(scope='session')
def lofi_begun(train_lofi, tmp_path_factory) -> Run:
    """Stage 2 that ended after two of its three fidelities; nobody goes on in this folder."""
    return train_lofi(tmp_path_factory.mktemp('lofi_begun'), 2)


@pytest.fixture(scope='session')
def lofi(lofi_begun, train_lofi, tmp_path_factory) -> Run:
    """The same, resumed in a copy of its folder for the third fidelity."""
    folder = tmp_path_factory.mktemp('lofi') / 'work_dir'
    shutil.copytree(lofi_begun.folder, folder)
    (folder / 'last_checkpoint').write_text(str(folder / lofi_begun.checkpoint.name))
    return train_lofi(folder, 3)


@pytest.fixture(scope='session')
def features(lofi, must_run, toy_configs, tmp_path_factory) -> Run:
    """The encoder's features, by one process."""
    folder = tmp_path_factory.mktemp('features') / 'lofi'
    output = must_run('extract_features.py', toy_configs / 'lofi_toy.py', lofi.checkpoint,
                      '--out', folder)
    return Run(folder, output)


@pytest.fixture(scope='session')
def gtad(features, must_run, toy_configs, tmp_path_factory) -> Run:
    """Stage 3 on these features, validated after each of two epochs."""
    folder = tmp_path_factory.mktemp('gtad')
    output = must_run('train.py', toy_configs / 'gtad_toy.py', '--work-dir', folder, '--seed', 0,
                      '--cfg-options', 'train_cfg.max_epochs=2', 'train_cfg.val_interval=1',
                      TOY_FEATURES=features.folder)
    return Run(folder, output)


@pytest.fixture(scope='session')
def ten_videos(tmp_path_factory, write_numbered_video):
    """Videos of 2 s and more, no two of the same length."""
    folder = tmp_path_factory.mktemp('ten')
    return [write_numbered_video(folder / f'{i}.mp4', 20 + 2 * i, width=64, height=48)
            for i in range(10)]


@pytest.fixture
def make_dataset(tmp_path, ten_videos):
    """Writes an annotation file and a video for each of its entries, all good."""
    def make(**entries):
        (tmp_path / 'videos').mkdir(exist_ok=True)
        database = {}
        for number, (name, entry) in enumerate(entries.items()):
            shutil.copy(ten_videos[number], tmp_path / 'videos' / f'{name}.mp4')
            database[name] = dict(subset='training', duration=2 + number / 5,
                                  annotations=[action(0.5, 1)]) | entry
        (tmp_path / 'gt.json').write_text(json.dumps(dict(database=database, version='mine')))
        return tmp_path
    return make


@pytest.fixture
def run_check(call_tool, tmp_path, capsys):
    """Runs `check_dataset.py`; its exit status, what it printed, and its report."""
    def check(*arguments, files=True):
        if '--ann' not in arguments and not any(str(one).endswith('.py') for one in arguments):
            arguments += ('--ann', tmp_path / 'gt.json')
            arguments += ('--videos', tmp_path / 'videos') if files else ()
        status = 0
        try:
            call_tool('check_dataset.py', *arguments, '--out', tmp_path / 'report.json')
        except SystemExit as stop:
            status = stop.code
        report = tmp_path / 'report.json'
        return status, capsys.readouterr().out, \
            json.loads(report.read_text()) if report.exists() else None
    return check
