"""Peak memory and time of end-to-end training steps, with each option that saves memory.

Each case is a training step (forward, loss, backward, SGD) on random frames in a process of its
own, with the same model and frames. Peak: by how much the step raises the memory of the process, or
what torch has allocated on a GPU.

  python benchmarks/encoder_memory.py [--depth 50 --snippets 100 --side 224]
"""
from __future__ import annotations

import argparse
import multiprocessing
import time

import torch
from mmaction.registry import MODELS
from mmaction.structures import ActionDataSample
from mmengine.optim import OptimWrapper
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

import mmlofi  # noqa: F401  (registers the model)
from mmlofi.engine.memory import peak_memory_mib, reset_peak_memory

FRAMES = 8   # of a snippet


def cases(args: argparse.Namespace) -> dict[str, dict]:
    """Arguments of the encoder, and whether autocast is on."""
    chunk = dict(chunk_size=args.chunk)
    named = {'plain': {}, f'chunk_size={args.chunk}': chunk,
             'grad_ratio=0.25': dict(grad_ratio=0.25),
             f'chunk_size={args.chunk}, grad_ratio=0.25': dict(chunk, grad_ratio=0.25),
             'channels_last': dict(channels_last=True), 'bf16': dict(bf16=True),
             f'chunk_size={args.chunk}, bf16': dict(chunk, bf16=True)}
    if args.depth >= 50:   # BasicBlock has no with_cp
        named['checkpointing'] = dict(checkpointing=True)
        named[f'chunk_size={args.chunk}, checkpointing'] = dict(chunk, checkpointing=True)
    return named


def measure(settings: dict, args: argparse.Namespace, results) -> None:
    """Puts the peak in MiB and the seconds of the second step."""
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    init_default_scope('mmaction')
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    settings = dict(settings)
    bf16 = settings.pop('bf16', False)
    channels = 512 if args.depth < 50 else 2048
    model = MODELS.build(dict(
        type='EndToEndLocalizer',
        backbone=dict(type='ResNetTSM', depth=args.depth, pretrained=None, pretrained2d=False,
                      num_segments=FRAMES, shift_div=8),
        encoder=dict(settings, norm='frozen'), head=dict(type='GTADHead', in_channels=channels),
        data_preprocessor=dict(type='ActionDataPreprocessor', mean=[128.0] * 3, std=[64.0] * 3,
                               format_shape='NCTHW'))).to(device).train()
    sample = ActionDataSample(metainfo=dict(video_name='v', duration_sec=60.0))
    sample.gt_instances = InstanceData(segments=torch.tensor([[0.2, 0.6]]),
                                       labels=torch.tensor([0]))
    frames = torch.randint(256, (args.snippets, 3, FRAMES, args.side, args.side),
                           dtype=torch.uint8)
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=1e-3))

    def step() -> None:
        data = model.data_preprocessor(dict(inputs=[frames], data_samples=[sample]))
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            losses = model(**data, mode='loss')
        wrapper.update_params(model.parse_losses(losses)[0])
        if device == 'cuda':
            torch.cuda.synchronize()
    for parameter in model.parameters():   # gradients are not what the options change
        parameter.grad = torch.zeros_like(parameter)
    reset_peak_memory()
    before = peak_memory_mib()
    step()
    peak, start = peak_memory_mib() - before, time.perf_counter()
    step()
    results.put((peak, time.perf_counter() - start))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, value, text in (('depth', 18, 'of TSM'), ('snippets', 16, 'of the video'),
                              ('side', 112, 'of a frame'), ('chunk', 2, 'snippets'),
                              ('threads', 2, 'on a CPU')):
        parser.add_argument(f'--{name}', type=int, default=value, help=f'{text}; default {value}')
    args = parser.parse_args()
    print(f'TSM-R{args.depth}, 1 video of {args.snippets} x {FRAMES} x {args.side}², '
          f'torch {torch.__version__}\n')
    print('| option | peak MiB | of plain | step s | of plain |\n|---|---|---|---|---|')
    context, plain = multiprocessing.get_context('spawn'), None
    for name, settings in cases(args).items():
        results = context.SimpleQueue()
        process = context.Process(target=measure, args=(settings, args, results))
        process.start()
        process.join()
        if process.exitcode:
            print(f'| {name} | failed ({process.exitcode}) | | | |', flush=True)
            continue
        peak, seconds = results.get()
        plain = plain or (peak, seconds)
        print(f'| {name} | {peak:,.0f} | {peak / plain[0]:.2f} | {seconds:.2f} | '
              f'{seconds / plain[1]:.2f} |', flush=True)


if __name__ == '__main__':
    main()
