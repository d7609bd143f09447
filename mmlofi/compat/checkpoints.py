"""mmengine and torch >= 2.6: load a Runner's checkpoint without running what a file says.

mmengine 0.10.7 cannot resume on torch >= 2.6, whose `torch.load` refuses the log histories that a
Runner saves; mmengine 0.11 loads them by letting the file run any code, and both do so for URLs.
Here tensors, plain values and the few named types of `runner_types` are loaded, and anything else
is refused by name. The environment variable MMLOFI_UNSAFE_LOAD=1 lifts this for trusted files.

This one is no passing mend but a hardening, in every version and on purpose: mmengine 0.11 has no
fault that a probe could find, it chose to trust files, and weights from the net should not be able
to run code in any version.
"""
from __future__ import annotations

import ast
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError

import mmengine.runner.checkpoint
import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import CheckpointLoader

UNSAFE_SWITCH = 'MMLOFI_UNSAFE_LOAD'
NUMPY_KINDS = ('bool', 'int32', 'int64', 'float32', 'float64')
STATISTICS = {name: getattr(HistoryBuffer, name) for name in ('min', 'max', 'current', 'mean')}

# Where MMEngine keeps a config as text that it runs as Python on resume or inference.
CONFIG_PLACES = (('meta', 'config'), ('meta', 'cfg'), ('message_hub', 'runtime_info', 'cfg'))


def get_statistic(owner: object, name: str) -> Callable:
    """Stands for `builtins.getattr` in a checkpoint: a log history's own statistics, no more.

    Raises:
        UnpicklingError: If anything else is asked for.
    """
    if owner is not HistoryBuffer or name not in STATISTICS:
        raise UnpicklingError(f'GLOBAL builtins.getattr({owner!r}, {name!r}) was not allowed')
    return STATISTICS[name]


def runner_types() -> list:
    """What a Runner's checkpoint holds beside tensors and plain values, for `safe_globals`.

    numpy 2 moved its internals to `numpy._core`; checkpoints of either line load under the other.
    """
    rebuild_array, rebuild_scalar = np.zeros(1).__reduce__()[0], np.float64(0).__reduce__()[0]
    internals = [
        (function, f'numpy.{core}.multiarray.{name}')
        for core in ('core', '_core')
        for name, function in (('_reconstruct', rebuild_array), ('scalar', rebuild_scalar))
    ]
    dtypes = [type(np.dtype(kind)) for kind in NUMPY_KINDS]
    return [
        HistoryBuffer,
        (get_statistic, 'builtins.getattr'),
        np.ndarray,
        np.dtype,
        *dtypes,
        *internals,
    ]


def load_safely(load: Callable[[bool], dict], source: str) -> dict:
    """Call `load(weights_only)` so that only tensors, plain values and `runner_types` get through.

    Raises:
        ValueError: If it holds anything else, which the message names, or is no checkpoint.
    """
    if os.environ.get(UNSAFE_SWITCH) == '1':
        print_log(f'{UNSAFE_SWITCH}=1: {source} may run any code', 'current', logging.WARNING)
        return load(False)
    try:
        with torch.serialization.safe_globals(runner_types()):
            checkpoint = load(True)
    except UnpicklingError as error:
        raise refusal(source, refused_name(str(error))) from error
    except (AttributeError, EOFError, IndexError, KeyError) as error:
        raise ValueError(
            f'{source} cannot be read ({error!r}); expected a checkpoint that a Runner or '
            'torch.save wrote: it may be cut off or another kind of file'
        ) from error
    for place in CONFIG_PLACES:
        refuse_code(checkpoint, place, source)
    return checkpoint


def refused_name(message: str) -> str:
    """The name of what torch refused, or its whole reason where it has no name."""
    found = re.search(r'GLOBAL (.+?) (?:was not|whose module)', message)
    if found:
        return found.group(1)
    reason = re.search(r'WeightsUnpickler error: (.+)', message)
    return (reason.group(1) if reason else message).strip()


def refusal(source: str, found: str) -> ValueError:
    """The error for a checkpoint that holds more than it may."""
    return ValueError(
        f'{source} was not loaded, because it holds {found}; expected tensors, plain values and '
        "the log histories of MMEngine, so that loading runs no code of the file's author. If you "
        f'trust them, set the environment variable {UNSAFE_SWITCH}=1'
    )


def refuse_code(checkpoint: object, place: tuple[str, ...], source: str) -> None:
    """Refuse a stored config that does anything but write down values.

    Raises:
        ValueError: If it imports, calls or defines anything, or inherits from a file.
    """
    text = checkpoint
    for key in place:
        text = text.get(key) if isinstance(text, dict) else None
    if not isinstance(text, str):
        return
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:  # no Python, so it cannot run either (json, say)
        return
    for node in nodes:
        if not is_data(node):
            code = ast.get_source_segment(text, node) or type(node).__name__
            raise refusal(source, f'code in its {".".join(place)}: {code[:80]!r}')


def is_data(node: ast.AST) -> bool:
    """Whether a node of a config's syntax tree only writes down values (`dict(...)` included)."""
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in ('dict', 'set', 'tuple', 'list')
    if isinstance(node, ast.Name):
        return node.id != '_base_'
    if isinstance(node, ast.stmt):
        return isinstance(node, (ast.Assign, ast.Expr))
    return not isinstance(node, (ast.Lambda, ast.Await, ast.comprehension, ast.NamedExpr))


def load_from_local(filename: str, map_location: object = None) -> dict:
    """Load a checkpoint file; the name is what MMEngine's log shows as "local backend".

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds more than a Runner's checkpoint does.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f'no checkpoint at {path}; expected a file that a Runner or torch.save wrote: check '
            'load_from, --resume or the path given to the tool'
        )
    return load_safely(
        lambda weights_only: torch.load(path, map_location, weights_only=weights_only), str(path)
    )


def load_url(url: str, **kwargs: object) -> dict:
    """Download a checkpoint once and load it as safely as a file.

    Raises:
        ValueError: If it holds more than a Runner's checkpoint does.
    """
    return load_safely(
        lambda weights_only: torch.hub.load_state_dict_from_url(
            url, **kwargs, weights_only=weights_only
        ),
        url,
    )


def mend_checkpoint_loading() -> None:
    """mmengine 0.10.7 (resume fails) and 0.11.0rc3 (files run code), both on torch >= 2.6.

    Changes the loader of local files and the download behind every URL scheme of MMEngine, always:
    see the module's last paragraph.
    """
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    mmengine.runner.checkpoint.load_url = load_url
