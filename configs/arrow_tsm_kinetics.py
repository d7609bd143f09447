# Arrow of Time: TSM-R18 tells whether a clip of Kinetics-400 is played forwards or backwards.
#
#   bash tools/dist_train.sh configs/arrow_tsm_kinetics.py 8
#
# Stage 1 without labels, by the recipe of acp_tsm_kinetics.py. Extraction as there, by
# lofi_tsm_anet.py; beside ACP's features: docs/playback.md.
# Paper:    LoFi's table 7: average mAP 28.82, beside ACP 33.72; its settings are not stated
# Ours:     not run
# GPUs:     8 x 16 clips
# Memory:   3.0 GiB of activations a GPU (computed, not measured)
# Hours:    not run
_base_ = './acp_tsm_kinetics.py'

rates = (1, -1)
model = dict(cls_head=dict(num_classes=len(rates), topk=(1,)))

play = dict(type='PlaybackRate', rates=rates, clip_len=8, frame_interval=8)
pack = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]
train_pipeline = [
    dict(type='OpenVideo', short_side=256), play, dict(type='DecodeSnippets'),
    dict(type='CropBlackBorders'), dict(type='RandomResizedCrop'),     # one for the whole clip
    dict(type='Resize', scale=(224, 224), keep_ratio=False), dict(type='Flip', flip_ratio=0.5),
    dict(type='ColorJitter'), *pack]
val_pipeline = [
    dict(type='OpenVideo', short_side=256), dict(play, test_mode=True),
    dict(type='DecodeSnippets'), dict(type='CropBlackBorders'),
    dict(type='Resize', scale=(-1, 256)), dict(type='CenterCrop', crop_size=224), *pack]
train_dataloader = dict(
    sampler=dict(type='SeededSampler', group=len(rates)),     # all rates of a stretch in a batch
    dataset=dict(type='PlaybackDataset', pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(type='PlaybackDataset', pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(type='PlaybackDataset', pipeline=val_pipeline))
val_evaluator = dict(metric_list='top_k_accuracy', metric_options=dict(
    top_k_accuracy=dict(topk=(1,))))
test_evaluator = val_evaluator
default_hooks = dict(checkpoint=dict(type='AtomicCheckpointHook', save_best='acc/top1'),
                     class_scores=dict(type='ClassScoresHook'))
