"""Transformers of MMAction2 for 4 frames of 64 x 64 in patches of 16, small ones."""
VIT = dict(type='VisionTransformer', img_size=64, patch_size=16, embed_dims=24, depth=1,
           num_heads=2, num_frames=4)
TIMESFORMER = dict(type='TimeSformer', num_frames=4, img_size=64, patch_size=16, embed_dims=24,
                   num_heads=2, num_transformer_layers=1)
UNIFORMERV2 = dict(type='UniFormerV2', input_resolution=64, patch_size=16, width=24, layers=1,
                   heads=2, t_size=4, return_list=[0], n_layers=1, n_dim=24, n_head=2)
