"""The configs and tools that come with the package, where OpenMMLab's packages have theirs.

In a checkout `.mim` holds links to the folders at its top; the wheel has the files. openmim looks
there too: `mim train mmlofi`, and `mim search mmlofi` by `model-index.yml`.
"""
from __future__ import annotations

import difflib
from pathlib import Path

CONFIGS, TOOLS = (Path(__file__).parent / '.mim' / name for name in ('configs', 'tools'))
PREFIX = 'mmlofi::'


def config_path(name: str) -> Path:
    """The file of 'mmlofi::lofi_tsm_anet.py', or of 'mmlofi::toy/lofi_toy.py'.

    Raises:
        FileNotFoundError: When there is no such config, with those of similar names.
    """
    inside = name.removeprefix(PREFIX)
    path = CONFIGS / inside
    if path.is_file():
        return path
    known = [str(file.relative_to(CONFIGS)) for file in sorted(CONFIGS.rglob('*.py'))]
    alike = difflib.get_close_matches(inside, known) or known[:3]
    raise FileNotFoundError(
        f'{name!r} is no config of mmlofi, which has {len(known)} in {str(CONFIGS)!r}; expected '
        f'one of them, such as {", ".join(map(repr, alike))}')
