# AdaTAD on THUMOS14 with VideoMAE-S:
# adapters in the frozen transformer, and ActionFormer, end to end.
#
#   bash tools/dist_train.sh configs/adatad_videomae_s_thumos.py 2 --amp
#
# needs the transformer of Kinetics at `load_from`: _base_/videomae.py says where it is had.
# Paper:    average mAP 69.03 at tIoU 0.3 to 0.7 (OpenTAD, the best epoch)
# Ours:     not run
# GPUs:     2 x 1 window
# Memory:   2.0 GiB a GPU (tools/plan.py with --amp: computed, not measured)
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/adatad_thumos.py']

model = dict(
    _base_.adatad_model, backbone=_base_.videomae_s,
    head=dict(_base_.adatad_model.head, in_channels=384))
load_from = _base_.videomae_s_weights

optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(adapter=dict(lr_mult=2))))
