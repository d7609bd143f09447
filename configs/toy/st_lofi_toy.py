# Stage 2 as lofi_toy.py, at one fidelity. ST-LoFi: half of the snippets at 1/sqrt(2) of the side.
#
#   python tools/train.py configs/toy/st_lofi_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# Expected after stage 3: the table in docs/procedural_results.md.
_base_ = './lofi_toy.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='ST', temporal=2, spatial=2**0.5)])]
