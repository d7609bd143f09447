"""What readers of official annotation files share: they collect entries of ActivityNet's format.

A reader names all that it cannot read with its file and line, and nothing is written. What official
files themselves have wrong is mended and counted: actions that run past the end of their video are
cut there (19,623 of Charades), and slips of the annotators are left out (60 of MultiTHUMOS begin
after the end).
"""
from __future__ import annotations

import csv
import io
import math
import os
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from mmlofi.datasets.annotations.tables import read_text
from mmlofi.json_values import brief, parse_json, text_fault

SHOWN = 20   # faults
LATEST = 2   # lengths of its video: what ends later is a slip, not an action to the end
_SUBSETS = {'train': 'training', 'val': 'validation', 'test': 'testing'}


class Collected:
    """The entries of videos as they are read, and the faults with their places.

    Args:
        classes: Names by number, as `read_class_names` gives them; None leaves numbers in place.
    """

    def __init__(self, classes: Mapping[int, str] | None = None) -> None:
        self.classes = classes
        self.database: dict[str, dict] = {}
        self.faults: list[str] = []

    def add_video(self, where: str, name: object, subset: str, duration_sec: float | None = None,
                  *, again: bool = False) -> bool:
        """Adds a video; False, and a fault, if that cannot be.

        Args:
            where: File and line, for messages.
            name: The video's.
            subset: 'training', 'validation' or 'testing'.
            duration_sec: None where the file does not say it.
            again: Whether rows of one video may follow one another.
        """
        problem = self._video_fault(name, subset, duration_sec, again)
        if problem:
            self.faults.append(f'{where}: {problem}')
            return False
        if name not in self.database:
            length = {} if duration_sec is None else dict(duration=duration_sec)
            self.database[name] = dict(subset=subset, **length, annotations=[])
        return True

    def _video_fault(self, name: object, subset: str, duration_sec: float | None,
                     again: bool) -> str | None:
        if text_fault(name):
            return f'the name of the video: {text_fault(name)}'
        if duration_sec is not None and not 0 < duration_sec < math.inf:
            return f'{brief(name)} has the duration {duration_sec:g}; expected seconds above 0'
        if name not in self.database:
            return None
        if not again:
            return f'the video {brief(name)} comes again; expected each once'
        before = self.database[name]['subset']
        return None if before == subset else f'{brief(name)} is of {subset}, above of {before}'

    def add_action(self, where: str, video: str, start: float, end: float, label: str) -> None:
        """Adds an action to a video that was added, in seconds."""
        problem = text_fault(label)
        if problem:
            self.faults.append(f'{where}: the class: {problem}')
        elif not (math.isfinite(start) and math.isfinite(end)) or start < 0:
            self.faults.append(f'{where}: goes from {start:g} s to {end:g} s; expected seconds, '
                               '0 or more')
        else:
            self.database[video]['annotations'].append(dict(segment=[start, end], label=label))

    def name_of(self, number: int, otherwise: str) -> str:
        """A class's name by its number, or `otherwise` where no names were given.

        Raises:
            ValueError: When the names lack it.
        """
        if self.classes is None:
            return otherwise
        if number not in self.classes:
            raise ValueError(f'the class {otherwise} is none of the {len(self.classes)} of the '
                             'file of classes; expected one of them')
        return self.classes[number]

    def finish(self) -> tuple[dict[str, dict], list[str]]:
        """The entries, mended, and what was mended.

        Raises:
            ValueError: When there are faults, with the first of them, or no video at all.
        """
        if self.faults:
            more = len(self.faults) - SHOWN
            raise ValueError('\n'.join([
                f'{len(self.faults)} faults; expected the official files as they come: correct '
                'them or download them again', *self.faults[:SHOWN],
                *([f'… {more} more'] if more > 0 else [])]))
        if not self.database:
            raise ValueError('the files have no video; expected official annotations')
        found: Counter[str] = Counter()
        for entry in self.database.values():
            entry['annotations'] = [action for action in entry['annotations']
                                    if _mend(action['segment'], entry.get('duration'), found)]
        return self.database, [f'{count:,} {what}' for what, count in found.items()]


def _mend(segment: list[float], duration: float | None, found: Counter[str]) -> bool:
    """Whether an action stays; it is cut at the end of its video."""
    start, end = segment
    end_sec = math.inf if duration is None else duration
    if end < start:
        found['actions that end before they begin were left out'] += 1
    elif start >= end_sec:
        found['actions that begin after the end of their video were left out'] += 1
    elif end > LATEST * end_sec:
        found['actions that end after twice their video were left out'] += 1
    else:
        if end > end_sec:
            found['actions that run past the end of their video were cut there'] += 1
            segment[1] = duration
        return True
    return False


def read_class_names(path: str | os.PathLike) -> dict[int, str]:
    """Names of classes by number, of the official lists.

    Lines of a number and a name (MultiTHUMOS' `class_list.txt`, and Charades'
    `Charades_v1_classes.txt`, where it is `c092`), or a csv with the columns `id` and `key`
    (EPIC-Kitchens).

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is no such list, with the line.
    """
    text, names = read_text(path), {}
    if Path(path).suffix.lower() == '.csv':
        table = csv.DictReader(io.StringIO(text, newline=''))
        lines = [(table.line_num, row.get('id'), row.get('key')) for row in table]
    else:
        lines = [(place, *(line.split(None, 1) + [None, None])[:2])
                 for place, line in enumerate(text.splitlines(), start=1) if line.strip()]
    for place, number, name in lines:
        digits = re.fullmatch(r'c?(\d+)', (number or '').strip())
        if not digits or text_fault(name) or int(digits[1]) in names:
            raise ValueError(f'{path}, line {place}: has the number {number!r} and the name '
                             f'{name!r}; expected a new number and a name, as in "12 HighJump", '
                             '"c000 Holding some clothes" or the columns id and key')
        names[int(digits[1])] = name.strip()
    twice = [name for name, count in Counter(names.values()).items() if count > 1]
    if twice or not names:
        raise ValueError(f'{path} has the names {twice[:3]} more than once, or none; expected one '
                         'for each class')
    return names


def subset_of_file(path: str | os.PathLike) -> str:
    """The subset that an official file is named for: 'EPIC_100_validation.csv' is of validation.

    Raises:
        ValueError: When its name says none.
    """
    found = {_SUBSETS[word] for word in re.findall('train|val|test', Path(path).name.lower())}
    if len(found) != 1:
        raise ValueError(f'{path} does not say by its name which subset it is; expected one of '
                         '"train", "val" or "test" in it, as in the official names: rename it')
    return found.pop()


def subset_of_word(word: object) -> str:
    """'training' for 'train' and the like.

    Raises:
        ValueError: When it is none of them.
    """
    for short, name in _SUBSETS.items():
        if word in (short, name):
            return name
    raise ValueError(f'the subset {brief(word)}; expected {", ".join(_SUBSETS)}, or a longer word '
                     'for them')


def read_json(path: str | os.PathLike) -> dict:
    """An object of json.

    Raises:
        FileNotFoundError: When there is no such file.
        ValueError: When it is something else; of bad json the reason has line and column.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f'no file at {str(path)!r}; expected official annotations')
    try:
        content = parse_json(Path(path).read_bytes())
    except ValueError as error:
        raise ValueError(f'{path} is not valid json ({error}); download it again') from error
    if not isinstance(content, dict):
        raise ValueError(f'{path} is {brief(content)}; expected an object of videos')
    return content


def said(error: Exception) -> str:
    """What an error of reading says, of a missing key too."""
    return f'has no {error}' if isinstance(error, KeyError) else str(error)
