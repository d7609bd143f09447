"""transformers' models of videos as backbones, beside transformers itself."""
from __future__ import annotations

import json

import pytest
import torch
from small_library_models import CONFIGS, TRANSFORMERS

from mmlofi.models import EndToEndLocalizer, SnippetEncoder
from mmlofi.models.encoders.backbones import build_backbone
from mmlofi.models.encoders.frame_limits import takes_clips
from mmlofi.models.encoders.positions import resize_positions

transformers = pytest.importorskip('transformers')
module = pytest.importorskip('mmlofi.models.encoders.libraries.transformers_models')
normalization_of_folder = module.normalization_of_folder
PLAIN = dict(type='ActionDataPreprocessor', mean=[1.0, 2.0, 3.0], std=[4.0] * 3,
             format_shape='NCTHW')
HEAD = dict(type='GTADHead', in_channels=24)


def theirs(name, *, seed=0, head='', **changes):
    """transformers' own model, such as one with a classifier."""
    torch.manual_seed(seed)
    kind = getattr(transformers, name.replace('Model', head) if head else name)
    return kind(kind.config_class(**(CONFIGS[name] | changes))).eval()


def as_backbone(name, model, **changes):
    """A backbone with the weights of transformers' model."""
    ours = build_backbone(dict(TRANSFORMERS[name], config=CONFIGS[name] | changes)).eval()
    assert not ours.load_state_dict(model.state_dict(), strict=False).missing_keys
    return ours


def tokens_of(model, clips):
    given = 'pixel_values_videos' if 'VJEPA2' in type(model).__name__ else 'pixel_values'
    return model(**{given: clips.transpose(1, 2)}).last_hidden_state


def in_order(name, tokens, steps, grid):
    """(B, …, C) tokens as a map, by what transformers' documentation says of each."""
    if name == 'TimesformerModel':     # all frames of a patch, then the next patch
        return tokens[:, 1:].unflatten(1, (*grid, steps)).permute(0, 4, 3, 1, 2)
    first = tokens.shape[1] - steps * grid[0] * grid[1]
    assert first == (name == 'VivitModel')
    return tokens[:, first:].unflatten(1, (steps, *grid)).permute(0, 4, 1, 2, 3)


def steps_of(name, frames):
    return frames if name == 'TimesformerModel' else frames // 2


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


@pytest.mark.parametrize(('name', 'head'), [
    ('VideoMAEModel', ''), ('VideoMAEModel', 'ForVideoClassification'),
    ('TimesformerModel', 'ForVideoClassification'), ('VivitModel', 'ForVideoClassification'),
    ('VJEPA2Model', ''), ('VJEPA2Model', 'ForVideoClassification')])
def test_a_folder_gives_config_weights_and_the_normalisation_of_its_processor(
        name, head, tmp_path):
    source = theirs(name, head=head)
    source.save_pretrained(tmp_path)
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(dict(
        do_rescale=True, rescale_factor=1 / 255, do_normalize=True, image_mean=[0.5, 0.4, 0.3],
        image_std=[0.1, 0.2, 0.3])))
    torch.manual_seed(7)
    model = EndToEndLocalizer(backbone=dict(type=f'transformers.{name}', weights=str(tmp_path)),
                              head=HEAD)
    state = {key.partition('.')[2] if head else key: value
             for key, value in source.state_dict().items()}
    own = model.backbone.state_dict()
    drawn = next(key for key, value in own.items() if value.ndim > 2 and value.any())
    assert not torch.equal(own[drawn], state[drawn]), 'nothing is read to build a model'
    model.init_weights()
    assert all(torch.equal(value, state[key]) for key, value in own.items())
    normal = model.frame_preprocessor
    assert normal.mean.flatten().tolist() == pytest.approx([127.5, 102, 76.5])
    assert normal.std.flatten().tolist() == pytest.approx([25.5, 51, 76.5])


def test_a_processors_offset_is_part_of_the_normalisation(tmp_path):
    """ViViT's: v / 127.5 - 1, and then less 0.5, by 0.5."""
    theirs('VivitModel').save_pretrained(tmp_path)
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(dict(
        offset=True, rescale_factor=1 / 127.5, image_mean=[0.5] * 3, image_std=[0.5] * 3)))
    model = EndToEndLocalizer(backbone=dict(type='transformers.VivitModel', weights=str(tmp_path)),
                              head=HEAD)
    frames = torch.randint(256, (1, 3, 2, 4, 4), dtype=torch.uint8)
    torch.testing.assert_close(model._normalize(frames), ((frames / 127.5 - 1) - 0.5) / 0.5,
                               atol=1e-5, rtol=1e-5)


def test_a_folder_without_a_processor_wants_the_normalisation_from_the_config(tmp_path):
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    backbone = dict(type='transformers.VideoMAEModel', weights=str(tmp_path))
    with pytest.raises(ValueError, match='nothing says how .* wants frames normalised'):
        EndToEndLocalizer(backbone=backbone, head=HEAD)
    model = EndToEndLocalizer(backbone=backbone, head=HEAD, data_preprocessor=PLAIN)
    assert model.frame_preprocessor.mean.flatten().tolist() == [1, 2, 3]


def test_a_config_beside_weights_is_held_against_theirs_when_they_come(tmp_path, monkeypatch):
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    said = []
    monkeypatch.setattr(module, 'print_log', lambda message, **_: said.append(message))
    model = EndToEndLocalizer(head=HEAD, data_preprocessor=PLAIN, backbone=dict(
        type='transformers.VideoMAEModel', weights=str(tmp_path),
        config=CONFIGS['VideoMAEModel'] | dict(num_attention_heads=4)))
    assert not said
    model.init_weights()
    assert len(said) == 1
    assert 'num_attention_heads=4 (2 there)' in said[0]
    assert 'hidden_size' not in said[0]


