"""From videos to segments, in MMEngine's way: `TALInferencer(model=…, weights=…)(inputs)`.

Shape legend: K segments of one video.
"""
from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from mmaction.registry import INFERENCERS, MODELS
from mmaction.structures import ActionDataSample
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from mmengine.infer import BaseInferencer
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader

from mmlofi.apis.head_pass import HeadPass
from mmlofi.apis.load import (
    check_device,
    find_class_names,
    find_test_dataset,
    load_encoder,
    load_weights,
    read_config,
)
from mmlofi.apis.video_files import Inputs, find_videos, name_videos
from mmlofi.compat.stored_config import stored_config
from mmlofi.datasets.chunk_size import CHUNK_SNIPPETS
from mmlofi.datasets.streaming import SnippetChunk, stream_snippets
from mmlofi.datasets.untrimmed import reading
from mmlofi.datasets.videos.boxes import is_cut_off
from mmlofi.detections.predictions import Detections, save_detections
from mmlofi.files import file_stem, file_stems
from mmlofi.models import EndToEndLocalizer
from mmlofi.models.encoders.streaming import encode_videos, encode_windows
from mmlofi.options import require_number, require_whole
from mmlofi.visualization.figure_file import save_figure
from mmlofi.visualization.video_timeline import draw_video_timeline, figure_to_image

ONE_CLASS = 'action'   # of a model that tells no classes apart
Progress = Callable[[int, int], None]


