"""The page that plays videos, in a headless browser: plays, filters, corrects, saves."""
from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from headless import IN_PLAYER

from mmlofi.datasets.annotations import load_annotations
from mmlofi.report.player_page import PlayedVideo, write_player_page

UGLY = 'sit </script><b>"x\' & Ä'
FOUND = [dict(segment=[2.0, 3.0], label='run', score=0.9),
         dict(segment=[4.0, 4.5], label=UGLY, score=0.5),
         dict(segment=[1.0, 5.5], label='run', score=0.1)]
COLOURS = {'run': '#0072B2', UGLY: '#D55E00'}


def write_film(path: Path, seconds: int, fps: Fraction = Fraction(10)) -> Path:
    with av.open(str(path), 'w') as film:
        stream = film.add_stream('libx264', rate=fps, options=dict(g='50', preset='ultrafast'))
        stream.width = stream.height = 32
        stream.pix_fmt = 'yuv420p'
        for number in range(int(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(
                np.full((32, 32, 3), number % 256, np.uint8), format='rgb24')
            frame.pts, frame.time_base = number, 1 / fps
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    return path


@pytest.fixture(scope='module')
def folder(tmp_path_factory) -> Path:
    """A page, and beside it its videos, one with a name that addresses have to spell otherwise."""
    folder = tmp_path_factory.mktemp('player')
    videos = [PlayedVideo(name=name, file=write_film(folder / f'{name}.mp4', 6), duration_sec=6.0,
                          found=FOUND[:count], subset='validation',
                          actions=[dict(segment=[2, 3], label='run')])
              for name, count in (('a b#1?é%20', 3), ('other', 1))]
    write_player_page(folder / 'page.html', videos, colours=COLOURS, title=f'Found {UGLY}')
    return folder


def test_a_click_plays_a_segment_to_its_end(look, folder):
    seen, console = look(folder / 'page.html', IN_PLAYER + """
        const act = async () => {
          seen.texts = texts();
          player.playbackRate = SLOW;
          entries()[2].click();
          await plays();
          seen.on = entries().map((one) => one.classList.contains('on'));
          player.currentTime = 4.45;
          seen.end = await stopped();
          document.querySelector('#rows .lane .block').click();      // the annotated action
          player.currentTime = 2.95;
          seen.annotated = await stopped();
          document.getElementById('next-video').click();
          await until(() => player.readyState > 0);
          seen.other = [player.readyState > 0, entries().length, player.currentTime];
        };""")
    assert seen['texts'] == [['', 'run', '00:01.0 – 00:05.5', '0.10'],
                             ['', 'run', '00:02.0 – 00:03.0', '0.90'],
                             ['', UGLY, '00:04.0 – 00:04.5', '0.50']]
    assert seen['on'] == [True, False, True]
    assert seen['end'] == pytest.approx(4.5, abs=0.3)
    assert seen['annotated'] == pytest.approx(3.0, abs=0.3)
    assert seen['other'] == [True, 1, 0]
    assert (seen['errors'], seen['refused'], console) == ([], [], [])
    assert {Path(one).parent.name for one in seen['resources']} <= {folder.name}   # no network


def test_filters_by_class_name_and_score(look, folder):
    seen, _ = look(folder / 'page.html', IN_PLAYER + """
        const act = async () => {
          const counts = () => [entries().length, document.getElementById('count').textContent];
          write('score', '0.3', 'input');
          seen.score = counts();
          write('search', 'SIT', 'input');
          seen.search = counts();
          write('search', '', 'input');
          write('score', '0', 'input');
          document.querySelector('.chip').click();
          seen.chip = counts();
        };""")
    assert seen['score'] == [2, '2 of 3 segments']
    assert seen['search'] == [1, '1 of 3 segments']
    assert seen['chip'] == [1, '1 of 3 segments']


def test_corrections_are_saved_as_annotations_that_are_read_again(look, folder, tmp_path):
    seen, console = look(folder / 'page.html', IN_PLAYER + """
        const act = async () => {
          seen.before = document.getElementById('save').disabled;
          entries()[1].click();                       // run, 2 to 3
          player.pause();
          write('edit-start', '2.25');
          write('edit-label', 'walk');
          player.currentTime = 3.5;
          press('o');
          write('edit-end', '1');                     // before its start: refused
          const trouble = () => document.getElementById('edit-trouble').textContent;
          seen.refused_ = [trouble()];
          write('edit-end', '3.5');
          write('edit-start', '');
          seen.refused_.push(trouble());
          write('edit-start', '2.25');
          write('edit-label', ' ');
          seen.refused_.push(trouble());
          write('edit-label', 'walk');
          entries()[2].click();                       // the ugly one
          player.pause();
          press('Delete');
          press('z');
          seen.undone = entries().length;
          entries()[2].click();
          press('Delete');
          player.currentTime = 5;
          press('a');
          press('x', document.getElementById('edit-label'));     // typing is no command
          write('score', '0.3', 'input');
          press('PageDown');
          press('c');
          press('c');
          seen.unchecked = document.getElementById('save').textContent;
          press('c');
          seen.saved = await saved();
          seen.button = document.getElementById('save').textContent;
          seen.kept = new Edits(content, localStorage).annotations(0.3);
        };""")
    assert seen['before'] is True
    assert seen['undone'] == 3
    after = 'the end has to be after the start, in the video'
    assert seen['refused_'] == [after, after, 'a segment has a class']
    assert seen['unchecked'] == 'Save annotations of 1 video'
    assert seen['button'] == 'Save annotations of 2 videos'
    assert seen['kept'] == seen['saved']       # what a closed page had comes again
    assert (seen['errors'], seen['refused'], console) == ([], [], [])
    (tmp_path / 'annotations.json').write_text(json.dumps(seen['saved']))
    first, other = load_annotations(tmp_path / 'annotations.json')
    assert (first.name, first.subset, first.duration_sec) == ('a b#1?é%20', 'validation', 6)
    assert first.segments_sec == ((2.25, 3.5), (5, 6))      # the one of score 0.1 is left out
    assert first.labels[0] == 'walk'
    assert (other.name, other.segments_sec, other.labels) == ('other', ((2, 3),), ('run',))


def test_two_hours_and_500_segments_on_a_telephone(look, tmp_path):
    film = write_film(tmp_path / 'long.mp4', 7200, fps=Fraction(1, 10))
    found = [dict(segment=[14.0 * nth, 14.0 * nth + 10], label=f'class {nth % 20}',
                  score=1 / (nth + 1)) for nth in range(500)]
    write_player_page(tmp_path / 'page.html', [PlayedVideo(
        name='long', file=film, duration_sec=7200.0, found=found)], colours={})
    seen, console = look(tmp_path / 'page.html', IN_PLAYER + """
        const act = async () => {
          seen.wide = [document.documentElement.scrollWidth, innerWidth];
          seen.count = [entries().length, document.querySelectorAll('#rows .block').length];
          const button = document.querySelector('#undo').getBoundingClientRect();
          seen.button = button.height;
          player.playbackRate = SLOW;
          entries()[499].click();
          await plays();
          seen.at = player.currentTime;
          player.pause();
          for (let turn = 0; turn < 6; turn += 1) {
            document.getElementById('zoom-in').click();
          }
          const box = document.querySelector('.block.chosen').getBoundingClientRect();
          seen.block = [box.width, box.left >= 0 && box.right <= innerWidth];
          seen.page = document.documentElement.scrollWidth <= innerWidth;
        };""", size='500,844')    # the narrowest window that Chromium opens
    assert seen['wide'][0] <= seen['wide'][1]
    assert seen['count'] == [500, 500]
    assert seen['button'] >= 36                     # a finger's width
    assert 6986 <= seen['at'] <= 6996
    assert seen['block'][0] > 20                    # at 1/64 of the video an end can be taken
    assert seen['block'][1]
    assert seen['page']
    assert (seen['errors'], console) == ([], [])


def test_a_video_that_is_not_there_is_named(look, tmp_path):
    write_player_page(tmp_path / 'page.html', [PlayedVideo(
        name='gone', file=tmp_path / 'gone.mp4', duration_sec=6.0, found=FOUND)], colours=COLOURS)
    seen, _ = look(tmp_path / 'page.html', IN_PLAYER + """
        const act = async () => {
          const trouble = document.getElementById('trouble');
          await until(() => !trouble.hidden);
          seen.trouble = trouble.textContent;
        };""")
    assert seen['trouble'].startswith('gone.mp4 cannot be played here')
