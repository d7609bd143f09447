"""Adapters in the encoder of a localizer: what they see, what they leave alone, what trains."""
from __future__ import annotations

import copy

import pytest
import torch
from mmaction.registry import MODELS
from small_transformers import TIMESFORMER, VIT

from mmlofi.models import EndToEndLocalizer, SnippetEncoder

VIT2 = dict(VIT, depth=2, img_size=16, patch_size=8)
KINDS = {'snippet': dict(type='temporal'), 'video': dict(type='temporal', scope='video'),
         'both': dict(type='temporal', scope='both'), 'plain': dict(type='temporal', scope=None),
         'ladder': dict(type='ladder', scope='video'),
         'ladder both': dict(type='ladder', scope='both'), 'ladder snippet': dict(type='ladder')}
MIXING = ['video', 'both', 'ladder', 'ladder both']


def adapters_of(kind):
    """Settings by their name in KINDS, or as they are."""
    return KINDS[kind] if isinstance(kind, str) else kind


def make(kind, backbone=VIT2, **settings):
    """A backbone and its encoder, whose adapters do something."""
    torch.manual_seed(0)
    backbone = MODELS.build(backbone)
    encoder = SnippetEncoder(adapters=adapters_of(kind), **settings)
    encoder.prepare(backbone)
    for name, parameter in backbone.named_parameters():
        if 'up_proj' in name:
            torch.nn.init.normal_(parameter)
    return backbone, encoder


def video(N, L, side=16, seed=1):
    return torch.randn(N, L, 3, 4, side, side, generator=torch.Generator().manual_seed(seed))


def gradients(backbone):
    return {name: value.grad for name, value in backbone.named_parameters()
            if value.grad is not None}


@pytest.mark.parametrize('L', [25, 50, 100])
@pytest.mark.parametrize('kind', KINDS)
def test_videos_of_a_batch_never_mix_at_any_number_of_snippets(kind, L):
    backbone, encoder = make(kind)
    frames = video(2, L)
    other = frames.clone()
    other[1] = video(1, L, seed=2)[0]
    with torch.no_grad():
        first, second = encoder(backbone, frames), encoder(backbone, other)
        alone = encoder(backbone, frames[:1])
    assert torch.equal(first[0], second[0])
    assert not torch.equal(first[1], second[1])
    torch.testing.assert_close(alone[0], first[0])


@pytest.mark.parametrize('kind', KINDS)
def test_a_snippet_sees_others_where_the_scope_says_so_and_nowhere_else(kind):
    backbone, encoder = make(kind)
    frames = video(1, 6)
    other = frames.clone()
    other[0, 3] += 1
    with torch.no_grad():
        changed = (encoder(backbone, frames) - encoder(backbone, other))[0].abs().amax(0) > 1e-6
    reach = 0 if kind not in MIXING else 1 if 'ladder' in kind else 2    # one more with each block
    assert changed.tolist() == [abs(place - 3) <= reach for place in range(6)]


@pytest.mark.parametrize('kind', ['snippet', 'plain', 'ladder', 'ladder both', 'ladder snippet'])
def test_chunks_give_the_features_and_gradients_of_all_at_once(kind):
    frames, results = video(2, 5), []
    for chunk_size in (None, 3):
        backbone, encoder = make(kind, chunk_size=chunk_size)
        features = encoder(backbone, frames)
        (features * torch.arange(24.0)[:, None]).sum().backward()
        results.append((features.detach(), gradients(backbone)))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-4)
    assert results[0][1]


