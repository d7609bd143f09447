"""CheckpointFitHook: which checkpoints a model may start from."""
from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmlofi.engine import CheckpointFitHook
from mmlofi.engine import checkpoint_hook as module
from mmlofi.models import EndToEndLocalizer


def model(*, channels=4, **parts):
    """A backbone with batch norm, and the other parts given."""
    return nn.ModuleDict(dict(
        backbone=nn.Sequential(nn.Conv2d(3, channels, 1), nn.BatchNorm2d(channels)), **parts))


def runner(target, *, train_loop=True, resume=False):
    """What the hook sees of a Runner: its train loop is built where it trains, else a config."""
    return SimpleNamespace(model=target, _train_loop=train_loop, _resume=resume)


def fit(target, source, *, train_loop=True, resume=False, **kept):
    state = source.state_dict() if isinstance(source, nn.Module) else source
    CheckpointFitHook().after_load_checkpoint(
        runner(target, train_loop=train_loop, resume=resume), dict(state_dict=state, **kept))


@pytest.fixture
def log(monkeypatch):
    lines = []
    monkeypatch.setattr(module, 'print_log', lambda message, **_: lines.append(message))
    return lines


def test_an_encoder_from_a_recognizer_is_taken_and_the_rest_is_told(log):
    fit(model(head=nn.Linear(4, 2)), model(cls_head=nn.Linear(4, 9)), meta={})
    assert log == ['the checkpoint gives backbone: 7 weights; head: none of 2 weights, it starts '
                   'anew; cls_head of the checkpoint: 2 weights not used']


def test_weights_of_a_part_that_the_model_does_not_have_are_counted(log):
    fit(model(), dict(model().state_dict(), **{'backbone.fc.weight': torch.zeros(2)}))
    assert log == ['the checkpoint gives backbone: 7 weights; backbone of the checkpoint: 1 weight '
                   'not used']


def test_a_head_for_other_classes_starts_anew(log):
    fit(model(cls_head=nn.Linear(4, 2)), model(cls_head=nn.Linear(4, 9)))
    assert 'cls_head: none of 2 weights, it starts anew' in log[0]


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
    with pytest.raises(ValueError, match=r'no weight fits.*unused, resnet \(1 weight\);.*load_'):
        fit(model(), {'resnet.weight': torch.zeros(2)})


def test_plain_weights_without_a_runners_frame_are_compared_too(log):
    CheckpointFitHook().after_load_checkpoint(runner(model()), model().state_dict())
    assert log == ['the checkpoint gives backbone: 7 weights']


NOTHING_TRAINS = [dict(train_loop=None), dict(train_loop=dict(max_epochs=3)), dict(resume=True)]


@pytest.mark.parametrize('how', NOTHING_TRAINS)
def test_a_part_that_a_test_or_a_resumed_run_would_draw_at_random_is_refused_by_name(how):
    with pytest.raises(ValueError, match=r'of head 0 of 2 weights fit \(the first that does not: '
                                         r'head\.weight\).*expected every weight of the model'):
        fit(model(head=nn.Linear(4, 2)), model(cls_head=nn.Linear(4, 9)), **how)


@pytest.mark.parametrize('how', NOTHING_TRAINS)
def test_the_models_own_checkpoint_is_taken_everywhere(how, log):
    state = model(head=nn.Linear(4, 2)).state_dict()
    del state['backbone.1.num_batches_tracked']
    fit(model(head=nn.Linear(4, 2)), state, **how)
    assert log == ['the checkpoint gives backbone: 6 weights; head: 2 weights']


@pytest.mark.parametrize('prefix', ['', 'module.', 'head.', 'head.module.'])
def test_the_weights_of_gtads_authors_are_judged_by_the_names_they_get(prefix, authors_names, log):
    head = dict(type='GTADHead', in_channels=8)
    source, target = EndToEndLocalizer(head=head), EndToEndLocalizer(head=head)
    state = {prefix + name: value for name, value in authors_names(source.head).items()}
    fit(target, state, train_loop=None)
    assert log == [f'the checkpoint gives head: {len(state)} weights']


def test_weights_where_torchvisions_programs_have_them_are_shown_to_mmengine(log):
    state = model(head=nn.Linear(4, 2)).state_dict()
    checkpoint = dict(model=state, epoch=3)
    CheckpointFitHook().after_load_checkpoint(runner(model(head=nn.Linear(4, 2))), checkpoint)
    assert log == ['the checkpoint gives backbone: 7 weights; head: 2 weights']
    assert checkpoint['state_dict'] == state     # where it looks


@pytest.mark.parametrize(('content', 'words'), [
    (dict(net=dict(w=torch.zeros(1)), epoch=3), r"the keys \['epoch', 'net'\].*in \['net'\]"),
    (dict(state_dict_ema=dict(w=torch.zeros(1))),
     r"in \['state_dict_ema'\].*\['state_dict_ema'\], 'weights"),
    (dict(a=dict(net=dict(w=torch.zeros(1)))), r"in \['a'\]\['net'\]"),
    (dict(state_dict=dict(epoch=3)), 'give another file'),
    (dict(state_dict=[torch.zeros(1)]), 'no weights by name'),
    ({3: torch.zeros(1)}, r"the keys \['3'\]"), ([torch.zeros(1)], 'is a list'),
    (None, 'NoneType')])
def test_a_checkpoint_with_its_weights_elsewhere_is_told_where_they_are(content, words):
    with pytest.raises(ValueError, match=words):
        CheckpointFitHook().after_load_checkpoint(runner(model()), content)


@pytest.mark.parametrize(('prefix', 'words'), [
    ('encoder.', r"under the prefix 'encoder\.': .*init_cfg=dict.*prefix='encoder\.'\)"),
    ('a.b.', r"under the prefix 'a\.b\.'"), ('', r'without a prefix: .*checkpoint=FILE\), or')])
def test_weights_under_another_prefix_are_found_and_the_setting_for_it_is_named(prefix, words):
    state = {key.replace('backbone.', prefix): value for key, value in model().state_dict().items()}
    with pytest.raises(ValueError, match=f'it has the names of backbone {words}'):
        fit(model(), state)


def test_no_other_prefix_is_named_where_sizes_alone_differ():
    with pytest.raises(ValueError, match='of backbone 1 of 7 weights fit') as caught:
        fit(model(), model(channels=8))
    assert 'prefix' not in str(caught.value)
