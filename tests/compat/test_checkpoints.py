"""Checkpoints of runs and of others load as they were written, from wherever they lie."""
from __future__ import annotations

import shutil
import sys

import mmengine.runner.runner
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.runner import find_latest_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from tiny_run import HostileCode, tiny_runner

from mmlofi.compat import apply
from mmlofi.compat.checkpoints import mend_checkpoint_loading
from mmlofi.compat.trust import UNSAFE_SWITCH


def test_a_run_resumed_ends_with_the_weights_of_one_that_was_not_stopped(tmp_path):
    whole = tiny_runner(tmp_path / 'whole')
    whole.train()
    checkpoint = str(tmp_path / 'whole' / 'epoch_2.pth')
    resumed = tiny_runner(tmp_path / 'resumed', resume=True, load_from=checkpoint)
    resumed.train()
    assert resumed.epoch == 3
    for ours, theirs in zip(resumed.model.parameters(), whole.model.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_load_from_takes_the_weights_of_a_runner_checkpoint(tmp_path):
    first = tiny_runner(tmp_path / 'first')
    first.train()
    checkpoint = str(tmp_path / 'first' / 'epoch_3.pth')
    second = tiny_runner(tmp_path / 'second', load_from=checkpoint)
    second.load_or_resume()
    assert torch.equal(second.model.layer.weight, first.model.layer.weight)


def test_histories_and_numpy_values_of_a_runner_come_back_as_they_were(tmp_path):
    history = HistoryBuffer()
    history.update(1.0)
    history.update(2)
    values = [np.float64(0.5), np.float32(2), np.int64(3), np.bool_(True)]
    arrays = [np.arange(3), np.ones((2, 2), np.float32)]
    torch.save(dict(history=history, values=values, arrays=arrays), tmp_path / 'c.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert loaded['history'].statistics('mean') == 1.5
    assert loaded['history'].data[0].tolist() == [1, 2]
    assert loaded['values'] == values
    assert all(np.array_equal(a, b) for a, b in zip(loaded['arrays'], arrays, strict=True))


@pytest.mark.parametrize('kind', sorted({np.dtype(code).name for code in np.typecodes['AllInteger']
                                         + np.typecodes['AllFloat'] + '?'}))
def test_numbers_of_every_numpy_type_come_back(tmp_path, kind):
    values = dict(one=np.dtype(kind).type(1), many=np.arange(3).astype(kind))
    torch.save(values, tmp_path / 'c.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert {name: (value.dtype, value.tolist()) for name, value in loaded.items()} == {
        name: (value.dtype, value.tolist()) for name, value in values.items()}


@pytest.mark.parametrize('core', ['core', '_core'])
def test_an_array_saved_under_the_other_numpy_loads(tmp_path, core):
    # The pickle of np.arange(3) with the module's name of one line of numpy written out.
    module = type(np)(f'numpy.{core}.multiarray')
    rebuild = np.zeros(1).__reduce__()[0]

    def _reconstruct(*args):
        return rebuild(*args)

    _reconstruct.__module__, _reconstruct.__qualname__ = module.__name__, '_reconstruct'
    module._reconstruct = _reconstruct

    class Array:
        def __reduce__(self):
            return (_reconstruct, *np.arange(3).__reduce__()[1:])

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, module.__name__, module)
        torch.save(Array(), tmp_path / 'c.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert loaded.tolist() == [0, 1, 2]


def test_an_array_that_was_loaded_is_written_as_any_other(tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    for _ in range(3):   # resumed twice
        torch.save(dict(history=history, value=np.ones((2, 3), order='F')), tmp_path / 'c.pth')
        loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
        history = loaded['history']
    assert loaded['value'].shape == (2, 3)
    assert history.statistics('current') == 2.0
    assert b'mmlofi' not in (tmp_path / 'c.pth').read_bytes()


@pytest.mark.parametrize('wrap', [dict, lambda **weights: dict(state_dict=weights)])
def test_published_weights_load_plain_or_with_meta(tmp_path, wrap):
    torch.save(wrap(weight=torch.ones(2)), tmp_path / 'c.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'), map_location='cpu')
    assert torch.equal(loaded.get('state_dict', loaded)['weight'], torch.ones(2))


@pytest.mark.parametrize('trusted', [False, True])
def test_weights_with_their_average_beside_them_are_the_average(tmp_path, monkeypatch, trusted):
    if trusted:
        monkeypatch.setenv(UNSAFE_SWITCH, '1')
    last, average = dict(w=torch.zeros(2)), dict(w=torch.ones(2))
    torch.save(dict(state_dict=last, state_dict_ema=average, epoch=3), tmp_path / 'theirs.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'theirs.pth'))
    assert loaded['state_dict']['w'].tolist() == [1, 1]
    assert 'state_dict_ema' not in loaded
    torch.save(dict(state_dict=last, ema_state_dict=average), tmp_path / 'runners.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'runners.pth'))
    assert loaded['state_dict']['w'].tolist() == [0, 0]
    assert loaded['ema_state_dict']['w'].tolist() == [1, 1]


def test_the_config_of_a_real_run_is_taken_for_data(tmp_path):
    runner = tiny_runner(tmp_path, cfg=dict(a=dict(b=[1, -2.5, None], d=(True,)), e=float('inf')))
    runner.train()
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_3.pth'))
    for text in (loaded['meta']['cfg'], loaded['message_hub']['runtime_info']['cfg']):
        assert Config.fromstring(text, '.py').to_dict() == runner.cfg.to_dict()


def test_a_checkpoint_that_was_written_without_check_sums_loads(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(dict(weight=torch.ones(3)), tmp_path / 'c.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert loaded['weight'].tolist() == [1, 1, 1]


@pytest.mark.parametrize('text', ['', 'https://host/epoch_1.pth', 'torchvision://resnet18',
                                  'epoch_1.pth\nepoch_2.pth', 'a\0b', '\udcff'])
def test_the_name_of_the_last_checkpoint_is_a_path_alone(tmp_path, text):
    (tmp_path / 'last_checkpoint').write_bytes(text.encode(errors='surrogateescape'))
    with pytest.raises(ValueError, match=r'last_checkpoint holds .* expected the path'):
        mmengine.runner.runner.find_latest_checkpoint(str(tmp_path))


def test_the_last_checkpoint_of_a_run_is_found(tmp_path):
    assert find_latest_checkpoint(str(tmp_path)) is None
    tiny_runner(tmp_path).train()
    assert find_latest_checkpoint(str(tmp_path)) == str(tmp_path / 'epoch_3.pth')


def work_dir(folder, *names, last):
    """A work dir with checkpoints of these names, and the path of its last one."""
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    (folder / 'last_checkpoint').write_text(str(last))
    return folder


def test_the_last_checkpoint_is_found_in_a_copy_of_the_work_dir(tmp_path):
    first = work_dir(tmp_path / 'first', 'epoch_2.pth', last=tmp_path / 'first' / 'epoch_2.pth')
    copied = shutil.copytree(first, tmp_path / 'copied')
    assert find_latest_checkpoint(str(copied)) == str(copied / 'epoch_2.pth')
    assert find_latest_checkpoint(str(first)) == str(first / 'epoch_2.pth')
    shutil.rmtree(first)
    assert find_latest_checkpoint(str(copied)) == str(copied / 'epoch_2.pth')


def test_the_last_checkpoint_may_lie_elsewhere_on_purpose(tmp_path):
    """As with `out_dir`; one of that name in the work dir is of another run."""
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out' / 'epoch_2.pth').touch()
    run = work_dir(tmp_path / 'run', 'epoch_2.pth', last=tmp_path / 'out' / 'epoch_2.pth')
    assert find_latest_checkpoint(str(run)) == str(tmp_path / 'out' / 'epoch_2.pth')
    (run / 'last_checkpoint').write_text('s3://bucket/run/epoch_2.pth')
    assert find_latest_checkpoint(str(run)) == 's3://bucket/run/epoch_2.pth'
    (run / 'last_checkpoint').write_text('/gone/epoch_9.pth')
    assert find_latest_checkpoint(str(run)) == '/gone/epoch_9.pth'


def test_the_switch_allows_anything(tmp_path, monkeypatch):
    torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
    monkeypatch.setenv(UNSAFE_SWITCH, '1')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth')) == 2


def test_mending_twice_changes_nothing():
    before = dict(CheckpointLoader._schemes)
    mend_checkpoint_loading()
    apply()
    assert dict(CheckpointLoader._schemes) == before


@pytest.mark.parametrize('average', [{}, {'module.a': torch.ones(1)}])
def test_an_average_of_other_weights_takes_no_ones_place(average, tmp_path):
    weights = dict(a=torch.zeros(1), b=torch.zeros(1))
    torch.save(dict(state_dict=weights, state_dict_ema=average), tmp_path / 'mine.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'mine.pth'))
    assert loaded['state_dict'] == weights
