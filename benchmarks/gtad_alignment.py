"""Memory and time of one training step of G-TAD, ours against the straightforward form.

Both forms run here, turn by turn, on the same features and with the same parameters; the
straightforward one is the slow twin of the tests, which materialises the aligned map. Kept
activations are the bytes that autograd saves for backward, each storage once; parameters and the
constants of the geometry are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

import mmlofi  # noqa: F401  (mends the host)
from mmlofi.models.anchors import build_targets
from mmlofi.models.gtad import GTADHead

TWIN = Path(__file__).parents[1] / 'tests' / 'models' / 'gtad' / 'slow_twin.py'


def load_twin():
    spec = importlib.util.spec_from_file_location('slow_twin', TWIN)
    twin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(twin)
    return twin


def random_samples(videos: int) -> list[ActionDataSample]:
    samples = [ActionDataSample() for _ in range(videos)]
    for sample in samples:
        sample.gt_instances = InstanceData(segments=torch.rand(2, 2).sort(dim=1).values,
                                           labels=torch.zeros(2, dtype=torch.int64))
    return samples


def forms(head: GTADHead, features: Tensor, twin) -> dict[str, Callable[[], Tensor]]:
    """The loss of one step in each form."""
    samples = random_samples(features.size(0))
    length = features.size(2)

    def straightforward() -> Tensor:
        targets = build_targets([x.gt_instances.segments for x in samples], length,
                                head.num_durations(length))
        return sum(head.criterion(*twin.slow_forward(head, features), targets).values())

    return {'straightforward': straightforward,
            'mmlofi': lambda: sum(head.loss(features, samples).values())}


def kept_bytes(step: Callable[[], Tensor], constants: list[Tensor]) -> int:
    excluded = {x.untyped_storage().data_ptr() for x in constants}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in excluded:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda x: x):
        loss = step()
    del loss  # only now may a storage be freed and its address used again
    return sum(kept.values())


def seconds(step: Callable[[], Tensor]) -> float:
    begin = time.perf_counter()
    step().backward()
    return time.perf_counter() - begin


def compare(args: argparse.Namespace, videos: int, twin) -> None:
    head = GTADHead(in_channels=args.channels, max_duration=args.max_duration,
                    inner_bins=args.bins[0], context_bins=args.bins[1],
                    kernel_size=args.kernel_size)
    features = torch.randn(videos, args.channels, args.length, requires_grad=True)
    durations = head.num_durations(args.length)
    geometry = [twin.alignment(args.length, durations, bins) for bins in args.bins]
    constants = [*head.parameters(), *geometry]
    steps = forms(head, features, twin)
    kept = {name: kept_bytes(step, constants) / videos / 1e6 for name, step in steps.items()}
    best = dict.fromkeys(steps, float('inf'))
    for _ in range(args.repeats):
        for name, step in steps.items():
            best[name] = min(best[name], seconds(step))
    for name in steps:
        print(f'| {videos} | {name} | {kept[name]:.1f} | {best[name]:.2f} '
              f'| {best["straightforward"] / best[name]:.1f} |', flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--batch', type=int, nargs='+', default=[1, 4], help='videos a step')
    parser.add_argument('--length', type=int, default=100, help='snippets')
    parser.add_argument('--max-duration', type=float, default=1.0, help='share of the video')
    parser.add_argument('--bins', type=int, nargs=2, default=[32, 4], help='inner and context')
    parser.add_argument('--kernel-size', type=int, default=1, help='3 for THUMOS')
    parser.add_argument('--channels', type=int, default=512, help='of a snippet feature')
    parser.add_argument('--repeats', type=int, default=3, help='the best counts')
    parser.add_argument('--threads', type=int, help="default: torch's")
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    print(f'L = {args.length}, {torch.get_num_threads()} threads, torch {torch.__version__}\n')
    print('| videos | form | kept MB a video | forward + backward s | times faster |')
    print('|---|---|---|---|---|')
    twin = load_twin()
    for videos in args.batch:
        compare(args, videos, twin)


if __name__ == '__main__':
    main()
