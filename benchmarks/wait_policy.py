"""What threads that spin while they wait cost a step: alone, and beside a process that is busy.

Two processes make steps of TSM-R18 with G-TAD in turn, one with OpenMP as torch brings it, whose
threads spin, one with `OMP_WAIT_POLICY=PASSIVE`, as the tools set it. Only their ratios say
something: a machine that is shared is never quite alone.

  python benchmarks/wait_policy.py [--threads 2 --busy 1 --rounds 5]
"""
from __future__ import annotations

__mmlofi__ = 'later'   # the processes that are measured import torch, this one need not

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mmlofi.starting import SAID

POLICIES = dict(default={}, passive=dict(OMP_WAIT_POLICY='PASSIVE'))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value, text in (('threads', 2, 'OpenMP threads of a step'),
                              ('busy', 1, 'processes beside it'), ('rounds', 4, 'of each kind'),
                              ('steps', 2, 'in a round'), ('videos', 1, 'a batch'),
                              ('snippets', 2, 'a video'), ('frames', 2, 'a snippet'),
                              ('side', 32, 'of a frame')):
        parser.add_argument(f'--{name}', type=int, default=value, help=f'{text}; default {value}')
    parser.add_argument('--answer', action='store_true', help=argparse.SUPPRESS)
    return parser.parse_args()


def answer(args: argparse.Namespace) -> None:
    """For each line on standard input one with the seconds and CPU seconds of some steps."""
    import torch
    from fidelity_switching import make_batch, make_model
    from mmengine.optim import OptimWrapper

    from mmlofi.fidelity import FULL

    torch.manual_seed(0)
    model = make_model(args.frames, 'cpu')
    optimizer = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-4))
    batch = make_batch(args, FULL, 'cpu')
    for _ in sys.stdin:
        start, used = time.perf_counter(), time.process_time()
        for _ in range(args.steps):
            optimizer.update_params(sum(model.loss(**batch).values()))
        print((time.perf_counter() - start) / args.steps,
              (time.process_time() - used) / args.steps, flush=True)


@contextmanager
def stepper(args: argparse.Namespace, policy: dict[str, str]) -> Iterator[subprocess.Popen]:
    """A process that answers, with this policy."""
    environment = {name: value for name, value in os.environ.items() if name not in SAID}
    process = subprocess.Popen(
        [sys.executable, *sys.argv, '--answer'], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env=environment | policy | dict(OMP_NUM_THREADS=str(args.threads)))
    try:
        yield process
    finally:
        process.stdin.close()
        process.wait()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """So many processes that do nothing but work."""
    others = [subprocess.Popen([sys.executable, '-c', 'while True: pass']) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def ask(process: subprocess.Popen) -> tuple[float, float]:
    process.stdin.write('\n')
    process.stdin.flush()
    seconds, used = map(float, process.stdout.readline().split())
    return seconds, used


def main() -> None:
    args = parse_args()
    if args.answer:
        return answer(args)
    found = defaultdict(list)
    with ExitStack() as stack:
        steppers = {name: stack.enter_context(stepper(args, policy))
                    for name, policy in POLICIES.items()}
        for process in steppers.values():
            ask(process)    # memory and kernels
        for _ in range(args.rounds):
            for count in (0, args.busy):
                with busy(count):
                    for name, process in steppers.items():
                        found[count, name].append(ask(process))
                        print(f'{count} busy, {name}: {found[count, name][-1]}', file=sys.stderr,
                              flush=True)
    print(f'{args.threads} threads, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n')
    print('| beside | spinning s (CPU s) | passive s (CPU s) | spinning / passive | CPU |')
    print('|---|---|---|---|---|')
    for count in (0, args.busy):
        (spin, spun), (rest, rested) = ([statistics.median(column) for column in zip(
            *found[count, name])] for name in POLICIES)
        print(f'| {count} busy processes | {spin:.3f} ({spun:.3f}) | {rest:.3f} ({rested:.3f}) | '
              f'{spin / rest:.2f} | {spun / rested:.2f} |')


if __name__ == '__main__':
    main()
