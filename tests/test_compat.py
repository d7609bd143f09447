"""The mends of the host stack: each shows its fault mended, and the way around it."""
from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mmaction.registry import MODELS
from mmengine.config import Config

import mmlofi
from mmlofi.compat import require_mmcv

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
        # And registers what a config names, from every registry.
        registered = ('DATASETS.UntrimmedVideoDataset', 'TRANSFORMS.SampleSnippets',
                      'MODELS.EndToEndLocalizer', 'METRICS.TALMetric', 'HOOKS.LoFiCycleHook',
                      'LOOPS.FidelityTrainLoop', 'DATA_SAMPLERS.FidelityBatchSampler')
        assert run_python(f"""
import mmlofi
from mmaction import models, registry
for name in {registered}:
    of, name = name.split('.')
    assert getattr(registry, of).get(name), name
assert mmlofi.Fidelity and mmlofi.TALInferencer and mmlofi.models.SnippetEncoder
""") == ''

    def test_a_program_that_registers_later_has_the_same_names(self):
        assert run_python("""
__mmlofi__ = 'later'
import sys
import mmlofi
assert not {'torch', 'mmengine'} & set(sys.modules)
from mmlofi import TALInferencer
from mmlofi.datasets import UntrimmedVideoDataset
from mmaction.registry import DATASETS, MODELS
assert DATASETS.get('UntrimmedVideoDataset') is UntrimmedVideoDataset
assert MODELS.get('EndToEndLocalizer') is mmlofi.models.EndToEndLocalizer
""") == ''

    def test_an_import_that_failed_before_is_recovered(self):
        # Without transformers, beside which MMAction2 fails in other ways as well.
        code = """
import sys
sys.modules['transformers'] = None
from mmaction.utils import dependency
dependency.WITH_MULTIMODAL = False
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
