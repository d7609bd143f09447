"""Tokens, pairs and operations: by hand, and beside torch's count of real steps."""
from __future__ import annotations

import pytest
import torch
from mmaction.registry import MODELS
from mmengine.config import Config
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mmlofi.planning.step_memory import StepCounter
from mmlofi.planning.work import AttentionCounter

VIT = dict(type='VisionTransformer', img_size=64, patch_size=16, embed_dims=24, depth=3,
           num_heads=2, num_frames=4, return_feat_map=True)
SNIPPETS, CLIP_LEN, SIDE = 5, 4, 64
TOKENS = 2 * 4 * 4          # tubes of 2 frames, patches of 16 x 16


@pytest.fixture
def transformer(training):
    """The config of a small VideoMAE; `encoder` are its options."""
    def make(backbone: dict = VIT, **encoder: object) -> Config:
        cfg = training()
        cfg.model.update(backbone=Config(backbone), encoder=Config(encoder),
                         head=Config(dict(type='GTADHead', in_channels=24)))
        return cfg
    return make


def real_operations(cfg: Config, batch_size: int) -> int:
    """torch's count of the encoder in a step that is really taken."""
    model = MODELS.build(cfg.model).train()
    frames = torch.randint(256, (batch_size, SNIPPETS, 3, CLIP_LEN, SIDE, SIDE), dtype=torch.uint8)
    with FlopCounterMode(display=False) as counter:
        model.extract_feat(frames).sum().backward()
    return counter.get_total_flops()


@pytest.mark.parametrize('fused', [False, True])
@pytest.mark.parametrize('side', [64, 32])
def test_tokens_and_pairs_are_those_counted_by_hand(transformer, fused, side):
    work = StepCounter(transformer(fused_attention=fused), clip_len=CLIP_LEN).work(1, 7, side)
    tokens = TOKENS * (side / SIDE)**2
    assert work.tokens == 7 * tokens
    assert work.pairs == 7 * 3 * 2 * tokens**2          # blocks x heads


def test_convolutions_have_neither_tokens_nor_pairs(training):
    counter = StepCounter(training(), clip_len=CLIP_LEN)
    full, half = (counter.work(1, 4, side) for side in (128, 64))
    assert full.tokens == full.pairs == 0
    assert full.operations == pytest.approx(4 * half.operations)


@pytest.mark.parametrize(('encoder', 'batch_size'), [
    ({}, 1), (dict(chunk_size=2), 1), (dict(chunk_size=2), 2), (dict(chunk_size=20), 2),
    (dict(grad_ratio=0.4), 2), (dict(grad_ratio=0.4, chunk_size=3), 2),
    (dict(checkpointing=True), 1)])
def test_operations_are_those_of_a_real_step(transformer, encoder, batch_size):
    """But for the last product of a chunk, which torch does not make again."""
    cfg = transformer(**encoder)
    counted = StepCounter(cfg, clip_len=CLIP_LEN).work(batch_size, SNIPPETS, SIDE)
    assert batch_size * counted.operations == pytest.approx(
        real_operations(cfg, batch_size), rel=0.015 if 'chunk_size' in encoder else 1e-9)


def test_frozen_blocks_take_no_operations_for_their_weights(transformer):
    cfg = transformer()
    all_of_it = StepCounter(cfg, clip_len=CLIP_LEN)
    frozen = StepCounter(cfg, clip_len=CLIP_LEN)
    for name, value in frozen._backbone.named_parameters():
        value.requires_grad_(name.startswith('patch_embed'))
    one, other = (counter.snippet(SIDE) for counter in (all_of_it, frozen))
    attention = one.pairs * 2 * 2 * 12                        # two products, heads of 12 channels
    embedding = 2 * TOKENS * 24 * (3 * 2 * 16 * 16)
    assert one.forward == other.forward
    assert one.step - other.step == one.forward - attention - embedding
    for value in frozen._backbone.parameters():
        value.requires_grad_(False)
    assert frozen._snippet(SIDE).step == one.forward


def test_the_kernels_of_attention_count_as_the_products_they_make(transformer):
    """In the forward pass: in the backward pass they make q kᵀ once more."""
    plain, fused = (StepCounter(transformer(fused_attention=fused), clip_len=CLIP_LEN).snippet(SIDE)
                    for fused in (False, True))
    assert fused.forward == plain.forward
    assert fused.step - plain.step == 2 * plain.pairs * 12


@pytest.mark.parametrize('make', [
    lambda x: nn.functional.scaled_dot_product_attention(x, x, x),
    lambda x: nn.functional.scaled_dot_product_attention(x, x, x, torch.zeros(6, 6)),
    lambda x: (x @ x.mT).softmax(-1) @ x])
def test_every_form_of_attention_is_seen(make):
    with AttentionCounter() as counter:
        make(torch.randn(2, 3, 6, 8))
        torch.randn(4, 5).softmax(1)                     # of classes, as it were
    assert counter.pairs == 2 * 3 * 6 * 6
