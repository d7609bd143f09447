"""Checkpoints are read for tensors and plain values, and nothing that they say is run."""
from __future__ import annotations

import io
import os
import pickle
import sys
import zipfile
from pathlib import Path

import mmengine.runner.runner
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner, find_latest_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

from mmlofi.compat import apply
from mmlofi.compat.checkpoints import load_url, mend_checkpoint_loading
from mmlofi.compat.trust import UNSAFE_SWITCH


class TinyModel(BaseModel):
    """One weight, fitted to the data."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)
        nn.init.ones_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, inputs, mode='tensor', **kwargs):
        outputs = self.layer(torch.stack(inputs))
        return {'loss': outputs.pow(2).mean()} if mode == 'loss' else outputs


def tiny_runner(work_dir: Path, **kwargs) -> Runner:
    """A Runner of three epochs that logs, schedules and saves."""
    data = [dict(inputs=torch.full((1,), float(i))) for i in range(4)]
    return Runner(
        model=TinyModel(),
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=2, dataset=data, sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        train_cfg=dict(by_epoch=True, max_epochs=3),
        optim_wrapper=dict(optimizer=dict(type='Adam', lr=0.1)),
        param_scheduler=dict(type='ExponentialLR', gamma=0.9),
        default_hooks=dict(logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmaction',
        randomness=dict(seed=0),
        **kwargs,
    )


class HostileCode:
    """Pickles to a call of `function`."""

    def __init__(self, function, *args) -> None:
        self.call = (function, args)

    def __reduce__(self):
        return self.call


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


@pytest.mark.parametrize('wrap', [dict, lambda **weights: dict(state_dict=weights)])
def test_published_weights_load_plain_or_with_meta(tmp_path, wrap):
    torch.save(wrap(weight=torch.ones(2)), tmp_path / 'c.pth')
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'), map_location='cpu')
    assert torch.equal(loaded.get('state_dict', loaded)['weight'], torch.ones(2))


@pytest.mark.parametrize(
    ('content', 'name'),
    [
        (HostileCode(os.system, 'echo run'), 'posix.system'),
        (HostileCode(eval, '1 + 1'), 'eval'),
        (HostileCode(__import__, 'os'), '__import__'),
        (HostileCode(getattr, np.ndarray, 'tofile'), "'tofile'"),
        (HostileCode(getattr, HistoryBuffer, '__init__'), "'__init__'"),
        (HostileCode(torch.hub.load, 'echo', 'run'), 'torch.hub.load'),
        (HostileCode(np.load, 'x.npy'), 'load'),
        (HostileCode(bytearray.fromhex, '00'), 'getattr'),
        (HostileCode(Path, '/'), 'pathlib'),
        (HostileCode(type, 'A', (), {}), 'type'),
        (dict(meta=dict(config='import os\nos.system("echo run")')), 'import os'),
        (dict(meta=dict(cfg='a = open("f", "w")')), 'open("f", "w")'),
        (dict(meta=dict(config="_base_ = 'other.py'")), '_base_'),
        (dict(message_hub=dict(runtime_info=dict(cfg='[f for f in x]'))), 'runtime_info.cfg'),
    ],
)
def test_a_hostile_checkpoint_is_refused_by_name_and_its_code_not_run(
    tmp_path, capfd, content, name
):
    path = tmp_path / 'hostile.pth'
    torch.save(content, path)
    with pytest.raises(ValueError, match=UNSAFE_SWITCH) as caught:
        CheckpointLoader.load_checkpoint(str(path))
    assert name in str(caught.value)
    assert 'hostile.pth' in str(caught.value)
    assert 'run\n' not in capfd.readouterr().out


def test_the_config_of_a_real_run_is_taken_for_data(tmp_path):
    runner = tiny_runner(tmp_path, cfg=dict(a=dict(b=[1, -2.5, None], d=(True,)), e=float('inf')))
    runner.train()
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'epoch_3.pth'))
    for text in (loaded['meta']['cfg'], loaded['message_hub']['runtime_info']['cfg']):
        assert Config.fromstring(text, '.py').to_dict() == runner.cfg.to_dict()


@pytest.mark.parametrize(('content', 'words'), [
    (b'<!DOCTYPE html>\n<html><body>Sign in</body></html>', 'a web page'),
    (b'\xef\xbb\xbf\n <HTML>', 'a web page'),
    (b'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n', 'Git LFS'),
    (b'', 'an empty file'),
    (b'hello world', 'cannot be read'),
    (b'\x80', 'cannot be read'),
    (b'PK\x03\x04' + bytes(100), 'cannot be read')])
def test_what_is_no_checkpoint_is_called_what_it_is(tmp_path, content, words):
    (tmp_path / 'c.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r'c\.pth.*expected') as caught:
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert words in str(caught.value)
    assert UNSAFE_SWITCH not in str(caught.value)


def test_of_what_torch_cannot_read_its_reason_is_given_without_its_advice(tmp_path):
    (tmp_path / 'c.pth').write_bytes(pickle.dumps(dict(a=print), protocol=4))
    with pytest.raises(ValueError, match=r'c\.pth cannot be read .*: Unsupported') as caught:
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert 'weights_only' not in str(caught.value)


def test_packed_weights_are_refused_before_they_are_unpacked(tmp_path):
    torch.save(dict(weight=torch.zeros(1_000_000)), tmp_path / 'whole.pth')
    with zipfile.ZipFile(tmp_path / 'whole.pth') as whole, zipfile.ZipFile(
            tmp_path / 'packed.pth', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in whole.namelist():
            packed.writestr(name, whole.read(name))
    assert (tmp_path / 'packed.pth').stat().st_size < 10_000
    with pytest.raises(ValueError, match='compressed entries'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'packed.pth'))


def test_a_bit_that_changed_on_the_disk_is_found(tmp_path):
    torch.save(dict(weight=torch.zeros(10_000)), tmp_path / 'c.pth')
    content = bytearray((tmp_path / 'c.pth').read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / 'c.pth').write_bytes(content)
    with pytest.raises(ValueError, match=r"c\.pth is damaged: the check sum of 'c/data/0'"):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))


def test_a_checkpoint_that_was_written_without_check_sums_loads(tmp_path):
    torch.serialization.set_crc32_options(False)
    try:
        torch.save(dict(weight=torch.ones(3)), tmp_path / 'c.pth')
    finally:
        torch.serialization.set_crc32_options(True)
    loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
    assert loaded['weight'].tolist() == [1, 1, 1]


@pytest.mark.parametrize('cut', [1, 100, 500, 1000])
def test_a_checkpoint_that_is_cut_off_is_named(tmp_path, cut):
    torch.save(dict(weight=torch.zeros(300)), tmp_path / 'c.pth')
    os.truncate(tmp_path / 'c.pth', cut)
    with pytest.raises(ValueError, match=r'c\.pth cannot be read'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))


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


@pytest.mark.parametrize('scheme', ['s3://bucket/c.pth', 'petrel://bucket/c.pth'])
def test_files_of_a_store_are_read_as_safely(monkeypatch, scheme):
    content = io.BytesIO()
    torch.save(HostileCode(eval, '1 + 1'), content)
    monkeypatch.setattr('mmlofi.compat.checkpoints.get', lambda *_, **__: content.getvalue())
    with pytest.raises(ValueError, match=r'c\.pth was not loaded, because it holds'):
        CheckpointLoader.load_checkpoint(scheme)


def test_a_store_whose_loader_runs_code_is_refused():
    with pytest.raises(ValueError, match='download it'):
        CheckpointLoader.load_checkpoint('pavi://model')


def test_the_switch_allows_anything(tmp_path, monkeypatch):
    torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
    monkeypatch.setenv(UNSAFE_SWITCH, '1')
    assert CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth')) == 2


def test_downloads_are_refused_in_the_same_way(tmp_path):
    torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
    with pytest.raises(ValueError, match=r'holds (builtins\.)?eval'):
        load_url((tmp_path / 'c.pth').as_uri(), model_dir=str(tmp_path / 'cache'))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='nothing.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'nothing.pth'))


def test_a_file_of_another_kind_is_named(tmp_path):
    (tmp_path / 'notes.pth').write_text('hello world')
    with pytest.raises(ValueError, match='notes.pth'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'notes.pth'))


def test_mending_twice_changes_nothing():
    before = dict(CheckpointLoader._schemes)
    mend_checkpoint_loading()
    apply()
    assert dict(CheckpointLoader._schemes) == before
