"""transformers, peft, timm and torchvision beside MMEngine and MMAction2."""
from __future__ import annotations

import importlib.util
import os
import subprocess

import pytest

needs_transformers = pytest.mark.skipif(importlib.util.find_spec('transformers') is None,
                                        reason='needs transformers')


@pytest.fixture
def run_python(warm_python, tmp_path):
    """Runs code where mmlofi alone has been imported; gives what it printed."""
    def run(code: str) -> str:
        (tmp_path / 'code.py').write_text(code)
        done = subprocess.run(['python', tmp_path / 'code.py'], capture_output=True, text=True,
                              env=os.environ | warm_python)
        assert done.returncode == 0, done.stderr
        return done.stdout
    return run


@needs_transformers
def test_nobody_waits_for_the_import_of_libraries_that_no_config_names(run_python):
    code = ("import mmlofi, sys; "
            "print({'transformers', 'peft', 'timm', 'torchvision'} & set(sys.modules))")
    assert run_python(code) == 'set()\n'


@needs_transformers
def test_the_optimizer_for_which_mmengine_imports_transformers_is_there_all_the_same(run_python):
    code = """
import mmlofi, torch
from mmengine.registry import OPTIMIZERS
weight = torch.nn.Parameter(torch.ones(2))
optimizer = OPTIMIZERS.build(dict(type='Adafactor', params=[weight]))
weight.sum().backward()
optimizer.step()
print(type(optimizer).__module__.partition('.')[0], bool((weight < 1).all()))
"""
    assert run_python(code).endswith('transformers True\n')


@needs_transformers
def test_models_of_video_and_text_say_that_they_cannot_be_built(run_python):
    code = """
import mmlofi
from mmaction.registry import MODELS
try:
    MODELS.build(dict(type='VindLUVQA'))
except Exception as error:
    print(error)
"""
    assert 'mmaction2[multimodal]' in run_python(code)


@pytest.mark.skipif(importlib.util.find_spec('torchvision') is None, reason='needs torchvision')
def test_models_of_torchvision_work_whatever_torch_it_was_built_for(run_python):
    code = """
import mmlofi, torch
from torchvision.models.video import r2plus1d_18
print(r2plus1d_18(num_classes=7)(torch.zeros(2, 3, 4, 16, 16)).shape)
"""
    assert run_python(code) == 'torch.Size([2, 7])\n'
