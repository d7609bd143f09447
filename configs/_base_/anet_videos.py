# ActivityNet-v1.3 as frames, for stage 2 and for extracting features. Full fidelity as in LoFi:
# 100 snippets over the whole video, each of 8 frames, every 8th (64 consecutive ones), side 224.
#
# data/activitynet/activity_net.v1-3.json
# data/activitynet/videos/v_QOlSCBRmfWY.mp4 ...
#
# A video that is missing or cannot be read stops the run before it starts. ActivityNet's can no
# longer all be had: take those out of the annotation file. Scores then are of the videos left.
_base_ = './anet_classes.py'

data_root = 'data/activitynet/'
ann_file = 'activity_net.v1-3.json'

# An encoder that wants other snippets changes them by name, in both pipelines:
# change(_base_, 'SampleSnippets', clip_len=16, frame_interval=4), with mmlofi.pipelines.change.
train_pipeline = [
    dict(type='OpenVideo', short_side=256),   # resizes in the decoder, which saves time at low side
    # Where in its 1/L of the video a snippet lies: not stated in the paper.
    dict(type='SampleSnippets', num_snippets=100, clip_len=8, frame_interval=8, placement='jitter'),
    dict(type='DecodeSnippets'),
    # Augmentation is not stated in the paper. The same crop and flip for the whole video.
    dict(type='AtFidelity', transform=dict(type='Resize', scale=(-1, 256))),   # for smaller videos
    dict(type='AtFidelity', transform=dict(type='RandomCrop', size=224)),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]
test_pipeline = [
    dict(type='OpenVideo', short_side=256),
    dict(type='SampleSnippets', num_snippets=100, clip_len=8, frame_interval=8),
    dict(type='DecodeSnippets'),
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]

dataset = dict(type='UntrimmedVideoDataset', data_root=data_root, ann_file=ann_file,
               data_prefix=dict(video='videos'), filename_tmpl='v_{}.mp4',
               metainfo=dict(classes=_base_.anet_classes))
train_dataloader = dict(
    batch_size=4,      # x 4 GPUs = the paper's 16, at every fidelity
    num_workers=8, persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='FidelityBatchSampler'),
    dataset=dict(dataset, subset='training', pipeline=train_pipeline))
test_dataloader = dict(
    batch_size=1, num_workers=4,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(dataset, subset='validation', pipeline=test_pipeline, test_mode=True))
test_evaluator = dict(type='TALMetric', ann_file=data_root + ann_file, subset='validation',
                      tious='0.5:0.95:0.05')
test_cfg = dict(type='TestLoop')

# For `tools/test.py` on a stage-2 model; no gradient of it reaches the encoder.
class_scores = dict(type='VideoClassifier', num_classes=200)
