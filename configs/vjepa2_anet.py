# V-JEPA 2 (ViT-L, by transformers) under ActionFormer, through S -> T -> ST; and, without a checkpoint,
# what extracts its features as they were published.
#
#   python tools/extract_features.py configs/vjepa2_anet.py --out features/vjepa2_anet
#
# fetches the weights from Hugging Face's hub and makes features for vjepa2_actionformer_anet.py; needs
# pip install "mmlofi[transformers]". From a folder of your own videos: docs/vjepa2.md. All weights
# train by bash tools/dist_train.sh configs/vjepa2_anet.py 4; few of them, with vjepa2_lora_anet.py.
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 1 video, 4 steps a weight update
# Memory:   7.4 GiB a GPU (computed, not measured), 4 snippets at a time, with each block computed again
# Hours:    not run
_base_ = ['_base_/default_runtime.py', '_base_/anet_videos.py', '_base_/lofi_schedule.py',
          '_base_/actionformer_anet.py', '_base_/one_stage_end_to_end.py']
from mmlofi.pipelines import change

model = dict(
    type='EndToEndLocalizer',
    # `config` is that of the weights; with it nothing is looked up to build the model.
    backbone=dict(
        type='transformers.VJEPA2Model', weights='facebook/vjepa2-vitl-fpc64-256',
        config=dict(crop_size=256, patch_size=16, tubelet_size=2, frames_per_clip=64,
                    hidden_size=1024, num_hidden_layers=24, num_attention_heads=16)),
    encoder=dict(chunk_size=4, checkpointing=True),
    # All points see each other, so that 100, 50 and 25 snippets are padded to 128, 64 and 32 alone.
    head=dict(_base_.actionformer_head, in_channels=1024, max_seq_len=None,
              backbone=dict(_base_.actionformer_head.backbone, window=-1, positions=False)),
    nms=_base_.nms, fusion=_base_.fusion,
    class_scores=dict(_base_.class_scores, in_channels=1024),
    # ImageNet's, as its processor has them; checked against that where it can be read.
    data_preprocessor=dict(type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53],
                           std=[58.395, 57.12, 57.375], format_shape='NCTHW'))

custom_hooks = [dict(type='LoFiCycleHook', by='epoch', interval=1, cycle=[
    dict(name='S', spatial=2),                       # 100 snippets, side 128
    dict(name='T', temporal=4),                      #  25 snippets, side 256
    dict(name='ST', temporal=2, spatial=2**0.5)])]   #  50 snippets, side 176

# 16 frames, every 4th: 64 consecutive ones, as everywhere here. Frames of 292 cropped to 256, as its
# processor has them; sides are multiples of its patch.
change(_base_, 'SampleSnippets', clip_len=16, frame_interval=4)
change(_base_, 'OpenVideo', short_side=292)
change(_base_, 'Resize', scale=(-1, 292))
change(_base_, 'AtFidelity', holding='RandomCrop', divisor=16)
change(_base_, 'RandomCrop', size=256)
change(_base_, 'CenterCrop', crop_size=256)

# 16 videos an update: 4 GPUs x 1 video x 4 steps. The encoder learns at a tenth of the head's rate.
_base_.train_dataloader.update(batch_size=1)
optim_wrapper = dict(_base_.one_stage_optim, _delete_=True, accumulative_counts=4)
optim_wrapper['paramwise_cfg']['custom_keys'].update({
    'backbone.encoder': dict(lr_mult=0.1)})
param_scheduler = _base_.one_stage_schedulers
auto_scale_lr = dict(base_batch_size=4)
