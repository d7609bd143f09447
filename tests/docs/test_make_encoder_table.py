"""Each preset of MMAction2 as an encoder, and the page that says so."""
from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path

import pytest

from mmlofi.models import EndToEndLocalizer

ROOT = Path(__file__).parents[2]
for library in ('torchvision', 'timm', 'transformers'):
    pytest.importorskip(library)


def load_script():
    spec = importlib.util.spec_from_file_location('make_encoder_table',
                                                  ROOT / 'docs' / 'make_encoder_table.py')
    script = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


script = load_script()
REFUSED = {'recognition_audio': 'spectrograms of sound', 'skeleton': 'skeletons|poses',
           'multimodal': 'video and text', 'retrieval': 'video and text'}
# Of the presets for RGB frames: mmpretrain's backbones.
FOREIGN = 'mobileone|rn101-32x4d'


@pytest.fixture(autouse=True)
def _quiet():
    logging.disable(logging.INFO)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize('preset', script.presets())
def test_preset_works_or_is_refused_with_a_reason(preset, record_property):
    found = script.examine(preset)
    said = f'refused because {found.refused}' if found.refused else \
        f'works: {found.channels} channels of {found.frames} frames'
    record_property('encoder', said)      # in the report of `pytest --junit-xml FILE`
    folder = preset.partition('/')[0]
    if found.refused is None:
        assert found.channels > 0
        assert not found.misfits or found.family == 'C3D'
        assert folder == 'recognition' or preset.endswith('rgb_only.py')
    elif folder == 'recognition':
        assert 'flow' in preset or any(name in preset for name in FOREIGN.split('|'))
    else:
        assert any(word in found.refused for word in REFUSED[folder].split('|'))
    if found.refused in (None, script.WITH_MMPRETRAIN):
        return
    backbone = script.Config.fromfile(script.PRESETS / preset).model.get('backbone')
    if backbone:
        with pytest.raises(ValueError, match=found.refused.partition(' of ')[0]):
            EndToEndLocalizer(backbone=backbone, head=dict(type='GTADHead', in_channels=8))


def test_every_family_that_was_promised_works():
    working = {script.examine(preset).family for preset in script.presets()
               if script.examine(preset).refused is None}
    assert working >= {
        'ResNet', 'ResNetTSM', 'MobileNetV2TSM', 'ResNetTIN', 'TANet', 'ResNet3dSlowOnly',
        'ResNet3dSlowFast', 'ResNet2Plus1d', 'ResNet3d', 'C2D', 'C3D', 'ResNet3dCSN', 'X3D',
        'SwinTransformer3D', 'MViT', 'UniFormer', 'UniFormerV2', 'TimeSformer',
        'VisionTransformer'}


def test_the_page_is_what_the_code_finds():
    assert script.page() == (ROOT / 'docs' / 'encoders.md').read_text(encoding='utf-8'), \
        'run python docs/make_encoder_table.py'


def test_every_preset_that_is_shipped_is_on_the_page():
    text = (ROOT / 'docs' / 'encoders.md').read_text(encoding='utf-8')
    shipped = [str(path.relative_to(script.PRESETS)) for path in script.PRESETS.rglob('*.py')
               if path.relative_to(script.PRESETS).parts[0] in script.FOLDERS]
    assert len(shipped) >= 170
    assert [preset for preset in shipped if f'| {preset.removesuffix(".py")} |' not in text] == []
