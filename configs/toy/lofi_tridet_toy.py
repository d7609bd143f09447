# Stage 2 as lofi_toy.py, with TriDet as the head that the encoder learns from.
#
#   python tools/train.py configs/toy/lofi_tridet_toy.py --cfg-options load_from=ACP_CHECKPOINT
#
# Expected, as it is and after stage 3 (tridet_toy.py): docs/procedural_results.md.
_base_ = './lofi_actionformer_toy.py'

model = dict(head=dict(_base_.tridet_head, _delete_=True, num_classes=_base_.num_classes))
