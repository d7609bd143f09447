"""The mends of the host stack: each shows its fault mended, and the way around it."""
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from mmengine.logging import HistoryBuffer
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmengine.runner.checkpoint import CheckpointLoader
from torch import nn

import mmlofi
from mmlofi.compat import apply, require_mmcv
from mmlofi.compat.checkpoints import UNSAFE_SWITCH, load_url, mend_checkpoint_loading

ROOT = Path(mmlofi.__file__).parents[1]


def run_python(code: str, *, path: Path | None = None) -> str:
    """Run code in a fresh Python, with warnings as they come, and return all it printed."""
    paths = [str(p) for p in (path, ROOT) if p] + [os.environ.get('PYTHONPATH', '')]
    done = subprocess.run(
        [sys.executable, '-c', code],
        env=os.environ | {'PYTHONPATH': os.pathsep.join(paths)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


class TestMissingDRN:
    def test_importing_mmlofi_makes_the_models_importable_and_says_nothing(self):
        assert run_python('import mmlofi, mmaction.models') == ''

    def test_an_import_that_failed_before_is_recovered(self):
        code = """
try:
    import mmaction.models
except ModuleNotFoundError as error:
    assert 'drn' in str(error), error
import mmlofi, mmaction.models
print(mmaction.models.localizers.bmn.BMN.__name__, mmaction.models.backbones.ResNet.__name__)
"""
        assert run_python(code).endswith('BMN ResNet\n')

    def test_the_stand_in_says_why_it_cannot_be_built(self):
        if importlib.util.find_spec('mmaction.models.localizers.drn.drn').origin:
            pytest.skip('this mmaction2 is a source checkout')
        with pytest.raises(ImportError, match='source checkout of mmaction2'):
            MODELS.build(dict(type='DRN'))

    @pytest.mark.parametrize(
        ('needs', 'printed'), [('math', 'the real one'), ('no_such_module', 'inert')]
    )
    def test_a_source_checkout_keeps_its_own_module_where_that_can_be_imported(
        self, tmp_path, needs, printed
    ):
        checkout = checkout_of_mmaction(tmp_path)
        drn = checkout / 'models' / 'localizers' / 'drn'
        drn.mkdir()  # without __init__.py, as upstream
        (drn / 'drn.py').write_text(f"import {needs}\nclass DRN:\n    kind = 'the real one'\n")
        code = """
import mmlofi, mmaction.models
print(mmaction.__file__)
print(getattr(mmaction.models.DRN, 'kind', 'inert'))
"""
        # Above these, newer Pythons may warn about mmaction's source, compiled anew here.
        *_, location, kind = run_python(code, path=tmp_path).splitlines()
        assert Path(location) == checkout / '__init__.py'
        assert kind == printed


def checkout_of_mmaction(folder: Path) -> Path:
    """A copy of the installed mmaction, as links, in which files can be added."""
    import mmaction

    source = Path(mmaction.__file__).parent
    for file in source.rglob('*.py'):
        target = folder / 'mmaction' / file.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(file)
    return folder / 'mmaction'


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


class TestCheckpoints:
    def test_a_run_resumed_ends_with_the_weights_of_one_that_was_not_stopped(self, tmp_path):
        whole = tiny_runner(tmp_path / 'whole')
        whole.train()
        checkpoint = str(tmp_path / 'whole' / 'epoch_2.pth')
        resumed = tiny_runner(tmp_path / 'resumed', resume=True, load_from=checkpoint)
        resumed.train()
        assert resumed.epoch == 3
        for ours, theirs in zip(resumed.model.parameters(), whole.model.parameters(), strict=True):
            assert torch.equal(ours, theirs)

    def test_load_from_takes_the_weights_of_a_runner_checkpoint(self, tmp_path):
        first = tiny_runner(tmp_path / 'first')
        first.train()
        checkpoint = str(tmp_path / 'first' / 'epoch_3.pth')
        second = tiny_runner(tmp_path / 'second', load_from=checkpoint)
        second.load_or_resume()
        assert torch.equal(second.model.layer.weight, first.model.layer.weight)

    def test_histories_and_numpy_values_of_a_runner_come_back_as_they_were(self, tmp_path):
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
    def test_an_array_saved_under_the_other_numpy_loads(self, tmp_path, core):
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
    def test_published_weights_load_plain_or_with_meta(self, tmp_path, wrap):
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
            (dict(meta=dict(config='import os\nos.system("echo run")')), 'import os'),
            (dict(meta=dict(cfg='a = open("f", "w")')), 'open("f", "w")'),
            (dict(meta=dict(config="_base_ = 'other.py'")), '_base_'),
            (dict(message_hub=dict(runtime_info=dict(cfg='[f for f in x]'))), 'runtime_info.cfg'),
        ],
    )
    def test_a_hostile_checkpoint_is_refused_by_name_and_its_code_not_run(
        self, tmp_path, capfd, content, name
    ):
        path = tmp_path / 'hostile.pth'
        torch.save(content, path)
        with pytest.raises(ValueError, match=UNSAFE_SWITCH) as caught:
            CheckpointLoader.load_checkpoint(str(path))
        assert name in str(caught.value)
        assert 'hostile.pth' in str(caught.value)
        assert 'run\n' not in capfd.readouterr().out

    def test_the_config_of_a_real_run_is_taken_for_data(self, tmp_path):
        config = "a = dict(b=[1, -2.5, None], c='text', d=(True, ))\ne = {'f': dict()}\n"
        torch.save(dict(meta=dict(cfg=config)), tmp_path / 'c.pth')
        loaded = CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth'))
        assert loaded['meta']['cfg'] == config

    def test_the_switch_allows_anything(self, tmp_path, monkeypatch):
        torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
        monkeypatch.setenv(UNSAFE_SWITCH, '1')
        assert CheckpointLoader.load_checkpoint(str(tmp_path / 'c.pth')) == 2

    def test_downloads_are_refused_in_the_same_way(self, tmp_path):
        torch.save(HostileCode(eval, '1 + 1'), tmp_path / 'c.pth')
        with pytest.raises(ValueError, match=r'holds (builtins\.)?eval'):
            load_url((tmp_path / 'c.pth').as_uri(), model_dir=str(tmp_path / 'cache'))

    def test_a_missing_file_is_named(self, tmp_path):
        with pytest.raises(FileNotFoundError, match='nothing.pth'):
            CheckpointLoader.load_checkpoint(str(tmp_path / 'nothing.pth'))

    def test_a_file_of_another_kind_is_named(self, tmp_path):
        (tmp_path / 'notes.pth').write_text('hello world')
        with pytest.raises(ValueError, match='notes.pth'):
            CheckpointLoader.load_checkpoint(str(tmp_path / 'notes.pth'))

    def test_mending_twice_changes_nothing(self):
        before = dict(CheckpointLoader._schemes)
        mend_checkpoint_loading()
        apply()
        assert dict(CheckpointLoader._schemes) == before


class TestPresets:
    def test_a_config_inherits_a_preset_of_mmaction(self, tmp_path):
        config = tmp_path / 'config.py'
        config.write_text(
            "_base_ = 'mmaction::_base_/models/tsm_r50.py'\n"
            "custom_imports = dict(imports=['mmlofi'], allow_failed_imports=False)\n"
        )
        assert Config.fromfile(config).model.backbone.type == 'ResNetTSM'


class TestMissingMMCV:
    def test_the_error_names_the_command(self, monkeypatch):
        monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
        with pytest.raises(ImportError, match=r'mmlofi\[lite\]'):
            require_mmcv()
