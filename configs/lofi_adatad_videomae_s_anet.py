# adatad_videomae_s_anet.py by the long cycle, at a quarter of its pixels.
#
#   bash tools/dist_train.sh configs/lofi_adatad_videomae_s_anet.py 4 --amp
#
# Paper:    no such row; at full fidelity 37.81
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory:   1.5 GiB a GPU (tools/plan.py with --amp: computed, not measured)
# Hours:    not run
_base_ = ['./adatad_videomae_s_anet.py', '_base_/adatad_cycle.py']

model = dict(head=dict(max_seq_len=None, backbone=dict(positions=False)))
custom_hooks = [_base_.cycle, *_base_.custom_hooks]
