"""Charades: the official csv, and the numbered json."""
from __future__ import annotations

import json

import pytest

from mmlofi.datasets.annotations.charades import read_charades

HEADER = 'id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n'
ROWS = (
    '46GP8,HR43,Kitchen,6,7,Yes,"A person cooks, and\nlooks out.",food,x,'
    'c092 11.90 21.20;c147 0.00 12.60,24.83\n'
    'N11GT,0KZ7,Stairs,6,7,No,A person sits.,,y,,18.33\n'
    'KRF68,9Z9Z,Stairs,6,7,No,s,,y,c019 15.00 20.00,18.33\n')
NAMES = {19: 'Taking some food', 92: 'Watching a laptop', 147: 'Cooking something'}


@pytest.fixture
def table(tmp_path):
    def table(rows=ROWS, name='Charades_v1_train.csv', header=HEADER):
        (tmp_path / name).write_text(header + rows)
        return tmp_path / name
    return table


def test_rows_become_entries_and_actions_end_with_their_video(table):
    database, mended = read_charades([table()], NAMES).finish()
    assert database['46GP8'] == dict(subset='training', duration=24.83, annotations=[
        dict(segment=[11.9, 21.2], label='Watching a laptop'),
        dict(segment=[0.0, 12.6], label='Cooking something')])
    assert database['N11GT']['annotations'] == []
    assert database['KRF68']['annotations'] == [dict(segment=[15.0, 18.33],
                                                     label='Taking some food')]
    assert mended == ['1 actions that run past the end of their video were cut there']


def test_without_names_both_forms_have_the_official_numbers(table, tmp_path):
    (tmp_path / 'charades.json').write_text(json.dumps({'46GP8': dict(
        subset='testing', duration=24.83, actions=[[92, 11.9, 21.2], [147, 0, 12.6]])}))
    csv = read_charades([table(name='Charades_v1_test.csv')]).finish()[0]
    numbered = read_charades([tmp_path / 'charades.json']).finish()[0]
    assert csv['46GP8'] == numbered['46GP8']
    assert [one['label'] for one in csv['46GP8']['annotations']] == ['c092', 'c147']


@pytest.mark.parametrize(('row', 'message'), [
    ('A,,,,,,,,,c92 1 2,18\n', "line 6: the action 'c92 1 2'; expected"),
    ('A,,,,,,,,,c092 1,18\n', "line 6: the action 'c092 1'"),
    ('A,,,,,,,,,c092 1 x,18\n', "line 6: the action 'c092 1 x': has the time 'x'"),
    ('A,,,,,,,,,c003 1 2,18\n', 'line 6: .*the class c003 is none of the 3'),
    ('A,,,,,,,,,,\n', "line 6: the length: has the time ''"),
    ('A,,,,,,,,,,0\n', "line 6: 'A' has the duration 0"),
    (',,,,,,,,,,3\n', "line 6: the name of the video: '' is empty"),
    ('N11GT,,,,,,,,,,3\n', "line 6: the video 'N11GT' comes again"),
    ('A,,,\n', 'line 6: has more or fewer fields'),
    ('A,"b"c,,,,,,,,,3\n', 'line 6: cannot be parted into columns'),
])
def test_a_row_that_cannot_be_read_is_named_with_its_line(table, row, message):
    # The first row has a line break in it: the header and the rows above are five lines.
    with pytest.raises(ValueError, match=f'1 faults(?s:.*)Charades_v1_train.csv, {message}'):
        read_charades([table(ROWS + row)], NAMES).finish()


def test_many_faults_are_counted_and_the_first_named(table):
    rows = ''.join(f'A{i},,,,,,,,,c1,3\n' for i in range(50))
    with pytest.raises(ValueError, match='50 faults(?s:.*)line 21: (?s:.*)… 30 more'):
        read_charades([table(rows)]).finish()


def test_files_that_are_something_else_are_refused(table, tmp_path):
    with pytest.raises(ValueError, match=r"lacks the columns \['actions', 'length'\]"):
        read_charades([table('a,b\n', header='id,other\n')])
    with pytest.raises(ValueError, match='does not say by its name which subset.*rename it'):
        read_charades([table(name='charades.csv')])
    with pytest.raises(FileNotFoundError, match='no table at'):
        read_charades([tmp_path / 'Charades_v1_test.csv'])
    with pytest.raises(ValueError, match='have no video'):
        read_charades([table('')]).finish()
