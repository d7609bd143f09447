"""CheckpointFitHook: which checkpoints a model may start from."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlofi.engine import CheckpointFitHook
from mmlofi.engine import checkpoint_hook as module


def model(*, channels=4, **parts):
    """A backbone with batch norm, and the other parts given."""
    return nn.ModuleDict(dict(
        backbone=nn.Sequential(nn.Conv2d(3, channels, 1), nn.BatchNorm2d(channels)), **parts))


def fit(target, source, **kept):
    state = source.state_dict() if isinstance(source, nn.Module) else source
    CheckpointFitHook().after_load_checkpoint(
        SimpleNamespace(model=target), dict(state_dict=state, **kept))


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda message, **_: lines.append(message))
    return lines


def test_an_encoder_from_a_recognizer_is_taken_and_the_rest_is_told(log):
    fit(model(head=nn.Linear(4, 2)), model(cls_head=nn.Linear(4, 9)), meta={})
    assert log == ['the checkpoint gives backbone: 7 weights; head: none, it starts anew; '
                   'cls_head of the checkpoint is not used']


def test_a_head_for_other_classes_starts_anew(log):
    fit(model(cls_head=nn.Linear(4, 2)), model(cls_head=nn.Linear(4, 9)))
    assert 'cls_head: none, it starts anew' in log[0]


def test_an_encoder_of_another_size_is_refused():
    with pytest.raises(ValueError, match=r'of backbone 1 of 7 weights fit .*backbone\.0\.weight'):
        fit(model(), model(channels=8))


def test_an_encoder_without_some_weights_is_refused():
    state = model().state_dict()
    del state['backbone.1.running_var']
    with pytest.raises(ValueError, match=r'of backbone 6 of 7 .*backbone\.1\.running_var'):
        fit(model(), state)


def test_an_old_checkpoint_that_counts_no_batches_fits(log):
    state = model().state_dict()
    del state['backbone.1.num_batches_tracked']
    fit(model(), {f'module.{key}': value for key, value in state.items()})
    assert log == ['the checkpoint gives backbone: 6 weights']


def test_a_checkpoint_of_which_nothing_fits_is_refused():
    with pytest.raises(ValueError, match=r"no weight fits.*unused, \['resnet'\].*load_from"):
        fit(model(), {'resnet.weight': torch.zeros(2)})


def test_plain_weights_without_a_runners_frame_are_compared_too(log):
    CheckpointFitHook().after_load_checkpoint(
        SimpleNamespace(model=model()), model().state_dict())
    assert log == ['the checkpoint gives backbone: 7 weights']
