# ActionFormer on EPIC-Kitchens-100, nouns, with SlowFast features.
#
#   python tools/train.py configs/actionformer_slowfast_epic_noun.py
#
# Paper:    25.21 / 24.11 / 22.66 / 20.47 / 16.97 at tIoU 0.1 to 0.5, average mAP 21.88 (the
#           authors' repository)
# Ours:     not run
# GPUs:     1 x 2 videos
# Memory:   1.0 GiB of activations, 1.4 with weights and optimizer (computed, not measured);
#           the authors say 4.5 GB in training, over 10 GB in testing
# Hours:    not run
#
# Data as actionformer_slowfast_epic_verb.py has them, with the annotations and names of nouns. The
# authors start classes that no video has at a probability of 1e-6, by number:
# model = dict(head=dict(towers=dict(empty_classes=[...]))).
_base_ = './actionformer_slowfast_epic_verb.py'

ann_file = 'data/epic_kitchens/annotations/epic_kitchens_100_noun.json'
dataset = dict(ann_file=ann_file,
               metainfo=dict(classes='data/epic_kitchens/annotations/noun_classes.txt'))
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=ann_file)
test_evaluator = val_evaluator

model = dict(head=dict(num_classes=300, loss=dict(label_smoothing=0.1)))
