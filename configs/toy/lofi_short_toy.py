# Stage 2 as lofi_toy.py, by the short cycle: another fidelity at every batch.
#
#   python tools/train.py configs/toy/lofi_short_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# The paper's 16 batches are a fortieth of ActivityNet's epoch; here an epoch has 20 batches: one.
# Expected after stage 3: the table in docs/procedural_results.md.
_base_ = './lofi_toy.py'

custom_hooks = [dict(_base_.custom_hooks[0], by='iter', interval=1)]
