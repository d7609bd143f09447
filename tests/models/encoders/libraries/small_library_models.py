"""Backbones of other libraries that take 4 frames of 64 x 64, small ones with random weights."""
from __future__ import annotations

VIT = dict(image_size=64, num_frames=4, hidden_size=24, num_hidden_layers=2, num_attention_heads=2,
           intermediate_size=48)
CONFIGS = dict(
    VideoMAEModel=dict(VIT, patch_size=16),
    TimesformerModel=dict(VIT, patch_size=16),
    VivitModel=dict(VIT, tubelet_size=[2, 16, 16]),
    VJEPA2Model=dict(crop_size=64, patch_size=16, frames_per_clip=4, hidden_size=24,
                     num_hidden_layers=2, num_attention_heads=2, mlp_ratio=2,
                     pred_hidden_size=24, pred_num_attention_heads=2, pred_num_hidden_layers=1))
TRANSFORMERS = {name: dict(type=f'transformers.{name}', config=config)
                for name, config in CONFIGS.items()}
TIMM = {'convolutions': dict(type='timm.test_resnet'),
        'vision transformer': dict(type='timm.test_vit', img_size=64),
        'swin': dict(type='timm.swin_tiny_patch4_window7_224', embed_dim=12, depths=(1, 1),
                     num_heads=(1, 2))}
TORCHVISION = {'r2plus1d': dict(type='torchvision.r2plus1d_18'),
               'mvit': dict(type='torchvision.mvit_v2_s'),
               'resnet18': dict(type='torchvision.resnet18')}
