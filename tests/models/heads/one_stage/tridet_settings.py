"""TriDet's heads by the authors' configurations."""
from __future__ import annotations

from mmlofi.models.heads.one_stage import TriDetHead


def head_of(config: dict) -> TriDetHead:
    """The head of a resolved configuration of theirs."""
    model, train, test = config['model'], config['train_cfg'], config['test_cfg']
    return TriDetHead(
        in_channels=model['input_dim'], num_classes=model['num_classes'],
        max_seq_len=model['max_seq_len'],
        backbone=dict(
            embed_dim=model['embd_dim'], arch=model['backbone_arch'],
            window=model['n_sgp_win_size'], window_factor=model['k'],
            mlp_channels=model['sgp_mlp_dim'], downsample=model['downsample_type'],
            drop_path=train['droppath'], positions=model['use_abs_pe'],
            init_conv_vars=model['init_conv_vars'], input_noise=model['input_noise']),
        towers=dict(
            channels=model['head_dim'], num_layers=model['head_num_layers'],
            kernel_size=model['head_kernel_size'], empty_classes=train['head_empty_cls'],
            num_bins=model['num_bins'] if model['use_trident_head'] else 0,
            boundary_kernel_size=model['boudary_kernel_size']),
        targets=dict(ranges=model['regression_range'],
                     center_radius=train['center_sample_radius']),
        loss=dict(init_norm=train['init_loss_norm'], label_smoothing=train['label_smoothing'],
                  reg_weight=train['loss_weight'], iou_weight_power=model['iou_weight_power']),
        candidates=dict(pre_nms_thresh=test['pre_nms_thresh'], pre_nms_topk=test['pre_nms_topk'],
                        duration_thresh=test['duration_thresh']))
