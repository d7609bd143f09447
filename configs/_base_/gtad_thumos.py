# G-TAD (CVPR 2020) on THUMOS14: T = 256, D = 64, 16 inner and 16 context bins, 3 x 3 convolutions.
#
# Every anchor of a window is a proposal. Soft-NMS picks 200 of a window, then 200 of the video. The
# authors leave out segments of 300 frames and more; here D alone bounds them, at 320.
gtad_head = dict(
    type='GTADHead', max_duration=0.25, inner_bins=16, context_bins=16, kernel_size=3,
    loss=dict(regression_weight=1, classification_weight=10, extra_positives=10),
    proposals=dict(peak_filter=False))
nms = dict(sigma=0.46, top_k=200)
