# AdaTAD on THUMOS14 with VideoMAE-L:
# adapters in the frozen transformer, and ActionFormer, end to end.
#
#   bash tools/dist_train.sh configs/adatad_videomae_l_thumos.py 2 --amp
#
# needs the transformer of Kinetics at `load_from`: _base_/videomae.py says where it is had.
# Paper:    average mAP 73.51 at tIoU 0.3 to 0.7 (OpenTAD, the best epoch)
# Ours:     not run
# GPUs:     2 x 1 window
# Memory, hours: not run
_base_ = ['_base_/default_runtime.py', '_base_/adatad_thumos.py']

model = dict(
    _base_.adatad_model, backbone=_base_.videomae_l,
    head=dict(_base_.adatad_model.head, in_channels=1024))
load_from = _base_.videomae_l_weights
