"""Backbones of torchvision in MMAction2's recognizers."""
from __future__ import annotations

import pytest
from mmaction.registry import MODELS

HEAD = dict(type='I3DHead', num_classes=2, in_channels=512)


def test_a_model_of_clips_is_refused_with_the_backbones_that_a_recognizer_takes():
    pytest.importorskip('torchvision')
    with pytest.raises(ValueError, match=r"the backbone 'torchvision\.r3d_18'; expected .* TSPRes"):
        MODELS.build(dict(type='Recognizer3D', backbone=dict(type='torchvision.r3d_18'),
                          cls_head=HEAD))
    image_model = MODELS.build(dict(type='Recognizer2D', backbone=dict(type='torchvision.resnet18'),
                                    cls_head=dict(HEAD, type='TSNHead')))
    assert image_model.backbone_from == 'torchvision'
