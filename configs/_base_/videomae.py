# VideoMAE's transformers at the sizes that AdaTAD trains, as MMAction2 builds them: clips of 16
# frames, 8 steps of 2. Frozen blocks are skipped at random, one in ten at the last, as in AdaTAD.
#
# Weights of Kinetics at `load_from`, under the names of MMAction2's recognizer. B and L are those
# of its own zoo. Neither S nor g is there: S is in VideoMAE's, to be renamed, and g is VideoMAE
# v2's, which its authors give on request and which may not be passed on.
videomae = dict(type='VisionTransformer', img_size=224, patch_size=16, num_frames=16,
                qkv_bias=True, drop_path_rate=0.1, norm_cfg=dict(type='LN', eps=1e-6))
videomae_s = dict(videomae, embed_dims=384, depth=12, num_heads=6)
videomae_b = dict(videomae, embed_dims=768, depth=12, num_heads=12)
videomae_l = dict(videomae, embed_dims=1024, depth=24, num_heads=16)
videomae_g = dict(videomae, embed_dims=1408, depth=40, num_heads=16, mlp_ratio=48 / 11,
                  patch_size=14)

zoo = 'https://download.openmmlab.com/mmaction/v1.0/recognition/videomae/'
videomae_s_weights = 'checkpoints/videomae_s_k400.pth'
videomae_b_weights = (
    zoo + 'vit-base-p16_videomae-k400-pre_16x4x1_kinetics-400_20221013-860a3cd3.pth')
videomae_l_weights = (
    zoo + 'vit-large-p16_videomae-k400-pre_16x4x1_kinetics-400_20221013-229dbb03.pth')
videomae_g_weights = 'checkpoints/videomae_v2_g_k710.pth'

frames_preprocessor = dict(
    type='ActionDataPreprocessor', mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375],
    format_shape='NCTHW')
# All clips of a video at once, as the adapters look from one into the next. Blocks are computed
# again in the backward pass, and their attention keeps no map.
adatad_encoder = dict(dense=True, adapters=dict(type='temporal', scope='video', drop_path=True),
                      checkpointing=True, fused_attention=True)
