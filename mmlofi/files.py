"""Files that are there as a whole or not at all, at whatever moment their writer is killed."""
from __future__ import annotations

import errno
import functools
import io
import json
import os
import re
import secrets
import shutil
import socket
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

PARTIAL = '.partial'
DEAD_SEC = 600   # a hidden file that nobody has written to for so long is a dead one's
_NAME_BYTES = 180   # of a name that are kept in that of its hidden file, since 255 are the most
_WAYS = {errno.ENOSPC: 'room for it: free some, or name another folder',
         errno.EDQUOT: 'a quota that has room for it: free some, or name another folder',
         errno.EFBIG: 'no limit that it goes beyond (ulimit -f): raise it',
         errno.EROFS: 'a folder that can be written to: name another'}
_WRITER = re.compile(rf'\..+\.([0-9a-f]{{8}})-(\d+)-\w+{re.escape(PARTIAL)}(?:\.\w+)?')

POINTER = b'version https://git-lfs'
PAGES = (b'<!doctype html', b'<html', b'<?xml')


class CannotWrite(OSError):
    """What is in the way of a file, and how to go on. It is in the way of the next file too."""


@contextmanager
def whole_file(path: str | os.PathLike, suffix: str = '') -> Iterator[Path]:
    """Gives the path of a hidden file to write, which becomes `path` when the context ends well.

    Folders above it are made. After an error the hidden file is removed and `path` is as it was. A
    process that was killed leaves `.NAME.HOST-PID-CHANCE.partial`; the next one that writes into
    the folder removes it. A pipe or device is written directly.

    Args:
        path: The file to be.
        suffix: Of the hidden file, where its writer goes by it.

    Raises:
        CannotWrite: When there is no room, say, or no right to.
    """
    path = Path(os.path.realpath(path))   # a link stays one
    if _is_device(path):
        yield path
        return
    partial = hidden_path(path, suffix)
    with _saying_what_is_in_the_way(path, partial):
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_dead_once(path.parent)
        try:
            yield partial
            os.replace(partial, path)
        finally:
            with suppress(OSError):   # of a disk that takes nothing, not even this
                partial.unlink()


def check_writable(path: str | os.PathLike) -> None:
    """Fails now, where `whole_file` would fail after hours of work for what it is to hold.

    Raises:
        CannotWrite: As `whole_file`; what is large may still find no room.
    """
    path = Path(os.path.realpath(path))
    if not _is_device(path):
        probe = hidden_path(path)
        with _saying_what_is_in_the_way(path, probe):
            path.parent.mkdir(parents=True, exist_ok=True)
            probe.touch()
            probe.unlink()


def path_in(folder: str | os.PathLike, name: str, template: str = '{}') -> str:
    """The path of a video's file in a folder, by the name that an annotation file has for it.

    A name may have folders of its own, `a/b`. None leads out of the folder, whatever the file says;
    a link that lies in the folder may, since its owner put it there.

    Args:
        folder: A folder, or an h5 file of many videos.
        name: The video's.
        template: The file's, by the user; '{}' is the video's name.

    Raises:
        ValueError: For a name that is no plain path inside a folder: absolute, with a part `..` or
            `.`, with an empty part, or with a zero byte.
    """
    if '\0' in name or {'', '.', '..'} & set(name.split('/')):
        raise ValueError(f'a video is named {name!r}, of which no file in a folder can be called; '
                         'expected a name such as "x", or "a/x" for a folder in it: correct the '
                         'name where it comes from, such as in the annotations')
    return os.path.join(folder, template.format(name))


def file_stem(video_name: str) -> str:
    """What files made of a video are called: its name, without what parts folders."""
    return re.sub(r'[\\/:\0]+', '_', video_name).strip('_')


