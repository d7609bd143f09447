"""EPIC-Kitchens-100: rows of actions, names and durations in files of their own."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations.epic_kitchens import read_epic_kitchens
from mmlofi.datasets.annotations.official import read_class_names

HEADER = ('narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,'
          'start_frame,stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,'
          'all_noun_classes\n')
ROW = ('P01_11_{},P01,{},00:00:00.560,{},{},1,113,"take, plate",take,{},plate,{},"[\'plate\', '
       '\'pan\']","[2, 5]"\n')


@pytest.fixture
def files(tmp_path):
    def files(*rows, name='EPIC_100_validation.csv'):
        (tmp_path / name).write_text(HEADER + ''.join(ROW.format(i, *row)
                                                      for i, row in enumerate(rows)))
        (tmp_path / 'info.csv').write_text('video_id,duration,fps,resolution\n'
                                           'P01_11,4000.5,59.94,1920x1080\nP01_12,10,50,1920x1080\n')
        return dict(paths=[tmp_path / name], video_info=tmp_path / 'info.csv')
    return files


@pytest.fixture
def verbs(tmp_path):
    (tmp_path / 'verbs.csv').write_text(
        'id,key,instances,category\n0,take,"[\'get\', \'take\']",a\n1,put,"[\'lay\']",b\n')
    return read_class_names(tmp_path / 'verbs.csv')


ROWS = [('P01_11', '00:00:00.00', '00:00:01.89', 0, 2), ('P01_12', '00:00:02.5', '00:00:03', 1, 5),
        ('P01_11', '01:02:03.45', '01:02:04.00', 1, 2)]


def test_verbs_and_nouns_are_two_sets_of_one_file(files, verbs):
    database, mended = read_epic_kitchens(kind='verb', classes=verbs, **files(*ROWS)).finish()
    assert database == {
        'P01_11': dict(subset='validation', duration=4000.5, annotations=[
            dict(segment=[0.0, 1.89], label='take'), dict(segment=[3723.45, 3724.0], label='put')]),
        'P01_12': dict(subset='validation', duration=10.0, annotations=[
            dict(segment=[2.5, 3.0], label='put')])}
    assert mended == []
    nouns = read_epic_kitchens(kind='noun', **files(*ROWS)).finish()[0]
    assert [one['label'] for one in nouns['P01_11']['annotations']] == ['2', '2']
    with pytest.raises(ValueError, match="'action'; expected one of"):
        read_epic_kitchens(kind='action', **files(*ROWS))


@pytest.mark.parametrize(('row', 'message'), [
    (('P09_01', '00:00:01', '00:00:02', 0, 2), "line 3: the video 'P09_01' is not in .*info.csv"),
    (('P01_11', '00:00:xx', '00:00:02', 0, 2), "line 3: has the time '00:00:xx'"),
    (('P01_11', '00:00:01', '00:00:02', '', 2), "line 3: the verb_class ''; expected a number"),
    (('P01_11', '00:00:01', '00:00:02', 7, 2), 'line 3: the class 7 is none of the 2'),
])
def test_a_row_that_cannot_be_read_is_named_with_its_line(files, verbs, row, message):
    with pytest.raises(ValueError, match=f'1 faults(?s:.*)EPIC_100_validation.csv, {message}'):
        read_epic_kitchens(kind='verb', classes=verbs, **files(ROWS[0], row)).finish()


def test_a_video_of_two_subsets_and_a_bad_duration_are_named(files, tmp_path):
    again = files(ROWS[0], name='EPIC_100_train.csv')['paths'] + files(ROWS[0])['paths']
    with pytest.raises(ValueError, match="line 2: 'P01_11' is of validation, above of training"):
        read_epic_kitchens(again, 'verb', tmp_path / 'info.csv').finish()
    (tmp_path / 'info.csv').write_text('video_id,duration\nP01_11,long\n')
    with pytest.raises(ValueError, match="info.csv, line 2: the duration: has the time 'long'"):
        read_epic_kitchens(again[:1], 'verb', tmp_path / 'info.csv').finish()


@pytest.mark.parametrize(('text', 'message'), [
    ('0 take\n0 put\n', "line 2: has the number '0'"), ('take\n', "line 1: has the number 'take'"),
    ('0\n', "line 1: has the number '0' and the name None"), ('', 'or none'),
    ('0 take\n1 take\n', r"the names \['take'\] more than once")])
def test_a_list_of_classes_that_is_none_is_refused(tmp_path, text, message):
    (tmp_path / 'classes.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        read_class_names(tmp_path / 'classes.txt')
