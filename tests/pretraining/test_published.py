"""A training that starts from the authors' checkpoints."""
from __future__ import annotations

import argparse

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn

from mmlofi.pretraining import TSPHead
from mmlofi.pretraining.published import own_name


class Recognizer(BaseModel):
    def __init__(self, **head):
        super().__init__()
        self.backbone = nn.Module()
        self.backbone.stem = nn.Sequential(nn.Conv3d(3, 2, 1))
        self.cls_head = TSPHead(num_classes=3, in_channels=2, **head)

    def forward(self, *args, **kwargs):
        raise AssertionError('nothing is trained')


class Localizer(Recognizer):
    """Of stage 2, which has another head."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(2, 5)
        del self.cls_head


def start_from(checkpoint, folder, kind=Recognizer, **head):
    torch.save(checkpoint, folder / 'theirs.pth')
    runner = Runner(kind(**head), str(folder / 'work'), default_scope='mmaction',
                    load_from=str(folder / 'theirs.pth'),
                    default_hooks=dict(checkpoint_fit=dict(type='CheckpointFitHook')),
                    custom_hooks=[dict(type='TSPCheckpointHook')])
    runner._train_loop = object()     # of a training, whose heads may start anew
    runner.load_or_resume()
    return runner.model


def theirs(**head):
    torch.manual_seed(1)
    names = Recognizer(**head).state_dict()
    return {name.replace('backbone.', 'features.').replace('cls_head.', ''): torch.randn_like(value)
            for name, value in names.items()}


def test_encoder_and_heads_of_their_file_are_taken(tmp_path):
    weights = theirs(gvf_channels=2)
    assert sorted(weights) == ['fc1.bias', 'fc1.weight', 'fc2.bias', 'fc2.weight',
                               'features.stem.0.bias', 'features.stem.0.weight']
    model = start_from(dict(model=weights, epoch=5, args=argparse.Namespace(lr=0.1)), tmp_path,
                       gvf_channels=2)
    assert torch.equal(model.backbone.stem[0].weight, weights['features.stem.0.weight'])
    assert torch.equal(model.cls_head.fc2.weight, weights['fc2.weight'])


def test_of_tac_the_encoder_alone_is_taken(tmp_path):
    weights = theirs(regions=False)
    model = start_from({f'module.{name}': value for name, value in weights.items()}, tmp_path)
    assert torch.equal(model.backbone.stem[0].weight, weights['features.stem.0.weight'])


def test_stage_2_takes_the_encoder_and_keeps_its_own_head(tmp_path):
    weights = theirs(gvf_channels=2)
    model = start_from(dict(model=weights, args=argparse.Namespace(lr=0.1)), tmp_path, Localizer)
    assert torch.equal(model.backbone.stem[0].weight, weights['features.stem.0.weight'])
    assert model.head.weight.shape == (5, 2)


def test_our_own_checkpoint_is_left_as_it_is(tmp_path):
    torch.manual_seed(1)
    state = {name: torch.randn_like(value) for name, value in Recognizer().state_dict().items()}
    model = start_from(dict(state_dict=state), tmp_path)
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_another_encoder_s_file_is_refused(tmp_path):
    weights = theirs()
    weights['features.stem.0.weight'] = torch.zeros(5, 3, 1, 1, 1)
    with pytest.raises(ValueError, match='backbone'):
        start_from(dict(model=weights), tmp_path)


@pytest.mark.parametrize(('name', 'ours'), [
    ('features.layer1.0.conv1.0.0.weight', 'backbone.layer1.0.conv1.0.0.weight'),
    ('fc1.bias', 'cls_head.fc1.bias'), ('fc.weight', 'cls_head.fc.weight'),
    ('epoch', 'epoch')])
def test_names_are_a_recognizer_s(name, ours):
    assert own_name(name) == ours
