# G-TAD on ActivityNet-v1.3 with TSP features, resized to 100 a video.
#
#   python tools/train.py configs/gtad_tsp_anet.py
#
# Paper:    TSP's 51.26 / 37.12 / 9.29 at tIoU 0.5 / 0.75 / 0.95, average mAP 35.81; OpenTAD's run has
#           52.33 / 37.58 / 8.42, 36.20
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   0.3 GiB of activations (computed, not measured)
# Hours:    not run
#
# Features and annotations as actionformer_tsp_anet.py takes them: _base_/anet_tsp.py. TSP's own h5
# files serve as well: docs/features.md. CUHK's class scores, with which both rows are, are two
# statements, as there.
_base_ = ['_base_/default_runtime.py', '_base_/anet_tsp.py', '_base_/gtad.py',
          '_base_/gtad_schedule.py']

pipeline = [dict(_base_.load, num_snippets=100), dict(type='PackTALInputs')]
train_dataloader = dict(dataset=dict(pipeline=pipeline))
val_dataloader = dict(dataset=dict(pipeline=pipeline))
test_dataloader = val_dataloader

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.gtad_head, in_channels=512),
    class_scores=dict(_base_.class_scores, in_channels=512))
