# V-JEPA 2 as vjepa2_anet.py, frozen but for layers of low rank in its attention, under ActionFormer.
#
#   bash tools/dist_train.sh configs/vjepa2_lora_anet.py 4
#
# needs pip install "mmlofi[transformers,lora]" and fetches the weights. The model of stage 2 can be
# tested as it is; features of the adapted encoder for a new head, as vjepa2_actionformer_anet.py's:
#   python tools/extract_features.py configs/vjepa2_lora_anet.py \
#       work_dirs/vjepa2_lora_anet/epoch_15.pth --out features/vjepa2_lora_anet
# Paper:    no such row
# Ours:     not run
# GPUs:     4 x 1 video, 4 steps a weight update
# Memory:   2.7 GiB a GPU (computed, not measured); 0.8 M of the encoder's 304 M weights train
# Hours:    not run
_base_ = './vjepa2_anet.py'

model = dict(encoder=dict(
    adapters=dict(type='lora', rank=8, targets=['attention.query', 'attention.value'])))
# They start from nothing, so at the head's rate.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={'backbone.encoder': dict(lr_mult=1)}))
