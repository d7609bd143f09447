# Stage 3 as gtad_toy.py, with ActionFormer, which labels its segments: a video may hold several
# classes.
#
#   python tools/extract_features.py configs/toy/lofi_actionformer_toy.py CHECKPOINT --out features/toy
#   python tools/train.py configs/toy/actionformer_toy.py
_base_ = ['./gtad_toy.py', './_base_one_stage_toy.py']

model = dict(head=dict(_base_.actionformer_head, _delete_=True), class_scores=None,
             nms=_base_.one_stage_nms)
optim_wrapper = dict(optimizer=dict(_delete_=True, **_base_.one_stage_optimizer))
