# A small video transformer for the procedural benchmark at its easy end (difficulty 0): MMAction2's
# own, as VideoMAE has it, with 4 blocks of 64 channels, for 4 frames of 64², patches of 2 x 16 x 16.
# A snippet is 2 steps of 16 tokens then; S has 2 x 4, ST 2 x 9, T as many as full and fewer snippets.
vit = dict(type='VisionTransformer', img_size=64, patch_size=16, embed_dims=64, depth=4, num_heads=4,
           num_frames=4, norm_cfg=dict(type='LN', eps=1e-6), return_feat_map=False)
vit_dim = 64
