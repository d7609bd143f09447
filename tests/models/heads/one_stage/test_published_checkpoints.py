"""The authors' `epoch_NNN.pth.tar` in a localizer, as it comes."""
from __future__ import annotations

import copy
import subprocess

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.runner import CheckpointLoader, Runner, load_checkpoint, save_checkpoint
from torch import nn

from mmlofi.models import ActionFormerHead, EndToEndLocalizer

HEAD = dict(type='ActionFormerHead', in_channels=6, num_classes=3,
            backbone=dict(embed_dim=16, arch=(2, 1, 2), window=5, num_heads=2))
TSM = dict(type='ResNetTSM', depth=18, pretrained=None, num_segments=2)


def localizer(seed=1, **settings):
    torch.manual_seed(seed)
    return EndToEndLocalizer(**dict(head=copy.deepcopy(HEAD)) | settings)


def published(path, head):
    """What the authors' trainer writes: weights and their average under DataParallel's names, and
    the states of AdamW and of a warm-up schedule. The weights are others than the average."""
    parallel = nn.DataParallel(head)
    optimizer = torch.optim.AdamW([
        dict(params=[one for one in head.parameters() if one.ndim == 3], weight_decay=0.05),
        dict(params=[one for one in head.parameters() if one.ndim != 3], weight_decay=0.0)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.SequentialLR(optimizer, [
        torch.optim.lr_scheduler.LinearLR(optimizer), torch.optim.lr_scheduler.MultiStepLR(
            optimizer, [3, 5])], milestones=[2])
    average = copy.deepcopy(parallel.state_dict())
    outputs = head.train()(torch.randn(1, 6, 16))
    (outputs.logits.sum() + outputs.offsets.sum()).backward()
    optimizer.step()
    scheduler.step()
    scheduler_state = scheduler.state_dict()
    scheduler_state['_schedulers'] = [dict(one) for one in scheduler_state['_schedulers']]
    torch.save(dict(epoch=35, state_dict=parallel.state_dict(), state_dict_ema=average,
                    scheduler=scheduler_state, optimizer=optimizer.state_dict()), path)
    return {key.removeprefix('module.'): value for key, value in average.items()}


@pytest.fixture
def checkpoint(tmp_path):
    """A published file, and the averaged weights in it by name."""
    torch.manual_seed(0)
    path = tmp_path / 'epoch_034.pth.tar'
    return str(path), published(path, ActionFormerHead(**{
        key: value for key, value in HEAD.items() if key != 'type'}))


def holds(model, average):
    state = model.head.state_dict()
    return state.keys() == average.keys() and all(
        torch.equal(state[key], value) for key, value in average.items())


def test_init_cfg_takes_the_average(checkpoint):
    path, average = checkpoint
    model = localizer(init_cfg=dict(type='Pretrained', checkpoint=path))
    model.init_weights()
    assert holds(model, average)


def test_load_from_takes_the_average(checkpoint, tmp_path):
    path, average = checkpoint
    runner = Runner.from_cfg(Config(dict(
        model=dict(type='EndToEndLocalizer', head=HEAD), work_dir=str(tmp_path), load_from=path,
        default_scope='mmaction', log_level='ERROR',
        default_hooks=dict(checkpoint_fit=dict(type='CheckpointFitHook')))))
    runner.load_or_resume()
    assert holds(runner.model, average)


def test_mmengines_own_loading_takes_the_average_into_a_head_alone(checkpoint):
    path, average = checkpoint
    model = nn.Module()
    model.head = localizer().head
    load_checkpoint(model.head, path, strict=True)
    assert holds(model, average)


def test_weights_that_a_data_parallel_named_load_into_a_head(checkpoint):
    _, average = checkpoint
    model = localizer()
    model.head.load_state_dict({f'module.{key}': value for key, value in average.items()})
    assert holds(model, average)


def test_the_heads_backbone_and_the_encoder_are_not_mixed_up(checkpoint):
    path, average = checkpoint
    model = localizer(head=dict(HEAD, in_channels=512), backbone=TSM)
    names = set(model.state_dict())
    assert {model.own_name(key) for key in names} == names
    assert {model.own_name(key) for key in average} == {f'head.{key}' for key in average}
    assert all(model.own_name(f'backbone.{key}') == f'backbone.{key}'
               for key in model.backbone.state_dict())
    encoder = copy.deepcopy(model.backbone.state_dict())
    whole = localizer(seed=2, head=dict(HEAD, in_channels=512), backbone=TSM)
    whole.load_state_dict(model.state_dict())
    assert all(torch.equal(value, encoder[key])
               for key, value in whole.backbone.state_dict().items())
    assert holds(whole, model.head.state_dict())


def test_an_encoder_is_kept_when_the_published_head_is_loaded(tmp_path):
    model = localizer(head=dict(HEAD, in_channels=512), backbone=TSM)
    average = {key: torch.full_like(value, 0.5) for key, value in model.head.state_dict().items()}
    encoder = copy.deepcopy(model.backbone.state_dict())
    average_in_file = {f'module.{key}': value for key, value in average.items()}
    last = {key: torch.zeros_like(value) for key, value in average_in_file.items()}
    torch.save(dict(state_dict=last, state_dict_ema=average_in_file), tmp_path / 'head.pth')
    load_checkpoint(model, str(tmp_path / 'head.pth'))
    assert holds(model, average)
    assert all(torch.equal(value, encoder[key])
               for key, value in model.backbone.state_dict().items())


def test_a_models_own_checkpoint_loads_as_ever(tmp_path):
    source, model = localizer(seed=0), localizer()
    save_checkpoint(dict(state_dict=source.state_dict(), ema_state_dict={}),
                    str(tmp_path / 'own.pth'))
    model.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'own.pth'))
    model.init_weights()
    assert holds(model, source.head.state_dict())


def test_a_published_file_of_other_settings_is_refused(checkpoint):
    path, _ = checkpoint
    model = localizer(head=dict(HEAD, num_classes=5),
                      init_cfg=dict(type='Pretrained', checkpoint=path))
    with pytest.raises(ValueError, match=r'head .* weights fit .*cls_head\.cls_head\.conv'):
        model.init_weights()


class Call:
    """What a file may not do."""

    def __reduce__(self):
        return subprocess.call, (['false'],)


def test_a_file_with_anything_but_values_beside_its_weights_is_refused(checkpoint):
    path, _ = checkpoint
    content = torch.load(path, weights_only=True)
    torch.save(dict(content, scheduler=Call()), path)
    with pytest.raises(ValueError, match=r'holds \w+\.call'):
        CheckpointLoader.load_checkpoint(path)


def test_a_localizer_predicts_with_published_weights(checkpoint):
    path, _ = checkpoint
    model = localizer(init_cfg=dict(type='Pretrained', checkpoint=path))
    model.init_weights()
    samples = [ActionDataSample(metainfo=dict(video_name='v', duration_sec=10.0, num_valid=9))]
    found = model.eval()(torch.randn(1, 6, 12), samples, mode='predict')[0].pred_instances
    assert len(found.scores) > 0
