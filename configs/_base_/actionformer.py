# ActionFormer (ECCV 2022) with 512 channels and six levels, which labels its segments. Soft-NMS is of
# each class alone, and top_k holds for each of them and in all.
actionformer_head = dict(type='ActionFormerHead', max_seq_len=2304)
nms = dict(sigma=0.5, top_k=200, min_score=0.001, by_class=True)
