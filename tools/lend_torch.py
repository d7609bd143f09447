"""Lend the torch of one Python to the virtual environment that runs this: links instead of 3 GB.

    .venv/bin/python tools/lend_torch.py PYTHON setup.cfg

Lent are torch and the compiled wheels that it requires (CUDA libraries, triton), file by file, and
nothing else that PYTHON has. The metadata comes along, so that pip takes torch for installed, but
not its list of files, so that pip could never delete the lender's. A torch that PYTHON has only on
loan comes from the first lender. Exits with 1, and leaves nothing
behind, if there is no torch that fits the requirement in setup.cfg and works.

For those whose torch was built for their machine: containers and cluster modules with a CUDA, ROCm
or aarch64 build that no index has, or 3 GB that a quota will not take twice. A venv with
--system-site-packages is not that: made from a Python that is itself a virtual environment, as most
are that have a torch today, it sees the packages of the Python behind it and no torch, and from
another it sees all that is installed there, an mmcv or numpy of the wrong version as well.
"""
from __future__ import annotations

import argparse
import configparser
import json
import shutil
import subprocess
import sys
import sysconfig
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePath

from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

LENDER = 'LENDER'  # beside the metadata of a lent package: the Python it belongs to

# The small pure packages that torch needs are not installed here yet: borrow them for this one try.
PROBE = """
import sys
sys.path += sys.argv[1:]
import torch
(torch.ones(1) + 1).item()
print(torch.__version__, torch.cuda.is_available())
"""


def required_torch(setup_cfg: Path) -> Requirement:
    """The line for torch among the requirements of the package."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(setup_cfg)
    lines = parser['options']['install_requires'].split('\n')
    return next(Requirement(line) for line in lines if line.startswith('torch'))


def module_path(python: str) -> list[str]:
    """Where another Python of this version looks for modules."""
    listing = 'import json, sys; print(json.dumps([sys.version_info[:2], sys.path]))'
    version, path = json.loads(subprocess.check_output([python, '-c', listing], text=True))
    if tuple(version) != sys.version_info[:2]:
        raise SystemExit(f'{python} is of version {version}, which cannot lend to {sys.executable}')
    return [folder for folder in path if folder]


def packages_at(path: list[str]) -> dict[str, Distribution]:
    """What is installed at `path`, by canonical name; of two, the one that would be imported."""
    found: dict[str, Distribution] = {}
    for package in distributions(path=path):
        if package.metadata['Name']:
            found.setdefault(canonicalize_name(package.metadata['Name']), package)
    return found


def compiled_needs(name: str, packages: dict[str, Distribution]) -> set[str]:
    """`name` and the compiled packages that it requires, directly or through others."""
    needed, queue, seen = {name}, [(name, '')], set()
    while queue:
        current, extra = queue.pop()
        if (current, extra) in seen or current not in packages:
            continue
        seen.add((current, extra))
        if '-none-any' not in (packages[current].read_text('WHEEL') or '-none-any'):
            needed.add(current)
        for line in packages[current].requires or ():
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({'extra': extra}):
                child = canonicalize_name(requirement.name)
                queue += [(child, wanted) for wanted in ('', *requirement.extras)]
    return needed


def is_metadata(file: PurePath) -> bool:
    """Whether a file of a package describes it."""
    return file.parts[0].endswith('.dist-info')


def lend(package: Distribution, site: Path, lender: str) -> list[Path]:
    """Link the files of a package into `site` and copy its metadata; returns what was made."""
    made: list[Path] = []
    # The metadata last: an interrupted loan must not look like an installed package.
    for file in sorted(package.files or (), key=is_metadata):
        target = site / file
        if '..' in file.parts or '__pycache__' in file.parts or target.exists():
            continue
        if is_metadata(file) and file.name == 'RECORD':
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        source = Path(package.locate_file(file))
        if is_metadata(file):
            shutil.copyfile(source, target)
            if file.name == 'METADATA':
                made.append(target.with_name(LENDER))
                made[-1].write_text(lender)
        else:
            target.symlink_to(source)
        made.append(target)
    return made


def take_back(made: list[Path], site: Path) -> None:
    """Remove links, and the folders that they leave empty."""
    for path in made:
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == site or any(folder.iterdir()):
                break
            folder.rmdir()


def main(python: str, setup_cfg: str) -> str:
    """Lend, try, and say what came of it; exits with the reason if nothing did."""
    packages = packages_at(path := module_path(python))
    if 'torch' in packages and (lender := packages['torch'].read_text(LENDER)):
        python, packages = lender, packages_at(path := module_path(lender))
    wanted = required_torch(Path(setup_cfg))
    if 'torch' not in packages:
        raise SystemExit(f'{python} has no torch to lend')
    version = packages['torch'].version
    if not wanted.specifier.contains(version, prereleases=True):
        raise SystemExit(f'{python} has torch {version}, which does not fit {wanted}')
    site = Path(sysconfig.get_path('purelib'))
    made: list[Path] = []
    for name in sorted(compiled_needs('torch', packages)):
        made += lend(packages[name], site, python)
    theirs, ours = (
        subprocess.run([program, '-c', PROBE, *path], capture_output=True, text=True)
        for program in (python, sys.executable)
    )
    if ours.returncode or ours.stdout != theirs.stdout:
        take_back(made, site)
        reason = (ours.stderr.strip().split('\n') or [''])[-1]
        raise SystemExit(f'torch {version} of {python} does not work when lent: {reason}')
    return f'using torch {version} of {python} ({len(made)} links)'


if __name__ == '__main__':
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('python', metavar='PYTHON', help='the Python that has a torch')
    parser.add_argument('setup_cfg', metavar='SETUP_CFG', help='says which torch fits')
    print(main(**vars(parser.parse_args())))
