"""The built wheel, in a fresh environment with the published mmaction2."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import mmlofi

ROOT = Path(mmlofi.__file__).parents[1]
SOURCES = ('mmlofi', 'configs', 'tools', 'setup.cfg', 'pyproject.toml', 'README.md', 'LICENSE')

# What is of another library, an extra that the environment has not, wants that by its name.
IMPORT_ALL = """
import importlib, json, pkgutil
import mmlofi
from mmlofi.models.encoders.libraries import LIBRARIES
names = [module.name for module in pkgutil.walk_packages(mmlofi.__path__, 'mmlofi.')]
wanted = []
for name in names:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in LIBRARIES or f'.libraries.{error.name}_' not in name:
            raise
        wanted.append(error.name)
print(json.dumps([mmlofi.__file__, mmlofi.__version__, names, sorted(set(wanted))]))
"""

INSTALLED = """
import importlib.metadata as metadata, json
package = metadata.distribution('mmlofi')
files = [str(file) for file in package.files]
print(json.dumps([files, package.requires, package.metadata['License-Expression']]))
"""


def run(*command: str | Path, check: bool = True) -> str:
    """Run a command and return what it printed; the environment's own paths are left out."""
    variables = {k: v for k, v in os.environ.items() if k not in ('PYTHONPATH', 'PYTHONHOME')}
    done = subprocess.run(
        [str(part) for part in command],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert (done.returncode == 0) == check, done.stdout
    return done.stdout


@pytest.fixture(scope='module')
def python(tmp_path_factory) -> Path:
    """The Python of a fresh environment in which the wheel was installed."""
    if not (ROOT / 'setup.cfg').is_file():
        pytest.skip('mmlofi was not imported from a checkout: there is nothing to build')
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    source.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True)     # configs, tools
        elif (ROOT / name).is_file():
            shutil.copy(ROOT / name, source / name)
    run(sys.executable, '-m', 'pip', 'wheel', '--no-deps', '--wheel-dir', folder, source)
    (wheel,) = folder.glob('mmlofi-*.whl')

    venv.create(folder / 'env', with_pip=True)
    python = folder / 'env' / 'bin' / 'python'
    # Saves the download of torch; where it cannot be lent, pip fetches it below.
    lend = [python, ROOT / 'tools' / 'lend_torch.py', sys.executable, ROOT / 'setup.cfg']
    subprocess.run([str(part) for part in lend], check=False)
    run(python, '-m', 'pip', 'install', f'{wheel}[lite,serve]')
    return python


@pytest.mark.slow
def test_every_module_of_the_wheel_can_be_imported(python):
    printed = run(python, '-I', '-c', IMPORT_ALL)
    location, version, names, wanted = json.loads(printed.splitlines()[-1])
    assert wanted == ['timm', 'torchvision', 'transformers']
    assert Path(location).is_relative_to(python.parents[1])
    assert version == mmlofi.__version__
    ours = (path.relative_to(ROOT) for path in (ROOT / 'mmlofi').rglob('*.py'))
    expected = {'.'.join(path.with_suffix('').parts).removesuffix('.__init__') for path in ours}
    assert {'mmlofi', *names} == expected


@pytest.mark.slow
def test_the_wheel_holds_the_package_alone_and_requires_no_mmcv(python):
    files, requirements, licence = json.loads(run(python, '-I', '-c', INSTALLED))
    assert {Path(file).parts[0] for file in files} == {
        'mmlofi',
        f'mmlofi-{mmlofi.__version__}.dist-info',
        '..',       # bin/mmlofi
    }
    templates = {path.name for path in (ROOT / 'mmlofi' / 'report' / 'templates').iterdir()}
    assert templates == {Path(file).name for file in files if '/templates/' in file}
    brought = {str(path.relative_to(ROOT)) for path in (
        *(ROOT / 'configs').rglob('*.py'), *(ROOT / 'tools').glob('*.py'))}
    brought.remove('tools/lend_torch.py')
    assert brought | {'model-index.yml'} == {   # where mim looks
        file.removeprefix('mmlofi/.mim/') for file in files
        if '/.mim/' in file and not file.endswith('.pyc')}
    assert not [line for line in requirements if line.startswith('mmcv') and 'extra' not in line]
    assert licence == 'Apache-2.0'


@pytest.mark.slow
def test_a_project_elsewhere_trains_by_three_lines_of_config(python, tmp_path):
    data, config = tmp_path / 'data', tmp_path / 'mine.py'
    mmlofi = [python.parent / 'mmlofi']
    run(*mmlofi, 'procedural', data, '--train-videos', '4', '--val-videos', '2',
        '--clips-per-class', '2', '--workers', '1')
    config.write_text("_base_ = 'mmlofi::toy/lofi_toy.py'\n"
                      'train_cfg = dict(max_epochs=1)\n'
                      "default_hooks = dict(logger=dict(interval=1))\n")
    printed = run('env', f'TOY_DATA={data}', 'OMP_NUM_THREADS=1', *mmlofi, 'train', config,
                  '--work-dir', tmp_path / 'work')
    assert 'fidelity S' in printed
    assert (tmp_path / 'work' / 'epoch_1.pth').exists()


@pytest.mark.slow
def test_without_mmcv_the_import_says_what_to_install(python):
    run(python, '-m', 'pip', 'uninstall', '--yes', 'mmcv-lite')
    printed = run(python, '-I', '-c', 'import mmlofi', check=False)
    assert printed.splitlines()[-1].startswith('ImportError: ')
    assert 'pip install "mmlofi[lite]"' in printed
