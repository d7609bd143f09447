"""`mmlofi::lofi_tsm_anet.py`, of an installed package or a checkout, where MMEngine reads configs.

MMEngine 0.10 and 0.11 know the packages of OpenMMLab by a list, ask for a folder in the name, and
would look for what stands in the config in a registry of that package's own; what mmlofi brings is
in MMAction2's.
"""
from __future__ import annotations

import mmengine.hub
import mmengine.hub.hub
from mmengine.config import Config

from mmlofi.package_files import PREFIX, config_path


def mend_configs_of_this_package() -> None:
    """Let `_base_ = 'mmlofi::…'` and `get_config('mmlofi::…')` find the package's configs."""
    if getattr(Config, '_mmlofi_configs', False):
        return
    Config._mmlofi_configs = True
    of_others, get_config = Config._get_cfg_path, mmengine.hub.get_config

    def base(cfg_path: str, filename: str) -> tuple[str, str | None]:
        if cfg_path.startswith(PREFIX):
            return str(config_path(cfg_path)), None   # no scope: the classes are in MMAction2's
        return of_others(cfg_path, filename)

    def get(cfg_path: str, pretrained: bool = False) -> Config:
        if not cfg_path.startswith(PREFIX):
            return get_config(cfg_path, pretrained)
        if pretrained:
            raise ValueError(f'get_config({cfg_path!r}, pretrained=True): mmlofi publishes no '
                             'weights; expected pretrained=False')
        return Config.fromfile(str(config_path(cfg_path)))

    Config._get_cfg_path = staticmethod(base)
    mmengine.hub.get_config = mmengine.hub.hub.get_config = get