def file_stems(video_names: Iterable[str]) -> dict[str, str]:
    """`file_stem` of several videos, numbered where it would be the same of two.

    Of 'a/b' and 'a_b' they are 'a_b_2' and 'a_b': a name that is one as it is stays.
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(dict.fromkeys(video_names), key=lambda name: file_stem(name) != name):
        stem, number = file_stem(name), 2
        stems[name] = stem
        while stems[name] in taken:
            stems[name], number = f'{stem}_{number}', number + 1
        taken.add(stems[name])
    return stems


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes UTF-8, whole or not at all."""
    with whole_file(path) as partial:   # ends of lines, and half of a surrogate pair, as they are
        partial.write_bytes(text.encode(errors='backslashreplace'))


def write_json(path: str | os.PathLike, content: Mapping) -> None:
    """Writes json that people can read, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + '\n')


def write_npz(path: str | os.PathLike, **arrays: np.ndarray) -> None:
    """Writes arrays as npz, whole or not at all."""
    content = io.BytesIO()   # numpy on a full disk fails twice, the second time without a reason
    np.savez(content, **arrays)
    with whole_file(path) as partial:
        partial.write_bytes(content.getbuffer())


def remove_dead(folder: str | os.PathLike) -> None:
    """Removes the hidden files of writers that were killed; other faults are not of its concern."""
    with suppress(OSError), os.scandir(folder) as entries:
        for one in entries:
            writer = _WRITER.fullmatch(one.name)
            if writer and _is_dead(one, *writer.groups()):
                with suppress(FileNotFoundError):    # another process was faster
                    shutil.rmtree(one) if one.is_dir() else os.unlink(one)


def _is_device(path: Path) -> bool:
    """Such as /dev/stdout, which is not to be replaced."""
    return path.exists() and not path.is_file()


def hidden_path(path: str | os.PathLike, suffix: str = '') -> Path:
    """Where this process writes what is to be `path`, and `remove_dead` finds it."""
    path = Path(path)
    short = os.fsdecode(os.fsencode(path.name)[:_NAME_BYTES])
    return path.with_name(
        f'.{short}.{_HOST}-{os.getpid()}-{secrets.token_hex(4)}{PARTIAL}{suffix}')


def _host() -> str:
    """In short, who counts processes: containers of one name, and of one machine, do so apart."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path('/proc/sys/kernel/random/boot_id').read_text())
        parts.append(os.readlink('/proc/self/ns/pid'))
    return f'{zlib.crc32(" ".join(parts).encode()):08x}'


_HOST = _host()


@contextmanager
def _saying_what_is_in_the_way(path: Path, partial: Path) -> Iterator[None]:
    """Names the file and the way on, in errors of writing it; others, of what is read, pass."""
    try:
        yield
    except CannotWrite:   # of another file, which was written within this one's context
        raise
    except OSError as error:
        ours = (str(partial), *map(str, path.parents))
        if error.errno not in _WAYS and str(error.filename) not in ours:
            raise
        expected = _WAYS.get(error.errno, 'a folder that this user can write to: name another')
        room = f', and {_free_bytes(path) / 1e6:.1f} MB are free' \
            if error.errno == errno.ENOSPC else ''
        raise CannotWrite(error.errno, f'{path} could not be written: {error.strerror}{room}; '
                          f'expected {expected}, and run this again') from error


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(next(one for one in path.parents if one.is_dir())).free


# What is left later is for the next process to find.
_remove_dead_once = functools.cache(remove_dead)


def _is_dead(partial: os.DirEntry, host: str, pid: str) -> bool:
    if time.time() - partial.stat().st_mtime > DEAD_SEC:   # as its number may have another now
        return True
    try:
        if host == _HOST:
            os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:   # another user's lives
        pass
    return False


def stand_in(head: bytes) -> str | None:
    """What was saved in place of a file: a web page, or a pointer to where the file is.

    Args:
        head: The first bytes, 100 or more where there are as many.
    """
    if head.startswith(POINTER):
        return 'a pointer of Git LFS, whose files `git lfs pull` fetches'
    if head.lstrip(b'\xef\xbb\xbf \t\r\n').lower().startswith(PAGES):
        return 'a web page, as a download saves it whose address has moved or wants a log-in'
    return None if head else 'an empty file'
