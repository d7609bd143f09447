"""Every tool says what it does."""
from __future__ import annotations

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


@pytest.mark.parametrize('tool', SHELL_TOOLS)
def test_help_of_a_shell_tool_is_a_sentence_and_the_usage(tool):
    done = subprocess.run(['bash', TOOLS / tool, '--help'], capture_output=True, text=True, cwd='/')
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.splitlines()[0].endswith('.')
    assert f'usage: bash tools/{tool}' in done.stdout
