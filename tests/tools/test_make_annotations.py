"""From a spreadsheet to annotations, and its errors by row."""
from __future__ import annotations

import json
import re
import shutil

import pytest

from mmlofi.datasets import load_annotations


@pytest.fixture(scope='session')
def one_video(tmp_path_factory, write_numbered_video):
    return write_numbered_video(tmp_path_factory.mktemp('one') / 'one.mp4', 100)    # 10 s


@pytest.fixture
def make(call_tool, tmp_path, one_video, capsys):
    """Runs the tool on a table and files; the written database, and what was printed."""
    def make(table, *arguments, files=('a.mp4', 'b.mp4', 'c.mp4', 'd.mp4', 'e.mp4')):
        (tmp_path / 'videos').mkdir(exist_ok=True)
        for name in files:
            shutil.copy(one_video, tmp_path / 'videos' / name)
        (tmp_path / 'segments.csv').write_text(table, encoding='utf-8')
        call_tool('make_annotations.py', tmp_path / 'segments.csv', '--videos',
                  tmp_path / 'videos', '--out', tmp_path / 'new' / 'gt.json', *arguments)
        content = json.loads((tmp_path / 'new' / 'gt.json').read_text(encoding='utf-8'))
        return content['database'], capsys.readouterr().out
    return make


def fails(make, tmp_path, table, **settings):
    """The error, and that nothing was written."""
    with pytest.raises(SystemExit) as stop:
        make(table, **settings)
    assert not (tmp_path / 'new').exists()
    return stop.value.code


ROWS = 'video,start,end,label\na,1,2.5,run\nb.mp4,0,4,swim\na,5,0:06,swim\nc,,,\nd,1,2,run\n'


def test_rows_become_entries_with_the_durations_of_the_files(make, tmp_path):
    database, output = make(ROWS)
    assert list(database) == ['a', 'b', 'c', 'd']
    assert database['a']['annotations'] == [dict(segment=[1, 2.5], label='run'),
                                            dict(segment=[5, 6], label='swim')]
    assert database['c']['annotations'] == []
    assert {entry['duration'] for entry in database.values()} == {10.0}
    assert len(load_annotations(tmp_path / 'new' / 'gt.json')) == 4
    assert '4 videos, 4 actions' in output
    assert "classes = ('run', 'swim')\n  filename_tmpl = '{}.mp4'" in output


def test_the_split_is_drawn_by_the_seed(make):
    def validation(*arguments):
        return {name for name, entry in make(ROWS, *arguments)[0].items()
                if entry['subset'] == 'validation'}
    first = validation('--validation-share', 0.5)
    assert len(first - {'c'}) == 2      # of three with actions
    assert validation('--validation-share', 0.5) == first
    assert len({frozenset(validation('--seed', seed)) for seed in range(8)}) > 1
    assert len(validation('--validation-share', 0.01)) == 1      # at least one
    assert 'c' not in validation('--validation-share', 0.01)     # which has no actions
    assert len(validation('--validation-share', 0.99)) == 3      # and one with actions is left


def test_a_column_says_the_subsets_and_others_are_left_alone(make):
    table = 'who,label,end,start,Video,subset\nme,run,2,1,a,validation\nme,run,3,2,b,training\n'
    database, output = make(table)
    assert {name: entry['subset'] for name, entry in database.items()} == dict(
        a='validation', b='training')
    assert database['b']['annotations'] == [dict(segment=[2, 3], label='run')]


def test_a_class_that_a_subset_has_not_is_named(make):
    table = 'video,start,end,label,subset\na,1,2,run,training\nb,1,2,swim,validation\n'
    output = make(table)[1]
    assert "validation: 1 videos, none of the classes ['run']: take another --seed" in output


def test_spreadsheets_of_other_countries(make):
    database, _ = make('\ufeffvideo;start;end;label\na;1,5;2,25;Läufer\nb;0:00:01;0:02,5;Läufer\n')
    assert database['a']['annotations'] == [dict(segment=[1.5, 2.25], label='Läufer')]
    assert database['b']['annotations'] == [dict(segment=[1, 2.5], label='Läufer')]
    assert list(make('video\tstart\tend\tlabel\na\t1\t2\tx\nb\t1\t2\tx\n')[0]) == ['a', 'b']


def test_tables_of_utf_16_and_of_old_line_ends(make):
    rows = 'video;start;end;label\na;1;2;Läufer\nb;1;2;Läufer\n'
    for table in ('\ufeff' + rows.replace('\n', '\r\n'), rows.replace('\n', '\r')):
        assert [entry['annotations'][0]['label'] for entry in make(table)[0].values()] == \
            ['Läufer', 'Läufer']


@pytest.mark.parametrize('field', ['"stir, fast"', ' "stir, fast"'])
def test_a_quoted_field_may_have_a_delimiter_and_follow_a_space(make, field):
    database, output = make(f'video, start, end, label\na, 1, 2,{field}\nb, 1, 2,{field}\n')
    assert {entry['annotations'][0]['label'] for entry in database.values()} == {'stir, fast'}
    assert "classes = ('stir, fast',)" in output


