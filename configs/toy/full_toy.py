# Stage 2 as lofi_toy.py, at full fidelity throughout: the ceiling, at four times the pixels.
#
#   python tools/train.py configs/toy/full_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# Expected after stage 3: the table in docs/procedural_results.md.
_base_ = './lofi_toy.py'

custom_hooks = [dict(type='LoFiCycleHook', cycle=[dict(name='full')])]
