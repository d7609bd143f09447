"""`mmlofi::lofi_tsm_anet.py`, of an installed package or a checkout, where MMEngine reads configs.

MMEngine 0.10 and 0.11 know the packages of OpenMMLab by a list, ask for a folder in the name, and
would look for what stands in the config in a registry of that package's own; what mmlofi brings is
in MMAction2's.
"""
from __future__ import annotations

import difflib
from pathlib import Path

import mmengine.hub
import mmengine.hub.hub
from mmengine.config import Config

PREFIX = 'mmlofi::'
# In a checkout a link to the folder `configs` at its top; the wheel has the files.
FOLDER = Path(__file__).parents[1] / '.mim' / 'configs'


def path_of(name: str) -> Path:
    """The file of 'mmlofi::lofi_tsm_anet.py', or of 'mmlofi::toy/lofi_toy.py'.

    Raises:
        FileNotFoundError: When there is no such config, with those of similar names.
    """
    inside = name.removeprefix(PREFIX)
    path = FOLDER / inside
    if path.is_file():
        return path
    known = [str(file.relative_to(FOLDER)) for file in sorted(FOLDER.rglob('*.py'))]
    alike = difflib.get_close_matches(inside, known) or known[:3]
    raise FileNotFoundError(
        f'{name!r} is no config of mmlofi, which has {len(known)} in {str(FOLDER)!r}; expected '
        f'one of them, such as {", ".join(map(repr, alike))}')


def mend_configs_of_this_package() -> None:
    """Let `_base_ = 'mmlofi::…'` and `get_config('mmlofi::…')` find the package's configs."""
    if getattr(Config, '_mmlofi_configs', False):
        return
    Config._mmlofi_configs = True
    of_others, get_config = Config._get_cfg_path, mmengine.hub.get_config

    def base(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if cfg_path.startswith(PREFIX):
            return str(path_of(cfg_path)), None   # no scope: the classes are in MMAction2's
        return of_others(cfg_path, filename)

    def get(cfg_path: str, pretrained: bool = False) -> Config:
        if not cfg_path.startswith(PREFIX):
            return get_config(cfg_path, pretrained)
        if pretrained:
            raise ValueError(f'get_config({cfg_path!r}, pretrained=True): mmlofi publishes no '
                             'weights; expected pretrained=False')
        return Config.fromfile(str(path_of(cfg_path)))

    Config._get_cfg_path = staticmethod(base)
    mmengine.hub.get_config = mmengine.hub.hub.get_config = get
