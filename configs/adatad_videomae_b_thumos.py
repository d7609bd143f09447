# AdaTAD on THUMOS14 with VideoMAE-B:
# adapters in the frozen transformer, and ActionFormer, end to end.
#
#   bash tools/dist_train.sh configs/adatad_videomae_b_thumos.py 2 --amp
#
# needs the transformer of Kinetics at `load_from`: _base_/videomae.py says where it is had.
# Paper:    average mAP 71.14 at tIoU 0.3 to 0.7 (OpenTAD, the best epoch)
# Ours:     not run
# GPUs:     2 x 1 window
# Memory:   3.5 GiB a GPU (tools/plan.py with --amp: computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/adatad_thumos.py']

model = dict(
    _base_.adatad_model, backbone=_base_.videomae_b,
    head=dict(_base_.adatad_model.head, in_channels=768))
load_from = _base_.videomae_b_weights
