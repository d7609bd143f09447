"""Small json files of each kind, and what can go wrong in them.

An object is a `Pairs`, so that a key may come twice, and a `Raw` is written as it is.
"""
from __future__ import annotations

import codecs
import copy
import json
import random

LABELS = ('pour', 'stir', 'Läufer, schnell', 'Pour', 'stir ')


class Pairs(list):
    """(key, value) of an object."""


class Raw(str):
    """Text that is no value of Python's."""


# Values that programs write, people type, or a broken disk leaves.
VALUES = (
    None, True, False, 0, -1, 1, 2.5, 1e300, 10**400, '', ' ', '3', '3.0', ' 4 ', '1_0', 'nan',
    '-inf', 'Pour', 'pour ', 'stir\n', 'a\0b', '١', Raw('NaN'), Raw('-Infinity'), Raw('1e999'),
    Raw('-0'), Raw('"\\ud800"'), Raw('"\\u0000"'), Raw('9' * 5000), Raw("'a'"),
    Raw('[' * 40 + ']' * 40), Raw('[' * 100_000), Raw('[' * 100_000 + ']' * 100_000),
    Raw('{"a":' * 100_000), [], [1], [1, 2], [2, 1], [1, 2, 3], ['1', '2'], [[1], 2], [None, 1],
    ['forest', 'snow'], Pairs(), Pairs([('0', 1), ('1', 2)]), Pairs([('a', Pairs())]))
KEYS = ('', 'Subset', 'label ', 'segments', 'database', 'results', 'subset', 'duration', '\udc80',
        'v0', 'annotations')


def annotations(rng: random.Random) -> Pairs:
    """A good file in the form of ActivityNet, HACS, THUMOS14 or MMAction2."""
    form = rng.choice(('activitynet', 'hacs', 'thumos14', 'mmaction2'))
    videos = Pairs((f'v{number}', _video(rng, form)) for number in range(rng.randint(1, 4)))
    return videos if form == 'mmaction2' else Pairs([('version', '1.3'), ('database', videos)])


def _video(rng: random.Random, form: str) -> Pairs:
    number = (lambda value: str(value)) if form == 'thumos14' else float
    actions = []
    for _ in range(rng.randint(0, 3)):
        start = round(rng.uniform(0, 8), 2)
        segment = [number(start), number(round(start + rng.uniform(0, 2), 2))]
        actions.append(Pairs([('segment', segment), ('label', rng.choice(LABELS))]))
    entry = Pairs([('annotations', actions)])
    if form == 'mmaction2':
        frames = rng.randint(100, 400)
        return Pairs([('duration_second', 10.0), ('duration_frame', frames),
                      ('feature_frame', frames - rng.randint(0, 15)), *entry, ('fps', 30.0)])
    entry.append(('subset', rng.choice(('training', 'validation'))))
    if form != 'thumos14':
        entry.append(('duration', '10.000' if form == 'hacs' else 10.0))
    return entry


def detections(rng: random.Random) -> Pairs:
    """A good file of detections."""
    def detection() -> Pairs:
        start = round(rng.uniform(0, 8), 2)
        return Pairs([('label', rng.choice(LABELS)), ('score', round(rng.random(), 3)),
                      ('segment', [start, round(start + rng.random(), 2)])])
    videos = Pairs((f'v{number}', [detection() for _ in range(rng.randint(0, 3))])
                   for number in range(rng.randint(1, 4)))
    return Pairs([('version', 'VERSION 1.3'), ('results', videos), ('external_data', Pairs())])


def mutated(rng: random.Random, content: Pairs) -> bytes:
    """The file's bytes after up to three changes of its values and, now and then, of its bytes."""
    content = copy.deepcopy(content)
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        _change(rng, content)
    text = write(content)
    encoding = rng.choice(10 * ['utf-8'] + ['utf-8-sig', 'utf-16', 'utf-32', 'cp1252', 'utf-16-le'])
    data = text.encode(encoding, 'replace')
    return broken(rng, data) if rng.random() < 0.25 else data


def broken(rng: random.Random, data: bytes) -> bytes:
    """Bytes flipped, cut, doubled, or put before."""
    data, place = bytearray(data), rng.randrange(len(data))
    match rng.randrange(5):
        case 0:
            for _ in range(rng.randint(1, 4)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        case 1:
            del data[place:]
        case 2:
            data[place:place] = data[place:place + rng.randint(1, 60)]
        case 3:
            del data[place:place + rng.randint(1, 8)]
        case _:
            data[:0] = rng.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b'\0', b'<!DOCTYPE html>'))
    return bytes(data)


def write(value: object) -> str:
    """Json, with a `Pairs` as an object and a `Raw` as it is."""
    if isinstance(value, Pairs):
        return '{' + ', '.join(f'{json.dumps(key)}: {write(one)}' for key, one in value) + '}'
    if isinstance(value, list):
        return '[' + ', '.join(map(write, value)) + ']'
    return value if isinstance(value, Raw) else json.dumps(value, ensure_ascii=False)


def _change(rng: random.Random, content: Pairs) -> None:
    """Changes one member of one of the objects and lists, each as likely."""
    holders = [one for one in _holders(content) if one]
    if not holders:
        return
    holder = rng.choice(holders)
    place = rng.randrange(len(holder))
    if not isinstance(holder, Pairs):
        _change_list(rng, holder, place)
        return
    key, value = holder[place]
    match rng.randrange(6):
        case 0 | 1:
            holder[place] = (key, _value(rng))
        case 2:
            del holder[place]
        case 3:
            holder[place] = (rng.choice(KEYS), value)
        case 4:
            holder.append((key, copy.deepcopy(value)))       # twice, with the same value
        case _:
            holder.insert(place, (key, _value(rng)))  # and with another one


def _value(rng: random.Random) -> object:
    return copy.deepcopy(rng.choice(VALUES))   # which a later change may change


def _change_list(rng: random.Random, holder: list, place: int) -> None:
    match rng.randrange(4):
        case 0 | 1:
            holder[place] = _value(rng)
        case 2:
            del holder[place]
        case _:
            holder.insert(place, copy.deepcopy(holder[place]))


def _holders(value: object) -> list:
    if isinstance(value, Pairs):
        return [value, *(one for _, inner in value for one in _holders(inner))]
    if isinstance(value, list):
        return [value, *(one for inner in value for one in _holders(inner))]
    return []
