"""The shell launchers, with a stand-in for the program that each starts."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
OF_A_JOB = ('NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT', 'GPUS')   # variables
LAUNCHERS = ('dist_train.sh', 'dist_test.sh', 'slurm_train.sh', 'slurm_test.sh', 'run_tests.sh')


def run(script: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
    """Run a script of tools/ from another folder."""
    environment = {k: v for k, v in os.environ.items() if k not in OF_A_JOB}
    return subprocess.run(
        ['bash', str(TOOLS / script), *arguments],
        env=environment | variables,
        cwd='/',
        capture_output=True,
        text=True,
    )


@pytest.fixture
def path(tmp_path) -> str:
    """A PATH on which `python` and `srun` print their arguments, one a line."""
    for name in ('python', 'srun'):
        (tmp_path / name).write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (tmp_path / name).chmod(0o755)
    return f'{tmp_path}:{os.environ["PATH"]}'


@pytest.mark.parametrize('script', LAUNCHERS)
def test_help_says_what_a_script_does_in_a_sentence(script):
    done = run(script, '--help')
    assert done.returncode == 0
    assert done.stdout.splitlines()[0].endswith('.')
    assert f'usage: bash tools/{script}' in done.stdout


@pytest.mark.parametrize('script', LAUNCHERS[:4])
def test_too_few_arguments_give_the_usage(script):
    done = run(script, 'one')
    assert (done.returncode, done.stdout) == (2, '')
    assert 'usage: ' in done.stderr


def test_a_processor_that_cannot_be_played_is_refused():
    done = run('run_tests.sh', '--processor', 'mmx')
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'run_tests: got --processor mmx; expected avx2 or sse4.1\n'


def test_torchrun_gets_the_processes_of_one_machine(path):
    done = run('dist_train.sh', 'config.py', '4', PATH=path)
    assert done.stdout.splitlines()[:5] == [
        '-m', 'torch.distributed.run', '--nnodes=1', '--node-rank=0', '--nproc-per-node=4',
    ]  # fmt: skip


def test_several_machines_get_their_ranks_and_the_tool_its_arguments(path):
    done = run(
        'dist_train.sh', 'my config.py', '4', '--cfg-options', "a='b c'",
        PATH=path, NNODES='2', NODE_RANK='1', MASTER_ADDR='host0', PORT='1234',
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        f'{TOOLS}/../mmlofi/engine/nodes.py', '--nnodes=2', '--node-rank=1', '--nproc-per-node=4',
        '--master-addr=host0', '--master-port=1234', str(TOOLS / 'train.py'), 'my config.py',
        '--launcher', 'pytorch', '--cfg-options', "a='b c'",
    ]  # fmt: skip


@pytest.mark.parametrize('script', ['dist_train.sh', 'dist_test.sh'])
@pytest.mark.parametrize('given', [dict(NODE_RANK='0'), dict(MASTER_ADDR='host0')])
def test_several_machines_need_their_number_and_the_address_of_the_first(path, script, given):
    done = run(script, 'config.py', 'a.pth', '2', PATH=path, NNODES='2', **given)
    assert (done.returncode, done.stdout) == (2, '')
    assert done.stderr == 'NNODES=2 needs NODE_RANK and MASTER_ADDR too: see --help\n'


@pytest.mark.parametrize(('said', 'policy'), [
    ({}, 'PASSIVE'), (dict(OMP_WAIT_POLICY='ACTIVE'), 'ACTIVE'), (dict(GOMP_SPINCOUNT='9'), ''),
    (dict(KMP_BLOCKTIME='200'), '')])
@pytest.mark.parametrize(('script', 'arguments'), [
    ('dist_train.sh', ['c.py', '2']), ('dist_test.sh', ['c.py', 'a.pth', '2']),
    ('slurm_train.sh', ['video', 'lofi', 'c.py']),
    ('slurm_test.sh', ['video', 'lofi', 'c.py', 'a.pth'])])
def test_threads_wait_passively_unless_it_is_said_how(path, script, arguments, said, policy):
    for name in ('python', 'srun'):
        Path(path.split(':')[0], name).write_text('#!/bin/sh\nprintf "%s" "$OMP_WAIT_POLICY"\n')
    unsaid = dict.fromkeys(('OMP_WAIT_POLICY', 'GOMP_SPINCOUNT', 'KMP_BLOCKTIME'), '')
    assert run(script, *arguments, PATH=path, **unsaid | said).stdout == policy


def test_so_they_do_in_the_scripts_that_make_an_environment(tmp_path):
    # What `tools/environment.sh` takes for an environment that is ready.
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin' / 'activate').touch()
    (tmp_path / 'bin' / 'python').symlink_to(sys.executable)
    ready = ('cat "$1/../setup.cfg" "$1/../pyproject.toml" | cksum')
    stamp = subprocess.check_output(['bash', '-c', ready, 'sh', str(TOOLS)], text=True)
    (tmp_path / '.mmlofi').write_text(f'{TOOLS.parent} 1 {stamp}')
    done = subprocess.run(
        ['bash', '-c', '. "$1/environment.sh" && printf "%s" "$OMP_WAIT_POLICY"', 'sh', str(TOOLS)],
        env=os.environ | dict(MMLOFI_ENV=str(tmp_path), MMLOFI_STACK='1', OMP_WAIT_POLICY='',
                              GOMP_SPINCOUNT='', KMP_BLOCKTIME=''),
        capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, 'PASSIVE'), done.stderr


def test_testing_passes_the_checkpoint(path):
    done = run('dist_test.sh', 'config.py', 'a.pth', '2', '--dump', 'x', PATH=path)
    tail = [str(TOOLS / 'test.py'), 'config.py', 'a.pth', '--launcher', 'pytorch', '--dump', 'x']
    assert done.stdout.splitlines()[-7:] == tail


@pytest.mark.parametrize(
    ('script', 'arguments', 'tool'),
    [
        ('slurm_train.sh', ['c.py'], 'train.py'),
        ('slurm_test.sh', ['c.py', 'a.pth'], 'test.py'),
    ],
)
def test_srun_gets_the_tasks_and_the_tool_its_arguments(path, script, arguments, tool):
    done = run(
        script, 'video', 'lofi', *arguments, '--amp',
        PATH=path, GPUS='2', SRUN_ARGS='--time 1:00 --qos high',
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        '--partition=video', '--job-name=lofi', '--gres=gpu:2', '--ntasks=2',
        '--ntasks-per-node=2', '--cpus-per-task=5', '--kill-on-bad-exit=1',
        '--time', '1:00', '--qos', 'high',
        'python', '-u', str(TOOLS / tool), *arguments, '--launcher', 'slurm', '--amp',
    ]  # fmt: skip
