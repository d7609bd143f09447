"""BORIS's projects and aggregated events, as in its own tests and exports."""
from __future__ import annotations

import pytest

from mmlofi.datasets.annotations.labelling.boris import (
    is_boris,
    read_aggregated,
    read_boris,
)
from mmlofi.datasets.annotations.labelling.rows import Labels


def project(events, files=('/home/me/a.mp4', 'b.mp4'), **observation):
    """Like tests/files/test.boris of BORIS."""
    return dict(
        time_format='hh:mm:ss', project_name='test', project_format_version='7.0',
        behaviors_conf={
            '0': dict(type='Point event', key='p', code='p', category='', modifiers={}),
            '1': dict(type='State event', key='s', code='stir', category='', modifiers={})},
        observations={'observation #1': dict(
            date='2016-11-27T01:57:26', type='MEDIA', file={'1': list(files), '2': ['side.mp4']},
            events=events, description='', media_info=dict(
                length={'/home/me/a.mp4': 10.0004, 'b.mp4': 5.0},
                offset={'1': 0.0, '2': 20.0})) | {'time offset': 0.0} | observation})


def event(time, behaviour='stir', subject='', modifiers=''):
    return [time, subject, behaviour, modifiers, '']


def segments(content):
    labels = Labels()
    assert is_boris(content)
    read_boris(content, labels)
    assert not labels.faults
    return [(row.video, row.label, row.start_sec, pytest.approx(row.end_sec))
            for row in labels.rows], labels.left_over


def test_states_go_from_one_event_to_the_next_of_the_same_subject_and_modifiers():
    found, left = segments(project([
        event(1.8), event(2, subject='me'), event(3, 'p'), event(4), event(5, modifiers='fast'),
        event(6, subject='me'), event(7)]))
    assert found == [('a.mp4', 'stir', 1.8, 4), ('a.mp4', 'stir', 2, 6)]
    assert left == {'point events': 1, 'state events without an end': 2,
                    'files of other players': 1}


def test_media_are_queued_and_a_state_may_go_on_in_the_next():
    found, left = segments(project([event(8), event(12), event(13), event(14), event(16),
                                    event(17)]))
    assert found == [('a.mp4', 'stir', 8, 10), ('b.mp4', 'stir', 0, 2), ('b.mp4', 'stir', 3, 4)]
    assert left['states outside their media'] == 1


def test_the_observation_s_offset_and_the_time_of_making_are_taken_off():
    found, _ = segments(project([event(103), event(112)], **{'time offset': 100.0}))
    assert found == [('a.mp4', 'stir', 3, 10), ('b.mp4', 'stir', 0, 2)]
    made = project([event(1005), event(1006)], media_creation_date_as_offset=True)
    made['observations']['observation #1']['media_info']['media_creation_time'] = {
        '/home/me/a.mp4': 0, 'b.mp4': 1002.0}
    assert segments(made)[0] == [('b.mp4', 'stir', 3, 4)]


def test_one_file_needs_no_length_and_several_do():
    content = project([event(1), event(2)], files=('c.mp4',))
    assert segments(content)[0] == [('c.mp4', 'stir', 1, 2)]
    labels = Labels()
    read_boris(project([], files=('c.mp4', 'd.mp4')), labels)
    assert "observation 'observation #1': cannot be read (KeyError: \"'c.mp4'\"" in labels.faults[0]


def test_media_are_paths_which_have_no_escapes():
    names = ['clip #3.mp4', 'take?2.mp4', '100%41.mp4', 'a b.mp4']
    for folder in ('/home/me/', 'C:\\me\\'):
        for name in names:
            content = project([event(1), event(2)], files=(folder + name,))
            assert segments(content)[0] == [(name, 'stir', 1, 2)]


def test_observations_without_media_are_counted():
    assert segments(project([event(1), event(2)], type='LIVE')) == (
        [], {'observations without media': 1})


HEAD = ('Observation id\tObservation date\tDescription\tObservation type\tSource\t'
        'Time offset (s)\tCoding duration\tMedia duration (s)\tFPS (frame/s)\tSubject\t'
        'Observation duration by subject by observation\tBehavior\tBehavioral category\t'
        'Behavior type\tStart (s)\tStop (s)\tDuration (s)\tMedia file name\tImage index start\t'
        'Image index stop\tImage file path start\tImage file path stop\tComment start\t'
        'Comment stop')
ROW = ('one\t2016-12-01 23:01:31\t\tMedia file\tplayer #1:/x/a.mp4;b.mp4|player #2:c.mp4\t100.0\t'
       '9.000\t10.000;5.000|15.000\t25.000;25.000|25.000\tNo focal subject\t9.0\tstir\t'
       'Not defined\t{}\t{}\t{}\t4.000\t/x/a.mp4\t\t\t\t\t\t')


def test_aggregated_events_have_their_queue_in_each_row(tmp_path):
    (tmp_path / 'events.tsv').write_text('\n'.join([
        HEAD, ROW.format('STATE', '108.000', '112.000'), ROW.format('POINT', '109.000', '109.000')
    ]) + '\n')
    labels = Labels()
    read_aggregated(tmp_path / 'events.tsv', labels)
    assert [(row.video, row.label, row.start_sec, row.end_sec) for row in labels.rows] == [
        ('a.mp4', 'stir', 8, 10), ('b.mp4', 'stir', 0, 2)]
    assert labels.left_over == {'point events': 1}


def test_aggregated_events_of_before_boris_8_are_read_where_one_file_was_observed(tmp_path):
    # The first columns of tests/files/test_export_aggregated_events_test_full_1.tsv.
    head = 'Observation id,Media file,Total length,FPS,Subject,Behavior,Behavior type,' \
           'Start (s),Stop (s)'
    rows = [f'{head}\n', 'one,a.mp4,539.920,25.0,me,stir,STATE,1.8,8.125\n',
            'one,b.mp4,539.920,25.0,me,stir,STATE,266.165,276.690\n']
    (tmp_path / 'old.csv').write_text(''.join(rows[:2]))
    labels = Labels()
    read_aggregated(tmp_path / 'old.csv', labels)
    assert [(row.video, row.start_sec, row.end_sec) for row in labels.rows] == [
        ('a.mp4', 1.8, 8.125)]
    (tmp_path / 'old.csv').write_text(''.join(rows))
    read_aggregated(tmp_path / 'old.csv', labels)
    assert 'expected a single file: export it again with BORIS 8 or later' in labels.faults[0]
