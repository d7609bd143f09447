# TriDet on EPIC-Kitchens-100, nouns, with SlowFast features.
#
#   python tools/train.py configs/tridet_slowfast_epic_noun.py
#
# Paper:    27.38 / 26.28 / 24.60 / 22.23 / 18.28 at tIoU 0.1 to 0.5, average mAP 23.76 (the authors'
#           repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   1.1 GiB of tensors (computed, not measured)
# Hours:    not run
#
# Data as tridet_slowfast_epic_verb.py has them, with the annotations and names of nouns.
_base_ = './tridet_slowfast_epic_verb.py'

ann_file = 'data/epic_kitchens/annotations/epic_kitchens_100_noun.json'
dataset = dict(ann_file=ann_file,
               metainfo=dict(classes='data/epic_kitchens/annotations/noun_classes.txt'))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file)
test_evaluator = val_evaluator

model = dict(head=dict(num_classes=300, backbone=dict(window=1, window_factor=4),
                       loss=dict(label_smoothing=0.1)))

train_cfg = dict(max_epochs=19)     # 5 of them warm up
_base_.param_scheduler[1].update(end=19, eta_min=1e-8)
