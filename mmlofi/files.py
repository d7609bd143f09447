"""Files that are there as a whole or not at all, at whatever moment their writer is killed."""
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PARTIAL = '.partial'
POINTER = b'version https://git-lfs'
PAGES = (b'<!doctype html', b'<html', b'<?xml')


@contextmanager
def whole_file(path: str | os.PathLike, suffix: str = PARTIAL) -> Iterator[Path]:
    """Gives the path of a hidden file to write, which becomes `path` when the context ends well.

    Folders above it are made. After an error the hidden file is removed and `path` is as it was;
    a process that was killed leaves `.NAME.PID.partial`. A pipe or device is written directly.

    Args:
        path: The file to be.
        suffix: Of the hidden file, where its writer goes by it.
    """
    path = Path(os.path.realpath(path))   # a link stays one
    if path.exists() and not path.is_file():   # such as /dev/stdout, which is not to be replaced
        yield path
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}.{os.getpid()}{suffix}')
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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


def write_text(path: str | os.PathLike, text: str) -> None:
    """Writes UTF-8, whole or not at all."""
    with whole_file(path) as partial:   # half of a surrogate pair as json escapes it
        partial.write_text(text, encoding='utf-8', errors='backslashreplace')


def write_json(path: str | os.PathLike, content: Mapping) -> None:
    """Writes json that people can read, whole or not at all."""
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + '\n')


def stand_in(head: bytes) -> str | None:
    """What was saved in place of a file: a web page, or a pointer to where the file is.

    Args:
        head: The first bytes, 100 or more where there are as many.
    """
    if head.startswith(POINTER):
        return 'a pointer of Git LFS, whose files `git lfs pull` fetches,'
    if head.lstrip(b'\xef\xbb\xbf \t\r\n').lower().startswith(PAGES):
        return 'a web page, as a download saves it whose address has moved or wants a log-in,'
    return None if head else 'an empty file'
