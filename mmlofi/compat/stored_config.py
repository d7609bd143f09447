"""The configs that come with weights: read for their values, and held to what is registered here.

MMEngine runs the text of a stored config on resume (`meta.config`) and for inference without a
config file. Here it is read by `literals.read_values`, and what a checkpoint is loaded as holds
text written anew from the values.

Values can name what to run, too: MMEngine imports the modules in `custom_imports`, and its
registries import whatever module stands in a `type`. The first is left out of the text; for the
second only what some registry holds already gets through.
"""
from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from importlib.util import find_spec

import mmaction.registry
import mmengine.registry
from mmaction.utils import register_all_modules
from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import Registry

from mmlofi.compat.literals import NotData, read_values, write_values
from mmlofi.compat.trust import is_trusted, refusal

# Where MMEngine keeps a config as text, the place that it reads first in front.
PLACES = (('message_hub', 'runtime_info', 'cfg'), ('meta', 'cfg'), ('meta', 'config'))
SCOPE_KEYS = ('_scope_', 'default_scope')
# What runs code where MMEngine loads a file by its ending; its yaml has tags that call functions.
PROGRAMS, OWN_READER = ('pkl', 'pickle', 'yaml', 'yml'), 'ClassScoreFile'
# The folder from which a file backend of MMEngine's, memcached, imports a module.
IMPORTS_FROM = 'sys_path'
# What a model, the steps before it and what draws it may be made of. A registry builds any path:
# elsewhere are runners, which write files, and inferencers, which run config files.
BUILT = {**dict.fromkeys(('model', 'pipeline', 'data_preprocessor'),
                         ('model', 'transform', 'weight initializer')),
         'visualizer': ('visualizer', 'vis_backend')}
# Whose backbones the localizer builds by tables of its own, without a registry.
LOCALIZER, LIBRARIES = 'EndToEndLocalizer', ('torchvision', 'timm', 'transformers')
LEFT_OUT = '# '


def hold_to_values(checkpoint: object, source: str) -> None:
    """Writes each stored config of a checkpoint anew, from its values.

    One that names types which no registry here has becomes a comment that says so: its weights may
    be wanted all the same.

    Raises:
        ValueError: When a text does more than write down values.
    """
    for *path, key in PLACES:
        owner = _follow(checkpoint, path)
        if owner is None or not isinstance(owner.get(key), str):
            continue
        place = '.'.join((*path, key))
        try:
            values = read_values(owner[key])
        except NotData as error:
            raise refusal(source, f'code in its {place}: {error}') from None
        values.pop('custom_imports', None)
        try:
            refuse_foreign_types(values)
            owner[key] = write_values(values)
        except NotData as error:
            print_log(f'{source}: its {place} is left out, since it has {error}', 'current',
                      logging.WARNING)
            owner[key] = f'{LEFT_OUT}{error}'


def stored_config(checkpoint: object, source: str) -> Config:
    """The config that a checkpoint was trained by.

    Args:
        checkpoint: As `CheckpointLoader` reads it.
        source: What to call it in an error.

    Raises:
        ValueError: When it holds none, or one that names types which no registry here has.
    """
    for *path, key in PLACES:
        text = (_follow(checkpoint, path) or {}).get(key)
        if not isinstance(text, str):
            continue
        if is_trusted():
            return Config.fromstring(text, '.py')
        if text.startswith(LEFT_OUT):
            raise refusal(source, f'a config with {text.removeprefix(LEFT_OUT)}',
                          'import what defines it first, or give the config file')
        try:
            return Config(read_values(text))
        except (KeyError, ValueError) as error:   # a name that MMEngine's Config keeps for itself
            raise refusal(source, f'a config that is none ({error})') from error
    raise ValueError(f'{source} holds no config; expected one in message_hub.runtime_info.cfg or '
                     'meta.cfg, where a Runner keeps it: give the config file as well')


