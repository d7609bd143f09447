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

import argparse
import errno
import io
import logging
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from pickle import UnpicklingError
from typing import BinaryIO
from urllib.parse import urlparse

import mmengine.runner
import mmengine.runner.checkpoint
import torch
from mmengine.fileio import get
from mmengine.logging import HistoryBuffer, print_log
from mmengine.runner import CheckpointLoader

from mmlofi.compat.numpy_values import numpy_types
from mmlofi.compat.pickle_walk import walk
from mmlofi.compat.safetensors_files import is_safetensors, read_safetensors
from mmlofi.compat.stored_config import hold_to_values
from mmlofi.compat.trust import UNSAFE_SWITCH, is_trusted, refusal
from mmlofi.files import stand_in

mmengine_find_latest_checkpoint = mmengine.runner.checkpoint.find_latest_checkpoint
STATISTICS = {name: getattr(HistoryBuffer, name) for name in ('min', 'max', 'current', 'mean')}
# torch's words for a call or an attribute that a file asks for.
REFUSED = re.compile('GLOBAL|function|instantiate|build|class', re.IGNORECASE)
DOWNLOAD = re.compile(r'(?:https?|modelzoo|torchvision|open-?mmlab|mmcls|pavi)://')
BACKENDS = [r'(\S+\:)?s3://', r'(\S+\:)?petrel://']   # as MMEngine names them


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

    And argparse's options, values by name, which torchvision's programs and TSP's save as `args`.
    """
    return [HistoryBuffer, (get_statistic, 'builtins.getattr'), argparse.Namespace, *numpy_types()]


def load_safely(load: Callable[[bool], object], source: str) -> object:
    """Call `load(weights_only)` so that only tensors, plain values and `runner_types` get through.

    Stored configs are held to their values, as `stored_config` says.

    Raises:
        OSError: When the file cannot be reached.
        ValueError: If it holds anything else, which the message names, or is no checkpoint.
    """
    if is_trusted():
        print_log(f'{UNSAFE_SWITCH}=1: {source} may run any code', 'current', logging.WARNING)
        return load(False)
    try:
        with torch.serialization.safe_globals(runner_types()):
            checkpoint = load(True)
    except Exception as error:   # what torch's readers of broken files raise has no common kind
        if isinstance(error, OSError) and error.errno != errno.EINVAL:   # a jump out of the file
            raise
        found = refused_name(str(error)) if isinstance(error, UnpicklingError) else None
        if found is not None:
            raise refusal(source, found) from error
        # Before that, torch advises to load it without the restriction, which runs what it holds.
        reason = str(error).rpartition('WeightsUnpickler error:')[2]
        reason = (reason.strip().splitlines() or [''])[0]
        raise ValueError(
            f'{source} cannot be read ({type(error).__name__}: {reason[:200]}); expected a '
            'checkpoint that a Runner or torch.save wrote: it may be cut off or another kind of '
            'file, so get it again') from error
    hold_to_values(checkpoint, source)
    return checkpoint


def refused_name(message: str) -> str | None:
    """The name of what torch refused, or its reason; None where it could not read the file."""
    found = re.search(r'GLOBAL (.+?) (?:was not|whose module)', message)
    if found:
        return found.group(1)
    reason = re.search(r'WeightsUnpickler error: (.+)', message)
    return reason.group(1).strip() if reason and REFUSED.search(reason.group(1)) else None


def load_from_local(filename: str, map_location: object = None) -> object:
    """Load a checkpoint file; the name is what MMEngine's log shows as "local backend".

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it holds more than a Runner's checkpoint does, or is none.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(
            f'no checkpoint at {path}; expected a file that a Runner or torch.save wrote: check '
            'load_from, --resume or the path given to the tool'
        )
    with path.open('rb') as file:
        return load_stream(file, str(path), map_location)


def load_from_backend(filename: str, map_location: object = None, backend: str = 'petrel'
                      ) -> object:
    """The same for a file that an MMEngine backend has."""
    content = io.BytesIO(get(filename, backend_args=dict(backend=backend)))
    return load_stream(content, filename, map_location)


def load_stream(file: BinaryIO, source: str, map_location: object) -> object:
    """Load a checkpoint's bytes, or those of safetensors, after a look at what they are.

    Raises:
        ValueError: As `load_safely`; also for a page or a pointer in place of a checkpoint, for
            bytes that changed since they were written, and for what lets a small file take more
            than any memory: packed weights, and what `pickle_walk` finds.
    """
    head = file.read(512)
    found = stand_in(head) or archive_fault(file)
    file.seek(0)
    if found is not None:
        raise ValueError(f'{source} is {found}; expected a checkpoint that a Runner or torch.save '
                         'wrote: get the file itself, whole')
    if is_safetensors(head):
        return read_safetensors(file, source, map_location)
    found = None if is_trusted() else walk(file)
    file.seek(0)
    if found is not None:
        raise refusal(source, found)
    checkpoint = load_safely(
        lambda weights_only: torch.load(file, map_location, weights_only=weights_only), source)
    take_average(checkpoint, source)
    return checkpoint


