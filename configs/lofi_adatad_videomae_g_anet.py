# adatad_videomae_g_anet.py by the long cycle, at a quarter of its pixels.
#
#   bash tools/dist_train.sh configs/lofi_adatad_videomae_g_anet.py 4 --amp
#
# Paper:    no such row; at full fidelity 39.77
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory, hours: not run
_base_ = ['./adatad_videomae_g_anet.py', '_base_/adatad_cycle.py']

model = dict(head=dict(max_seq_len=None, backbone=dict(positions=False)))
custom_hooks = [_base_.cycle, *_base_.custom_hooks]
