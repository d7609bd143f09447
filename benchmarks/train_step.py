"""Time and peak memory of end-to-end training steps: encoders, fidelities and options that save.

Each step is one of a config on random frames of one video: preprocessing, encoder, head, loss,
backward, optimizer. Memory is the most that torch has allocated at a time, beside what
tools/plan.py counts without taking the step; on a CPU without the workspaces of convolutions, which
depend on the processor, and also by how much model and step raise the memory of the process, which
has them on top.

  python benchmarks/train_step.py --out work_dirs/train_step     (published sizes on a GPU)
"""
from __future__ import annotations

import argparse
import ctypes
import gc
import json
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

import torch
from cpu_allocations import allocated_on_cpu
from encoders import DEFAULT, ENCODERS, LARGE, SMALL
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import init_default_scope
from torch import nn

from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory
from mmlofi.fidelity import FULL, PAPER_CYCLE
from mmlofi.planning.budget import MemoryPlan
from mmlofi.planning.step_memory import StepCounter, sample_with_action
from mmlofi.planning.training_plan import Source

FIDELITIES = {one.name: one for one in (FULL, *PAPER_CYCLE)}
OPTIONS = ('plain', 'chunk', 'grad_ratio', 'bf16', 'channels_last', 'checkpointing', 'compile')
GIB, MIB = 2**30, 2**20


@dataclass(frozen=True)
class Case:
    """A step that is measured."""

    encoder: str
    fidelity: str
    option: str      # names of OPTIONS, with + between

    def config(self, chunk: int, grad_ratio: float) -> Config:
        cfg, names = ENCODERS[self.encoder].load(), self.option.split('+')
        settings = dict(chunk=dict(chunk_size=chunk), grad_ratio=dict(grad_ratio=grad_ratio))
        for name in names:
            cfg.model.encoder.update(settings.get(name, {}))
            if name in ('channels_last', 'checkpointing'):
                cfg.model.encoder[name] = True
        if 'bf16' in names:
            cfg.optim_wrapper.update(type='AmpOptimWrapper', dtype='bfloat16')
        return cfg


class Step:
    """Training steps of a case, each with its seconds by part."""

    def __init__(self, case: Case, cfg: Config, source: Source, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.device = 'cuda' if torch.cuda.is_available() else 'cpu'
        self.half = 'bf16' in case.option.split('+')
        fidelity = FIDELITIES[case.fidelity]
        snippets, side = fidelity.reduce_snippets(source.num_snippets), source.side_at(fidelity)
        self.frames = torch.randint(256, (snippets, 3, source.clip_len, side, side),
                                    dtype=torch.uint8)
        self.samples: list[ActionDataSample] = [sample_with_action(snippets)]
        self.model: nn.Module = MODELS.build(cfg.model).to(self.device).train()
        optimizer = dict(cfg.optim_wrapper, type='OptimWrapper')
        optimizer.pop('dtype', None)
        self.wrapper: OptimWrapper = build_optim_wrapper(self.model, optimizer)
        if 'compile' in case.option.split('+'):
            self.model.backbone.compile(dynamic=False)

    def __call__(self) -> dict[str, float]:
        """Seconds of a step: preprocessing and copy (data), encoder, head with loss, optimizer."""
        times = [self._now()]
        data = self.model.data_preprocessor(dict(inputs=[self.frames], data_samples=self.samples))
        times.append(self._now())
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            features = self.model.extract_feat(data['inputs'])
        times.append(self._now())
        given = features.detach().requires_grad_()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.half):
            losses = self.model.head.loss(given, data['data_samples'])
            if self.model.class_scores is not None:
                losses |= self.model.class_scores.loss(given, data['data_samples'])
        self.model.parse_losses(losses)[0].backward()
        del losses
        times.append(self._now())
        features.backward(given.grad)
        times.append(self._now())
        self.wrapper.step()
        self.wrapper.zero_grad()
        times.append(self._now())
        data, forward, head, backward, optimizer = (
            after - before for before, after in zip(times, times[1:]))
        return dict(data=data, encoder=forward + backward, head=head, optimizer=optimizer)

    def alive(self) -> list[torch.Tensor]:
        """What is there before and after a step."""
        states = self.wrapper.optimizer.state.values()
        return [self.frames, *self.model.parameters(), *self.model.buffers(),
                *(value for state in states for value in state.values() if torch.is_tensor(value))]

    def _now(self) -> float:
        if self.device == 'cuda':
            torch.cuda.synchronize()
        return time.perf_counter()


