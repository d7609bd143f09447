# Stage 3 as actionformer_toy.py, with TriDet.
#
#   python tools/extract_features.py configs/toy/lofi_tridet_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/tridet_toy.py
#
# Expected: docs/procedural_results.md.
_base_ = './actionformer_toy.py'

model = dict(head=dict(_base_.tridet_head, _delete_=True, num_classes=_base_.num_classes))
