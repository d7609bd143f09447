"""Steps of VideoMAE with adapters as planned, beside what torch's allocator gives out in them.

One real step each, of a few clips on a CPU: S, B by default, whatever trains, each option.

  OMP_NUM_THREADS=1 python benchmarks/planned_memory.py --sizes S --clips 4 --side 96
"""
from __future__ import annotations

import argparse
import logging
import statistics
from itertools import product

import torch
from cpu_allocations import allocated_on_cpu
from encoders import ENCODERS
from mmengine.registry import init_default_scope
from train_step import OPTIONS, Case, Step, option, release
from videomae import TRAINED

from mmlofi.fidelity import FULL
from mmlofi.planning.budget import MemoryPlan
from mmlofi.planning.step_memory import StepCounter

GIB = 2**30


def planned_and_allocated(case: Case, args: argparse.Namespace) -> tuple[int, int, int]:
    """Bytes at the most, by the plan and by torch; and those of weights and moments alone."""
    cfg = case.config(chunk=1, grad_ratio=0.25)
    source = ENCODERS[case.encoder].source(cfg, args.clips, args.side)
    planned = MemoryPlan(StepCounter(cfg, clip_len=source.clip_len), source).count(FULL, 1)
    release()
    step = Step(case, cfg, source)
    for value in step.model.parameters():          # makes the optimizer's moments
        value.grad = torch.zeros_like(value) if value.requires_grad else None
    step.wrapper.optimizer.step()
    step.wrapper.zero_grad()
    fixed = sum(tensor.nbytes for tensor in step.alive())
    return planned.peak, allocated_on_cpu(step, step.alive()), fixed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', nargs='+', default=['S', 'B'])
    parser.add_argument('--trained', nargs='+', choices=TRAINED, default=list(TRAINED))
    parser.add_argument('--options', nargs='+', type=option,
                        default=['plain', 'checkpointing', 'chunk', 'bf16'],
                        help=f'of {", ".join(OPTIONS)}, also with + between')
    parser.add_argument('--clips', type=int, default=4)
    parser.add_argument('--side', type=int, default=96)
    args = parser.parse_args()
    logging.disable(logging.WARNING)
    init_default_scope('mmaction')
    ratios = []
    print('| size | trains | option | allocated, GiB | planned | ratio | without weights |\n'
          '|---|---|---|---|---|---|---|')
    for size, trained, chosen in product(args.sizes, args.trained, args.options):
        case = Case(f'VideoMAE-{size} {trained}', 'full', chosen)
        planned, allocated, fixed = planned_and_allocated(case, args)
        ratios.append(planned / allocated)
        print(f'| {size} | {trained} | {chosen} | {allocated / GIB:.3f} | {planned / GIB:.3f} | '
              f'{ratios[-1]:.3f} | {(planned - fixed) / (allocated - fixed):.3f} |', flush=True)
    print(f'\nPlanned over allocated: {min(ratios):.3f} to {max(ratios):.3f}, median '
          f'{statistics.median(ratios):.3f}, of {len(ratios)} steps')


if __name__ == '__main__':
    main()
