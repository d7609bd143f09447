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
PICKLES, OWN_READER = ('.pkl', '.pickle'), 'ClassScoreFile'
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
    """Refuses values by which a registry would import a module.

    Raises:
        NotData: When a `type` is neither the name nor the path of something registered and could
            be imported, a scope is no registry's, or a pickle would be read by others than us.
    """
    scopes, names, paths = _registered()
    for mapping in _mappings(values):
        for key in SCOPE_KEYS:
            scope = mapping.get(key)
            if scope is not None and scope not in scopes:
                raise NotData(f'{key}={scope!r}, a scope that no registry here has')
        kind = mapping.get('type')
        pickles = [value for value in mapping.values()
                   if isinstance(value, str) and value.lower().endswith(PICKLES)]
        if pickles and kind != OWN_READER:   # some of MMAction2's models load these as they are
            raise NotData(f'{pickles[0]!r} for a {kind}, which may run what a pickle says')
        if not isinstance(kind, str) or kind in paths:
            continue
        scope, _, name = kind.rpartition('.')
        if name in names and scope in ('', *scopes):
            continue
        if scope or find_spec(kind) is not None:
            raise NotData(f'type={kind!r}, which no registry holds')


def _follow(checkpoint: object, path: list[str]) -> dict | None:
    """The dict at the end of a path of keys, if there is one."""
    for key in path:
        checkpoint = checkpoint.get(key) if isinstance(checkpoint, dict) else None
    return checkpoint if isinstance(checkpoint, dict) else None


def _mappings(values: object) -> Iterator[Mapping]:
    """A mapping and all inside it, those in lists too."""
    waiting = [values]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield value
            waiting += value.values()
        elif isinstance(value, (list, tuple)):
            waiting += value


def _registered() -> tuple[set[str], set[str], set[str]]:
    """Scopes, names and paths (module and class) of what the registries hold."""
    register_all_modules(init_default_scope=False)
    registries = [found for module in (mmengine.registry, mmaction.registry)
                  for found in vars(module).values() if isinstance(found, Registry)]
    for registry in registries:
        if registry.scope == 'mmengine':
            registry.import_from_location()
    scopes = {registry.scope for registry in registries}
    modules = [(name, module) for registry in registries
               for name, module in registry.module_dict.items()]
    return (scopes, {name for name, _ in modules},
            {f'{module.__module__}.{module.__qualname__}' for _, module in modules
             if hasattr(module, '__qualname__')})
