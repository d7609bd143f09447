"""What SnippetEncoder costs beside its backbone, called by hand, on the same float frames.

By hand: the backbone on tensors that have its shape already, averaged to a feature a snippet. Both
do forward and backward in turn, with the same weights. CPU seconds of the process, which other
programs disturb less than its duration; on a GPU seconds.

With --adapters the backbone is VideoMAE-B, frozen, and by hand means its blocks with the same
adapters as they are usually written: Conv1d over (places, channels, time).

  python benchmarks/encoder_overhead.py [--snippets 100 --side 224]
  python benchmarks/encoder_overhead.py --adapters snippet video ladder [--side 64]
"""
from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from encoders import ENCODERS
from mmaction.registry import MODELS
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.frame_limits import takes_clips
from mmlofi.models.encoders.temporal_adapter import TemporalAdapter

Run = Callable[[], Tensor]
ADAPTERS = dict(snippet=dict(type='temporal'), video=dict(type='temporal', scope='video'),
                ladder=dict(type='ladder', scope='video'))


def pool(features: Tensor | tuple[Tensor, ...]) -> Tensor:
    """(B, C, …), or such pathways, to (B, C)."""
    if isinstance(features, tuple):
        return torch.cat([pool(one) for one in features], 1)
    return features.flatten(2).mean(2)


def pair(name: str, snippets: int, side: int, device: str) -> tuple[nn.Module, Run, Run]:
    """A backbone, and its (L, C) features by SnippetEncoder and by hand."""
    cfg = ENCODERS[name].load()
    frames = ENCODERS[name].source(cfg, snippets, side).clip_len
    backbone = MODELS.build(cfg.model.backbone).to(device)
    backbone.train()     # MMAction2's return nothing
    encoder = SnippetEncoder(**cfg.model.encoder)
    video = torch.randn(1, snippets, 3, frames, side, side, device=device)
    images = not takes_clips(backbone)
    shaped = video[0].transpose(1, 2).flatten(0, 1).contiguous() if images else video[0]

    def ours() -> Tensor:
        return encoder(backbone, video)[0].T

    def by_hand() -> Tensor:
        features = pool(backbone(shaped))
        return features.unflatten(0, (snippets, -1)).mean(1) if images else features
    return backbone, ours, by_hand


def adapted_pair(kind: str, snippets: int, side: int, device: str) -> tuple[nn.Module, Run, Run]:
    """The same of VideoMAE-B with adapters, all of which do something."""
    name = 'VideoMAE-B'
    cfg = ENCODERS[name].load()
    frames = ENCODERS[name].source(cfg, snippets, side).clip_len
    backbone = MODELS.build(dict(cfg.model.backbone, img_size=side)).to(device)
    encoder = SnippetEncoder(adapters=dict(ADAPTERS[kind]))
    encoder.prepare(backbone)
    backbone.to(device)
    adapters = [module for module in backbone.modules() if isinstance(module, TemporalAdapter)]
    for adapter in adapters:
        nn.init.normal_(adapter.up_proj.weight, std=0.02)
    video = torch.randn(1, snippets, 3, frames, side, side, device=device)

    def ours() -> Tensor:
        return encoder(backbone, video)[0].T

    def by_hand() -> Tensor:
        x = backbone.patch_embed(video[0])[0] + backbone.pos_embed
        inside = dict(enumerate(adapters)) if kind != 'ladder' else {}
        outputs = []
        for i, block in enumerate(backbone.blocks):
            with torch.set_grad_enabled(kind != 'ladder'):
                x = type(block).forward(block, x)
            outputs.append(x)
            if i in inside:
                x = x + adapt_by_hand(inside[i], x)
        if kind == 'ladder':
            for adapter, output in zip(adapters, outputs[-len(adapters):]):
                x = x + adapt_by_hand(adapter, output)
        return backbone.fc_norm(x.mean(1))
    return backbone, ours, by_hand


def adapt_by_hand(adapter: TemporalAdapter, x: Tensor) -> Tensor:
    """What an adapter adds to tokens (B, S·P, E) of one video."""
    a = nn.functional.gelu(adapter.down_proj(x))                              # (B, S·P, h)
    rows = len(x) if adapter.scope == 'snippet' else 1
    time = len(x) * adapter.steps // rows
    t = a.reshape(rows, time, -1, a.shape[2]).permute(0, 2, 3, 1)             # (rows, P, h, time)
    t = adapter.conv(adapter.dwconv(t.flatten(0, 1))).unflatten(0, t.shape[:2])
    return adapter.gamma * adapter.up_proj(a + t.permute(0, 3, 1, 2).reshape_as(a))


def seconds_of(run: Run, backbone: nn.Module, clock: Callable[[], float]) -> float:
    backbone.zero_grad()
    start = clock()
    run().sum().backward()
    return clock() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = torch.cuda.is_available()
    for name, value, text in (('snippets', 100 if gpu else 8, 'of the video'),
                              ('side', 224 if gpu else 112, 'of a frame'),
                              ('rounds', 15, 'of each'), ('threads', 1, 'on a CPU')):
        parser.add_argument(f'--{name}', type=int, default=value, help=f'{text}; default {value}')
    parser.add_argument('--encoders', nargs='+', choices=ENCODERS,
                        default=['TSM-R18', 'SlowFast-R50', 'R(2+1)D-18'])
    parser.add_argument('--adapters', nargs='+', choices=ADAPTERS,
                        help='measure adapters in VideoMAE-B in place of encoders')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    init_default_scope('mmaction')
    device = 'cuda' if gpu else 'cpu'

    def clock() -> float:
        if gpu:
            torch.cuda.synchronize()
            return time.perf_counter()
        return time.process_time()
    print(f'{torch.cuda.get_device_name() if gpu else "CPU"}, torch {torch.__version__}, '
          f'{args.snippets} snippets of side {args.side}\n')
    print('| encoder | by hand s | SnippetEncoder s | ratio |\n|---|---|---|---|')
    for name in args.adapters or args.encoders:
        make = adapted_pair if args.adapters else pair
        backbone, ours, by_hand = make(name, args.snippets, args.side, device)
        if not torch.allclose(ours(), by_hand(), rtol=1e-3, atol=1e-4):
            raise SystemExit(f'{name}: SnippetEncoder and the backbone by hand differ')
        times = [(seconds_of(by_hand, backbone, clock), seconds_of(ours, backbone, clock))
                 for _ in range(args.rounds)]
        hand, own = (statistics.median(column) for column in zip(*times))
        ratio = statistics.median(own / hand for hand, own in times)
        print(f'| {name} | {hand:.3f} | {own:.3f} | {ratio:.3f} |', flush=True)


if __name__ == '__main__':
    main()
