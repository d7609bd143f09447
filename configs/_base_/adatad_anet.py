# AdaTAD (CVPR 2024) on ActivityNet-v1.3: the whole video as 768 frames in 48 clips of 16; their 384
# steps become 192 positions of an ActionFormer that knows no classes and in which all points see
# each other. The two best classes of the video label each segment.
_base_ = ['./anet_videos.py', './actionformer_anet.py', './adatad_schedule.py', './videomae.py']

clips = dict(type='SampleSnippets', num_snippets=48, clip_len=16, placement='contiguous')
# The authors' ImgAug is left out: its library is from 2020 and does not run beside numpy 2.
train_pipeline = [
    dict(type='OpenVideo', short_side=182),
    clips,
    dict(type='DecodeSnippets'),
    dict(type='RandomResizedCrop'),
    dict(type='AtFidelity', transform=dict(type='Resize', scale=(160, 160), keep_ratio=False),
         divisor=16),
    dict(type='Flip', flip_ratio=0.5),
    dict(type='ColorJitter'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]
test_pipeline = [
    dict(type='OpenVideo', short_side=160),
    clips,
    dict(type='DecodeSnippets'),
    dict(type='Resize', scale=(-1, 160)),
    dict(type='CenterCrop', crop_size=160),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackTALInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))      # 4 videos x 4 GPUs
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

adatad_model = dict(
    type='EndToEndLocalizer',
    encoder=dict(_base_.adatad_encoder, resample=0.5),
    head=dict(_base_.actionformer_head, backbone=dict(
        _base_.actionformer_head.backbone, window=-1), candidates=dict(duration_thresh=0)),
    nms=dict(sigma=0.7, top_k=100, min_score=0.001, voting_thresh=0.9, voting_weight='score'),
    class_scores=_base_.class_scores,
    data_preprocessor=_base_.frames_preprocessor)

train_cfg = dict(max_epochs=15)
_base_.param_scheduler[1].update(end=15)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(custom_keys=dict(adapter=dict(lr_mult=0.1))))
auto_scale_lr = dict(base_batch_size=16)   # 4 GPUs x 4
