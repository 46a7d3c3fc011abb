"""Procedural indoor scenes, ray-cast analytically, the same on every machine."""

from mdml_tune.data.rooms.classes import CLASSES
from mdml_tune.data.rooms.render import RENDERER_VERSION, Scene, render

__all__ = ["CLASSES", "RENDERER_VERSION", "Scene", "render"]
