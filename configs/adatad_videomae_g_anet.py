# AdaTAD on ActivityNet-v1.3 with VideoMAE v2-g:
# adapters in the frozen transformer, and ActionFormer, end to end.
#
#   bash tools/dist_train.sh configs/adatad_videomae_g_anet.py 4 --amp
#
# needs the transformer of Kinetics at `load_from`: _base_/videomae.py says where it is had.
# Paper:    average mAP 39.77 at tIoU 0.5 to 0.95 (OpenTAD, the best epoch)
# Ours:     not run
# GPUs:     4 x 4 videos
# Memory, hours: not run
#
# The published mAP is with CUHK's class scores, two statements in a config of your own:
#   _base_ = './adatad_videomae_g_anet.py'
#   model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile',
#       classes=_base_.anet_classes, path='data/activitynet/cuhk_val_simp_share.json'))
_base_ = ['_base_/default_runtime.py', '_base_/adatad_anet.py']
from mmlofi.pipelines import change

model = dict(
    _base_.adatad_model, backbone=_base_.videomae_g,
    head=dict(_base_.adatad_model.head, in_channels=1408),
    class_scores=dict(_base_.class_scores, in_channels=1408))
load_from = _base_.videomae_g_weights

# 11 patches of 14, which are what 160 has of them.
change(_base_.train_pipeline, 'AtFidelity', divisor=14)
change(_base_.train_pipeline, 'Resize', scale=(154, 154))
change(_base_.test_pipeline, 'OpenVideo', short_side=154)
change(_base_.test_pipeline, 'Resize', scale=(-1, 154))
change(_base_.test_pipeline, 'CenterCrop', crop_size=154)
train_dataloader = dict(dataset=dict(pipeline=_base_.train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=_base_.test_pipeline))
