"""A stranger's film, of a codec that decord does not know, goes all ways that others go."""
from __future__ import annotations

import json
import re

import pytest
from clips import film_of_phone

from mmlofi.datasets.videos import readers


@pytest.fixture
def films(tmp_path):
    """Three of them with annotations."""
    (tmp_path / 'videos').mkdir()
    entries = {}
    for name, subset, seconds in (('a', 'training', 3.0), ('b', 'training', 2.8),
                                  ('c', 'validation', 3.2)):
        film_of_phone(tmp_path / 'videos' / f'{name}.mp4', seconds)
        entries[name] = dict(subset=subset, duration_sec=seconds, annotations=[
            dict(segment=[0.5, 2.0], label='move')])
    (tmp_path / 'gt.json').write_text(json.dumps(dict(database=entries)))
    return tmp_path


@pytest.fixture(autouse=True)
def _nothing_was_said(monkeypatch):
    monkeypatch.setattr(readers, '_told', set())


def test_it_is_found_usable_and_the_reader_is_said(films, call_tool, capsys):
    call_tool('check_dataset.py', '--ann', films / 'gt.json', '--videos', films / 'videos',
              '--check-files', 'all')
    said = capsys.readouterr()
    assert 'nothing here would stop a training' in said.out
    assert '3 of 3 videos are read by PyAV, since decord cannot read them: 3 of av1' in said.err


def test_a_training_takes_its_steps_with_it(films, call_tool, toy_configs, capsys):
    call_tool('train.py', toy_configs / 'lofi_toy.py', '--work-dir', films / 'work',
              '--cfg-options', f'train_dataloader.dataset.ann_file={films / "gt.json"}',
              f'train_dataloader.dataset.data_prefix.video={films / "videos"}',
              'train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False',
              'train_dataloader.batch_size=2', 'train_cfg.max_epochs=1', 'test_dataloader=None',
              'test_cfg=None', 'test_evaluator=None')
    said = capsys.readouterr().out
    assert '2 of 2 videos are read by PyAV, since decord cannot read them: 2 of av1' in said
    assert re.search(r'Epoch\(train\)\s+\[1\]\[1/1\].* loss: \d', said)


def test_it_is_localized_with_a_page_that_plays_it(films, call_tool, with_classifier):
    config, checkpoint = with_classifier
    call_tool('localize.py', films / 'videos' / 'c.mp4', '--config', config, '--checkpoint',
              checkpoint, '--device', 'cpu', '--out', films / 'out', '--page', '--timeline',
              '--video', '--top-k', 4)
    (found,) = json.loads((films / 'out' / 'detections.json').read_text())['results'].values()
    assert found
    text = (films / 'out' / 'page.html').read_text(encoding='utf-8')
    content = json.loads(re.search(r'<script type="application/json" id="content">(.*?)</script>',
                                   text)[1])
    assert content['videos'][0]['source'].endswith('c.mp4')   # browsers play AV1
    assert (films / 'out' / 'c.png').exists()
    assert (films / 'out' / 'c_labelled.mp4').exists()