def test_classes_that_may_be_one_are_named(make):
    table = 'video,start,end,label\na,1,2,pour\nb,1,2,Pour\nc,1,2,stir\n'
    assert "warning: the classes ['Pour', 'pour'] differ by case or spaces alone" in make(table)[1]
    assert 'warning' not in make(table.replace('Pour', 'pour'))[1]


def test_files_of_several_endings_keep_them(make):
    files = ('a.mp4', 'a.mkv', 'b.mp4')
    database, output = make('video,start,end,label\na.mkv,1,2,x\nb,1,2,x\n', files=files)
    assert list(database) == ['a.mkv', 'b.mp4']
    assert "filename_tmpl = '{}'" in output


@pytest.mark.parametrize(('row', 'message'), [
    ('none,1,2,x', r"names the video 'none', which .* does not hold; expected one of its 5 files"),
    (',1,2,x', 'has no video'), ('a,1,,x', 'has start and label alone'),
    ('a,2,1,x', 'goes from 2 s to 1 s; expected an end after its start'),
    ('a,-1,1,x', 'goes from -1 s'), ('a,one,2,x', "has the time 'one'; expected seconds"),
    ('a,1,2,stir,fast', r"has \['fast'\] beyond the 4 columns of the header; expected a field"),
    ('a,1,2,x,', r"has \[''\] beyond the 4 columns"), ('a,1,2,"x', 'cannot be parted into columns'),
    ('a,1:-30,2,x', "has the time '1:-30'"), ('a,1_0,20,x', "has the time '1_0'"),
    ('a,1,2,x\0', '(has a label that cannot be|cannot be parted .*NUL)'),
    ('a,1:2:3:4,9,x', "has the time '1:2:3:4'"), ('a,nan,2,x', "has the time 'nan'"),
    ('a,1,20,x', r"'x' ends at 20 s, and a\.mp4 after 10\.00 s")])
def test_an_error_names_its_row(make, tmp_path, row, message):
    error = fails(make, tmp_path, f'video,start,end,label\nb,1,2,x\n{row}\n')
    assert '1 errors in ' in error
    assert re.search(f'row 3: {message}', error), error


def test_all_errors_are_named_and_many_cut_short(make, tmp_path):
    error = fails(make, tmp_path, 'video,start,end,label\n' + 'none,1,2,x\n' * 25)
    assert '25 errors' in error
    assert 'row 2: ' in error
    assert 'row 21: ' in error
    assert 'row 22: ' not in error
    assert error.endswith('… 5 more')


def test_a_video_of_two_subsets_or_two_files_is_an_error(make, tmp_path):
    head = 'video,start,end,label,subset\n'
    assert "row 3: puts a.mp4 into 'test', an earlier one into 'train'" in fails(
        make, tmp_path, f'{head}a,1,2,x,train\na,3,4,x,test\n')
    assert 'may be a.mkv or a.mp4; expected one: add the ending' in fails(
        make, tmp_path, 'video,start,end,label\na,1,2,x\n', files=('a.mp4', 'a.mkv'))


def test_a_file_that_is_no_video_is_named(make, tmp_path):
    (tmp_path / 'videos').mkdir()
    (tmp_path / 'videos' / 'z.mp4').write_text('no video')
    assert "z.mp4: '" in fails(make, tmp_path, 'video,start,end,label\nz,1,2,x\na,1,2,x\n')


def test_tables_and_folders_that_are_none_are_one_line(make, call_tool, tmp_path):
    assert 'has no row' in fails(make, tmp_path, 'video,start,end,label\n')
    assert "and not ['start', 'end']; expected video, start, end, label in its first line" in fails(
        make, tmp_path, 'video,label\na,x\n')
    assert "has the columns ['label'] more than once" in fails(
        make, tmp_path, 'video,start,end,label,label\na,1,2,x,y\n')
    (tmp_path / 'segments.xlsx').write_bytes('video;start;end;label\na;1;2;wärmen'.encode('cp1252'))
    with pytest.raises(SystemExit, match=r'xlsx is no text in UTF-8 .* expected a csv file: save'):
        call_tool('make_annotations.py', tmp_path / 'segments.xlsx', '--videos',
                  tmp_path / 'videos')
    with pytest.raises(SystemExit, match="no folder '.*none'"):
        call_tool('make_annotations.py', tmp_path / 'segments.csv', '--videos', tmp_path / 'none')


def test_a_video_that_is_cut_off_has_no_duration(make, tmp_path, write_numbered_video):
    (tmp_path / 'videos').mkdir()
    path = write_numbered_video(tmp_path / 'videos' / 'cut.avi', 100)
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    error = fails(make, tmp_path, ROWS + 'cut,1,2,run\n')
    assert re.search(r"cut\.avi: .*cut\.avi' is cut off; expected the whole file", error)


