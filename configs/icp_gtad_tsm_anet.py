# The ICP baseline of gtad_tsm_anet.py: the encoder as ImageNet left it, trained on no video.
#
#   python tools/extract_features.py configs/lofi_tsm_anet.py --out features/icp_tsm_anet \
#       --cfg-options model.backbone.pretrained2d=True \
#       model.backbone.pretrained=https://download.pytorch.org/models/resnet18-f37072fd.pth
#   python tools/train.py configs/icp_gtad_tsm_anet.py
#
# Paper:    ICP, 48.45 / 32.40 / 6.89 at tIoU 0.5 / 0.75 / 0.95, average mAP 32.16
# Ours:     not run
# GPUs, memory, hours, CUHK's class scores: as gtad_tsm_anet.py
_base_ = './gtad_tsm_anet.py'

data_prefix = dict(feature='features/icp_tsm_anet')
train_dataloader = dict(dataset=dict(data_prefix=data_prefix))
val_dataloader = dict(dataset=dict(data_prefix=data_prefix))
test_dataloader = val_dataloader
