"""What the command lines of tools that take a config have in common."""
from __future__ import annotations

import argparse
import inspect
import logging
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from mmengine.config import Config, DictAction
from mmengine.logging import print_log


class SettingsAction(DictAction):
    """MMEngine's, which ends in an error of the command line where it cannot read a setting."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace,
                 values: list[str], option_string: str | None = None) -> None:
        """Adds the settings of one `--cfg-options` to those before."""
        try:
            super().__call__(parser, namespace, values, option_string)
        except (AssertionError, RecursionError, ValueError) as error:
            parser.error(f'{option_string} {" ".join(values)[:200]}: {error}; expected KEY=VALUE, '
                         'such as model.nms.sigma=0.5 or norm.mean=[1,2,3]')


def add_cfg_options(parser: argparse.ArgumentParser) -> None:
    """Adds `--cfg-options` as MMEngine's tools have it: a later one adds to those before."""
    parser.add_argument('--cfg-options', nargs='+', action=SettingsAction, metavar='KEY=VALUE',
                        help='override settings of the config, such as model.nms.sigma=0.5; may '
                             'be given several times; those that the config did not have are named')


def merge_cfg_options(cfg: Config, options: Mapping[str, object] | None) -> None:
    """Puts the settings of `--cfg-options` into a config, and names those that are new in it.

    A setting may be new, such as `model.encoder.chunk_size` where a config leaves the encoder as it
    is. One at the top that neither the config nor MMEngine's Runner has would change nothing.

    Args:
        cfg: Changed.
        options: Values by dotted names, as MMEngine's DictAction gives them.

    Raises:
        ValueError: For a name at the top that means nothing, one that leads through a value, is
            empty between dots, or is set itself and in a part.
    """
    unnamed = [key for key in options or {} if '' in key.split('.')]
    if unnamed:
        raise ValueError(f'--cfg-options {unnamed[0]}=… has an empty name in it; expected '
                         'names of settings, such as model.nms.sigma=0.5')
    both = [(key, other) for key in options or {} for other in options
            if other.startswith(f'{key}.')]
    if both:
        raise ValueError(f'--cfg-options sets {both[0][0]!r} and {both[0][1]!r}, a part of it; '
                         'expected one of them: leave the other out')
    new = {key: where for key in options or {} if (where := _first_new(cfg, key)) is not None}
    for key, (place, known) in new.items():
        near = _near(place.rpartition('.')[2], known)
        if '.' not in place:
            raise ValueError(f'--cfg-options {key}=…: neither the config nor a Runner has '
                             f'{place!r}, so that it would change nothing; expected one of their '
                             f'names{near or ": correct its spelling"}')
        print_log(f'--cfg-options {key}=… sets {place!r}, which nothing in the config had{near}',
                  'current', logging.WARNING)
    try:
        cfg.merge_from_dict(dict(options or {}))
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f'--cfg-options {" ".join(options)}: {error}; expected names of settings '
                         'in the config, with numbers for places in a list') from error


def _runner_settings() -> tuple[str, ...]:
    """The settings at the top of a config that a Runner knows."""
    from mmengine.runner import Runner  # not above: it loads torch, and `--help` need not
    # The last ones it looks up in the config itself.
    return (*tuple(inspect.signature(Runner.__init__).parameters)[1:], 'compile',
            'activation_checkpointing', 'efficient_conv_bn_eval', 'sync_bn', 'strategy',
            'runner_type', 'find_unused_parameters', 'model_wrapper_cfg', 'custom_imports')


def _first_new(cfg: Config, key: str) -> tuple[str, list[str]] | None:
    """The part of a dotted name that a config lacks, and the names that stand there instead."""
    node, place = cfg._cfg_dict, []
    for name in key.split('.'):
        place.append(name)
        if isinstance(node, Mapping):
            known = [*node, *(_runner_settings() if len(place) == 1 else ())]
            if name not in known:
                return '.'.join(place), known
            node = node.get(name)
        elif isinstance(node, (list, tuple)) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:   # MMEngine says what is wrong, or puts a dict in place of the value
            return None
    return None


def _near(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f': did you mean {close[0]!r}?' if close else ''
