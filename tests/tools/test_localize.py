"""Localizing in videos by the command line."""
from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import cv2
import pytest
from near_detections import assert_near
from random_weights import save_random_weights

from mmlofi.datasets.annotations.labelling.formats import read_labels


@pytest.fixture(scope='module')
def head(toy_configs, tmp_path_factory):
    """A stage-3 config and a checkpoint of random weights."""
    config = toy_configs / 'gtad_toy.py'
    return config, save_random_weights(config, tmp_path_factory.mktemp('head') / 'gtad.pth')


@pytest.fixture(scope='module')
def localize(call_tool):
    """Runs the tool in this process, on the CPU."""
    def run(videos, model, out, *arguments):
        config, checkpoint = model
        call_tool('localize.py', *videos, '--config', config, '--checkpoint', checkpoint,
                  '--device', 'cpu', '--out', out, *arguments)
    return run


def results_of(path):
    return json.loads(path.read_text())['results']


@pytest.mark.sums
def test_an_end_to_end_model_finds_what_testing_finds(with_classifier, localize, call_tool,
                                                      toy_data, tmp_path):
    call_tool('test.py', *with_classifier, '--work-dir', tmp_path, '--dump', tmp_path / 'test.json',
              '--cfg-options', 'test_dataloader.num_workers=0')
    localize([toy_data / 'videos' / 'val_*.mp4'], with_classifier, tmp_path / 'out', '--top-k', 0,
             '--chunk-snippets', 32)
    assert len(results_of(tmp_path / 'test.json')) == 5
    assert_near(results_of(tmp_path / 'out' / 'detections.json'),
                results_of(tmp_path / 'test.json'))


@pytest.mark.sums
def test_a_head_on_features_finds_what_testing_on_extracted_features_finds(
        head, with_classifier, localize, call_tool, toy_data, tmp_path):
    call_tool('extract_features.py', *with_classifier, '--subset', 'validation', '--out',
              tmp_path / 'features', '--cfg-options', 'test_dataloader.num_workers=0')
    call_tool('test.py', *head, '--work-dir', tmp_path, '--dump', tmp_path / 'test.json',
              '--cfg-options', f'test_dataloader.dataset.data_prefix.feature={tmp_path}/features')
    localize([toy_data / 'videos' / 'val_*.mp4'], head, tmp_path / 'out', '--top-k', 0,
             '--encoder', *with_classifier)
    assert_near(results_of(tmp_path / 'out' / 'detections.json'),
                results_of(tmp_path / 'test.json'))


@pytest.fixture(scope='module')
def everything(with_classifier, localize, toy_data, tmp_path_factory):
    """All that the tool writes of one video."""
    out = tmp_path_factory.mktemp('everything')
    localize([toy_data / 'videos' / 'val_0000.mp4'], with_classifier, out, '--csv', '--srt',
             '--vtt', '--timeline', '--video', '--page', '--top-k', 4, '--export', 'cvat',
             'label_studio')
    return out


def test_each_file_is_written_and_no_other(everything):
    assert sorted(path.name for path in everything.iterdir()) == [
        'detections.csv', 'detections.json', 'label_studio.json', 'label_studio.xml', 'page.html',
        'val_0000.cvat.xml', 'val_0000.png', 'val_0000.srt', 'val_0000.vtt',
        'val_0000_labelled.mp4', 'val_0000_play.mp4']


def test_the_page_plays_a_copy_where_browsers_do_not_play_the_video(everything):
    text = (everything / 'page.html').read_text(encoding='utf-8')
    content = json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>',
                                   text)[1])
    (video,) = content['videos']
    assert video['source'] == 'val_0000_play.mp4'      # the benchmark's are of MPEG-4 part 2
    found = results_of(everything / 'detections.json')['val_0000']
    assert [(label, score) for _, _, label, score in video['found']] == [
        (one['label'], pytest.approx(one['score'], abs=1e-6)) for one in found]
    assert {one['label'] for one in found} <= set(content['colours'])


def test_the_table_holds_what_the_json_holds(everything):
    with open(everything / 'detections.csv', newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    found = results_of(everything / 'detections.json')['val_0000']
    assert len(found) == 4
    assert [(row['video'], row['label'], float(row['start_sec']), float(row['end_sec']),
             float(row['score'])) for row in rows] == \
        [('val_0000', one['label'], *one['segment'], one['score']) for one in found]


def test_exports_hold_what_the_json_holds(everything, toy_data):
    found = results_of(everything / 'detections.json')['val_0000']
    labels = read_labels([everything / 'val_0000.cvat.xml'],
                         [toy_data / 'videos' / 'val_0000.mp4'])
    assert not labels.faults
    assert sorted((row.label, round(row.start_sec)) for row in labels.rows) == sorted(
        (one['label'], round(one['segment'][0])) for one in found)
    (task,) = json.loads((everything / 'label_studio.json').read_text())
    assert task['data']['video'] == '/data/local-files/?d=val_0000.mp4'
    assert sorted(one['score'] for one in task['predictions'][0]['result']) == sorted(
        one['score'] for one in found)


def test_the_labelled_video_has_the_frames_of_the_first(everything, toy_data):
    first, second = (cv2.VideoCapture(str(path)) for path in (
        toy_data / 'videos' / 'val_0000.mp4', everything / 'val_0000_labelled.mp4'))
    for what in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS, cv2.CAP_PROP_FRAME_WIDTH):
        assert first.get(what) == pytest.approx(second.get(what))


