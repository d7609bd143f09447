"""A recognizer's checkpoint into a LoFi training and its own into a recognizer, by Runners."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.hooks import Hook
from mmengine.runner import Runner, save_checkpoint
from recording import make_runner

from mmlofi.engine import checkpoint_hook

PATHWAY = dict(type='resnet3d', depth=18, pretrained=None, base_channels=8, conv1_kernel=(1, 7, 7),
               dilations=(1, 1, 1, 1), conv1_stride_t=1, pool1_stride_t=1, inflate=(0, 0, 1, 1))
# backbone, its channels, the recognizer's type and head
FAMILIES = {
    'TSM': (dict(type='ResNetTSM', depth=18, pretrained=None, num_segments=2), 512,
            'Recognizer2D', dict(type='TSMHead', in_channels=512, num_segments=2)),
    'SlowFast': (dict(
        type='ResNet3dSlowFast', pretrained=None, resample_rate=2, speed_ratio=2, channel_ratio=4,
        slow_pathway=dict(PATHWAY, lateral=True, fusion_kernel=5),
        fast_pathway=dict(PATHWAY, lateral=False, base_channels=2)), 80,
        'Recognizer3D', dict(type='SlowFastHead', in_channels=80)),
    'VideoMAE': (dict(
        type='VisionTransformer', img_size=64, patch_size=16, embed_dims=24, depth=2, num_heads=2,
        num_frames=2), 24, 'Recognizer3D', dict(type='TimeSformerHead', in_channels=24)),
    'UniFormerV2': (dict(
        type='UniFormerV2', input_resolution=64, patch_size=16, width=24, layers=1, heads=2,
        t_size=2, return_list=[0], n_layers=1, n_dim=24, n_head=2), 24,
        'Recognizer3D', dict(type='UniFormerHead', in_channels=24))}


class FirstWeights(Hook):
    def before_train(self, runner):
        self.weights = {name: value.clone() for name, value in runner.model.state_dict().items()}


def recognizer(family):
    backbone, _, kind, head = FAMILIES[family]
    backbone = dict(backbone)
    for name in ('pretrained2d', 'clip_pretrained'):      # mmaction2's own way to say it
        if backbone['type'] in dict(pretrained2d=['ResNetTSM'], clip_pretrained=['UniFormerV2']
                                    )[name]:
            backbone[name] = False
    return dict(type=kind, backbone=backbone, cls_head=dict(head, num_classes=3),
                data_preprocessor=dict(type='ActionDataPreprocessor'))


def recognizers_checkpoint(family, path):
    torch.manual_seed(7)
    state = MODELS.build(recognizer(family)).state_dict()
    save_checkpoint(dict(state_dict=state, meta={}), str(path))
    return {name: value for name, value in state.items() if name.startswith('backbone.')}


def lofi(family, videos, *, backbone=None, **settings):
    """A Runner of one epoch at S and one at ST."""
    preset, channels, *_ = FAMILIES[family]
    runner = make_runner(
        videos, epochs=2, hook={}, cycle=[dict(name='S', spatial=2),
                                          dict(name='ST', temporal=2, spatial=2**0.5)], workers=0,
        divisor=16,
        model=dict(type='EndToEndLocalizer', backbone=dict(preset, **(backbone or {})),
                   head=dict(type='GTADHead', in_channels=channels)),
        default_hooks=dict(checkpoint_fit=dict(type='CheckpointFitHook')), **settings)
    first = FirstWeights()
    runner.register_hook(first)
    return runner, first


def same(one, other, names):
    return all(torch.equal(one[name], other[name]) for name in names)


@pytest.mark.parametrize('family', FAMILIES)
def test_a_recognizers_checkpoint_starts_a_training_whose_own_goes_into_a_recognizer(
        family, videos, monkeypatch):
    said = []
    monkeypatch.setattr(checkpoint_hook, 'print_log', lambda message, **_: said.append(message))
    backbone = recognizers_checkpoint(family, videos / 'acp.pth')
    runner, first = lofi(family, videos, load_from=str(videos / 'acp.pth'))
    runner.train()
    assert same(first.weights, backbone, backbone)
    assert f'backbone: {len(backbone)} weights; head: none of' in said[0]
    assert 'cls_head of the checkpoint: 2 weights not used' in said[0]
    trained = runner.model.state_dict()
    assert not same(trained, backbone, backbone)

    plain = Runner(model=recognizer(family), work_dir=str(videos / 'plain'), log_level='WARNING',
                   default_scope='mmaction', load_from=str(videos / 'work' / 'epoch_2.pth'))
    before = {name: value.clone() for name, value in plain.model.cls_head.state_dict().items()}
    plain.load_or_resume()
    assert same(plain.model.state_dict(), trained, backbone)
    assert same(plain.model.cls_head.state_dict(), before, before)


@pytest.mark.parametrize('family', FAMILIES)
def test_a_recognizers_checkpoint_starts_a_training_by_init_cfg(family, videos):
    backbone = recognizers_checkpoint(family, videos / 'acp.pth')
    runner, first = lofi(family, videos, backbone=dict(init_cfg=dict(
        type='Pretrained', checkpoint=str(videos / 'acp.pth'), prefix='backbone.')))
    runner.train()
    assert same(first.weights, backbone, backbone)


@pytest.mark.parametrize('how', ['load_from', 'init_cfg'])
def test_a_checkpoint_of_another_encoder_stops_the_run_before_its_first_step(how, videos):
    recognizers_checkpoint('VideoMAE', videos / 'acp.pth')
    settings = dict(load_from=str(videos / 'acp.pth')) if how == 'load_from' else dict(
        backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=str(videos / 'acp.pth'))))
    runner, _ = lofi('SlowFast', videos, **settings)
    with pytest.raises(ValueError, match=r'does not fit the model: of backbone 0 of \d+ weights '
                                         fr'fit .*correct {how}'):
        runner.train()
    assert runner.iter == 0


def test_frames_that_the_encoder_does_not_take_stop_the_run_before_its_first_step(videos):
    preset, channels, *_ = FAMILIES['VideoMAE']
    runner = make_runner(videos, epochs=3, hook={}, workers=0,
                         model=dict(type='EndToEndLocalizer', backbone=preset,
                                    head=dict(type='GTADHead', in_channels=channels)))
    with pytest.raises(ValueError, match=(
            "at fidelity 'ST': VisionTransformer got frames of 46 x 46; .* Sides of 32 or 48 fit: "
            'set divisor=16 in AtFidelity')):
        runner.train()
    assert runner.iter == 0
