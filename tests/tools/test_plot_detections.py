"""The drawing tool as a user runs it."""
import json
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from mmlofi.detections.proposals import RawProposals
from mmlofi.detections.raw_files import save_raw
from mmlofi.visualization.colours import palette


@pytest.fixture
def run(call_tool, capsys):
    """Its exit status, what it printed, and what it said is wrong."""
    def run(*arguments):
        status = 0
        try:
            call_tool('plot_detections.py', *arguments)
        except SystemExit as stop:
            status = stop.code
        printed = capsys.readouterr()
        said = status if isinstance(status, str) else printed.err
        return SimpleNamespace(returncode=status, stdout=printed.out, stderr=said)
    return run


def write_example(folder):
    truth, predictions = folder / 'truth.json', folder / 'found.json'
    truth.write_text(json.dumps(dict(database={'v': dict(
        subset='validation', duration=50, annotations=[dict(segment=[0, 10], label='jump')])})))
    predictions.write_text(json.dumps(dict(results=dict(v=[
        dict(label='jump', score=0.9, segment=[0, 9])]))))
    return predictions, truth


def test_a_picture_of_two_named_sets_is_written(run, tmp_path):
    predictions, truth = write_example(tmp_path)
    out = tmp_path / 'new' / 'picture.png'
    done = run(f'ACP={predictions}', f'LoFi={predictions}', truth, '--videos', 2, '--out', out)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[:4] == b'\x89PNG'
    assert done.stdout == f'{out}: v\n'


def test_bad_input_gives_one_line_and_an_exit_status(run, tmp_path):
    predictions, truth = write_example(tmp_path)
    for arguments, message in [(('ACP=none.json', truth), "'none.json'"),
                               ((predictions, predictions, truth), "called 'found'")]:
        done = run(*arguments, '--out', tmp_path / 'p.png')
        last = done.stderr.strip().splitlines()[-1]
        assert done.returncode != 0
        assert last.startswith('plot_detections: ')
        assert message in last


def test_a_class_has_the_colour_that_it_has_among_all_classes_of_the_file(
        run, tmp_path, monkeypatch):
    predictions, truth = write_example(tmp_path)
    content = json.loads(truth.read_text())
    content['database']['w'] = dict(subset='training', annotations=[
        dict(segment=[0, 1], label=label) for label in ('a', 'b', 'jump', 'run')])
    truth.write_text(json.dumps(content))
    figures = []
    for where in ('timeline', 'figure_file'):     # where it is used, and where the tool finds it
        monkeypatch.setattr(f'mmlofi.visualization.{where}.save_figure',
                            lambda figure, path: figures.append(figure))
    for options in ((), ('--best', 1), ('--video', 'v')):
        assert run(predictions, truth, *options, '--out', tmp_path / 'p.png').returncode == 0
    for figure in figures:
        (patch, *_) = figure.legends[0].get_patches()
        assert to_hex(patch.get_facecolor()) == palette(3)[2].lower()
    assert len(figures) == 3


def write_three(folder):
    """Videos detected right, with another class, and half."""
    truth, predictions = folder / 'truth.json', folder / 'found.json'
    segments = dict(good=[[0, 10]], bad=[[0, 10]], half=[[0, 10], [20, 30]])
    truth.write_text(json.dumps(dict(database={name: dict(
        subset='validation', duration=50,
        annotations=[dict(segment=segment, label='jump') for segment in found])
        for name, found in segments.items()})))
    predictions.write_text(json.dumps(dict(results={
        name: [dict(label='run' if name == 'bad' else 'jump', score=0.9, segment=[0, 10])]
        for name in segments})))
    return predictions, truth


def test_the_best_and_the_worst_are_drawn_apart(run, tmp_path):
    out = tmp_path / 'picture.png'
    done = run(*write_three(tmp_path), '--best', 1, '--worst', 2, '--out', out)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f'{tmp_path}/picture_best.png: good (100.0%)',
        f'{tmp_path}/picture_worst.png: bad (0.0%), half (50.0%)']
    assert sorted(path.name for path in tmp_path.glob('*.png')) == ['picture_best.png',
                                                                    'picture_worst.png']


def test_one_video_is_drawn_with_its_frames(run, tmp_path, write_numbered_video):
    write_numbered_video(tmp_path / 'v_half.mp4', 100)
    files = write_three(tmp_path)
    sizes = []
    for more in ((), ('--videos-dir', tmp_path, '--filename-tmpl', 'v_{}.mp4')):
        done = run(*files, '--video', 'half', '--out', tmp_path / 'new' / 'p.png', *more)
        assert done.returncode == 0, done.stderr
        sizes.append((tmp_path / 'new' / 'p.png').stat().st_size)
    assert sizes[1] > sizes[0]
    for arguments, message in [(('--video', 'other'), "has no video 'other'"),
                               (('--video', 'half', '--videos-dir', 'none'), 'no video at')]:
        done = run(*files, '--out', tmp_path / 'p.png', *arguments)
        assert done.returncode != 0
        assert message in done.stderr.strip().splitlines()[-1]


def test_the_time_axis_of_a_video_without_duration_holds_the_truth(run, tmp_path):
    predictions, truth = write_three(tmp_path)
    content = json.loads(truth.read_text())
    del content['database']['half']['duration']
    truth.write_text(json.dumps(content))
    out = tmp_path / 'p.svg'
    done = run(predictions, truth, '--video', 'half', '--out', out)     # detected to 10, true to 30
    assert done.returncode == 0, done.stderr
    assert '<!-- 30 -->' in out.read_text()


def test_the_best_and_the_worst_are_drawn_one_by_one_with_frames_and_curves(
        run, tmp_path, write_numbered_video):
    files = write_three(tmp_path)
    for name in ('good', 'bad', 'half'):
        write_numbered_video(tmp_path / f'v_{name}.mp4', 50)
        save_raw(tmp_path, RawProposals(
            name, 50.0, (0.0, 1.0), np.array([[0.1, 0.2], [0.3, 0.9]]), np.ones(2), None,
            start=np.ones(8), end=np.ones(8)), 10)
    done = run(*files, '--best', 1, '--worst', 2, '--videos-dir', tmp_path, '--raw', tmp_path,
               '--out', tmp_path / 'new' / 'p.svg')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        f'{tmp_path}/new/p_{place}: {what}' for place, what in (
            ('best_1.svg', 'good (100.0%)'), ('worst_1.svg', 'bad (0.0%)'),
            ('worst_2.svg', 'half (50.0%)'))]
    drawn = (tmp_path / 'new' / 'p_worst_2.svg').read_text()
    assert '<!-- half, mAP 50.0% -->' in drawn
    assert '<!-- start -->' in drawn
    assert '<image' in drawn


def test_options_that_do_not_go_together_are_refused(run, tmp_path):
    files = write_three(tmp_path)
    for arguments, message in [
            (('--videos-dir', tmp_path), '--videos-dir and --raw are for the picture of one video'),
            (('--video', 'half', '--best', 1), 'ask for different videos'),
            (('--video', 'half', '--raw', tmp_path), "no proposals of 'half' in")]:
        done = run(*files, '--out', tmp_path / 'p.png', *arguments)
        assert done.returncode != 0
        assert message in done.stderr.strip().splitlines()[-1]
