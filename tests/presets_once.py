"""Importing this lets MMEngine look into an installed package once, not for each config.

To find a `_base_` of `mmaction::` it reads all of the package's tables of published weights, and
what is installed at all: half of the time of reading a config, and as much for each base.
"""
from __future__ import annotations

from functools import cache

from mmengine.config import Config, config, utils

config.is_installed = cache(config.is_installed)
config.get_installed_path = cache(config.get_installed_path)
utils.load = cache(utils.load)
Config._get_cfg_path('mmaction::_base_/default_runtime.py', '')     # before others are forked
