"""Every tool says what it does, in one language, and the documents say the same."""
from __future__ import annotations

import argparse
import os
import re
import subprocess
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / 'tools'
PYTHON_TOOLS = sorted(path.name for path in TOOLS.glob('*.py'))
SHELL_TOOLS = sorted(path.name for path in TOOLS.glob('*.sh') if path.name != 'environment.sh')


@pytest.mark.parametrize('tool', PYTHON_TOOLS)
def test_help_of_a_python_tool_starts_with_the_usage_and_a_sentence(tool, call_tool, capsys):
    with pytest.raises(SystemExit) as stop:
        call_tool(tool, '--help')
    assert stop.value.code == 0
    usage, text = capsys.readouterr().out.split('\n\n')[:2]
    assert usage.startswith(f'usage: {tool} [-h]')
    sentence = text.split('\n\n')[0].rstrip()
    assert sentence[0].isupper()
    assert sentence.endswith(('.', ':')) or '. ' in sentence


@pytest.fixture
def options(call_tool, monkeypatch):
    """The options of a Python tool."""
    def read(tool: str) -> list[argparse.Action]:
        found = []
        monkeypatch.setattr(argparse.ArgumentParser, 'print_help',
                            lambda parser, file=None: found.extend(parser._actions))
        with pytest.raises(SystemExit):
            call_tool(tool, '--help')
        return found
    return read


@pytest.mark.parametrize('tool', PYTHON_TOOLS)
def test_each_option_says_what_it_is(tool, options):
    # Launchers set --local_rank, which users have nothing to do with.
    assert [action.option_strings for action in options(tool)
            if not action.help and action.dest != 'local_rank'] == []


def test_subsets_are_chosen_by_one_spelling(options):
    tools = ('diagnose.py', 'eval_detections.py', 'extract_features.py', 'plot_detections.py',
             'report.py')
    found = {tool: [name for action in options(tool) for name in action.option_strings
                    if 'subset' in name] for tool in tools}
    assert found == dict.fromkeys(tools, ['--subset'])


def test_the_testing_tool_says_which_of_mmaction2s_flags_it_has_not(call_tool, capsys):
    with pytest.raises(SystemExit):
        call_tool('test.py', '--help')
    text = ' '.join(capsys.readouterr().out.split())
    for name in ('--show,', '--show-dir,', '--interval', '--wait-time;'):
        assert name in text
    assert '--dump writes json' in text


def test_every_shell_tool_can_be_run_by_its_name():
    tools = TOOLS.glob('*.sh')
    assert [path.name for path in tools if not os.access(path, os.X_OK)] == []


def test_the_benchmark_is_documented_where_the_toy_configs_look_for_it(toy_configs):
    (folder,) = re.findall(r'TOY_DATA:(.+?)}}', (toy_configs / '_base_toy.py').read_text())
    text = (TOOLS.parent / 'docs' / 'procedural_benchmark.md').read_text()
    assert set(re.findall(r'make_procedural.py (\S+)', text)) == {
        folder, f'{folder}_motions', f'{folder}_both'}


@pytest.mark.parametrize('tool', SHELL_TOOLS)
def test_help_of_a_shell_tool_is_a_sentence_and_the_usage(tool):
    done = subprocess.run(['bash', TOOLS / tool, '--help'], capture_output=True, text=True, cwd='/')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines()[0].endswith('.')
    assert f'usage: bash tools/{tool}' in done.stdout