def test_a_file_of_safetensors_loads_beside_a_config(tmp_path):
    source = theirs('VJEPA2Model')
    source.save_pretrained(tmp_path)
    model = EndToEndLocalizer(head=HEAD, backbone=dict(
        TRANSFORMERS['VJEPA2Model'], weights=str(tmp_path / 'model.safetensors')),
        data_preprocessor=PLAIN)
    model.init_weights()
    assert all(torch.equal(value, source.state_dict()[key])
               for key, value in model.backbone.state_dict().items())


def test_weights_that_only_a_pickle_holds_are_refused(tmp_path):
    source = theirs('VideoMAEModel')
    source.config.save_pretrained(tmp_path)
    torch.save(source.state_dict(), tmp_path / 'pytorch_model.bin')
    model = EndToEndLocalizer(backbone=dict(type='transformers.VideoMAEModel',
                                            weights=str(tmp_path)), head=HEAD,
                              data_preprocessor=PLAIN)
    with pytest.raises(ValueError, match='gives no weights of safetensors .*save_pretrained'):
        model.init_weights()


def test_a_folder_that_lacks_weights_is_refused(tmp_path):
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    model = EndToEndLocalizer(head=HEAD, backbone=dict(
        type='transformers.VideoMAEModel', weights=str(tmp_path),
        config=CONFIGS['VideoMAEModel'] | dict(num_hidden_layers=3)), data_preprocessor=PLAIN)
    with pytest.raises(ValueError, match='lacks 15 of 47 weights of VideoMAEModel, the first'):
        model.init_weights()


def test_code_that_a_folder_brings_is_not_run(tmp_path):
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    config = json.loads((tmp_path / 'config.json').read_text())
    config |= dict(auto_map={'AutoConfig': 'evil.Config', 'AutoModel': 'evil.Model'},
                   attn_implementation='somebody/kernel')
    (tmp_path / 'config.json').write_text(json.dumps(config))
    (tmp_path / 'evil.py').write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('ran')")
    model = EndToEndLocalizer(backbone=dict(type='transformers.VideoMAEModel',
                                            weights=str(tmp_path)), head=HEAD,
                              data_preprocessor=PLAIN)
    model.init_weights()
    assert model.backbone.config._attn_implementation == 'sdpa'
    assert not (tmp_path / 'ran').exists()


def test_a_processor_that_comes_with_the_weights_is_held_against_the_config(tmp_path, monkeypatch):
    """With a config nothing is looked up to build the model, not even whether the net is there."""
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(dict(
        image_mean=[0.5] * 3, image_std=[0.5] * 3)))
    asked = []
    monkeypatch.setattr(module.os.path, 'isdir', lambda path: False)
    monkeypatch.setattr(module, 'normalization_of_folder', lambda source: asked.append(source)
                        or normalization_of_folder(source))
    model = EndToEndLocalizer(
        backbone=dict(TRANSFORMERS['VideoMAEModel'], weights=str(tmp_path)), head=HEAD,
        data_preprocessor=PLAIN)
    assert not asked
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r'has mean=\[1.0, 2.0, 3.0\]; .*mean=\[127.5, 127.5, 127'):
        model.init_weights()


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


def test_an_older_transformers_is_refused(monkeypatch):
    monkeypatch.setattr(transformers, '__version__', '4.57.1')
    with pytest.raises(ValueError, match=r'transformers 4.57.1 is installed.*expected 5 or newer'):
        build_backbone(TRANSFORMERS['VivitModel'])


def test_a_name_that_cannot_be_had_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(transformers.utils.hub.constants, 'HF_HUB_OFFLINE', True, raising=False)
    with pytest.raises(ValueError, match=r'finds no config.json by weights=.*nothing'):
        build_backbone(dict(type='transformers.VJEPA2Model', weights=str(tmp_path / 'nothing')))


def test_a_folder_of_adapters_is_refused(tmp_path):
    theirs('VideoMAEModel').save_pretrained(tmp_path)
    (tmp_path / 'adapter_config.json').write_text('{}')
    with pytest.raises(ValueError, match='holds adapters beside weights that lie elsewhere'):
        build_backbone(dict(type='transformers.VideoMAEModel', weights=str(tmp_path)))


def test_low_rank_layers_stand_beside_the_weights_of_a_folder(tmp_path):
    pytest.importorskip('peft')
    source = theirs('VJEPA2Model')
    source.save_pretrained(tmp_path)
    model = EndToEndLocalizer(
        backbone=dict(type='transformers.VJEPA2Model', weights=str(tmp_path)), head=HEAD,
        data_preprocessor=PLAIN,
        encoder=dict(adapters=dict(type='lora', rank=2, targets=['query', 'value'])))
    model.init_weights()
    state, own = source.state_dict(), model.backbone.state_dict()
    trained = [name for name, value in model.backbone.named_parameters() if value.requires_grad]
    assert len(trained) == 2 * 2 * 2
    assert all('lora_' in name for name in trained)
    assert all(torch.equal(own[name], value) for name, value in state.items() if name in own)
    clips = torch.randn(1, 3, 4, 64, 64)
    with torch.no_grad():      # a new adapter changes nothing
        torch.testing.assert_close(model.backbone.eval()(clips),
                                   in_order('VJEPA2Model', tokens_of(source, clips), 2, (4, 4)))
    model.train()
    frames = torch.rand(1, 3, 3, 4, 32, 32)
    model.extract_feat(frames).square().sum().backward()
    assert all(model.backbone.get_parameter(name).grad is not None for name in trained)


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
