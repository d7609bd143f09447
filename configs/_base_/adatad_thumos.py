# AdaTAD (CVPR 2024) on THUMOS14: windows of 768 frames, every 4th (102 s at 30 frames a second), as
# 48 clips of 16; their 384 steps become 768 positions of an ActionFormer in which all points see
# each other.
#
# Training draws a window that holds three quarters of an action; testing takes one every 384
# frames. Soft-NMS runs in each window and again over the video, where AdaTAD joins them first. Its
# score voting at 0.7 is not here: detections of several classes go without it.
_base_ = ['./thumos_videos.py', './adatad_schedule.py', './videomae.py']

clips = dict(type='SampleSnippets', num_snippets=48, clip_len=16, frame_interval=4,
             placement='contiguous')
# The authors' ImgAug is left out: its library is from 2020 and does not run beside numpy 2.
train_pipeline = [
    dict(type='OpenVideo', short_side=182),
    dict(clips, truncation=dict(trunc_thresh=0.75, crop_ratio=(0.9, 1.0))),
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
train_dataloader = dict(
    batch_size=1,      # x 2 GPUs
    dataset=dict(window=None, pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(window=dict(stride=24), pipeline=test_pipeline))
class_scores = None

adatad_model = dict(
    type='EndToEndLocalizer',
    encoder=dict(_base_.adatad_encoder, resample=2.0),
    head=dict(type='ActionFormerHead', num_classes=20, max_seq_len=768, backbone=dict(window=-1)),
    nms=dict(sigma=0.7, top_k=2000, min_score=0.001, by_class=True),
    data_preprocessor=_base_.frames_preprocessor)

train_cfg = dict(max_epochs=60)          # of a schedule for 100
_base_.param_scheduler[1].update(end=100)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
auto_scale_lr = dict(base_batch_size=2)  # 2 GPUs x 1
