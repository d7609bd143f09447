# TriDet on ActivityNet-v1.3, with TSP features, as many as a video has.
#
#   python tools/train.py configs/tridet_tsp_anet.py
#
# Paper:    54.71 / 38.01 / 8.35 at tIoU 0.5 / 0.75 / 0.95, average mAP 36.77 (the authors' repository)
# Ours:     not run
# GPUs:     1 x 16 videos
# Memory:   1.9 GiB of tensors (computed, not measured)
# Hours:    not run
#
# Features and annotations: anet_1.3.tar.gz of the README at
# https://github.com/happyharrycn/actionformer_release; where they go: _base_/anet_tsp.py.
# The published mAP is with CUHK's class scores, two statements in a config of your own:
#   _base_ = './tridet_tsp_anet.py'
#   model = dict(class_scores=dict(_delete_=True, type='ClassScoreFile',
#       classes=_base_.anet_classes, path='data/anet_1.3/annotations/cuhk_val_simp_share.json'))
_base_ = ['_base_/default_runtime.py', '_base_/anet_tsp.py', '_base_/tridet_anet.py',
          '_base_/one_stage_schedule.py']

model = dict(
    type='EndToEndLocalizer',
    head=dict(_base_.tridet_head, in_channels=512),
    nms=_base_.nms, fusion=_base_.fusion,
    class_scores=dict(_base_.class_scores, in_channels=512))

load = dict(_base_.load, num_snippets=None)     # not resized
train_pipeline = [load, dict(type='CleanSegments'),
                  dict(type='RandomTruncation', max_seq_len=768),
                  dict(type='PadFeatures', max_seq_len=768),
                  dict(type='PackTALInputs', clip=False)]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=1,
                      dataset=dict(pipeline=[load, dict(type='PackTALInputs')]))
test_dataloader = val_dataloader

optim_wrapper = dict(optimizer=dict(lr=1e-3, weight_decay=0.04), clip_grad=dict(max_norm=0.4))
train_cfg = dict(max_epochs=15)     # 10 of them warm up
_base_.param_scheduler[0].update(end=10)
_base_.param_scheduler[1].update(begin=10, end=15, eta_min=5e-5)
auto_scale_lr = dict(base_batch_size=16)   # 1 GPU x 16
