"""What folders and names of transformers give: config, weights, normalisation; and what not."""
from __future__ import annotations

import json

import pytest
import torch
from small_library_models import CONFIGS, TRANSFORMERS
from transformers_twins import in_order, theirs, tokens_of

from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.backbones import build_backbone

transformers = pytest.importorskip('transformers')
module = pytest.importorskip('mmlofi.models.encoders.libraries.transformers_models')
normalization_of_folder = module.normalization_of_folder
PLAIN = dict(type='ActionDataPreprocessor', mean=[1.0, 2.0, 3.0], std=[4.0] * 3,
             format_shape='NCTHW')
HEAD = dict(type='GTADHead', in_channels=24)


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