def test_bad_videos_among_good_ones_are_reported_and_the_others_are_done(
        with_classifier, localize, toy_data, tmp_path, capsys):
    folder = tmp_path / 'videos'
    folder.mkdir()
    for name in ('val_0000.mp4', 'val_0001.mp4'):
        shutil.copy(toy_data / 'videos' / name, folder)
    (folder / 'broken.mp4').write_bytes(b'no video at all')
    with pytest.raises(SystemExit, match=r'localize: 2 of 4 failed: none\.mp4, .*broken\.mp4'):
        localize([folder, 'none.mp4'], with_classifier, tmp_path / 'out')
    output = capsys.readouterr().out
    assert "none.mp4: FAILED: no video at 'none.mp4'; expected a file" in output
    assert 'broken: FAILED: ' in output
    assert 'it is no video, but text' in output
    assert '[2/3] val_0000: 32 of 32 snippets' in output
    found = results_of(tmp_path / 'out' / 'detections.json')
    assert {name: len(items) for name, items in found.items()} == dict(val_0000=10, val_0001=10)


def test_videos_of_one_stem_have_their_own_files_and_one_without_a_copy_is_reported(
        with_classifier, localize, toy_data, tmp_path, monkeypatch):
    files = [tmp_path / 'day' / '1' / 'v.mp4', tmp_path / 'day_1' / 'v.mp4']
    for file in files:
        file.parent.mkdir(parents=True)
        shutil.copy(toy_data / 'videos' / 'val_0000.mp4', file)

    def write_playable(video, target):
        if Path(video) == files[1]:
            raise OSError('no encoder')
        shutil.copy(video, target)
    monkeypatch.setattr('mmlofi.datasets.videos.playable.write_playable', write_playable)
    with pytest.raises(SystemExit, match=r'localize: 1 of 2 failed: .*/day_1/v\.mp4$'):
        localize(files, with_classifier, tmp_path / 'out', '--vtt', '--page')
    assert sorted(re.sub('.*day', 'day', path.name) for path in (tmp_path / 'out').iterdir()) == [
        'day_1_v.mp4.vtt', 'day_1_v.mp4_2.vtt', 'day_1_v.mp4_play.mp4', 'detections.json',
        'page.html']
    assert len(results_of(tmp_path / 'out' / 'detections.json')) == 2
    assert (tmp_path / 'out' / 'page.html').read_text().count('"source"') == 1


def test_the_threshold_leaves_out_segments_and_keeps_the_video(with_classifier, localize, toy_data,
                                                               tmp_path):
    localize([toy_data / 'videos' / 'val_0000.mp4'], with_classifier, tmp_path, '--threshold', 2,
             '--vtt', '--timeline')
    assert results_of(tmp_path / 'detections.json') == dict(val_0000=[])
    assert (tmp_path / 'val_0000.vtt').read_text() == 'WEBVTT\n\n'


def test_a_model_that_cannot_work_ends_it_in_one_line(head, with_classifier, localize, toy_data,
                                                      tmp_path):
    video = [toy_data / 'videos' / 'val_0000.mp4']
    with pytest.raises(SystemExit, match='localize: the model takes features, and there is no enc'):
        localize(video, head, tmp_path)
    with pytest.raises(SystemExit, match='localize: the checkpoint does not fit the model'):
        localize(video, (with_classifier[0], head[1]), tmp_path)
    with pytest.raises(SystemExit, match='localize: no checkpoint at none.pth'):
        localize(video, (with_classifier[0], 'none.pth'), tmp_path)
    with pytest.raises(SystemExit, match='got top_k=-3; expected a whole number, 0 or more'):
        localize(video, with_classifier, tmp_path, '--top-k', -3)
    with pytest.raises(SystemExit, match='got threshold=nan; expected a finite number'):
        localize(video, with_classifier, tmp_path, '--threshold', 'nan')


@pytest.mark.slow
def test_the_models_of_all_stages_are_used_by_what_lies_in_their_work_dirs(
        lofi, gtad, toy_data, must_run, tmp_path):
    output = must_run('localize.py', toy_data / 'videos' / 'val_0000.mp4', '--config',
                      gtad.folder / 'gtad_toy.py', '--checkpoint', gtad.checkpoint, '--encoder',
                      lofi.folder / 'lofi_toy.py', lofi.checkpoint, '--out', tmp_path / 'out')
    assert '10 segments in ' in output
    database = json.loads((toy_data / 'annotations.json').read_text())['database']
    classes = {item['label'] for entry in database.values() for item in entry['annotations']}
    (found,) = results_of(tmp_path / 'out' / 'detections.json').values()
    assert {one['label'] for one in found} <= classes


def test_without_room_it_ends_at_once_and_keeps_what_was_found(with_classifier, localize, toy_data,
                                                               tmp_path, files_of_at_most):
    with files_of_at_most(30000), pytest.raises(
            SystemExit, match='localize: .*/val_0000_labelled.mp4 could not be written'):
        localize([toy_data / 'videos' / 'val_*.mp4'], with_classifier, tmp_path / 'out', '--video',
                 '--vtt')
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == [
        'detections.json', 'val_0000.vtt']
    assert results_of(tmp_path / 'out' / 'detections.json') == {}