@INFERENCERS.register_module(name='temporal-action-localization')
@INFERENCERS.register_module()
class TALInferencer(BaseInferencer):
    """Finds the segments of actions in video files.

    ::

        inferencer = TALInferencer(model='config.py', weights='epoch_15.pth')
        inferencer('video.mp4')['predictions'][0]['detections'][0]
        # {'label': 'Ballet', 'score': 0.91, 'segment': [6.2, 77.7]}   best first, in seconds

    Snippets, their size and number, and windows where its dataset cuts them, are those of the
    config's `test_dataloader`, so that a video's predictions are those of `tools/test.py`. Frames
    are decoded and encoded `chunk_snippets` at a time: memory does not grow with the video or its
    snippets, but for their features and what the head makes of them.

    An object can be called again and again, and from several threads, whose calls take turns.

    Args:
        model: Config of a localizer, or its path. None takes the one that the checkpoint holds.
        weights: Checkpoint of the whole model.
        encoder: For a model without a backbone (stage 3): config of the encoder (stage 2), or its
            path, whose `test_dataloader` then says how videos are read.
        encoder_weights: Checkpoint with the encoder's backbone; 'named': what its config names.
        device: Such as 'cuda:0' or 'cpu'; None takes what there is.
        chunk_snippets: Snippets decoded and encoded at a time.
        show_progress: Whether to draw a bar of the videos.

    Raises:
        FileNotFoundError: For a config or checkpoint that is not there.
        ValueError: When a checkpoint does not fit its config, an encoder is missing or one too
            many, nothing names the classes, or there is no such device.
    """

    forward_kwargs = {'threshold', 'top_k', 'progress'}
    visualize_kwargs = {'return_vis', 'vis_out_dir'}
    postprocess_kwargs = {'pred_out_file'}

    def __init__(self, model: Config | dict | str | None = None, weights: str | None = None, *,
                 encoder: Config | dict | str | None = None, encoder_weights: str | None = None,
                 device: str | None = None, chunk_snippets: int = CHUNK_SNIPPETS,
                 show_progress: bool = True) -> None:
        if weights is None:
            raise ValueError('TALInferencer got no weights; expected the checkpoint of a trained '
                             'model, since a random one finds nothing: weights="epoch_15.pth"')
        require_whole('TALInferencer', chunk_snippets=chunk_snippets)
        check_device(device)
        init_default_scope('mmaction')
        self.chunk_snippets, self._weights, self._lock = chunk_snippets, weights, threading.Lock()
        self._encoder_cfg = None if encoder is None else read_config(encoder)
        self._encoder_weights = encoder_weights
        try:
            super().__init__(model if model is None else read_config(model), weights, device,
                             scope='mmaction', show_progress=show_progress)
        except Exception as error:   # of any kind, where anybody wrote the config
            if model is not None or isinstance(error, (OSError, ValueError)):
                raise
            reason = (str(error).strip().splitlines() or [''])[0]
            raise ValueError(f'{weights} holds a config that nothing can be made of '
                             f'({type(error).__name__}: {reason[:200]}); expected that of a '
                             'trained localizer: give the config file as well') from error

    def __call__(self, inputs: Inputs | dict, return_datasamples: bool = False,
                 **kwargs: Any) -> dict:
        """Localizes actions in videos, one after the other.

        Args:
            inputs: A file, a folder of videos, a pattern, a list of these, or one of
                `list_videos`.
            return_datasamples: Whether `predictions` are data samples with `pred_instances`
                (segments_sec (K, 2), scores (K,), labels (K,)) rather than dicts.
            threshold: Segments of lower scores are left out.
            top_k: The best segments of a video that are kept; None keeps all.
            progress: Called with the snippets of the present video that are done, and all of them.
            return_vis: Whether `visualization` is a list of each video's time line (H, W, 3).
            vis_out_dir: Folder for these pictures, as png.
            pred_out_file: Where to write ActivityNet's json.

        Returns:
            `predictions`: a dict a video, of `video_name`, `filename`, `duration_sec` and
            `detections` (dicts of label, score and segment in seconds, best first);
            `visualization`: a list of pictures, empty unless asked for.

        Raises:
            FileNotFoundError: Before the first video is looked at, when one is not there.
            ValueError: For a `top_k` or `threshold` that is none; with its name, for a video that
                cannot be decoded. Videos that may be bad are better given one by one.
        """
        if kwargs.get('top_k') is not None:   # all
            require_whole('TALInferencer', top_k=kwargs['top_k'])
        require_number('TALInferencer', threshold=kwargs.get('threshold', 0.0))
        with self._lock:
            return super().__call__(inputs, return_datasamples, **kwargs)

    def list_videos(self, inputs: Inputs) -> list[dict]:
        """What the pipeline gets of each video; any of these dicts can be called with, too.

        Raises:
            FileNotFoundError: When one is not there.
        """
        files = find_videos(inputs)
        names = name_videos(files, self._filename_tmpl)
        stems = file_stems(names)   # of the pictures of all of them
        return [dict(video_name=name, filename=file, file_stem=stems[name], duration_sec=None,
                     segments_sec=np.zeros((0, 2)), gt_labels=np.zeros(0, np.int64),
                     **reading(test_mode=True))
                for file, name in zip(files, names)]

    def _inputs_to_list(self, inputs: Inputs | dict) -> list[dict]:
        return [inputs] if isinstance(inputs, dict) else self.list_videos(inputs)

    def preprocess(self, inputs: list[dict], batch_size: int = 1) -> Iterable[dict]:
        """Nothing yet: frames are decoded while they are encoded."""
        if batch_size != 1:
            raise ValueError(f'TALInferencer got batch_size={batch_size}; expected 1, as a video '
                             'is more than a batch: chunk_snippets says how much goes in at a time')
        return inputs

    @torch.no_grad()
    def forward(self, inputs: dict, *, threshold: float = 0.0, top_k: int | None = None,
                progress: Progress | None = None) -> list[ActionDataSample]:
        """One video's data sample with `pred_instances`, best first, and `curves`."""
        if is_cut_off(inputs['filename']):
            raise ValueError(f'video {inputs["video_name"]!r} ({inputs["filename"]}) ends before '
                             'its header says that it does; expected a whole file: get it again')
        info = dict(inputs, min_snippets=self._head_pass.min_snippets)
        chunks = stream_snippets(self.pipeline.transforms, info, self.chunk_snippets)
        encoder = self.model if self.encoder is None else self.encoder
        chunks, windows = _reporting(chunks, progress), self._head_pass.windows_of_frames
        if windows is not None:
            sample, features = encode_windows(encoder, chunks, windows)
        else:
            ((sample, features),) = encode_videos(encoder, chunks)
        sample = self._head_pass(inputs, sample, features)
        sample.set_metainfo(dict(filename=inputs['filename'], file_stem=inputs.get(
            'file_stem') or file_stem(inputs['video_name'])))
        best = sample.pred_instances.scores.argsort(descending=True, stable=True)
        best = best[sample.pred_instances.scores[best] >= threshold][:top_k]
        sample.pred_instances = sample.pred_instances[best].cpu()
        return [sample]

    def visualize(self, inputs: list[dict], preds: list[ActionDataSample], *,
                  return_vis: bool = False, vis_out_dir: str | None = None) -> list[np.ndarray]:
        """Time lines of the videos, if they are asked for."""
        pictures = []
        for sample in preds if return_vis or vis_out_dir else []:
            figure = self._draw(sample)
            if vis_out_dir:
                save_figure(figure, os.path.join(vis_out_dir, f'{sample.file_stem}.png'))
            if return_vis:
                pictures.append(figure_to_image(figure))
        return pictures

    def postprocess(self, preds: list[ActionDataSample], visualization: list[np.ndarray],
                    return_datasamples: bool = False, *, pred_out_file: str | None = None) -> dict:
        """The dict that the call returns."""
        if pred_out_file:
            save_detections(self.to_detections(preds), pred_out_file)
        if return_datasamples:
            return dict(predictions=preds, visualization=visualization)
        results = self.to_detections(preds).to_results()
        predictions = [dict(video_name=sample.video_name, filename=sample.filename,
                            duration_sec=sample.duration_sec,
                            detections=results[sample.video_name]) for sample in preds]
        return dict(predictions=predictions, visualization=visualization)

    def to_detections(self, preds: Iterable[ActionDataSample]) -> Detections:
        """The predictions of videos as arrays, with the names of the classes."""
        videos = []
        for sample in preds:
            found = sample.pred_instances
            videos.append((sample.video_name, found.segments_sec.double().numpy(),
                           found.scores.double().numpy(), found.labels.numpy()))
        return Detections.from_videos(videos, self.classes)

    def _draw(self, sample: ActionDataSample) -> Figure:
        return draw_video_timeline(
            sample.video_name, self.to_detections([sample]), filename=sample.filename,
            duration_sec=sample.duration_sec, classes=self.classes, curves=sample.curves)

    def _init_model(self, cfg: ConfigDict, weights: str, device: str = 'cpu') -> EndToEndLocalizer:
        """As MMEngine's, but the text of a stored config is read, not run."""
        checkpoint = CheckpointLoader.load_checkpoint(weights, map_location='cpu')
        if not cfg:
            cfg.update(stored_config(checkpoint, weights)._cfg_dict)
        kind = cfg.model.type
        kind = MODELS.get(kind) if isinstance(kind, str) else kind
        if not (isinstance(kind, type) and issubclass(kind, EndToEndLocalizer)):   # not made
            raise ValueError(f'the config for {weights} is of a {cfg.model.type}; expected that of '
                             'an EndToEndLocalizer (stage 2 or 3): give its config file')
        model = MODELS.build(cfg.model)
        model.cfg = cfg
        self._load_weights_to_model(model, checkpoint, cfg)
        return model.to(device).eval()

    def _load_weights_to_model(self, model: EndToEndLocalizer, checkpoint: dict | None,
                               cfg: ConfigDict) -> None:
        load_weights(model, checkpoint, self._weights)
        classes = find_class_names(checkpoint, cfg)
        wanted = model.num_classes
        if wanted is not None and wanted > len(classes):
            raise ValueError(f'the model scores {wanted} classes and {len(classes)} are named; '
                             'expected a name for each: set test_dataloader.dataset.metainfo.'
                             'classes in the config')
        # Every segment has label 0 then, whatever that is the name of.
        self.classes = (ONE_CLASS,) if wanted == 1 and len(classes) > 1 else classes

    def _init_pipeline(self, cfg: ConfigDict) -> Compose:
        """The encoder's transforms of frames, and loads the encoder where it is one of its own."""
        own = find_test_dataset(cfg)
        self.encoder, frames = None, own
        if (self.model.backbone is None) == (self._encoder_cfg is None):
            raise ValueError(
                'the model takes features, and there is no encoder; expected the one that made the '
                'features it was trained on: give encoder=CONFIG and encoder_weights=CHECKPOINT of '
                'stage 2, to tools/localize.py as --encoder CONFIG CHECKPOINT'
                if self.model.backbone is None else
                'the model has a backbone of its own, and encoder names another; expected one: '
                'leave encoder out, or give the config of a head on features (stage 3)')
        if self._encoder_cfg is not None:
            if self._encoder_weights is None:
                raise ValueError('TALInferencer got an encoder and no encoder_weights; expected '
                                 "the checkpoint of stage 2: encoder_weights='epoch_15.pth'")
            device = next(self.model.parameters()).device
            self.encoder = load_encoder(self._encoder_cfg, self._encoder_weights, device)
            frames = find_test_dataset(self._encoder_cfg)
        self._filename_tmpl = frames.get('filename_tmpl') or '{}'
        self._head_pass = HeadPass(self.model, own, encoder=self.encoder)
        return Compose(frames['pipeline'])

    def _init_visualizer(self, cfg: ConfigDict) -> None:
        """None: time lines are drawn without MMEngine's, which keeps one for each name."""


def _reporting(chunks: Iterable[SnippetChunk], progress: Progress | None
               ) -> Iterator[SnippetChunk]:
    for chunk in chunks:
        yield chunk
        if progress is not None:   # the chunk is encoded when the next one is asked for
            progress(chunk.end, chunk.total)
