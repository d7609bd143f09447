"""Files of annotations as a whole: subsets, faults, and what is no such file."""
from __future__ import annotations

import codecs
import json

import pytest
from annotated import entry

from mmlofi.datasets import load_annotations
from mmlofi.datasets.annotations import load_class_names, read_records


def test_subsets_are_chosen_by_one_name_or_several(write):
    path = write({name: entry(subset=name) for name in ('training', 'validation', 'testing')})
    assert [record.name for record in load_annotations(path, 'validation')] == ['validation']
    assert [record.name for record in load_annotations(path, ['testing', 'training'])] == \
        ['training', 'testing']


def test_class_names_are_those_of_all_subsets_though_segments_are_bad(write):
    path = write({'a': entry([1, 2], label='run'),
                  'b': entry([5, 3], subset='testing', label='jump')})
    assert load_class_names(path) == ('jump', 'run')


def test_many_faults_are_counted_and_the_first_named(write):
    path = write({f'v{number}': entry([5, 3], [1, 2]) for number in range(7)})
    with pytest.raises(ValueError, match=r"7 faults: 'v0': .*; 'v4': .*; …\.") as error:
        load_annotations(path)
    assert 'v5' not in str(error.value)


def test_bad_segments_of_another_subset_do_no_harm(write):
    path = write({'good': entry([1, 2]), 'bad': entry([5, 3], subset='testing')})
    assert len(load_annotations(path, 'training')) == 1


def test_an_unknown_subset_is_refused_with_those_there_are(write):
    path = write({'a': entry(), 'b': entry(subset='validation')})
    with pytest.raises(ValueError, match=r"no video of subset \['val'\]; it has \['training', "):
        load_annotations(path, ['training', 'val'])
    with pytest.raises(ValueError, match='no video of subset'):
        load_annotations(path, [])


def test_an_empty_file_of_annotations_is_refused(write):
    with pytest.raises(ValueError, match='holds no video; its "database" is empty'):
        load_annotations(write({}))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'no annotation file at .*none\.json.*`ann_file`'):
        load_annotations(tmp_path / 'none.json')


def test_a_file_that_is_no_json_is_named(tmp_path):
    path = tmp_path / 'cut.json'
    path.write_text('{"database": {"v": {"subset": "trai')
    with pytest.raises(ValueError, match=r'cut\.json is not valid json .*download or write it'):
        load_annotations(path)


@pytest.mark.parametrize('content', [[], {'results': {}, 'version': '1'}, {'database': []}])
def test_json_that_is_no_annotation_file_is_told_apart(write, content):
    with pytest.raises(ValueError, match='has no "database" of videos'):
        load_annotations(write(content=content))


def test_faults_of_several_kinds_are_told_with_what_is_expected_of_each(write):
    with pytest.raises(ValueError, match=(
            r"annotations\.json has 2 faults: 'a': .*3 is no text; 'b': .*no pair.*\. Expected "
            r'each label as a text .*, each segment as a pair .*: correct or remove them, all of '
            r'which tools/check_dataset\.py')):
        load_annotations(write(dict(a=entry([1, 2], label=3), b=entry([1, 2, 3]))))


def test_all_faults_are_read_with_their_kind_and_the_rest_of_the_video_too(write):
    video = entry([1, 2, 3], [5, 4], [6, 7], [True, 8])
    video['annotations'] += [dict(segment=[1, 2], label=label) for label in (None, '', ' ', ['a'])]
    (record,), faults = read_records(write(dict(v=video)))
    assert [fault.kind for fault in faults] == [
        'bad segment', 'reversed', 'bad segment', *4 * ['bad label']]
    assert {(fault.video, fault.subset) for fault in faults} == {('v', 'training')}
    assert record.segments_sec == ((5, 4), (6, 7))


@pytest.mark.parametrize('mark', [codecs.BOM_UTF8, b''])
def test_a_byte_order_mark_is_taken(write, mark):
    path = write(dict(v=entry([1, 2], label='Läufer')))
    path.write_bytes(mark + path.read_bytes())
    assert load_annotations(path)[0].labels == ('Läufer',)


def test_utf_16_is_taken(write):
    path = write(dict(v=entry([1, 2])))
    path.write_text(path.read_text(), encoding='utf-16')
    assert load_annotations(path)[0].segments_sec == ((1, 2),)


def twice(write, one, other):
    return write(text=f'{{"database": {{"v": {json.dumps(one)}, "v": {json.dumps(other)}}}}}')


def test_a_video_listed_twice_with_other_contents_is_refused_in_either_subset(write):
    path = twice(write, entry([1, 2]), entry([3, 4], subset='validation'))
    with pytest.raises(ValueError, match="'v': more than once in the file, with other contents"):
        load_annotations(path, 'validation')


def test_a_video_listed_twice_with_the_same_contents_is_one(write):
    path = twice(write, entry([1, 2]), entry([1, 2]))
    assert len(load_annotations(path)) == 1
    assert [fault.kind for fault in read_records(path)[1]] == ['listed again']


def test_two_databases_are_refused(write):
    with pytest.raises(ValueError, match='has "database" more than once'):
        load_annotations(write(text='{"database": {"v": {}}, "database": {"w": {}}}'))


@pytest.mark.parametrize(('text', 'message'), [
    ('', 'it is empty'), ('[' * 100_000, 'nested too deeply'),
    ('<!DOCTYPE html><p>', "it begins with b'<!DOCTYPE html><p>'"),
    (f'{{"database": {"9" * 5000}}}', 'is not valid json')])
def test_what_is_no_json_is_told_by_its_reason(write, text, message):
    with pytest.raises(ValueError, match=message):
        load_annotations(write(text=text))


def test_a_folder_is_no_annotation_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='no annotation file at'):
        load_annotations(tmp_path)
