# AdaTAD on ActivityNet-v1.3 with VideoMAE-L:
# adapters in the frozen transformer, and ActionFormer, end to end.
#
#   bash tools/dist_train.sh configs/adatad_videomae_l_anet.py 4 --amp
#
# needs the transformer of Kinetics at `load_from`: _base_/videomae.py says where it is had.
# Paper:    average mAP 39.21 at tIoU 0.5 to 0.95 (OpenTAD, the best epoch)
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory, hours: not run
#
# The published mAP is with CUHK's class scores, two statements in a config of your own:
#   _base_ = './adatad_videomae_l_anet.py'
#   model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile',
#       classes=_base_.anet_classes, path='data/activitynet/cuhk_val_simp_share.json'))
_base_ = ['_base_/default_runtime.py', '_base_/adatad_anet.py']

model = dict(
    _base_.adatad_model, backbone=_base_.videomae_l,
    head=dict(_base_.adatad_model.head, in_channels=1024),
    class_scores=dict(_base_.class_scores, in_channels=1024))
load_from = _base_.videomae_l_weights
