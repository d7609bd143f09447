"""Tools of the repository, called by the tables of the procedural benchmark."""
from __future__ import annotations

import contextlib
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).parents[1]
CONFIGS = 'configs/toy'
# At smoke size: a few steps of everything.
SMOKE_DATA = ['--train-videos', '8', '--val-videos', '5', '--clips-per-class', '8']
SMOKE_CLASSIFY = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1',
                  'train_dataloader.batch_size=8']
SMOKE_LOCALIZE = ['train_cfg.max_epochs=1']
SMOKE_HEAD = ['train_cfg.max_epochs=1', 'train_cfg.val_interval=1']


def run(tool: str, *arguments: object, log: Path | None = None, **variables: object) -> None:
    """Runs a tool of the repository; its output goes to `log`, whose end is shown if it fails."""
    command = [sys.executable, str(ROOT / 'tools' / tool), *map(str, arguments)]
    environment = os.environ | {name: str(value) for name, value in variables.items()}
    environment['PYTHONPATH'] = os.pathsep.join(
        filter(None, (str(ROOT), str(ROOT / 'benchmarks'), environment.get('PYTHONPATH'))))
    if log is None:
        subprocess.run(command, env=environment, check=True)
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'a', encoding='utf-8') as file:
        done = subprocess.run(command, env=environment, stdout=file, stderr=file)
    if done.returncode:
        _stop(tool, arguments, log)


def call(tool: str, *arguments: object, log: Path, **variables: object) -> None:
    """As `run`, but in this process: without a start of seconds, and with the frames it kept."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, 'a', encoding='utf-8') as file, _output_to(file), _environment(variables):
        before, sys.argv = sys.argv, [str(ROOT / 'tools' / tool), *map(str, arguments)]
        try:
            runpy.run_path(sys.argv[0], run_name='__main__')
            return
        except SystemExit as error:
            if not error.code:
                return
            print(error.code, file=file, flush=True)
        finally:
            sys.argv = before
    _stop(tool, arguments, log)


def _stop(tool: str, arguments: tuple, log: Path) -> None:
    print(''.join(log.read_text().splitlines(keepends=True)[-20:]), file=sys.stderr)
    raise SystemExit(f'{" ".join(map(str, (tool, *arguments)))} failed; its output is in {log}')


@contextlib.contextmanager
def _environment(variables: dict[str, object]) -> Iterator[None]:
    """Adds variables, and takes back what the tool changed."""
    before = dict(os.environ)
    os.environ.update({name: str(value) for name, value in variables.items()})
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _output_to(file: TextIO) -> Iterator[None]:
    """Also of what holds on to `sys.stdout`, as progress bars and loggers do."""
    streams = (sys.stdout, 1), (sys.stderr, 2)
    for stream, _ in streams:
        stream.flush()
    kept = [os.dup(number) for _, number in streams]
    for _, number in streams:
        os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        for (stream, number), before in zip(streams, kept):
            stream.flush()
            os.dup2(before, number)
            os.close(before)


def checkpoint(work_dir: Path) -> str:
    """The last one of a training."""
    return (work_dir / 'last_checkpoint').read_text()


class Trainings:
    """The trainings of a table, each in a work dir of its own below `out`."""

    start_tool = staticmethod(run)

    def __init__(self, out: Path, *, smoke: bool) -> None:
        self.out, self.smoke = out.resolve(), smoke
        self.data = self.out / 'data'
        self.world: dict[str, object] = dict(TOY_DATA=self.data)   # for the configs
        self.start = time.monotonic()

    def train(self, folder: Path, config: str | Path, seed: int, options: list[str],
              **variables: object) -> None:
        """Starts, continues, or leaves alone what has its cost.json."""
        if (folder / 'cost.json').exists():
            return
        print(f'{folder.relative_to(self.out)}: {config} '
              f'(after {time.monotonic() - self.start:.0f} s)', flush=True)
        self.start_tool('train.py', ROOT / CONFIGS / config, '--work-dir', folder, '--seed', seed,
                        '--resume', *(['--cfg-options', *options] if options else []),
                        log=folder / 'train.log', **self.world, **variables)
