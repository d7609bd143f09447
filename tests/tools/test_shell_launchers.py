"""The shell launchers, with a stand-in for the program that each starts."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
OF_A_JOB = ('NNODES', 'NODE_RANK', 'MASTER_ADDR', 'PORT', 'GPUS', 'MAX_RESTARTS', 'MMLOFI_TOOLS',
            'SLURM_JOB_ID', 'SLURM_RESTART_COUNT', 'PREEMPTED_CODE')   # variables
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
    """A PATH on which the programs that are started print their arguments, one a line; `srun` ends
    with the code in SRUN_CODE, once there is a file at SRUN_UNTIL.
    """
    ends = ('while [ -n "$SRUN_UNTIL" ] && [ ! -e "$SRUN_UNTIL" ]; do sleep 0.02; done\n'
            'exit ${SRUN_CODE:-0}\n')
    for name in ('python', 'srun', 'sbatch', 'scontrol'):
        (tmp_path / name).write_text(
            '#!/bin/sh\nprintf "%s\\n" "$@"\n' + ends * (name == 'srun'))
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
    assert done.stdout.splitlines()[:4] == [
        f'{TOOLS}/../mmlofi/engine/nodes.py', '--nnodes=1', '--nproc-per-node=4', '--node-rank=0',
    ]  # fmt: skip


@pytest.mark.parametrize(('nodes', 'more'), [('1', {}), ('2', dict(MASTER_ADDR='host0'))])
def test_ranks_that_may_start_again_meet_anew_and_resume(path, nodes, more):
    done = run('dist_train.sh', 'c.py', '4', '--amp', PATH=path, MAX_RESTARTS='3', NNODES=nodes,
               PORT='1234', **more)
    host = more.get('MASTER_ADDR', '127.0.0.1')
    assert done.stdout.splitlines()[1:] == [
        f'--nnodes={nodes}', '--nproc-per-node=4', '--max-restarts=3', '--rdzv-backend=c10d',
        f'--rdzv-endpoint={host}:1234', '--rdzv-id=1234', str(TOOLS / 'train.py'), 'c.py',
        '--launcher', 'pytorch', '--amp', '--resume']


def test_several_machines_get_their_ranks_and_the_tool_its_arguments(path):
    done = run(
        'dist_train.sh', 'my config.py', '4', '--cfg-options', "a='b c'",
        PATH=path, NNODES='2', NODE_RANK='1', MASTER_ADDR='host0', PORT='1234',
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        f'{TOOLS}/../mmlofi/engine/nodes.py', '--nnodes=2', '--nproc-per-node=4', '--node-rank=1',
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
    unsaid['ATTACHED'] = '1'   # of slurm_train.sh
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
        PATH=path, GPUS='2', SRUN_ARGS='--time 1:00 --qos high', ATTACHED='1',
    )  # fmt: skip
    warned = ['--signal=USR1@120'] * (tool == 'train.py')
    found = done.stdout.splitlines()
    assert sorted(found[:found.index('python')]) == sorted([
        '--partition=video', '--job-name=lofi', '--gres=gpu:2', '--ntasks=2',
        '--ntasks-per-node=2', '--cpus-per-task=5', '--kill-on-bad-exit=1', *warned,
        '--time', '1:00', '--qos', 'high'])
    assert found[found.index('python'):] == [
        'python', '-u', str(TOOLS / tool), *arguments, '--launcher', 'slurm', '--amp',
    ]  # fmt: skip


# ---- a batch job that is put back into the queue

def test_a_job_asks_for_a_warning_and_to_be_requeued(path):
    done = run('slurm_train.sh', 'video', 'lofi', 'my config.py', '--amp', PATH=path, GPUS='2',
               WARN_SEC='300', SRUN_ARGS='--time 20')
    assert done.stdout.splitlines() == [
        '--requeue', '--open-mode=append', '--output=lofi-%j.out', '--partition=video',
        '--job-name=lofi', '--gres=gpu:2', '--ntasks=2', '--ntasks-per-node=2',
        '--cpus-per-task=5', '--signal=USR1@300', '--time', '20', str(TOOLS / 'slurm_train.sh'),
        'video', 'lofi', 'my config.py', '--amp']


def run_job(path: str, **variables: str) -> subprocess.CompletedProcess:
    """As Slurm does, whose copy of the script lies elsewhere."""
    script = shutil.copy(TOOLS / 'slurm_train.sh', path.partition(':')[0])
    return run(script, 'video', 'lofi', 'c.py', '--amp', PATH=path, MMLOFI_TOOLS=str(TOOLS),
               SLURM_JOB_ID='17', **variables)


def test_the_tasks_of_a_job_train(path):
    done = run_job(path)
    assert (done.returncode, done.stdout.splitlines()) == (0, [
        '--cpus-per-task=5', '--kill-on-bad-exit=1', 'python', '-u', str(TOOLS / 'train.py'),
        'c.py', '--launcher', 'slurm', '--amp'])


@pytest.mark.parametrize('code', ['75', '138'])
def test_a_job_that_was_warned_goes_back_into_the_queue(path, code):
    done = run_job(path, SRUN_CODE=code)
    assert (done.returncode, done.stdout.splitlines()[-2:]) == (0, ['requeue', '17'])


@pytest.mark.parametrize('code', ['1', '143', '137'])
def test_a_job_that_failed_does_not(path, code):
    done = run_job(path, SRUN_CODE=code)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (int(code), '--amp')


def test_a_job_that_was_requeued_resumes(path):
    done = run_job(path, SLURM_RESTART_COUNT='2')
    assert done.stdout.splitlines()[-2:] == ['--amp', '--resume']


def test_a_job_that_was_cancelled_does_not_come_back(path, tmp_path):
    script = shutil.copy(TOOLS / 'slurm_train.sh', path.partition(':')[0])
    process = subprocess.Popen(
        ['bash', script, 'video', 'lofi', 'c.py'], stdout=subprocess.PIPE, text=True,
        env=os.environ | dict(PATH=path, MMLOFI_TOOLS=str(TOOLS), SLURM_JOB_ID='17', SRUN_CODE='75',
                              SRUN_UNTIL=str(tmp_path / 'end')))
    assert process.stdout.readline() == '--cpus-per-task=5\n'
    process.terminate()
    (tmp_path / 'end').touch()
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 75
    assert 'requeue' not in output
