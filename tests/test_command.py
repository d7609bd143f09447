"""The command `mmlofi`, which runs the tools from anywhere."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mmlofi
from mmlofi import command

ROOT = Path(mmlofi.__file__).parents[1]


@pytest.fixture
def call(monkeypatch):
    """Runs it in this process."""
    def run(*arguments: str) -> None:
        monkeypatch.setattr(sys, 'argv', ['mmlofi', *arguments])
        command.main()
    return run


def test_it_lists_every_tool_with_its_sentence_and_short_names_are_of_tools(call, capsys):
    call('--help')
    listed = dict(line.split(None, 1) for line in capsys.readouterr().out.splitlines()
                  if line.startswith('  '))
    tools = {path.stem for path in (ROOT / 'tools').glob('*.py')} - {'lend_torch'}
    assert {command.SHORT.get(name, name) for name in listed} == tools
    assert listed['eval'].startswith('Scores a json of detections')
    assert set(command.SHORT.values()) <= tools
    assert not set(command.SHORT) & tools


@pytest.mark.parametrize('name', ['eval', 'eval_detections'])
def test_a_tool_runs_by_its_short_name_and_its_own(name, call, capsys):
    with pytest.raises(SystemExit) as stop:
        call(name, '--help')
    assert stop.value.code == 0
    assert capsys.readouterr().out.startswith('usage: eval_detections.py [-h]')


def test_what_it_does_not_know_is_met_with_what_is_alike(call):
    with pytest.raises(SystemExit, match=r"'trian'.*such as train"):
        call('trian')
    with pytest.raises(SystemExit, match=r"mmlofi: 'mmlofi::lofi_tsn_anet.py' is no config"):
        call('plan', 'mmlofi::lofi_tsn_anet.py')


def test_elsewhere_it_plans_a_config_of_the_package_and_loads_torch_for_work_alone(tmp_path):
    script = tmp_path / 'mmlofi'          # as pip makes it
    script.write_text('from mmlofi.command import main\nmain()\nimport sys\n'
                      'sys.exit("torch" in sys.modules and "torch is loaded")\n')
    environment = os.environ | dict(PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')

    def run(*arguments: object) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, *map(str, arguments)], cwd=tmp_path, text=True,
                              env=environment, capture_output=True)
    assert run(script, '--help').returncode == 0
    done = run('-m', 'mmlofi', 'plan', 'mmlofi::lofi_tsm_anet.py', '--num-videos', '100',
               '--schedule-only')
    assert done.returncode == 0, done.stderr
    assert 'ST' in done.stdout