@pytest.mark.parametrize(('settings', 'words'), [
    (dict(adapters=KINDS['video'], chunk_size=4), 'features would change with the chunk: for memory'
     " set checkpointing=True .* or take adapters of type='ladder', or of scope='snippet'"),
    (dict(adapters=KINDS['both'], chunk_size=4), 'got chunk_size=4 and adapters that mix'),
    (dict(adapters=KINDS['ladder'], grad_ratio=0.3), "grad_ratio=0.3 .* or scope='snippet'"),
    (dict(adapters=KINDS['snippet'], norm='running'), "norm='running' and adapters.*'frozen'"),
    (dict(adapters=dict(type='tia')), "adapters=.*'tia'.* expected a dict with type one of"),
    (dict(adapters='temporal'), "adapters='temporal'; expected a dict"),
    (dict(adapters=dict(type='temporal', rank=4)), r"do not take \{'rank': 4\}"),
    (dict(adapters=dict(type='temporal', scope='clip')), "scope='clip'; expected one of"),
    (dict(adapters=dict(type='temporal', ratio=0)), 'ratio=0; expected the width'),
    (dict(adapters=dict(type='temporal', kernel_size=2)), 'kernel_size=2; expected an odd'),
    (dict(adapters=dict(type='temporal', blocks='last')), "blocks='last'; expected 'all'")])
def test_what_does_not_go_together_is_refused_with_the_reason(settings, words):
    with pytest.raises(ValueError, match=words):
        SnippetEncoder(**settings)


def test_a_share_of_snippets_with_a_gradient_goes_with_adapters_inside_a_snippet():
    backbone, encoder = make('snippet', grad_ratio=0.4)
    encoder(backbone, video(2, 5)).sum().backward()
    assert all(gradient.isfinite().all() for gradient in gradients(backbone).values())
    with torch.no_grad():
        torch.testing.assert_close(encoder(backbone, video(2, 5)),
                                   make('snippet')[1](backbone, video(2, 5)))


@pytest.mark.parametrize('kind', KINDS)
def test_recomputed_blocks_give_the_same_features_and_gradients(kind):
    """The backward pass comes after another batch, of another number of videos."""
    frames, results = video(2, 6), []
    for checkpointing in (False, True):
        backbone, encoder = make(kind, checkpointing=checkpointing)
        features = encoder(backbone, frames)
        encoder(backbone, video(3, 4))
        (features * torch.arange(24.0)[:, None]).sum().backward()
        results.append((features.detach(), gradients(backbone)))
    torch.testing.assert_close(*results, rtol=1e-4, atol=1e-5)


def kept_bytes(kind, depth, **settings):
    backbone, encoder = make(kind, dict(VIT2, depth=depth), **settings)
    own = {value.untyped_storage().data_ptr() for value in backbone.state_dict().values()}
    kept = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes(), tensor    # alive: no other takes it
        return tensor
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        encoder(backbone, video(1, 4))
    return sum(size for size, _ in kept.values())


def test_a_ladder_keeps_as_much_beside_a_transformer_of_any_depth():
    ladder = dict(type='ladder', scope='video', blocks=[-2, -1])
    assert kept_bytes(ladder, 2) == kept_bytes(ladder, 6)
    assert kept_bytes('video', 6) > 2 * kept_bytes('video', 2)


def test_recomputation_of_blocks_keeps_less_adapters_and_all():
    assert kept_bytes('video', 4, checkpointing=True) < 0.4 * kept_bytes('video', 4)
    assert kept_bytes('ladder', 4, checkpointing=True) < kept_bytes('ladder', 4)


def test_no_gradient_reaches_the_transformer_beside_a_ladder_even_if_it_could():
    backbone, encoder = make('ladder')
    backbone.requires_grad_(True)
    encoder(backbone, video(1, 3)).sum().backward()
    assert {name.split('.')[0] for name in gradients(backbone)} <= {'ladders', 'fc_norm'}


def localizer(kind, backbone=VIT2, **settings):
    torch.manual_seed(0)
    return EndToEndLocalizer(
        backbone=backbone, encoder=dict(adapters=adapters_of(kind), **settings),
        head=dict(type='GTADHead', in_channels=24))


