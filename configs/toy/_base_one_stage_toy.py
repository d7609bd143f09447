# ActionFormer and TriDet at a size for 32 snippets: 4 levels, of strides 1 to 8, 64 channels. Classes
# are those of the first world; the configs that use them say those of the world at hand.
one_stage = dict(in_channels=128, num_classes=5, loss=dict(init_norm=50.0))
actionformer_head = dict(one_stage, type='ActionFormerHead', backbone=dict(
    embed_dim=64, arch=(2, 1, 3), window=-1, num_heads=4))
tridet_head = dict(one_stage, type='TriDetHead', max_seq_len=32, backbone=dict(
    embed_dim=64, arch=(2, 1, 3), window=1, window_factor=5, mlp_channels=128),
    towers=dict(num_bins=8))
one_stage_nms = dict(sigma=0.5, top_k=100, min_score=0.001)

# Stage 3: twice as many updates as G-TAD's, of a quarter of the videos, since each block's branch
# begins at 1e-4 of its size.
one_stage_optimizer = dict(type='AdamW', lr=1e-3, weight_decay=0.05)
