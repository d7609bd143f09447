"""What holds of every library's backbone: it trains at each fidelity and keeps its names."""
from __future__ import annotations

import subprocess
import sys
from copy import deepcopy

import pytest
import torch
from small_library_models import TIMM, TORCHVISION, TRANSFORMERS

from mmlofi.fidelity import PAPER_CYCLE
from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone
from mmlofi.models.encoders.frame_limits import frame_limits, takes_clips
from mmlofi.models.encoders.norm import batch_norms

BACKBONES = TRANSFORMERS | TIMM | TORCHVISION
CHANNELS = dict.fromkeys(TRANSFORMERS, 24) | {'convolutions': 96, 'vision transformer': 64,
                                             'swin': 24, 'r2plus1d': 512, 'mvit': 768,
                                             'resnet18': 512}
pytestmark = pytest.mark.usefixtures('libraries')


@pytest.fixture
def libraries():
    for name in ('torchvision', 'timm', 'transformers'):
        pytest.importorskip(name)


def localizer(name, *, seed=0, **encoder):
    torch.manual_seed(seed)
    return EndToEndLocalizer(
        backbone=BACKBONES[name], encoder=encoder,
        head=dict(type='GTADHead', in_channels=CHANNELS[name]))


@pytest.mark.parametrize('name', BACKBONES)
def test_it_learns_at_each_fidelity_of_the_papers_cycle(name, make_samples):
    model = localizer(name)
    step = frame_limits(model.backbone).side.step
    for fidelity in PAPER_CYCLE:
        side = fidelity.reduce_side(64, max(2, step))
        count = fidelity.reduce_snippets(8)
        frames = torch.randint(256, (2, count, 3, 4, side, side), dtype=torch.uint8)
        model.zero_grad()
        losses = model.loss(frames, make_samples([(0.1, 0.5)], [(0.4, 0.9)]))
        sum(losses.values()).backward()
        without = [key for key, value in model.backbone.named_parameters() if value.grad is None]
        assert not without, fidelity
        assert any(value.grad.abs().sum() > 0 for value in model.backbone.parameters())


@pytest.mark.parametrize('name', BACKBONES)
def test_a_map_has_its_steps_in_time_and_keeps_names_in_a_copy(name):
    backbone = build_backbone(BACKBONES[name]).eval()
    copy = deepcopy(backbone)                    # as a running average of the weights is made
    clips = torch.randn(2, 3, 4, 64, 64)
    with torch.no_grad():
        inputs = clips if takes_clips(backbone) else clips[:, :, 0]
        found = backbone(inputs)
        assert found.ndim == inputs.ndim
        assert found.shape[:2] == (2, CHANNELS[name])
        torch.nn.init.constant_(list(copy.parameters())[-1], 5)
        assert torch.equal(backbone(inputs), found)
        assert not torch.equal(copy(inputs), found)
    assert list(copy.state_dict()) == list(backbone.state_dict())


@pytest.mark.parametrize('name', [*TRANSFORMERS, *TIMM])
def test_recomputed_blocks_and_chunks_give_the_same_features_and_gradients(name):
    clips = torch.rand(1, 3, 3, 4, 64, 64)
    found = []
    for settings in ({}, dict(checkpointing=True), dict(chunk_size=2)):
        torch.manual_seed(0)
        backbone = build_backbone(BACKBONES[name]).eval()
        encoder = SnippetEncoder(**settings)
        encoder.prepare(backbone)
        features = encoder(backbone, clips)
        features.square().sum().backward()
        found.append((features.detach(), [one.grad for one in backbone.parameters()]))
    for other in found[1:]:
        torch.testing.assert_close(other, found[0], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize('name', [*TRANSFORMERS, *TIMM])
def test_checkpointing_counts_the_activations_of_one_block(name):
    kept = []
    for checkpointing in (False, True):
        backbone = build_backbone(BACKBONES[name]).train()
        encoder = SnippetEncoder(checkpointing=checkpointing)
        encoder.prepare(backbone)
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
                lambda one, sizes=sizes: sizes.append(one.numel()) or one, lambda one: one):
            encoder(backbone, torch.rand(1, 1, 3, 4, 64, 64)).sum()
        kept.append(sum(sizes))
    assert kept[1] < 0.8 * kept[0]


@pytest.mark.parametrize('name', ['r2plus1d', 'resnet18', 'convolutions'])
def test_batch_norm_follows_the_encoders_setting(name):
    for norm, moves in (('frozen', False), ('running', True)):
        model = localizer(name, norm=norm).train()
        first = batch_norms(model.backbone)[0]
        before = first.running_mean.clone()
        model.extract_feat(torch.rand(1, 2, 3, 4, 32, 32))
        assert torch.equal(first.running_mean, before) is not moves


@pytest.mark.parametrize('name', ['VJEPA2Model', 'vision transformer', 'r2plus1d'])
def test_a_lofi_checkpoint_comes_back_and_goes_into_the_librarys_model(name, tmp_path):
    source = localizer(name, seed=0)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'lofi.pth')
    model = EndToEndLocalizer(
        backbone=dict(BACKBONES[name], init_cfg=dict(type='Pretrained',
                                                     checkpoint=str(tmp_path / 'lofi.pth'))),
        head=dict(type='GTADHead', in_channels=CHANNELS[name]))
    model.init_weights()
    state = source.backbone.state_dict()
    assert all(torch.equal(value, state[key]) for key, value in model.backbone.state_dict().items())
    if name == 'VJEPA2Model':
        import transformers
        theirs = transformers.VJEPA2Model(transformers.VJEPA2Config(**BACKBONES[name]['config']))
    elif name == 'r2plus1d':
        import torchvision
        theirs = torchvision.models.get_model('r2plus1d_18')
    else:
        import timm
        theirs = timm.create_model('test_vit', num_classes=0, img_size=64)
    report = theirs.load_state_dict(state, strict=False)
    assert not report.unexpected_keys
    assert all(key.startswith(('predictor.', 'fc.')) for key in report.missing_keys)


def test_a_library_is_imported_when_a_config_names_it_and_not_before():
    program = ('import sys, mmlofi\n'
               "names = ('timm', 'transformers', 'peft')\n"
               'assert not set(names) & set(sys.modules), set(names) & set(sys.modules)\n'
               'from mmlofi.models.encoders.backbones import build_backbone\n'
               "build_backbone(dict(type='timm.test_resnet'))\n"
               "assert 'timm' in sys.modules and 'transformers' not in sys.modules")
    subprocess.run([sys.executable, '-c', program], check=True)
