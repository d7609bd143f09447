"""ELAN's annotation files (.eaf), read by pympi-ling.

A tier holds annotations of a start, an end and a text, and the text is the class: "pour". Where
people made a tier for each class, its name is. Times are in whole milliseconds of the time line
that all media of the file share. A medium that was shifted against it has a `TIME_ORIGIN`, in
milliseconds: ELAN's players seek to the time line's time plus it (setMediaTime and getMediaTime of
mpi.eudico.client.annotator.player). Tiers that depend on others by `Symbolic_Association` have the
times of their parents; those of a `Symbolic_Subdivision` have none, nor do annotations whose ends
were never set. The format: EAFv3.0.xsd, of which 2.7 and 2.8 differ in nothing read here.
"""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmlofi.datasets.annotations.labelling.rows import Labels
from mmlofi.datasets.annotations.labelling.video_folder import matching, name_of
from mmlofi.datasets.videos.find_files import SUFFIXES
from mmlofi.json_values import number

if TYPE_CHECKING:
    from pympi import Eaf

UNTIMED = 'Symbolic_Subdivision'


def read_elan(path: Path, labels: Labels, files: Sequence[Path], *, prefix: str = '') -> None:
    """Adds the annotations of all tiers; a tier is a source.

    Args:
        files: The videos; of several media the first that is one of them is labelled.
        prefix: Before each place in a message, such as the file's name.

    Raises:
        FileNotFoundError: When there is no such file.
        ImportError: Without pympi.
        ValueError: When it is no .eaf.
    """
    eaf = open_eaf(path)
    video, origin_sec = _medium(eaf, path, files, labels)
    labels.videos.setdefault(video, f'{prefix}the file')
    for tier in eaf.tiers:
        where = f'{prefix}tier {tier!r}'
        with labels.faults_of(where, 'ELAN'):
            _read_tier(where, tier, eaf, video, origin_sec, labels)


def _read_tier(where: str, tier: str, eaf: Eaf, video: str, origin_sec: float, labels: Labels
               ) -> None:
    for place, (start, end, text) in enumerate(_annotations(eaf, tier), start=1):
        if start is None or end is None:
            labels.left_over['annotations without times of their own'] += 1
        elif not text.strip():
            labels.left_over['annotations without a text'] += 1
        else:
            labels.add_segment(f'{where}, annotation {place}', video, text.strip(),
                               start / 1000 + origin_sec, end / 1000 + origin_sec, tier)


def open_eaf(path: Path) -> Eaf:
    """The file, as pympi has it.

    Raises:
        FileNotFoundError, ImportError, ValueError: As `read_elan`.
    """
    if not path.is_file():
        raise FileNotFoundError(f'no file at {str(path)!r}; expected one that ELAN wrote')
    eaf_class = pympi_eaf()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')   # of versions that it does not know
            return eaf_class(str(path))
    except Exception as error:   # of that very class where the file is no xml
        raise ValueError(f'{path} is no .eaf that can be read ({type(error).__name__}: {error}); '
                         'expected one that ELAN wrote: save it there again') from error


def pympi_eaf() -> type[Eaf]:
    """The class of pympi.

    Raises:
        ImportError: With what to install.
    """
    try:
        from pympi import Eaf
    except ImportError as error:
        raise ImportError("ELAN's files need pympi; pip install 'mmlofi[labelling]' or "
                          'pympi-ling') from error
    return Eaf


def _medium(eaf: Eaf, path: Path, files: Sequence[Path], labels: Labels) -> tuple[str, float]:
    """The name of the video and by how many seconds it is ahead of the time line."""
    media = [(_name(one, files), _origin(one, path)) for one in eaf.media_descriptors]
    videos = [one for one in media if Path(one[0]).suffix.lower() in SUFFIXES]
    there = [one for one in videos if matching(one[0], files)] or videos
    if not there:     # a file without media, or with a sound file alone
        return path.stem, media[0][1] if media else 0.0
    if len(videos) > 1:
        labels.left_over['videos of the same time line'] += len(videos) - 1
    return there[0]


def _name(medium: Mapping[str, str], files: Sequence[Path]) -> str:
    """By either of its addresses, of which one may have escapes that the other has not."""
    names = [name_of(medium.get(key) or '') for key in ('RELATIVE_MEDIA_URL', 'MEDIA_URL')]
    return next((name for name in names if matching(name, files)), names[0] or names[1])


def _origin(medium: Mapping[str, str], path: Path) -> float:
    """Seconds."""
    try:
        return number(medium.get('TIME_ORIGIN') or 0) / 1000
    except ValueError as error:
        raise ValueError(f'{path}: the TIME_ORIGIN of a medium: {error}; expected '
                         'milliseconds') from error


def _annotations(eaf: Eaf, tier: str) -> Iterator[tuple[int | None, int | None, str]]:
    """Start, end and text of each; times are None where it has none."""
    aligned, referring, attributes, _ = eaf.tiers[tier]
    kind = eaf.linguistic_types.get(attributes.get('LINGUISTIC_TYPE_REF'), {})
    for start, end, text, _ in aligned.values():
        yield eaf.timeslots[start], eaf.timeslots[end], text
    for parent, text, *_ in referring.values():
        if kind.get('CONSTRAINTS') == UNTIMED:
            yield None, None, text
        else:
            start, end = _aligned(eaf, parent)[:2]
            yield eaf.timeslots[start], eaf.timeslots[end], text


def _aligned(eaf: Eaf, name: str) -> tuple:
    """The annotation with times that one refers to at last, which is itself where it has some.

    pympi's own search never ends where annotations refer to each other in a circle.

    Raises:
        ValueError: For such a circle.
    """
    given = name
    for _ in eaf.annotations:
        aligned, referring, *_ = eaf.tiers[eaf.annotations[name]]
        if name in aligned:
            return aligned[name]
        name = referring[name][0]
    raise ValueError(f'the annotation {given!r} refers to itself, or to others that do; expected '
                     'one with times at the end: save it in ELAN again')
