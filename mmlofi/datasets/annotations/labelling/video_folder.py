"""The videos that labels are of: a folder of files, found by their names."""
from __future__ import annotations

from pathlib import Path

from mmlofi.datasets.find_files import SUFFIXES


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


def find(name: str, files: list[Path]) -> Path:
    """The file that a row means."""
    found = [path for path in files if path.name == name] or [
        path for path in files if path.stem == name]
    if len(found) == 1:
        return found[0]
    if found:
        raise ValueError(f'names the video {name!r}, which may be '
                         f'{" or ".join(path.name for path in found)}; expected one: add the '
                         'ending')
    raise ValueError(f'names the video {name!r}, which {files[0].parent} does not hold; expected '
                     f'one of its {len(files)} files, such as {files[0].name!r}')
