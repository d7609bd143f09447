"""Memory and time of a training step of the heads, ours beside the form that builds every anchor.

For G-TAD that form is the slow twin of the tests, which materialises the aligned map; for BMN it is
MMAction2's own, which has as many durations as snippets. Sizes are snippets x durations: 100x100 as
on ActivityNet, 256x64 as on THUMOS, where G-TAD has the settings that it has there.

Each case runs in a process of its own. Kept: the bytes that autograd saves for backward, each
storage once, without parameters and the constants of the geometry. Peak: by how much forward and
backward raise the memory of the process, or what torch has allocated on a GPU.

  python benchmarks/head_memory.py [--sizes 100x100 --videos 4]
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

import mmlofi  # noqa: F401  (mends the host)
from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory
from mmlofi.models.heads.anchors import build_targets
from mmlofi.models.heads.bmn import BMNHead
from mmlofi.models.heads.gtad import GTADHead

TWIN = Path(__file__).parents[1] / 'tests' / 'models' / 'heads' / 'gtad' / 'slow_twin.py'
FORMS = {'G-TAD': ('materialised', 'mmlofi'), 'BMN': ('MMAction2', 'mmlofi')}
THUMOS = dict(inner_bins=16, context_bins=16, kernel_size=3)

Losses = Callable[[Tensor, list[ActionDataSample]], dict[str, Tensor]]


def build(head: str, form: str, length: int, durations: int,
          channels: int) -> tuple[nn.Module, Losses]:
    """A model, and its losses of (N, channels, length) features and data samples."""
    if form == 'MMAction2':
        model = MODELS.build(dict(
            type='BMN', temporal_dim=length, boundary_ratio=0.5, num_samples=32,
            num_samples_per_bin=3, feat_dim=channels, soft_nms_alpha=0.4,
            soft_nms_low_threshold=0.5, soft_nms_high_threshold=0.9, post_process_top_k=100))
        return model, model.loss
    kind, settings = (BMNHead, {}) if head == 'BMN' else (
        GTADHead, THUMOS if durations < length else {})
    model = kind(in_channels=channels, max_duration=durations / length, **settings)
    if form == 'mmlofi':
        return model, model.loss
    spec = importlib.util.spec_from_file_location('slow_twin', TWIN)
    twin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(twin)

    def materialised(features: Tensor, samples: list[ActionDataSample]) -> dict[str, Tensor]:
        targets = build_targets([x.gt_instances.segments for x in samples], length, durations)
        return model.criterion(*twin.slow_forward(model, features), targets)
    model.geometry = [twin.alignment(length, durations, settings.get(bins, default))
                      for bins, default in (('inner_bins', 32), ('context_bins', 4))]
    return model, materialised


def random_samples(videos: int) -> list[ActionDataSample]:
    """Two actions each, for our heads and for MMAction2's BMN."""
    samples = [ActionDataSample() for _ in range(videos)]
    for sample in samples:
        segments = torch.rand(2, 2).sort(dim=1).values
        sample.gt_instances = InstanceData(segments=segments, gt_bbox=segments,
                                           labels=torch.zeros(2, dtype=torch.int64))
    return samples


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


def measure(case: tuple, args: argparse.Namespace, results) -> None:
    """Puts kept MB and peak MB of the batch, and the best seconds."""
    head, form, length, durations = case
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    model, losses = build(head, form, length, durations, args.channels)
    model.to(device)
    features = torch.randn(args.videos, args.channels, length, device=device, requires_grad=True)
    samples = random_samples(args.videos)

    def step() -> Tensor:
        return sum(losses(features, samples).values())

    def seconds() -> float:
        begin = time.perf_counter()
        step().backward()
        if device == 'cuda':
            torch.cuda.synchronize()
        return time.perf_counter() - begin
    if form == 'mmlofi':  # makes the geometry, as the others have it by now
        losses(features[:1], samples[:1])
    for parameter in model.parameters():  # gradients are the same in all forms
        parameter.grad = torch.zeros_like(parameter) if parameter.requires_grad else None
    reset_peak_memory()
    before = peak_memory_mib()
    best = seconds()
    peak = (peak_memory_mib() - before) * 2**20 / 1e6
    best = min([best, *(seconds() for _ in range(args.repeats - 1))])
    constants = [*model.parameters(), *model.buffers(), *getattr(model, 'geometry', [])]
    results.put((kept_bytes(step, constants) / 1e6, peak, best))


def run(case: tuple, args: argparse.Namespace) -> tuple[float, float, float]:
    context = multiprocessing.get_context('spawn')
    results = context.SimpleQueue()
    process = context.Process(target=measure, args=(case, args, results))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(f'{case} ended with {process.exitcode}')
    return results.get()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--heads', nargs='+', default=list(FORMS), choices=list(FORMS))
    parser.add_argument('--sizes', nargs='+', default=['100x100', '256x64'],
                        help='snippets x durations')
    parser.add_argument('--videos', type=int, default=1, help='of a step')
    parser.add_argument('--channels', type=int, default=512, help='of a snippet feature')
    parser.add_argument('--repeats', type=int, default=3, help='the best counts')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--limit-gb', type=float, default=3,
                        help='leave out what keeps the sampled features of more anchors than that')
    args = parser.parse_args()
    print(f'{args.videos} videos, {args.threads} threads, torch {torch.__version__}\n')
    print('| L x D | head | form | kept MB | peak MB | forward + backward s |\n' + '|---' * 6 + '|')
    for size in args.sizes:
        length, durations = map(int, size.split('x'))
        for head in args.heads:
            for form in FORMS[head]:
                own = length if form == 'MMAction2' else durations
                row = f'| {length} x {own} | {head} | {form} | '
                sampled = 256 * 32 * 4 * length * own * args.videos / 1e9
                if form != 'mmlofi' and sampled > args.limit_gb:
                    print(f'{row}over {1e3 * sampled:,.0f} | | not run |', flush=True)
                    continue
                kept, peak, best = run((head, form, length, durations), args)
                print(f'{row}{kept:,.0f} | {peak:,.0f} | {best:.2f} |', flush=True)


if __name__ == '__main__':
    main()
