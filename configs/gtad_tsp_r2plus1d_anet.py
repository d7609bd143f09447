# Stage 3 as gtad_tsp_anet.py, on the features of TSP's R(2+1)D-34 after lofi_tsp_r2plus1d_anet.py.
#
#   python tools/extract_features.py configs/lofi_tsp_r2plus1d_anet.py \
#       work_dirs/lofi_tsp_r2plus1d_anet/epoch_15.pth --out features/lofi_tsp_r2plus1d_anet
#   python tools/train.py configs/gtad_tsp_r2plus1d_anet.py
#
# Clips of 16 frames at 15 a second, side by side, resized to 100 a video.
# Paper:    no such row; with TSP alone 35.81
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

feature_root = '{{$LOFI_FEATURES:features/lofi_tsp_r2plus1d_anet}}'
pipeline = [
    dict(type='LoadSnippetFeatures', num_snippets=100, feature_stride=16, fps=15,
         expected=dict(side=112, num_snippets=None)),     # as many as a video has
    dict(type='PackTALInputs')]
dataset = dict(data_prefix=dict(feature=feature_root), pipeline=pipeline)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
