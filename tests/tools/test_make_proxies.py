"""make_proxies.py from the command line, on videos of the procedural benchmark."""
from __future__ import annotations

import json
import os

import pytest


def test_a_folder_becomes_proxies_with_a_report_and_a_second_run_keeps_them(toy_data, tmp_path,
                                                                            must_run):
    videos = toy_data / 'videos'
    first = must_run('make_proxies.py', videos, tmp_path / 'out', '--side', 40, '--fps', 5,
                     '--workers', 2)
    count = len(list(videos.glob('*.mp4')))
    assert f'{count} proxies, {count} of them made now' in first
    assert f'] {count}/{count}, ' in first
    report = json.loads((tmp_path / 'out' / 'proxies.json').read_text())
    assert report['settings'] == dict(side=40, fps=5, gop=16, quality=3)
    for video in report['videos']:
        assert video['problem'] is None
        assert (video['result']['height'], video['result']['fps']) == (40, 5)
        assert video['result']['duration_sec'] == pytest.approx(video['source']['duration_sec'],
                                                                abs=0.2)
    again = must_run('make_proxies.py', videos, tmp_path / 'out', '--side', 40, '--fps', 5)
    assert f'{count} proxies, 0 of them made now' in again


def test_as_many_processes_as_cores_that_may_be_kept_busy(call_tool, monkeypatch, capsys):
    monkeypatch.setattr('mmlofi.allowed_cores.allowed_cores', lambda: 7)
    with pytest.raises(SystemExit):
        call_tool('make_proxies.py', '--help')
    assert 'processes; default 7' in capsys.readouterr().out


def test_a_video_that_fails_is_named_and_the_status_says_so(tmp_path, toy_data, run_tool):
    folder = tmp_path / 'videos'
    folder.mkdir()
    whole = next((toy_data / 'videos').glob('*.mp4'))
    (folder / 'whole.mp4').write_bytes(whole.read_bytes())
    (folder / 'half.mp4').write_bytes(whole.read_bytes()[:2000])
    done = run_tool('make_proxies.py', folder, tmp_path / 'out', '--side', 40)
    assert done.returncode == 1
    assert '1 of 2 videos failed' in done.stderr
    assert 'half.mp4: ValueError' in done.stderr
    assert '1 proxies, 1 of them made now' in done.stdout
    assert sorted(path.name for path in (tmp_path / 'out').iterdir()) == ['proxies.json',
                                                                          'whole.mp4']


@pytest.mark.parametrize(('options', 'message'), [
    (('--side', 41), 'side=41; expected an even number'),
    (('--side', 40, '--gop', 0), 'gop=0')])
def test_options_that_no_video_can_have_are_refused(toy_data, tmp_path, run_tool, options, message):
    done = run_tool('make_proxies.py', toy_data / 'videos', tmp_path / 'out', *options)
    assert done.returncode == 1
    assert message in done.stderr
    assert not (tmp_path / 'out').exists()


def test_without_room_it_ends_at_once_and_says_how_to_go_on(toy_data, tmp_path, call_tool,
                                                            files_of_at_most, capsys):
    with files_of_at_most(20000), pytest.raises(
            SystemExit, match=r'make_proxies: .*\.mp4 could not be written: File too large; '
                              'expected .*, and run this again'):
        call_tool('make_proxies.py', toy_data / 'videos', tmp_path / 'out', '--side', 64,
                  '--workers', 1)
    assert os.listdir(tmp_path / 'out') == []