def measure(case: Case, args: argparse.Namespace) -> dict:
    """A case as a row: seconds by part, peak and planned peak in bytes; or the error it met."""
    row = asdict(case)
    cfg = case.config(args.chunk, args.grad_ratio)
    snippets, side = size_of(case.encoder, args)
    source = ENCODERS[case.encoder].source(cfg, snippets, side)
    try:
        plan = MemoryPlan(StepCounter(cfg, clip_len=source.clip_len), source)
        row['planned'] = plan.count(FIDELITIES[case.fidelity], 1).peak
        del plan
        release()
        before = current_memory_mib()
        step = Step(case, cfg, source)
        step()                  # makes what stays: the optimizer's state, workspaces, kernels
        release()
        reset_peak_memory()
        step()
        peak = round((peak_memory_mib() - before) * MIB)
        row |= dict(allocated=peak) if step.device == 'cuda' else dict(
            process=peak, allocated=allocated_on_cpu(step, step.alive()))
        times = [step() for _ in range(args.repeats)]
    except (torch.OutOfMemoryError, ValueError) as error:    # a backbone without an option
        return dict(row, error='out of memory' if isinstance(error, torch.OutOfMemoryError)
                    else str(error))
    parts = sorted(times, key=lambda one: sum(one.values()))[len(times) // 2]    # the median step
    return dict(row, seconds=sum(parts.values()), parts=parts)


def size_of(encoder: str, args: argparse.Namespace) -> tuple[int, int]:
    """Snippets and side of full fidelity: as asked for, else the encoder's own, on a CPU small."""
    snippets, side = ENCODERS[encoder].full if torch.cuda.is_available() else SMALL
    return args.snippets or snippets, args.side or side


def current_memory_mib() -> float:
    reset_peak_memory()
    return peak_memory_mib()




def release() -> None:
    """Gives back what is free, so that the next peak is of what is alive."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif sys.platform == 'linux' and platform.libc_ver()[0] == 'glibc':
        ctypes.CDLL(None).malloc_trim(0)


def work(cases: Sequence[Case], args: argparse.Namespace, deadline: float, connection) -> None:
    """In a process of its own: rows of one encoder, as they come."""
    torch.set_num_threads(args.threads)
    init_default_scope('mmaction')
    for case in cases:
        if time.time() > deadline:
            connection.send(dict(asdict(case), error='not run: out of time'))
            continue
        connection.send(measure(case, args))


def rows(args: argparse.Namespace) -> Iterator[dict]:
    """One process an encoder, which may die of its memory; what one leaves of its time is theirs
    that follow."""
    start, context = time.time(), multiprocessing.get_context('spawn')
    for number, encoder in enumerate(args.encoders, 1):
        deadline = start + 60 * args.minutes * number / len(args.encoders)
        cases = [Case(encoder, fidelity, option)
                 for option in args.options or ENCODERS[encoder].options
                 for fidelity in args.fidelities]
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=work, args=(cases, args, deadline, sender))
        process.start()
        sender.close()
        for case in cases:
            try:
                yield receiver.recv()
            except EOFError:
                process.join()
                yield dict(asdict(case), error=f'the process ended with {process.exitcode}')
        process.join()


def table(found: Sequence[dict], fidelities: Sequence[str], cell: Callable[[dict], str]) -> str:
    """Markdown: a row for each encoder and option, a column for each fidelity."""
    lines = [f'| encoder | option | {" | ".join(fidelities)} |',
             '|---' * (2 + len(fidelities)) + '|']
    for (encoder, option), group in groupby(found, lambda row: (row['encoder'], row['option'])):
        cells = ['–' if 'error' in row else cell(row) for row in group]
        lines.append(f'| {encoder} | {option} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def report(found: Sequence[dict], args: argparse.Namespace) -> str:
    """The tables, and how far the plan is off."""
    def parts(row: dict) -> str:
        return ' / '.join(f'{value / row["seconds"]:.0%}' for value in row['parts'].values())
    tables = [('Memory that torch allocated, GiB (planned)',
               lambda row: f'{row["allocated"] / GIB:.2f} ({row["planned"] / GIB:.2f})'),
              ('Memory of the process, GiB',
               lambda row: f'{row["process"] / GIB:.2f}' if 'process' in row else 'on the GPU'),
              ('Videos a second', lambda row: f'{1 / row["seconds"]:#.3g}'),
              ('Time in data / encoder / head / optimizer', parts)]
    sizes = dict.fromkeys(size_of(encoder, args) for encoder in args.encoders)
    text = ' or '.join(f'{snippets} snippets of side {side}' for snippets, side in sizes)
    lines = [f'{machine()}; a video has {text} at full fidelity; chunk of {args.chunk}, '
             f'grad_ratio {args.grad_ratio:g}']
    for title, cell in tables:
        lines += ['', f'{title}:', '', table(found, args.fidelities, cell)]
    ratios = [row['planned'] / row['allocated'] for row in found if 'allocated' in row]
    if ratios:
        lines += ['', f'Planned over allocated: {min(ratios):.3f} to {max(ratios):.3f}, median '
                      f'{statistics.median(ratios):.3f}, of {len(ratios)} steps']
    lines += [f'\n{row["encoder"]}, {row["fidelity"]}, {row["option"]}: {row["error"]}'
              for row in found if 'error' in row]
    return '\n'.join(lines)


def machine() -> str:
    if torch.cuda.is_available():
        return f'{torch.cuda.get_device_name()}, torch {torch.__version__}'
    return (f'CPU with {torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} '
            f'threads, torch {torch.__version__}')


def option(text: str) -> str:
    unknown = set(text.split('+')).difference(OPTIONS)
    if unknown:
        raise argparse.ArgumentTypeError(f'got {text!r}; expected some of {", ".join(OPTIONS)}, '
                                         'with + between those of a step')
    return text


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    gpu = torch.cuda.is_available()
    parser.add_argument('--encoders', nargs='+', choices=ENCODERS,
                        default=[*DEFAULT, *LARGE * gpu], metavar='ENCODER',
                        help=f'of {", ".join(ENCODERS)}; default: %(default)s')
    parser.add_argument('--fidelities', nargs='+', choices=FIDELITIES, default=list(FIDELITIES))
    parser.add_argument('--options', nargs='+', type=option,
                        help=f'of {", ".join(OPTIONS)}, also with + between; default: 4 that suit '
                             'the encoder')
    for name, text in (('snippets', 'of the video'), ('side', 'of a frame')):
        parser.add_argument(f'--{name}', type=int, help=f'{text}; default: on a GPU as published, '
                                                        f'on a CPU {SMALL} of both')
    for name, value, text in (
            ('chunk', 10 if gpu else 1, 'snippets'),
            ('repeats', 2 if gpu else 3, 'steps that are timed; the median counts'),
            ('threads', 2, 'on a CPU')):
        parser.add_argument(f'--{name}', type=int, default=value, help=f'{text}; default {value}')
    parser.add_argument('--grad-ratio', type=float, default=0.25, help='default 0.25')
    parser.add_argument('--minutes', type=float, default=7.5 if gpu else 60,
                        help='no step begins after these; default %(default)s')
    parser.add_argument('--out', type=Path, help='also write FOLDER/train_step.json and .md')
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    torch.set_num_threads(args.threads)
    found = []
    for row in rows(args):
        found.append(row)
        print(*[row['encoder'], row['fidelity'], row['option']], row.get('error') or
              f'{row["seconds"]:.2f} s, {row["allocated"] / GIB:.2f} GiB', sep='  ', flush=True)
    text = report(found, args)
    print('\n' + text)
    if args.out is not None:
        args.out.mkdir(parents=True, exist_ok=True)
        settings = {key: value for key, value in vars(args).items() if key != 'out'}
        (args.out / 'train_step.json').write_text(json.dumps(
            dict(machine=machine(), settings=settings, steps=found), indent=1) + '\n')
        (args.out / 'train_step.md').write_text(text + '\n')


if __name__ == '__main__':
    main()
