# adatad_videomae_s_thumos.py by the long cycle, at a quarter of its pixels.
#
#   bash tools/dist_train.sh configs/lofi_adatad_videomae_s_thumos.py 2 --amp
#
# Paper:    no such row; at full fidelity 69.03
# Ours:     not run
# GPUs:     2 x 1 window
# Memory:   1.0 GiB a GPU (tools/plan.py with --amp: computed, not measured)
# Hours:    not run
_base_ = ['./adatad_videomae_s_thumos.py', '_base_/adatad_cycle.py']

model = dict(head=dict(max_seq_len=None))
custom_hooks = [_base_.cycle, *_base_.custom_hooks]