def take_average(checkpoint: object, source: str) -> None:
    """Puts `state_dict_ema` in the place of `state_dict`, in a checkpoint that has both, of the
    same weights.

    ActionFormer, TriDet and OpenTAD write both and evaluate the average alone. MMEngine calls its
    own `ema_state_dict`, and exchanges the two itself.
    """
    if not isinstance(checkpoint, dict):
        return
    both = [checkpoint.get(key) for key in ('state_dict', 'state_dict_ema')]
    if all(isinstance(one, dict) for one in both) and len(
            {frozenset(str(name).removeprefix('module.') for name in one) for one in both}) == 1:
        checkpoint['state_dict'] = checkpoint.pop('state_dict_ema')
        print_log(f'{source}: its weights are the averaged ones, state_dict_ema', 'current')


def archive_fault(file: BinaryIO) -> str | None:
    """What is wrong with an archive, where its entries can be listed; torch looks at the rest.

    torch compresses no entry. It writes a check sum of each, unless told otherwise, and reads none
    of them: without a look here a weight would change with a bit on the disk.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
            packed = [entry.filename for entry in entries
                      if entry.compress_type != zipfile.ZIP_STORED]
            if packed:
                return f'an archive with compressed entries, such as {packed[0]!r}'
            changed = [entry.filename for entry in entries if _changed(archive, entry)]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        return None
    if 0 < len(changed) < len(entries):   # all: torch was told to write no check sums
        return f'damaged: the check sum of {changed[0]!r} is another one'
    return None


def _changed(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as file:
            while file.read(1 << 20):
                pass
    except (zipfile.BadZipFile, EOFError):
        return True
    return False


def load_url(url: str, *, map_location: object = None, model_dir: str | None = None,
             progress: bool = True, check_hash: bool = False, file_name: str | None = None
             ) -> object:
    """Download a checkpoint once, as `torch.hub` does, and load it as a file.

    Raises:
        OSError: When it cannot be downloaded.
        ValueError: If it holds more than a Runner's checkpoint does.
    """
    path = Path(model_dir or Path(torch.hub.get_dir(), 'checkpoints'),
                file_name or os.path.basename(urlparse(url).path))
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        found = torch.hub.HASH_REGEX.search(path.name) if check_hash else None
        try:
            torch.hub.download_url_to_file(url, str(path), found and found.group(1),
                                           progress=progress)
        except OSError as error:   # urllib's names neither the address nor what asks for it
            raise OSError(
                f'{url} cannot be downloaded ({error}); expected a network that reaches it, or the '
                f'file at {path}: put it there, or name a file of yours where the config names '
                'this address (pretrained, init_cfg or load_from)') from error
    with path.open('rb') as file:
        return load_stream(file, f'{url} (kept as {path})', map_location)


def find_latest_checkpoint(path: str) -> str | None:
    """MMEngine's, whose file `last_checkpoint` holds a path, or no more than an address.

    The path is that of the day: of a work dir that was moved or copied since, the checkpoint of
    that name in it is meant.

    Raises:
        ValueError: When the file holds anything but one line, or the address of a download.
    """
    try:
        found = mmengine_find_latest_checkpoint(path)
    except UnicodeDecodeError:
        found = '\0'
    if found is not None and (not found.isprintable() or not found or DOWNLOAD.match(found)):
        raise ValueError(
            f'{path}/last_checkpoint holds {found[:80]!r}; expected the path of a checkpoint, as a '
            'Runner writes it: delete the file, or name the checkpoint with --resume CHECKPOINT')
    return found and _in_its_place(found, path)


def _in_its_place(named: str, work_dir: str) -> str:
    """The checkpoint of a work dir that says where its last one was written.

    With `out_dir` checkpoints lie elsewhere, in a folder without a `last_checkpoint` of its own.
    """
    folder, name = os.path.split(named)
    here = os.path.join(work_dir, name)
    moved = not os.path.exists(named) or os.path.exists(os.path.join(folder, 'last_checkpoint'))
    return here if moved and '://' not in named and os.path.exists(here) else named


def refuse_pavi(filename: str, map_location: object = None) -> None:
    """MMEngine's loader of a store that is not public runs, in 0.11, what a file says.

    Raises:
        ValueError: Always.
    """
    raise ValueError(f'{filename} cannot be loaded without running code from it; expected a file: '
                     'download it, and give its path')


def mend_checkpoint_loading() -> None:
    """mmengine 0.10.7 (resume fails) and 0.11.0rc3 (files run code), both on torch >= 2.6.

    Changes the loaders of local files and backends, the download behind every URL scheme of
    MMEngine and its reading of `last_checkpoint`, always: see the module's last paragraph.
    """
    module = mmengine.runner.checkpoint
    CheckpointLoader.register_scheme(prefixes='', loader=load_from_local, force=True)
    CheckpointLoader.register_scheme(prefixes=BACKENDS, loader=load_from_backend, force=True)
    CheckpointLoader.register_scheme(prefixes='pavi://', loader=refuse_pavi, force=True)
    module.load_from_local, module.load_url = load_from_local, load_url
    for user in (module, mmengine.runner, mmengine.runner.runner, mmengine.runner._flexible_runner):
        user.find_latest_checkpoint = find_latest_checkpoint
