"""ActionFormer's attention, by windows and with the whole L x L map behind a mask.

The size is THUMOS14's: 2304 snippets, width 512, windows of 19, a batch of 2; first the attention
of one stem block by itself, then a training step of the whole head. The forms differ in the
attention alone: `windows` is ours; `masked operator` gives torch's `scaled_dot_product_attention`
the whole sequence with a mask, so the map is computed and not kept; `masked map` is the plain twin
of the tests, which builds it.

They run in turn. Kept: the bytes that autograd saves for backward, each storage once, without
parameters. CPU seconds: of forward and backward pass, the least of the rounds.

  OMP_NUM_THREADS=1 python benchmarks/local_attention.py [--length 2304 --rounds 3]

The whole step with the map takes 6.5 GB.
"""
from __future__ import annotations

import argparse
import runpy
import time
from collections.abc import Callable
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from mmengine.structures import InstanceData
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F

import mmlofi  # noqa: F401  (mends the host)
from mmlofi.models.heads.one_stage import ActionFormerHead, attention

TWIN = (Path(__file__).parents[1] / 'tests' / 'models' / 'heads' / 'one_stage'
        / 'masked_attention_twin.py')


def masked_operator(query: Tensor, key: Tensor, value: Tensor, mask: Tensor, window: int,
                    bias: None = None) -> Tensor:
    """`local_attention` with one mask (N, 1, L, L)."""
    query, key, value = (x.transpose(2, 3).contiguous() for x in (query, key, value))
    position = torch.arange(mask.size(1), device=mask.device)
    ahead = position - position[:, None]
    seen = (mask[:, None] & (ahead.abs() <= window // 2)) | (ahead == 0)
    found = F.scaled_dot_product_attention(query, key, value, attn_mask=seen[:, None])
    return found.transpose(2, 3)


def forms() -> dict[str, Callable]:
    """What stands for `local_attention`."""
    return {'windows': attention.local_attention, 'masked operator': masked_operator,
            'masked map': runpy.run_path(str(TWIN))['masked_attention']}


def random_batch(videos: int, channels: int, length: int) -> tuple[Tensor, list]:
    """Features, and ten actions a video; the last video is a fifth shorter."""
    samples = []
    for number in range(videos):
        count = length if number < videos - 1 else length * 4 // 5
        sample = ActionDataSample(metainfo=dict(num_valid=count))
        sample.gt_instances = InstanceData(
            segments=torch.rand(10, 2).sort(dim=1).values * count / length,
            labels=torch.randint(20, (10,)))
        samples.append(sample)
    return torch.randn(videos, channels, length), samples


def kept_bytes(step: Callable[[], Tensor], parameters: set[int]) -> int:
    """What the backward pass of a step needs."""
    kept = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in parameters:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(keep, lambda x: x):
        loss = step()
    del loss  # only now may a storage be freed and its address used again
    return sum(kept.values())


def cpu_seconds(step: Callable[[], Tensor]) -> float:
    """Of a forward and backward pass."""
    begin = time.process_time()
    step().backward()
    return time.process_time() - begin


def attention_alone(args: argparse.Namespace) -> tuple[Callable[[], Tensor], set[int]]:
    """Queries, keys and values of a stem block, (N, H, C/H, L) each, through the attention."""
    parts = [torch.randn(args.videos, 4, 128, args.length, requires_grad=True) for _ in range(3)]
    mask = torch.ones(args.videos, args.length, dtype=torch.bool)
    return lambda: attention.local_attention(*parts, mask, 19).sum(), set()


def whole_step(args: argparse.Namespace) -> tuple[Callable[[], Tensor], set[int]]:
    """The losses of a batch, and the storages of the parameters."""
    head = ActionFormerHead(in_channels=args.channels, num_classes=20).train()
    features, samples = random_batch(args.videos, args.channels, args.length)

    def step() -> Tensor:
        torch.manual_seed(0)   # the same blocks are left out in all forms
        return sum(head.loss(features, samples).values())
    return step, {value.untyped_storage().data_ptr() for value in head.parameters()}


def measure(step: Callable[[], Tensor], parameters: set[int], rounds: int) -> dict[str, tuple]:
    """Kept bytes and CPU seconds of each form."""
    found, ours = {}, attention.local_attention
    for turn in range(rounds):
        for name, form in forms().items():
            attention.local_attention = form
            kept = found[name][0] if turn else kept_bytes(step, parameters)
            best = found[name][1] if turn else float('inf')
            found[name] = kept, min(best, cpu_seconds(step))
            attention.local_attention = ours
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--length', type=int, default=2304, help='snippets, a multiple of 576')
    parser.add_argument('--videos', type=int, default=2)
    parser.add_argument('--channels', type=int, default=2048, help='of the features')
    parser.add_argument('--rounds', type=int, default=3)
    args = parser.parse_args()
    torch.manual_seed(0)
    print(f'{args.videos} videos of {args.length}, {torch.get_num_threads()} threads, '
          f'torch {torch.__version__}\n')
    print('| | attention | kept MB | windows / this | CPU s | windows / this |')
    print('|---' * 6 + '|')
    for part, make in (('alone', attention_alone), ('whole step', whole_step)):
        found = measure(*make(args), args.rounds)
        for name, (kept, seconds) in found.items():
            print(f'| {part} | {name} | {kept / 1e6:,.0f} | {found["windows"][0] / kept:.2f} | '
                  f'{seconds:.2f} | {found["windows"][1] / seconds:.2f} |', flush=True)


if __name__ == '__main__':
    main()
