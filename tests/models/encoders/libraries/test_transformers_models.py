"""transformers' models of videos as backbones, beside transformers itself."""
from __future__ import annotations

import pytest
import torch
from small_library_models import CONFIGS, TRANSFORMERS
from transformers_twins import as_backbone, in_order, steps_of, theirs, tokens_of

from mmlofi.models import SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone
from mmlofi.models.encoders.frame_limits import takes_clips
from mmlofi.models.encoders.positions import resize_positions

pytest.importorskip('transformers')


@pytest.mark.parametrize('name', CONFIGS)
def test_at_its_own_side_the_map_is_the_librarys_tokens_without_a_class_token(name):
    model, clips = theirs(name), torch.randn(2, 3, 4, 64, 64)
    ours = as_backbone(name, model)
    with torch.no_grad():
        found = ours(clips)
        torch.testing.assert_close(
            found, in_order(name, tokens_of(model, clips), steps_of(name, 4), (4, 4)))
    assert takes_clips(ours) is True


@pytest.mark.parametrize('name', CONFIGS)
def test_at_another_side_it_is_the_librarys_model_that_was_built_for_it(name):
    """With positions resized as MMAction2 does; V-JEPA 2 has none that are stored."""
    side = 'crop_size' if name == 'VJEPA2Model' else 'image_size'
    large, small = theirs(name), theirs(name, **{side: 32})
    ours = as_backbone(name, large)
    state = large.state_dict()
    key = 'embeddings.position_embeddings'
    if name == 'VideoMAEModel':
        places = large.embeddings.position_embeddings.unflatten(1, (2, 16))
        small.embeddings.position_embeddings = resize_positions(places, (2, 2),
                                                                tokens=0).flatten(1, 2)
    elif name == 'TimesformerModel':
        state[key] = resize_positions(state[key], (2, 2))
    elif name == 'VivitModel':
        places = resize_positions(state[key][:, 1:].unflatten(1, (2, 16)), (2, 2), tokens=0)
        state[key] = torch.cat([state[key][:, :1], places.flatten(1, 2)], 1)
    small.load_state_dict(state)
    clips = torch.randn(2, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(
            ours(clips), in_order(name, tokens_of(small, clips), steps_of(name, 4), (2, 2)))
        ours(torch.randn(1, 3, 4, 64, 64))       # and back: nothing of the small side stays
        torch.testing.assert_close(
            ours(clips), in_order(name, tokens_of(small, clips), steps_of(name, 4), (2, 2)))


@pytest.mark.parametrize('name', ['VideoMAEModel', 'TimesformerModel', 'VivitModel'])
def test_frames_need_not_be_squares(name):
    with torch.no_grad():
        assert build_backbone(TRANSFORMERS[name]).eval()(
            torch.randn(1, 3, 4, 32, 64)).shape[-2:] == (2, 4)


@pytest.mark.parametrize(('name', 'T', 'side', 'words'), [
    ('VideoMAEModel', 8, 64, r'of 8 frames; expected 4: .*model.backbone.config.num_frames=8'),
    ('VivitModel', 4, 56, 'frames of 56 x 56; expected sides of multiples of 16: .*48 or 64 fit'),
    ('VJEPA2Model', 3, 64, 'snippets of 3 frames; expected multiples of 2'),
    ('TimesformerModel', 4, 20, 'multiples of 16')])
def test_other_frames_and_sides_are_refused_with_those_that_fit(name, T, side, words):
    with pytest.raises(ValueError, match=words):
        SnippetEncoder()(build_backbone(TRANSFORMERS[name]), torch.randn(1, 1, 3, T, side, side))


def test_vjepa2_takes_any_even_number_of_frames_and_squares():
    backbone = build_backbone(TRANSFORMERS['VJEPA2Model'])
    assert SnippetEncoder()(backbone, torch.randn(1, 1, 3, 8, 48, 48)).shape == (1, 24, 1)
    with pytest.raises(ValueError, match='expected H = W: .*count them in squares'):
        SnippetEncoder()(backbone, torch.randn(1, 1, 3, 8, 48, 64))
    assert not any(name.startswith('predictor') for name in backbone.state_dict())


@pytest.mark.parametrize(('cfg', 'words'), [
    (dict(type='transformers.BertModel'), r'BertModel is not known as an encoder of frames; exp'),
    (dict(type='transformers.VJEPA2Model'), 'neither weights of a folder or a name nor a config'),
    (dict(type='transformers.VJEPA2Model', config=dict(sides=3)), r"config=\['sides'\]; expected"),
    (dict(TRANSFORMERS['VideoMAEModel'], attn_implementation='kernels-community/flash-attn'),
     'expected one of .*others are downloaded and run'),
    (dict(type='transformers.TimesformerModel', config=dict(attention_type='space_only')),
     'tokens of an order of their own')])
def test_what_is_no_encoder_here_is_refused(cfg, words):
    with pytest.raises(ValueError, match=words):
        build_backbone(cfg)


@pytest.mark.parametrize('name', CONFIGS)
def test_the_steps_of_a_clip_can_be_kept_apart(name):
    backbone = build_backbone(TRANSFORMERS[name])
    encoder = SnippetEncoder(dense=True)
    encoder.prepare(backbone)
    clips = torch.rand(1, 3, 3, 4, 32, 32)
    with torch.no_grad():
        found = encoder(backbone.eval(), clips)
        steps = backbone(clips[0]).mean((3, 4))
    assert found.shape == (1, 24, 3 * steps_of(name, 4))
    torch.testing.assert_close(found[0], steps.transpose(0, 1).flatten(1))
