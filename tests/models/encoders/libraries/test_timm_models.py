"""timm's models of images as backbones, beside timm itself."""
from __future__ import annotations

import pytest
import torch
from small_library_models import TIMM

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone
from mmlofi.models.encoders.frame_limits import frame_limits, takes_clips

timm = pytest.importorskip('timm')
HEAD = dict(type='GTADHead', in_channels=8)
EXACT = dict(img_size=64, patch_size=16, embed_dim=24, depth=2, num_heads=2)
VITS = {'vit_tiny_patch16_224': dict(EXACT), 'vit_small_patch14_reg4_dinov2': dict(EXACT),
        'vit_base_patch16_siglip_224': dict(EXACT, global_pool='avg'),
        'deit_tiny_distilled_patch16_224': dict(EXACT), 'vit_small_patch16_dinov3': dict(EXACT),
        'beit_base_patch16_224': dict(EXACT)}
SWINS = {'swin_tiny_patch4_window7_224': dict(embed_dim=12, depths=(1, 1), num_heads=(1, 2)),
         'swinv2_tiny_window8_256': dict(embed_dim=12, depths=(1, 1), num_heads=(1, 2))}
CONVOLUTIONS = ['test_resnet', 'test_convnext', 'test_efficientnet', 'mobilenetv3_small_050']


def both(name, **settings):
    theirs = timm.create_model(name, pretrained=False, num_classes=0, **settings).eval()
    ours = build_backbone(dict(type=f'timm.{name}', **settings)).eval()
    assert not ours.load_state_dict(theirs.state_dict(), strict=False).missing_keys
    return theirs, ours


@torch.no_grad()
@pytest.mark.parametrize('name', VITS)
def test_a_map_is_the_patches_without_class_and_register_tokens(name):
    theirs, ours = both(name, **VITS[name])
    images = torch.randn(2, 3, 64, 64)
    tokens = theirs.forward_features(images)
    prefix = tokens.shape[1] - 16
    assert prefix == {'vit_small_patch14_reg4_dinov2': 5, 'vit_small_patch16_dinov3': 5,
                      'vit_base_patch16_siglip_224': 0,
                      'deit_tiny_distilled_patch16_224': 2}.get(name, 1)
    patches = tokens[:, prefix:].transpose(1, 2).unflatten(2, (4, 4))
    torch.testing.assert_close(ours(images), patches)
    assert takes_clips(ours) is False


@torch.no_grad()
@pytest.mark.parametrize('name', SWINS)
def test_a_map_of_swin_has_its_channels_in_front(name):
    theirs, ours = both(name, **SWINS[name])
    side = int(name[-3:])
    images = torch.randn(1, 3, side, side)
    torch.testing.assert_close(ours(images), theirs.forward_features(images).permute(0, 3, 1, 2))
    assert SnippetEncoder()(ours, torch.randn(1, 2, 3, 2, 64, 48)).shape == (1, 24, 2)
    with pytest.raises(ValueError, match='sides of multiples of 4: it has patches of 4'):
        SnippetEncoder()(ours, torch.randn(1, 1, 3, 1, 158, 158))


@torch.no_grad()
@pytest.mark.parametrize('name', CONVOLUTIONS)
def test_a_map_of_convolutions_is_timms(name):
    theirs, ours = both(name)
    images = torch.randn(2, 3, 80, 64)
    torch.testing.assert_close(ours(images), theirs.forward_features(images))


@torch.no_grad()
def test_at_another_side_timm_resizes_the_positions_itself():
    theirs, ours = both('vit_tiny_patch16_224', **EXACT)
    small = timm.create_model('vit_tiny_patch16_224', num_classes=0, **EXACT).eval()
    small.load_state_dict(theirs.state_dict())
    small.set_input_size((32, 48))
    images = torch.randn(2, 3, 32, 48)
    torch.testing.assert_close(ours(images), small.forward_features(images)[:, 1:].transpose(
        1, 2).unflatten(2, (2, 3)), atol=1e-4, rtol=1e-4)


def test_a_model_of_one_side_is_refused_at_others():
    backbone = build_backbone(dict(type='timm.beit_base_patch16_224', **EXACT))
    assert SnippetEncoder()(backbone, torch.randn(1, 1, 3, 2, 64, 64)).shape == (1, 24, 1)
    with pytest.raises(ValueError, match='expected sides of 64: timm builds it for img_size=64'):
        SnippetEncoder()(backbone, torch.randn(1, 1, 3, 2, 32, 32))


def test_an_output_that_is_no_map_is_refused():
    backbone = build_backbone(dict(type='timm.mixer_s32_224'))
    with pytest.raises(ValueError, match=r'its output is \(2, 49, 512\); expected a map'):
        SnippetEncoder()(backbone, torch.randn(1, 1, 3, 2, 224, 224))


@pytest.mark.parametrize(('cfg', 'words'), [
    (dict(type='timm.resnet_of_nobody'), r"no model 'resnet_of_nobody'; .*near it are"),
    (dict(type='timm.hf_hub:somebody/model'), 'no model'),
    (dict(type='timm.resnet18', checkpoint_path='a.pth'), r"\['checkpoint_path'\]; expected")])
def test_what_timm_does_not_have_or_reads_by_itself_is_refused(cfg, words):
    with pytest.raises(ValueError, match=words):
        build_backbone(cfg)


def test_pretrained_is_timms_and_comes_when_the_training_starts(monkeypatch):
    real, asked = timm.create_model, []

    def create_model(name, pretrained=False, **settings):
        asked.append((name, pretrained))
        model = real(name, pretrained=False, **settings)
        if pretrained:
            torch.nn.init.constant_(model.conv1[0].weight, 0.5)
        return model
    monkeypatch.setattr(timm, 'create_model', create_model)
    model = EndToEndLocalizer(backbone=dict(type='timm.test_resnet.r160_in1k', pretrained=True),
                              head=HEAD)
    assert asked == [('test_resnet.r160_in1k', False)]
    model.init_weights()
    assert asked[1:] == [('test_resnet.r160_in1k', True)]
    assert (model.backbone.conv1[0].weight == 0.5).all()
    cfg = model.backbone.pretrained_cfg
    assert model.frame_preprocessor.mean.flatten().tolist() == pytest.approx(
        [255 * one for one in cfg['mean']], abs=1e-3)


def test_a_file_of_weights_is_loaded_in_their_place(tmp_path):
    from safetensors.torch import save_file
    source = timm.create_model('test_vit', num_classes=10, img_size=64)
    save_file(source.state_dict(), tmp_path / 'vit.safetensors')
    model = EndToEndLocalizer(head=HEAD, backbone=dict(
        TIMM['vision transformer'], weights=str(tmp_path / 'vit.safetensors')))
    model.init_weights()
    assert all(torch.equal(value, source.state_dict()[key])
               for key, value in model.backbone.state_dict().items())


def test_timms_own_init_weights_does_not_draw_a_transformer_anew():
    """MMEngine calls what is named `init_weights`, after a checkpoint was loaded as well."""
    model = EndToEndLocalizer(backbone=TIMM['vision transformer'], head=HEAD)
    before = {key: value.clone() for key, value in model.backbone.state_dict().items()}
    model.init_weights()
    assert all(torch.equal(value, before[key])
               for key, value in model.backbone.state_dict().items())
    assert frame_limits(model.backbone).side.step == 16
