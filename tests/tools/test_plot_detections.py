"""The drawing tool as a user runs it."""
import json
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / 'tools' / 'plot_detections.py'


def run(*arguments):
    return subprocess.run([sys.executable, str(TOOL), *map(str, arguments)],
                          capture_output=True, text=True)


def write_example(folder):
    truth, predictions = folder / 'truth.json', folder / 'found.json'
    truth.write_text(json.dumps(dict(database={'v': dict(
        subset='validation', duration=50, annotations=[dict(segment=[0, 10], label='jump')])})))
    predictions.write_text(json.dumps(dict(results=dict(v=[
        dict(label='jump', score=0.9, segment=[0, 9])]))))
    return truth, predictions


def test_a_picture_of_two_named_sets_is_written(tmp_path):
    truth, predictions = write_example(tmp_path)
    out = tmp_path / 'new' / 'picture.png'
    done = run(truth, f'ACP={predictions}', f'LoFi={predictions}', '--videos', 2, '--out', out)
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[:4] == b'\x89PNG'
    assert done.stdout == f'{out}: v\n'


def test_bad_input_gives_one_line_and_an_exit_status(tmp_path):
    truth, predictions = write_example(tmp_path)
    for arguments, message in [((truth, 'ACP=none.json'), "'none.json'"),
                               ((truth, predictions, predictions), "called 'found'")]:
        done = run(*arguments, '--out', tmp_path / 'p.png')
        last = done.stderr.strip().splitlines()[-1]
        assert done.returncode != 0
        assert last.startswith('plot_detections: ')
        assert message in last
        assert 'Traceback' not in done.stderr
