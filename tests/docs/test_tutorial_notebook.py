"""The tutorial: all its cells run, in order, at a small size, and lead to a result."""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CELLS = json.loads((ROOT / 'docs' / 'tutorial.ipynb').read_text())['cells']
CODE = [''.join(cell['source']) for cell in CELLS if cell['cell_type'] == 'code']
SIZES = 'VIDEOS, EPOCHS, HEAD_EPOCHS = '
SMALL = '16, 3, 20'
LEAST_MAP, NEAR_SEC = 0.5, 1.5
SHELL = """
import json, subprocess
def shell(command):
    subprocess.run(command, shell=True, check=True)
"""
RESULT = """
Path('result.json').write_text(json.dumps([found, truth]))
"""


def as_script(cell: str) -> str:
    """A cell as Python without IPython, which runs lines that begin with `!` in a shell."""
    cell = re.sub(rf'^{SIZES}.+$', SIZES + SMALL, cell, flags=re.MULTILINE)
    return re.sub(r'^!((?:.*\\\n)*.*)$', lambda line: f'shell({line[1]!r})', cell,
                  flags=re.MULTILINE)


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """An empty one, and beside it the command `mmlofi`."""
    folder = tmp_path_factory.mktemp('tutorial')
    (folder / 'bin').mkdir()
    (folder / 'bin' / 'command.py').write_text('from mmlofi.command import main\nmain()\n')
    (folder / 'bin' / 'mmlofi').write_text(f'#!/bin/sh\nexec python {folder}/bin/command.py "$@"\n')
    (folder / 'bin' / 'mmlofi').chmod(0o755)
    (folder / 'work').mkdir()
    return folder


@pytest.fixture(scope='module')
def printed(folder, follow) -> str:
    """What all cells print."""
    script = '\n'.join([SHELL, *map(as_script, CODE), RESULT])
    (folder / 'bin' / 'tutorial.py').write_text(script)
    return follow(f'PATH={folder}/bin:$PATH python {folder}/bin/tutorial.py', folder / 'work',
                  timeout=900)


def test_it_has_ten_cells_and_no_output():
    assert len(CODE) == 10
    assert sum(SIZES in cell for cell in CODE) == 1
    for cell in CELLS:
        assert cell['cell_type'] in ('code', 'markdown')
        assert (cell.get('outputs', []), cell.get('execution_count')) == ([], None)


@pytest.mark.slow
def test_its_cells_lead_to_a_model_that_finds_most_actions(printed):
    assert re.findall(r'fidelity (\w+): r_t', printed) == ['S', 'T', 'ST']
    assert 'nothing here would stop a training' in printed
    assert float(re.findall(r'mAP@0\.50: (\d\.\d+)', printed)[-1]) > LEAST_MAP


@pytest.mark.slow
def test_the_best_that_is_found_in_the_new_video_is_near_what_is_in_it(printed, folder):
    found, truth = json.loads((folder / 'work' / 'result.json').read_text())
    best = max(found, key=lambda one: one['score'])
    start, end = {label: (start, end) for start, end, label in truth}[best['label']]
    assert best['segment'] == pytest.approx([start, end], abs=NEAR_SEC)
    assert '"source": "' in (folder / 'work' / 'found' / 'page.html').read_text()
    assert (folder / 'work' / 'found' / 'new.png').exists()