@pytest.fixture
def call(call_tool, tmp_path, one_video, capsys):
    """Runs the tool on files of programs; the written database, and what was printed."""
    def call(*arguments, out='gt.json'):
        (tmp_path / 'videos').mkdir(exist_ok=True)
        for name in ('a.mp4', 'b.mp4', 'c.mp4'):
            shutil.copy(one_video, tmp_path / 'videos' / name)
        call_tool('make_annotations.py', *arguments, '--videos', tmp_path / 'videos', '--out',
                  tmp_path / out)
        return json.loads((tmp_path / out).read_text())['database'], capsys.readouterr().out
    return call


def boris(tmp_path, name, *behaviours):
    """A project of an observation for each video and a state of each behaviour in all of them."""
    path = tmp_path / name
    path.write_text(json.dumps(dict(
        behaviors_conf={one: dict(code=one, type='State event') for one in behaviours},
        observations={video: {
            'type': 'MEDIA', 'file': {'1': [f'/home/me/{video}.mp4']}, 'time offset': 0.0,
            'events': [[time, '', one, '', ''] for one in behaviours for time in (1, 2)]
            if video != 'c' else []} for video in 'abc'})))
    return path


def test_the_classes_of_a_program_s_file_are_chosen_or_listed(call, tmp_path):
    project = boris(tmp_path, 'one.boris', 'pour', 'stir')
    with pytest.raises(SystemExit, match=r"name them by --take\n  'pour': 2 segments, 'pour'\n"):
        call(project)
    assert not (tmp_path / 'gt.json').exists()
    database, output = call(project, '--take', 'pour')
    assert {name: len(entry['annotations']) for name, entry in database.items()} == dict(a=1, b=1)
    assert "left over:\n  2 segments of 'stir'\n  1 videos without a segment, such as c.mp4 " \
           '(--empty-too' in output
    database, output = call(project, '--take', '*', '--empty-too')
    assert {name: len(entry['annotations']) for name, entry in database.items()} == dict(
        a=2, b=2, c=0)
    assert 'left over' not in output


def test_several_files_are_read_together_and_their_errors_named_with_them(call, tmp_path):
    (tmp_path / 'more.csv').write_text('video,start,end,label\nc,1,2,pour\nnone,1,2,pour\n')
    with pytest.raises(SystemExit, match=r'\nmore\.csv, row 3: names the video'):
        call(boris(tmp_path, 'one.boris', 'pour'), tmp_path / 'more.csv', '--take', '*')
    (tmp_path / 'more.csv').write_text('video,start,end,label\nc,1,2,pour\n')
    database, _ = call(boris(tmp_path, 'one.boris', 'pour', 'stir'), tmp_path / 'more.csv',
                       '--take', 'pour')
    assert list(database) == ['a', 'b', 'c']     # a spreadsheet's rows are always taken
    (tmp_path / 'other.json').write_text('{}')
    with pytest.raises(SystemExit, match='expected tasks of Label Studio, a project of VIA 3 or'):
        call(tmp_path / 'other.json')


def test_annotations_are_labels_too_and_go_into_others(call, tmp_path):
    def write(name, **actions):
        (tmp_path / name).write_text(json.dumps(dict(database={video: dict(
            subset='training', duration=10.0, annotations=[
                dict(segment=[start, start + 1], label='pour') for start in starts])
            for video, starts in actions.items()})))
        return tmp_path / name
    old = write('old.json', a=[1], b=[1])
    content = json.loads(old.read_text())
    content['database']['a']['subset'] = 'validation'
    old.write_text(json.dumps(content))
    database, output = call(write('corrected.json', a=[2, 3], c=[]), '--into', old)
    assert {name: (entry['subset'], len(entry['annotations'])) for name, entry in database.items()
            } == dict(a=('validation', 2), b=('training', 1), c=('training', 0))
    assert 'old.json were annotated again, 1 added' in output
    old.write_text(old.read_text().replace('[1, 2]', '[5, 4]'))
    with pytest.raises(SystemExit, match=r"video 'a': .*\[5, 4\].*; expected start <= end"):
        call(old)


def test_entries_of_others_may_lack_anything_and_names_keep_their_endings(call, tmp_path):
    (tmp_path / 'old.json').write_text(json.dumps(dict(database={
        'x.mp4': dict(subset='training', duration=3.0), 'y.mp4': dict(annotations=None)})))
    (tmp_path / 'new.csv').write_text('video,start,end,label\na,1,2,pour\n')
    database, output = call(tmp_path / 'new.csv', '--into', tmp_path / 'old.json')
    assert list(database) == ['x.mp4', 'y.mp4', 'a.mp4']
    assert '3 videos, 1 actions\n  without a subset: 1 videos, none of' in output
    assert "filename_tmpl = '{}'" in output
