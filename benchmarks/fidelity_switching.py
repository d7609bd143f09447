"""What changing the fidelity at every step costs, beside staying at one.

Training steps of TSM-R18 with G-TAD on random frames, at S, T and ST by themselves and in turn, in
interleaved rounds; CPU seconds of the process, which other programs disturb less than its duration.
On a GPU seconds, and what the allocator reserves beyond the peak.

  python benchmarks/fidelity_switching.py [--snippets 100 --frames 8 --side 224 --videos 4]
"""
from __future__ import annotations

import argparse
import math
import statistics
import time

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

import mmlofi
from mmlofi import Fidelity

FIDELITIES = (Fidelity('S', spatial=2), Fidelity('T', temporal=4),
              Fidelity('ST', temporal=2, spatial=math.sqrt(2)))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value, text in (('videos', 2, 'a batch'), ('snippets', 16, 'at full fidelity'),
                              ('frames', 4, 'a snippet'), ('side', 112, 'at full fidelity'),
                              ('rounds', 6, 'of each kind'), ('steps', 3, 'at a fidelity a round'),
                              ('threads', 1, 'on a CPU')):
        parser.add_argument(f'--{name}', type=int, default=value, help=f'{text}; default {value}')
    parser.add_argument('--cudnn-benchmark', action='store_true',
                        help='let cudnn try its algorithms on each new shape')
    parser.add_argument('--compile', action='store_true', help='compile the model')
    return parser.parse_args()


def make_model(frames: int, device: str) -> torch.nn.Module:
    """TSM-R18 with G-TAD, from random weights."""
    init_default_scope('mmaction')
    backbone = dict(type='ResNetTSM', depth=18, num_segments=frames, norm_eval=True,
                    pretrained=None, pretrained2d=False)
    model = MODELS.build(dict(type='EndToEndLocalizer', backbone=backbone,
                              head=dict(type='GTADHead', in_channels=512)))
    return model.to(device).train()


def make_batch(args: argparse.Namespace, fidelity: Fidelity, device: str) -> dict:
    """Normalised frames of random videos with one action each."""
    side = fidelity.reduce_side(args.side)
    shape = args.videos, fidelity.reduce_snippets(args.snippets), 3, args.frames, side, side
    samples = []
    for _ in range(args.videos):
        sample = ActionDataSample()
        sample.gt_instances = InstanceData(segments=torch.tensor([[0.2, 0.7]]),
                                           labels=torch.zeros(1, dtype=torch.long))
        samples.append(sample)
    return dict(inputs=torch.randn(shape, device=device), data_samples=samples)


def main() -> None:
    args = parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(args.threads)
    torch.backends.cudnn.benchmark = args.cudnn_benchmark
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model = make_model(args.frames, device)
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-4))
    loss_of = torch.compile(model.loss, dynamic=False) if args.compile else model.loss
    batches = {fidelity: make_batch(args, fidelity, device) for fidelity in FIDELITIES}

    clock = time.process_time
    if device == 'cuda':
        def clock() -> float:
            torch.cuda.synchronize()
            return time.perf_counter()

    def step(fidelity: Fidelity) -> float:
        start = clock()
        optimizer.update_params(sum(loss_of(**batches[fidelity]).values()))
        return clock() - start

    first = {fidelity: step(fidelity) for fidelity in FIDELITIES}   # tuning, compilation, memory
    alone = {fidelity: [] for fidelity in FIDELITIES}
    in_turn = {fidelity: [] for fidelity in FIDELITIES}
    for _ in range(args.rounds):
        for fidelity in FIDELITIES:
            alone[fidelity] += [step(fidelity) for _ in range(args.steps)]
        for _ in range(args.steps):
            for fidelity in FIDELITIES:
                in_turn[fidelity].append(step(fidelity))
    report(args, device, first, alone, in_turn)


def report(args: argparse.Namespace, device: str, first: dict, alone: dict, in_turn: dict) -> None:
    """Prints the table: medians in seconds, and their ratio."""
    name = torch.cuda.get_device_name() if device == 'cuda' else f'CPU, {args.threads} threads'
    print(f'mmlofi {mmlofi.__version__}, torch {torch.__version__}, {name}; {args.videos} videos '
          f'of {args.snippets} x {args.frames} x {args.side}² at full fidelity'
          f'{", compiled" if args.compile else ""}\n')
    print('| fidelity | first step s | alone s | in turn s | in turn / alone |')
    print('|---|---|---|---|---|')
    medians = {fidelity: (statistics.median(alone[fidelity]), statistics.median(in_turn[fidelity]))
               for fidelity in FIDELITIES}
    for fidelity, (one, other) in medians.items():
        print(f'| {fidelity.name} | {first[fidelity]:.3f} | {one:.3f} | {other:.3f} | '
              f'{other / one:.3f} |')
    one, other = (statistics.mean(column) for column in zip(*medians.values()))
    print(f'| mean | | {one:.3f} | {other:.3f} | **{other / one:.3f}** |')
    if device == 'cuda':
        peak, reserved = torch.cuda.max_memory_allocated(), torch.cuda.max_memory_reserved()
        print(f'\npeak {peak / 2**30:.2f} GiB, reserved {reserved / 2**30:.2f} GiB')
    if args.compile:
        from torch._dynamo.utils import counters
        print(f'\ngraphs compiled: {counters["stats"]["unique_graphs"]}')


if __name__ == '__main__':
    main()