def refuse_foreign_types(values: object) -> None:
    """Refuses values by which something would run, be imported or written when a model is made.

    Raises:
        NotData: When a `type` is neither the name nor the path of something registered, nor that
            of a localizer's backbone in a library, and could be imported, or, in a model or a
            pipeline, is the path of anything but their parts; a scope is no registry's; a pickle
            or yaml would be read by others than us; or a file backend would import a module.
    """
    scopes, names, paths = _registered()
    others = {id(mapping.get('backbone')) for mapping, _ in _mappings(values)
              if mapping.get('type') == LOCALIZER}
    for mapping, place in _mappings(values):
        for key in SCOPE_KEYS:
            scope = mapping.get(key)
            if scope is not None and not (isinstance(scope, str) and scope in scopes):
                raise NotData(f'{key}={scope!r}, a scope that no registry here has')
        if IMPORTS_FROM in mapping:
            raise NotData(f'{IMPORTS_FROM}={mapping[IMPORTS_FROM]!r}, a folder of modules')
        kind = mapping.get('type')
        programs = [text for text in _texts(mapping)
                    if text.rpartition('.')[2].lower() in PROGRAMS]   # as MMEngine tells formats
        if programs and kind != OWN_READER:   # some of MMAction2's models load these as they are
            raise NotData(f'{programs[0]!r} for a {kind}, which may run what such a file says')
        if not isinstance(kind, str) or paths.get(kind, set()).intersection(
                BUILT.get(place, paths.get(kind, set()))):
            continue
        if id(mapping) in others and kind.partition('.')[0] in LIBRARIES:
            continue
        scope, _, name = kind.rpartition('.')
        if name in names and scope in ('', *scopes):
            continue
        if not kind.isidentifier() or find_spec(kind) is not None:
            raise NotData(f'type={kind!r}, which no registry holds'
                          + (f' for a {place}' if kind in paths else ''))


def _follow(checkpoint: object, path: list[str]) -> dict | None:
    """The dict at the end of a path of keys, if there is one."""
    for key in path:
        checkpoint = checkpoint.get(key) if isinstance(checkpoint, dict) else None
    return checkpoint if isinstance(checkpoint, dict) else None


def _mappings(values: object) -> Iterator[tuple[Mapping, str | None]]:
    """A mapping and all inside it, those in lists too, each with what of `BUILT` it is for."""
    waiting = [(values, None)]
    while waiting:
        value, place = waiting.pop()
        if isinstance(value, Mapping):
            yield value, place
            waiting += [(inner, place or _place(key)) for key, inner in value.items()]
        elif isinstance(value, (list, tuple)):
            waiting += [(inner, place) for inner in value]


def _place(key: object) -> str | None:
    """Of `BUILT`: `pipeline` of a dataset, `test_pipeline`, `tta_model` and the like."""
    return next((place for place in BUILT if isinstance(key, str) and key.endswith(place)), None)


def _texts(mapping: Mapping) -> Iterator[str]:
    """The texts in a mapping, and in the lists in it."""
    waiting = list(mapping.values())
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, tuple, set)):
            waiting += value


def _registered() -> tuple[set[str], set[str], dict[str, set[str]]]:
    """Scopes and names of what the registries hold, and its paths (module and class), each with the
    names of its registries."""
    register_all_modules(init_default_scope=False)
    registries = [found for module in (mmengine.registry, mmaction.registry)
                  for found in vars(module).values() if isinstance(found, Registry)]
    for registry in registries:
        if registry.scope == 'mmengine':
            registry.import_from_location()
    names, paths = set(), {}
    for registry in registries:
        names |= set(registry.module_dict)
        for module in registry.module_dict.values():
            if hasattr(module, '__qualname__'):
                path = f'{module.__module__}.{module.__qualname__}'
                paths.setdefault(path, set()).add(registry.name)
    return {registry.scope for registry in registries}, names, paths
