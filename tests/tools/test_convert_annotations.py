"""From official annotation files to the one json: real ones, and what is said of them."""
from __future__ import annotations

import json

import pytest

from mmlofi.datasets import load_annotations
from mmlofi.datasets.annotations import read_records


@pytest.fixture
def convert(call_tool, tmp_path, capsys):
    """Runs the tool; the written file, and what was printed."""
    def convert(*arguments):
        call_tool('convert_annotations.py', *arguments, '--out', tmp_path / 'new' / 'gt.json')
        return tmp_path / 'new' / 'gt.json', capsys.readouterr().out
    return convert


@pytest.fixture
def data(reference_data):
    folder = reference_data / 'data'
    if not (folder / 'epic').is_dir():
        pytest.skip(f'{folder} is older than the annotations of several classes')
    return folder


def counts(path):
    records, faults = read_records(path)
    assert faults == []
    return {subset: (len(mine), sum(len(one.labels) for one in mine))
            for subset in sorted({one.subset for one in records})
            for mine in [[one for one in records if one.subset == subset]]}


def test_multithumos_is_whole_but_for_its_slips(convert, data, call_tool, capsys):
    path, output = convert('multithumos', data / 'multithumos' / 'multithumos.json')
    assert counts(path) == dict(testing=(213, 20_154), training=(200, 18_473))   # of 38,690
    for said in ('60 actions that begin after', '3 actions that end after twice', 'published: 213',
                 "subset='testing', tious='0.1:0.9:0.1')"):
        assert said in output
    assert load_annotations(path, 'testing')[0].name == 'video_test_0000896'
    call_tool('check_dataset.py', '--ann', path)
    checked = capsys.readouterr().out
    assert 'By its classes this is MultiTHUMOS.' in checked
    assert "200 (THUMOS14's own validation videos)" in checked


def test_multithumos_text_files_say_what_its_json_says(convert, data, tmp_path):
    """Files as the official download has them, made of the json."""
    entries = json.loads((data / 'multithumos' / 'multithumos.json').read_text())
    lines: dict[int, list[str]] = {}
    for name, entry in entries.items():
        for label, start, end in entry['actions']:
            lines.setdefault(label, []).append(f'{name} {start} {end}\n')
    (tmp_path / 'annotations').mkdir()
    for label, mine in lines.items():
        (tmp_path / 'annotations' / f'{label}.txt').write_text(''.join(mine))
    path, output = convert('multithumos', tmp_path)
    found = {one.name: one for one in load_annotations(path)}
    for name, entry in entries.items():
        assert found[name].subset == entry['subset']
        assert sorted(zip(map(int, found[name].labels), found[name].segments_sec)) == sorted(
            (label, (start, end)) for label, start, end in entry['actions'])
    assert 'testing: 213 videos (published: 213), 20,208 actions' in output


def test_durations_that_no_file_says_are_those_of_the_videos(
        convert, tmp_path, write_numbered_video):
    (tmp_path / 'videos').mkdir()
    write_numbered_video(tmp_path / 'videos' / 'video_test_0000896.mp4', 100)    # 10 s
    (tmp_path / 'Run.txt').write_text('video_test_0000896 1 12\nvideo_test_0000896 11 12\n')
    path, output = convert('multithumos', tmp_path / 'Run.txt', '--videos', tmp_path / 'videos')
    (record,) = load_annotations(path)
    assert (record.duration_sec, record.segments_sec) == (10.0, ((1.0, 10.0),))
    assert '1 actions that begin after the end of their video were left out' in output
    (tmp_path / 'Run.txt').write_text('video_test_0000897 1 12\n')
    with pytest.raises(SystemExit, match="lacks 1 of 1 videos, such as 'video_test_0000897'"):
        convert('multithumos', tmp_path / 'Run.txt', '--videos', tmp_path / 'videos')


def test_charades_is_whole_and_its_actions_end_with_their_videos(convert, data):
    path, output = convert('charades', data / 'charades' / 'charades.json')
    assert counts(path) == dict(testing=(1_863, 16_691), training=(7_985, 49_802))   # of 66,500
    assert '19,618 actions that run past the end of their video were cut there' in output
    assert 'training: 7,985 videos (published: 7,985)' in output
    assert all(end <= one.duration_sec for one in load_annotations(path)
               for _, end in one.segments_sec)


@pytest.mark.parametrize(('kind', 'classes', 'present', 'first'), [
    ('verb', 'EPIC_100_verb_classes.csv', 78, ['take', 'put', 'take']),
    ('noun', 'EPIC_100_noun_classes_v2.csv', 211, ['plate', 'plate', 'paper'])])
def test_epic_kitchens_is_whole(convert, data, kind, classes, present, first):
    epic = data / 'epic'
    path, output = convert('epic', epic / 'EPIC_100_validation.csv', '--kind', kind, '--classes',
                           epic / classes, '--video-info', epic / 'EPIC_100_video_info.csv')
    assert counts(path) == dict(validation=(138, 9_668))
    assert f'138 videos, {present} classes' in output
    assert 'validation: 138 videos (published: 138), 9,668 actions' in output
    record = next(one for one in load_annotations(path) if one.name == 'P01_11')
    assert list(record.labels[:3]) == first
    assert record.segments_sec[:3] == ((0.0, 1.89), (1.56, 2.45), (49.15, 50.95))


def test_ego4d_is_scored_by_recall_too(convert, tmp_path):
    labels = [dict(start_time=1, end_time=2, label=name, primary=True)
              for name in ('use_phone', 'clean_/_wipe_other_surface_or_object')]
    clip = dict(clip_uid='a', video_start_sec=0, video_end_sec=300,
                annotations=[dict(annotator_uid='1', labels=labels)])
    (tmp_path / 'moments_val.json').write_text(json.dumps(dict(videos=[
        dict(video_uid='v', split='val', clips=[clip])])))
    path, output = convert('ego4d', tmp_path / 'moments_val.json')
    assert counts(path) == dict(validation=(1, 2))
    assert 'validation: 1 videos (published: 521, clips of v1), 2 actions' in output
    assert "tious='0.1:0.5:0.1', metric_type=['mAP', 'Recall@1x'])" in output


@pytest.mark.parametrize(('arguments', 'message'), [
    (['epic', 'a_train.csv'], '--kind and --video-info go with epic'),
    (['charades', 'a_train.csv', '--kind', 'verb'], '--kind and --video-info go with epic'),
    (['ego4d', 'a.json', '--classes', 'c.txt'], '--classes: the files of ego4d have names')])
def test_options_that_do_not_go_together_are_refused(convert, arguments, message, capsys):
    with pytest.raises(SystemExit):
        convert(*arguments)
    assert message in capsys.readouterr().err


def test_nothing_is_written_when_a_line_cannot_be_read(convert, tmp_path):
    (tmp_path / 'Run.txt').write_text('video_test_0000896 1\n')
    with pytest.raises(SystemExit, match='convert_annotations: 1 faults(?s:.*)Run.txt, line 1'):
        convert('multithumos', tmp_path / 'Run.txt')
    assert not (tmp_path / 'new').exists()
