"""What the command lines of several tools have in common."""
from __future__ import annotations

import argparse

from mmengine.config import DictAction


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--cfg-options` as MMEngine's tools have it: a later one adds to those before."""
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, metavar='KEY=VALUE',
                        help='override settings of the config, such as model.nms.sigma=0.5; may '
                             'be given several times')
