"""The videos that labels are of: a folder of files, found by their names."""
from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from mmlofi.datasets.videos.find_files import SUFFIXES


def list_videos(folder: Path) -> list[Path]:
    """The folder's videos by their endings."""
    if not folder.is_dir():
        raise FileNotFoundError(f'no folder {str(folder)!r}; expected that of the videos: '
                                'correct --videos')
    found = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES
                   and not path.name.startswith('.'))
    if not found:
        raise FileNotFoundError(f'{str(folder)!r} holds no video; expected files with the endings '
                                f'{", ".join(SUFFIXES)}: correct --videos')
    return found


def find(name: str, files: Sequence[Path]) -> Path:
    """The file that a row means."""
    found = matching(name, files)
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f'names the video {name!r}, which may be '
                         f'{" or ".join(path.name for path in found)}; expected one: add the '
                         'ending')
    raise ValueError(f'names the video {name!r}, which {files[0].parent} does not hold; expected '
                     f'one of its {len(files)} files, such as {files[0].name!r}')


def matching(name: str, files: Sequence[Path]) -> list[Path]:
    """The files of this name, or else those that have it before their ending."""
    return [path for path in files if path.name == name] or [
        path for path in files if path.stem == name]


def name_of(address: str) -> str:
    """The file's name at the end of a path or address, as programs write them.

    Paths may be of Windows, addresses have escapes (`%20`), and Label Studio's own serving of
    local files has the path behind `?d=`.
    """
    parts = urlsplit(address) if re.match(r'[a-z][a-z0-9+.-]+:|/', address) else None
    if parts is not None:
        path = parse_qs(parts.query).get('d', [None])[0] or unquote(parts.path)
    else:
        path = address
    return path_name(path)


def path_name(path: str) -> str:
    """The file's name at the end of a path of any system, which has no escapes."""
    return path.replace('\\', '/').rstrip('/').rpartition('/')[2]
