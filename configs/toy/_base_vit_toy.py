# A small video transformer for the procedural benchmark at its easy end (difficulty 0): MMAction2's
# own, as VideoMAE has it, with 4 blocks of 64 channels, patches of 2 frames x 16 x 16 pixels, of 4
# frames at 64. A snippet is 2 x 16 tokens, at S 2 x 4 and at ST 2 x 9.
vit = dict(type='VisionTransformer', img_size=64, patch_size=16, num_frames=4, embed_dims=64,
           depth=4, num_heads=4, norm_cfg=dict(type='LN', eps=1e-6))
vit_dim = 64
