# TriDet on the nouns of EPIC-Kitchens-100, on published SlowFast features.
#
#   python tools/train.py configs/tridet_slowfast_epic_noun.py
#
# Paper:    27.38 / 26.28 / 24.60 / 22.23 / 18.28 at tIoU 0.1 to 0.5, average mAP 23.76 (the authors'
#           repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory, hours: not run
_base_ = ['_base_/default_runtime.py', '_base_/epic_slowfast.py', '_base_/tridet.py',
          '_base_/one_stage_schedule.py']

ann_file = 'data/epic/nouns.json'
nouns = dict(ann_file=ann_file, metainfo=dict(classes='data/epic/nouns.txt'))
model = dict(
    type='EndToEndLocalizer',
    head=dict(
        _base_.tridet_head, in_channels=2304, num_classes=300,
        backbone=dict(embed_dim=512, window=1, window_factor=4, mlp_channels=1024),
        targets=dict(ranges=_base_.epic_ranges),
        loss=dict(init_norm=250, label_smoothing=0.1, iou_weight_power=0.25),
        candidates=dict(pre_nms_topk=5000)),
    nms=dict(_base_.nms, sigma=0.4))

train_dataloader = dict(dataset=nouns)
val_dataloader = dict(dataset=nouns)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file)
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=19)     # 5 of them warm up
_base_.param_scheduler[1].update(end=19)
