"""New annotations of some videos, taken into those of a data set: corrections, one more round."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from mmlofi.datasets.annotations.labelling.annotated import Video, entries
from mmlofi.datasets.annotations.reading import read_entries
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.json_values import brief

TRAINING = 'training'


def merge(path: Path, videos: Mapping[str, Video]) -> tuple[dict[str, dict], str]:
    """The entries of a json of annotations with those of `videos` in place of theirs, or beside.

    A video that was there keeps its subset, whatever its labels say, and all else of its entry but
    the actions. One that was not is for training, unless its labels say otherwise. So what is
    scored on stays the same, and scores of one round can be held against the last one's.

    Args:
        path: In ActivityNet's format; it may name its videos with or without their endings.
        videos: By file name.

    Returns:
        All entries, and what became of them in a sentence.

    Raises:
        FileNotFoundError, ValueError: When there is no such file, or it is of no such format.
    """
    old = read_entries(path)
    if not old.have_subsets or not all(isinstance(one, dict) for one in old.videos.values()):
        raise ValueError(f"{path} has {brief(old.videos)}; expected annotations in ActivityNet's "
                         'format, each video with its subset')
    with_ending = have_endings(old.videos)
    database, again = dict(old.videos), 0
    for file, entry in entries(videos).items():
        stem = Path(file).stem
        name = next((one for one in (file, stem) if one in database), None)
        again += name is not None
        before = database.get(name, {})
        database[name or (file if with_ending else stem)] = {
            **entry, **before, 'subset': before.get('subset') or entry['subset'] or TRAINING,
            'annotations': entry['annotations']}
    return database, f'{again} videos of {path} were annotated again, {len(videos) - again} added'


def have_endings(names: Iterable[str]) -> bool:
    """Whether annotations name their videos as the files are called, with their endings."""
    return any(Path(name).suffix.lower() in SUFFIXES for name in names)
