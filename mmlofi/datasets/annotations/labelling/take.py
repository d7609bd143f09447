"""Which of what was read is the class: chosen by name, and listed where it was not."""
from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from mmlofi.datasets.annotations.labelling.rows import Labels, Row
from mmlofi.json_values import brief

ALL = '*'
SHOWN = 5   # labels of a source


def take(labels: Labels, wanted: Sequence[str] | None, *, names_as_labels: bool = False,
         empty_too: bool = False) -> Labels:
    """The labels of some sources; the others, and videos without any, are counted as left over.

    Rows without a source, of spreadsheets and of videos without actions, are always taken.

    Args:
        wanted: Names of sources, in which '*' stands for any text without a '/'. None takes what
            there is if that is a single source.
        names_as_labels: Whether the class is a source's name, as of tiers of which each is for a
            class, in place of what its segments say.
        empty_too: Whether videos in which nothing of it is marked are videos without actions, not
            videos that nobody has labelled yet.

    Raises:
        ValueError: With the list of all sources, when it is not clear which are meant.
    """
    named = list(dict.fromkeys(row.source for row in labels.rows if row.source))
    chosen = set(_choose(named, wanted, labels)) if named or not empty_too else set()
    left = Counter(labels.left_over)
    rows: list[Row] = []
    for row in labels.rows:
        if not row.source:
            rows.append(row)
        elif row.source in chosen:
            rows.append(row._replace(label=row.source) if names_as_labels else row)
        else:
            left[f'segments of {row.source!r}'] += 1
    seen = {row.video for row in rows}
    empty = {name: where for name, where in labels.videos.items() if name not in seen}
    if empty_too:
        rows += [Row(where, name) for name, where in empty.items()]
    elif empty:
        left[f'videos without a segment, such as {next(iter(empty))} (--empty-too takes them as '
             'videos without actions)'] += len(empty)
    return replace(labels, rows=rows, left_over=left)


def _choose(named: Sequence[str], wanted: Sequence[str] | None, labels: Labels) -> Iterable[str]:
    if wanted is None:
        if len(named) > 1:
            raise ValueError('the labels are of several kinds; expected those that are the '
                             f'classes: name them by --take\n{_listed(labels.rows)}')
        return named
    found = [name for one in wanted for name in named if name == one or _matches(name, one)]
    absent = [one for one in wanted if one != ALL and not any(
        name == one or _matches(name, one) for name in named)]
    if absent:
        raise ValueError(f'got --take {" ".join(absent)}, which no label is of; expected some of '
                         f'these\n{_listed(labels.rows)}')
    return found


def _matches(name: str, pattern: str) -> bool:
    """Whether a name is meant; what '*' stands for goes to the next '/' at most."""
    parts, patterns = name.split('/'), pattern.split('/')
    literal = [one.replace('[', '[[]').replace('?', '[?]') for one in patterns]
    return len(parts) == len(patterns) and all(map(fnmatchcase, parts, literal))


def _listed(rows: Iterable[Row]) -> str:
    """A line for each source: its name, its number of segments and some of its labels."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        if row.source:
            counts[row.source][row.label] += 1
    return '\n'.join(
        f'  {source!r}: {found.total()} segments, '
        f'{", ".join(brief(label) for label, _ in found.most_common(SHOWN))}'
        f'{", …" if len(found) > SHOWN else ""}' for source, found in counts.items()) or \
        '  (nothing: no segment was found)'
