# Stage 2 as lofi_toy.py, at one fidelity. S-LoFi: all 32 snippets at half the side.
#
#   python tools/train.py configs/toy/s_lofi_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# Expected after stage 3: the table in docs/procedural_results.md.
_base_ = './lofi_toy.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='S', spatial=2)])]