@pytest.mark.parametrize('kind', KINDS)
def test_a_fresh_adapter_is_the_identity_bit_for_bit_also_after_init_weights(kind):
    model, frames = localizer(kind), video(2, 3) * 50 + 128
    bare = localizer(None)
    for _ in range(2):
        bare.backbone.load_state_dict({key: value for key, value in model.backbone.state_dict(
            ).items() if key in bare.backbone.state_dict()})
        with torch.no_grad():
            assert torch.equal(model.extract_feat(frames), bare.extract_feat(frames))
        model.init_weights()
    last = [value for name, value in model.backbone.named_parameters() if 'up_proj.weight' in name]
    assert last
    assert not any(value.any() for value in last)


@pytest.mark.parametrize('kind', KINDS)
def test_the_first_step_changes_the_last_layer_of_adapters_alone(kind):
    model = localizer(kind)
    model.init_weights()
    model.train()
    before = copy.deepcopy(model.backbone.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    (model.extract_feat(video(1, 3)) * torch.arange(24.0)[:, None]).sum().backward()
    optimizer.step()
    changed = {name.split('.')[-2] for name, value in model.backbone.state_dict().items()
               if not torch.equal(value, before[name])}
    assert changed == {'up_proj'}


def test_only_adapters_train_and_all_else_is_in_evaluation_mode():
    model = localizer('video', dict(VIT2, drop_path_rate=0.5, drop_rate=0.1))
    for _ in range(2):
        model.train()
        training = {name for name, module in model.backbone.named_modules()
                    if module.training and name}
        assert training
        assert all('.adapter' in name for name in training)
        model.eval()
        assert not any(module.training for module in model.backbone.modules())
    assert all(('.adapter.' in name) == value.requires_grad
               for name, value in model.backbone.named_parameters())


def test_frozen_blocks_are_skipped_at_random_only_where_asked_for():
    frames = video(1, 3)
    same = []
    for drop_path in (False, True):
        model = localizer(dict(type='temporal', drop_path=drop_path),
                          dict(VIT2, depth=4, drop_path_rate=0.9))
        model.train()
        same.append(torch.equal(model.extract_feat(frames), model.extract_feat(frames)))
    assert same == [True, False]


def test_blocks_are_chosen_by_number_or_as_the_upper_half():
    deep = dict(VIT2, depth=5)
    for blocks, numbers in (('all', [0, 1, 2, 3, 4]), ('upper', [2, 3, 4]), ([0, -1], [0, 4])):
        backbone, _ = make(dict(type='temporal', blocks=blocks), deep)
        having = [i for i, block in enumerate(backbone.blocks) if hasattr(block, 'adapter')]
        assert having == numbers
    with pytest.raises(ValueError, match=r'blocks=\[5\] for a backbone of 5 blocks; expected each'):
        make(dict(type='temporal', blocks=[5]), deep)


@pytest.mark.parametrize('kind', ['snippet', 'ladder'])
def test_other_transformers_are_refused_and_sent_to_low_rank_adaptation(kind):
    with pytest.raises(ValueError, match="got a TimeSformer; expected MMAction2's VisionTransformer"
                                         ".*type='lora'"):
        make(kind, TIMESFORMER)


def test_clips_of_an_unknown_number_of_videos_are_not_taken_for_one():
    backbone, _ = make('video')
    with pytest.raises(RuntimeError, match='got 4 clips of unknown videos; .* clips_of'):
        backbone(video(1, 4)[0])


@pytest.mark.parametrize('kind', KINDS)
def test_a_copy_of_the_model_has_adapters_of_its_own(kind):
    model = localizer(kind)
    twin, frames = copy.deepcopy(model), video(1, 3)
    before = model.extract_feat(frames)
    for name, value in twin.backbone.named_parameters():
        if 'up_proj.weight' in name:
            torch.nn.init.normal_(value)
    assert torch.equal(model.extract_feat(frames), before)
    assert not torch.equal(twin.extract_feat(frames), before)
    twin.extract_feat(frames).sum().backward()
    assert gradients(twin.backbone)
    assert not gradients(model.backbone)
