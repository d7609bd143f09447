"""What all tests share: the reference data, and small videos whose frames show their number."""
from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import av  # noqa: F401 - before decord, whose libvpx PyAV's encoders would find in place of theirs

import mmlofi  # noqa: F401 - before MMEngine, which its mends are for

# isort: split
import cv2
import numpy as np
import presets_once  # noqa: F401 - for what it does to MMEngine
import pytest
import torch
import unformatted_configs
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from numbered import BITS, COLUMNS, numbered_frame

gc.disable()     # until all is collected: of what that makes nearly nothing is garbage


def pytest_collection_modifyitems(items):
    """Files with slow tests come first, so that workers that take files in turn end together."""
    slow = {item.path for item in items if item.get_closest_marker('slow')}
    items.sort(key=lambda item: item.path not in slow)


def pytest_collection_finish():
    """What was imported and collected stays, so no later search for garbage has to pass it.

    MMEngine searches once for each data set that it builds.
    """
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True)
def _signals_as_before():
    """A training that raises leaves its handlers, and pools that later tests end would not end."""
    before = {one: signal.getsignal(one) for one in (signal.SIGTERM, signal.SIGUSR1)}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture(scope='session', autouse=True)
def _one_thread():
    """Tiny tensors are slower on several threads, and the machine may be shared."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


@pytest.fixture(scope='session', autouse=True)
def _mmactions_registries():
    """What a Runner or a tool sets from a config's `default_scope`."""
    init_default_scope('mmaction')


@pytest.fixture(scope='session', autouse=True)
def _runners_of_their_own_names():
    """Two Runners of one config and one second would share visualizer, logger and messages."""
    real, numbers = Runner.setup_env, count()

    def setup_env(runner, env_cfg):
        real(runner, env_cfg)
        runner._timestamp += f'_{next(numbers)}'
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Runner, 'setup_env', setup_env)
        yield


@pytest.fixture
def formatted_configs(monkeypatch) -> None:
    """MMEngine writes configs with their layout, as it does for users."""
    monkeypatch.setattr('mmengine.config.config.FormatCode', unformatted_configs.format_code)


@pytest.fixture(scope='session')
def reference_data() -> Path:
    """Real annotations and videos, and the authors' results; never part of the project."""
    folder = Path(os.environ.get('MMLOFI_REFERENCE_DATA',
                                 Path(__file__).resolve().parents[2] / 'shared'))
    if not (folder / 'reference').is_dir():
        pytest.skip(f'the reference data is absent at {folder}; MMLOFI_REFERENCE_DATA says where '
                    'it is')
    return folder


@pytest.fixture(scope='session')
def start_warm_python(tmp_path_factory) -> Callable[..., AbstractContextManager[dict[str, str]]]:
    """Variables by which `python`, and torchrun's ranks, are forks of one that has imported all.

    The process that forks imports `modules` beside mmlofi, and is started through `command`.
    """
    @contextmanager
    def start(*modules: str, command: tuple[str, ...] = ()) -> Iterator[dict[str, str]]:
        folder, root = tmp_path_factory.mktemp('warm'), Path(__file__).parents[1]
        script, python, path = root / 'tests' / 'warm_python.py', folder / 'python', folder / 'here'
        python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {script} "$@"\n')
        python.chmod(0o755)
        variables = dict(
            PATH=os.pathsep.join([str(folder), str(Path(sys.executable).parent),
                                  os.environ['PATH']]),
            PYTHONPATH=str(root), OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES='', HF_HUB_OFFLINE='1',
            WARM_PYTHON=str(path), PYTHON_EXEC=str(python))
        with subprocess.Popen(
                [*command, sys.executable, str(script), 'serve', str(path), 'mmlofi',
                 'unformatted_configs', 'presets_once', *modules], stdin=subprocess.PIPE,
                env=os.environ | variables) as server:
            try:
                while not path.exists():
                    assert server.poll() is None, 'the process that imports has ended'
                    time.sleep(0.05)
                yield variables
            finally:
                server.kill()
    return start


@pytest.fixture(scope='session')
def warm_python(start_warm_python) -> Iterator[dict[str, str]]:
    """Those of a process that all tests share."""
    with start_warm_python('mmlofi.planning.step_memory', 'matplotlib.pyplot') as variables:
        yield variables


@pytest.fixture
def port() -> Iterator[int]:
    """A free port, which nobody is given who asks for any; who listens there says REUSEADDR too."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(('127.0.0.1', 0))
        yield held.getsockname()[1]


@pytest.fixture(scope='session')
def files_of_at_most():
    """Within it no file grows beyond so many bytes: as on a full disk, which only root can have."""
    @contextmanager
    def limit(size: int):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return limit


@pytest.fixture(scope='session')
def little_memory():
    """A context in which the process may not grow much."""
    @contextmanager
    def little():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        yield
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000   # KiB
    return little


@pytest.fixture(scope='session')
def write_numbered_video():
    """Writes a real file whose frame i shows the number i; mp4 or avi by the path's suffix."""
    def write(path: Path, num_frames: int, *, fps: float = 10, width: int = 80,
              height: int = 64) -> Path:
        codec = 'mp4v' if path.suffix == '.mp4' else 'MJPG'
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), fps, (width, height))
        for number in range(num_frames):
            writer.write(numbered_frame(number, width, height))
        writer.release()
        return path
    return write


@pytest.fixture(scope='session')
def read_numbers():
    """The numbers that frames (H, W, 3) show, at whatever size they were decoded."""
    def read(frames) -> list[int]:
        small = [cv2.resize(np.ascontiguousarray(frame[..., 0]), (COLUMNS, 2),
                            interpolation=cv2.INTER_AREA) for frame in frames]
        return [int(((frame.reshape(-1) > 127) << np.arange(BITS)).sum()) for frame in small]
    return read


@pytest.fixture(scope='session')
def numbered_video(tmp_path_factory, write_numbered_video) -> Path:
    """100 numbered frames of 80 × 64 at 10 a second, a key frame every 12."""
    return write_numbered_video(tmp_path_factory.mktemp('video') / 'numbered.mp4', 100)


@pytest.fixture(scope='session')
def authors_names():
    """A G-TAD head's own state under the names of the authors' checkpoints."""
    names = {'stem.': 'backbone1.', 'nodes.': 'backbone2.0.', 'start.': 'regu_s.',
             'end.': 'regu_e.', 'map.': 'localization.', 'temporal.': 'tconvs.',
             'semantic.': 'sconvs.'}

    def rename(head) -> dict[str, torch.Tensor]:
        state = {}
        for key, value in head.state_dict().items():
            for ours, theirs in names.items():
                key = key.removeprefix('network.').replace(ours, theirs)
            state[key] = value
        return state
    return rename
