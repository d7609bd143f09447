"""What the command lines of several tools have in common."""
from __future__ import annotations

import argparse
from typing import Any

from mmengine.config import DictAction


class MergeDictAction(DictAction):
    """MMEngine's `DictAction`, of which a later one adds to the one before.

    argparse would keep the last alone, and a line that is pasted together loses settings.
    """

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any,
                 option_string: str | None = None) -> None:
        """Reads KEY=VALUE pairs into one dict."""
        before = getattr(namespace, self.dest) or {}
        super().__call__(parser, namespace, values, option_string)
        setattr(namespace, self.dest, before | getattr(namespace, self.dest))


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--cfg-options` as MMEngine's tools have it."""
    parser.add_argument('--cfg-options', nargs='+', action=MergeDictAction, metavar='KEY=VALUE',
                        help='override settings of the config, such as model.nms.sigma=0.5; may '
                             'be given several times')
