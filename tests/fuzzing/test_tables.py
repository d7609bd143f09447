"""Tables for make_annotations as spreadsheets write them, with cells and bytes changed."""
from __future__ import annotations

import csv
import io
import math
import random
import re
from pathlib import Path

import pytest
from fuzz_scale import scaled
from json_cases import broken
from timed_case import timed_case

from mmlofi.datasets.annotations.labelling.annotated import annotate
from mmlofi.datasets.annotations.labelling.formats import read_labels

FILES = [Path('videos', name) for name in ('a.mp4', 'b.mp4', 'b.mkv', 'c d.mp4', 'Läufer.mp4')]
CELLS = ('', ' ', 'a', 'b', 'b.mkv', 'c d', 'Läufer.mp4', 'none', '../a', '1', '2.5', '1:02',
         '0:00:03', '1:2:3:4', '-1', '1:-2', '1_0', 'nan', 'inf', '1e3', '1e999', '1,5', 'a;b', '"',
         'stir, fast', '12" pipe', 'two\nlines', 'x\0', 'training', 'x\u2028y', '=1+1')


def table(rng: random.Random) -> bytes:
    """A table, most of it good, as one of the programs writes it."""
    columns = ['video', 'start', 'end', 'label', *rng.sample(['subset', 'who'], rng.randint(0, 2))]
    rng.shuffle(columns)
    rows = [[rng.choice((str.title, str.upper, str))(name) for name in columns]]
    for _ in range(rng.randint(1, 4)):
        good = dict(video=rng.choice(('a', 'b.mkv', 'c d.mp4')), start='1.5', end='0:07',
                    label=rng.choice(('pour', 'stir, fast', 'Läufer')), subset='training', who='me')
        rows.append([good[name] for name in columns])
    for _ in range(rng.choice((0, 1, 1, 2))):
        row = rng.choice(rows[1:]) if rng.random() < 0.9 else rows[0]
        place = rng.randrange(len(row))
        match rng.randrange(8):
            case 0:
                del row[place]
            case 1:
                row.insert(place, rng.choice(CELLS))
            case _:
                row[place] = rng.choice(CELLS)
    text = io.StringIO()
    delimiter = rng.choice(',;\t')
    csv.writer(text, delimiter=delimiter, lineterminator=rng.choice(('\r\n', '\n', '\r')),
               quoting=rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))).writerows(rows)
    text = text.getvalue()
    if rng.random() < 0.2:
        text = re.sub(f'{delimiter}(?=["\\w])', f'{delimiter} ', text)   # as people type
    data = text.encode(rng.choice(('utf-8', 'utf-8-sig', 'utf-16')))
    return broken(rng, data) if rng.random() < 0.25 else data


def expected(data: bytes) -> dict[str, tuple] | None:
    """Subset and actions of each video by its file's name, or None: to be refused."""
    encodings = {b'\xff\xfe': 'utf-16', b'\xfe\xff': 'utf-16'}
    text = data.decode(encodings.get(data[:2], 'utf-8-sig'))
    delimiter = max(',;\t', key=re.split('[\r\n]', text)[0].count)
    head, *rows = [row for row in csv.reader(io.StringIO(text, newline=''), delimiter=delimiter,
                                             strict=True, skipinitialspace=True) if row]
    head = [name.strip().lower() for name in head]
    assert all(head.count(name) == 1 for name in ('video', 'start', 'end', 'label'))
    assert head.count('subset') < 2
    videos: dict[str, tuple] = {}
    for row in rows:
        assert len(row) <= len(head)
        cells = dict.fromkeys((*head, 'subset'), '') | dict(zip(head, map(str.strip, row)))
        file, = [one.name for one in FILES if one.name == cells['video']] or [
            one.name for one in FILES if one.stem == cells['video']]
        subset, actions = videos.setdefault(file, (cells['subset'], []))
        assert cells['subset'] in ('', subset) or not subset
        assert '\0' not in cells['subset'] + cells['label']
        videos[file] = (subset or cells['subset'], actions)
        if cells['start'] or cells['end'] or cells['label']:
            start, end = (seconds(cells[name], delimiter == ';') for name in ('start', 'end'))
            assert 0 <= start < end < math.inf
            assert cells['label']
            actions.append((start, end, cells['label']))
    assert videos
    return videos


def seconds(text: str, decimal_comma: bool) -> float:
    parts = [float(part) for part in (text.replace(',', '.') if decimal_comma else text).split(':')]
    assert '_' not in text
    assert len(parts) <= 3
    assert len(parts) == 1 or '-' not in text
    assert all(map(math.isfinite, parts))
    total = 0.0
    for part in parts:
        total = total * 60 + part
    return total


def test_tables_are_read_as_they_say_or_refused_with_the_row(tmp_path):
    path, refused = tmp_path / 'segments.csv', 0
    for seed in range(scaled(500)):
        data = table(random.Random(seed))
        path.write_bytes(data)
        with timed_case(seed, data):
            try:
                wanted = expected(data)
            except (AssertionError, UnicodeError, ValueError, csv.Error):
                wanted = None
            videos, errors = read(path)
            assert all(re.match(r'(row \d+: |.*segments\.csv )', error) for error in errors)
            assert all('expected' in error for error in errors)
            assert bool(errors) == (wanted is None)
            refused += bool(errors)
            if not errors:
                assert videos == {
                    name: (subset, [(pytest.approx(start), pytest.approx(end), label)
                                    for start, end, label in actions])
                    for name, (subset, actions) in wanted.items()}
    assert 0.3 < refused / scaled(500) < 0.9


def read(path: Path) -> tuple[dict[str, tuple], list[str]]:
    """What the tool reads, in the form of `expected`, and its errors."""
    try:
        videos, errors = annotate(read_labels([path], FILES), FILES)
    except ValueError as error:
        return {}, [str(error)]
    return {name: (video.subset or '', [action[1:] for action in video.actions])
            for name, video in videos.items()}, errors
