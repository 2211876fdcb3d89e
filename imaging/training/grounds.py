"""What products lie on in training scenes: paper, light boxes, acrylic, cloth, wood, stone, leather, patterns, pictures. Needs `bpy`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from imaging.training.catalogue import Colour
from imaging.training.scenes import Backdrop


def material(backdrop: Backdrop, unit: float, picture: Path | None) -> Any:
    """The surface of a floor or wall; `unit` is the item's size in cm, `picture` the photograph of a "photo" or "clutter" surface."""
    made = bpy.data.materials.new("ground")
    made.use_nodes = True
    tree = made.node_tree
    shader = tree.nodes["Principled BSDF"]
    inputs = shader.inputs
    inputs["Base Color"].default_value = (*backdrop.colour, 1.0)
    inputs["Roughness"].default_value = backdrop.rough
    inputs["Specular IOR Level"].default_value = 0.5 if backdrop.surface in ("gloss", "stone", "leather") else 0.22
    where = _where(tree, backdrop, unit)
    if backdrop.surface == "void":
        _glow(tree, backdrop)
    elif backdrop.surface in ("photo", "clutter") and picture is not None:
        image = tree.nodes.new("ShaderNodeTexImage")
        image.image = bpy.data.images.load(str(picture))
        image.extension = "MIRROR"
        _scaled(tree, where, 1 / (2.6 * backdrop.scale), image.inputs["Vector"])
        tree.links.new(image.outputs["Color"], inputs["Base Color"])
    elif backdrop.surface == "wood":
        _wood(tree, backdrop, where, inputs)
    elif backdrop.surface in ("stone", "photo", "clutter"):
        _stone(tree, backdrop, where, inputs)
    elif backdrop.surface == "fabric":
        _fabric(tree, backdrop, where, inputs)
    elif backdrop.surface == "leather":
        _grain(tree, where, 26 / backdrop.scale, 0.35, inputs, "voronoi")
        _mixed(tree, _noise(tree, where, 2.0), backdrop.colour, tuple(0.75 * c for c in backdrop.colour), inputs)
    elif backdrop.surface == "pattern":
        _pattern(tree, backdrop, where, inputs)
    elif backdrop.gradient:
        _mixed(tree, _noise(tree, where, 0.12), backdrop.colour, tuple(c * (1 - backdrop.gradient) for c in backdrop.colour), inputs)
    return made


def _where(tree: Any, backdrop: Backdrop, unit: float) -> Any:
    """Object coordinates in units of the item, turned about the vertical."""
    place, mapping = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Scale"].default_value = (1 / unit,) * 3
    mapping.inputs["Rotation"].default_value = (0, 0, backdrop.turn * 0.0174533)
    tree.links.new(place.outputs["Object"], mapping.inputs["Vector"])
    return mapping.outputs[0]


def _scaled(tree: Any, vector: Any, scale: float | Colour, to: Any) -> None:
    node = tree.nodes.new("ShaderNodeMapping")
    node.inputs["Scale"].default_value = (scale,) * 3 if isinstance(scale, float) else scale
    tree.links.new(vector, node.inputs["Vector"])
    tree.links.new(node.outputs[0], to)


def _noise(tree: Any, where: Any, scale: float, stretch: Colour = (1.0, 1.0, 1.0), detail: float = 3.0) -> Any:
    node = tree.nodes.new("ShaderNodeTexNoise")
    node.inputs["Scale"].default_value = scale
    node.inputs["Detail"].default_value = detail
    _scaled(tree, where, stretch, node.inputs["Vector"])
    return node.outputs[0]


def _mixed(tree: Any, factor: Any, one: Colour, other: Colour, inputs: Any, low: float = 0.35, high: float = 0.65) -> None:
    ramp = tree.nodes.new("ShaderNodeValToRGB")
    first, last = ramp.color_ramp.elements
    first.position, last.position = low, high
    first.color, last.color = (*one, 1.0), (*other, 1.0)
    tree.links.new(factor, ramp.inputs[0])
    tree.links.new(ramp.outputs[0], inputs["Base Color"])


def _grain(tree: Any, where: Any, scale: float, strength: float, inputs: Any, kind: str) -> None:
    node = tree.nodes.new("ShaderNodeTexVoronoi" if kind == "voronoi" else "ShaderNodeTexNoise")
    node.inputs["Scale"].default_value = scale
    tree.links.new(where, node.inputs["Vector"])
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = 0.05
    tree.links.new(node.outputs[0], bump.inputs["Height"])
    tree.links.new(bump.outputs[0], inputs["Normal"])


def _wood(tree: Any, backdrop: Backdrop, where: Any, inputs: Any) -> None:
    grain = _noise(tree, where, 2.2 / backdrop.scale, (1.0, 9.0, 1.0), 6.0)
    _mixed(tree, grain, backdrop.colour, tuple(c * 0.45 for c in backdrop.colour), inputs, 0.38, 0.68)
    _grain(tree, where, 14.0, 0.12, inputs, "noise")
    inputs["Roughness"].default_value = max(0.25, backdrop.rough - 0.2)


def _stone(tree: Any, backdrop: Backdrop, where: Any, inputs: Any) -> None:
    veins = _noise(tree, where, 1.1 / backdrop.scale, (1.0, 2.2, 1.0), 9.0)
    low = 0.46 if backdrop.rough > 0.65 else 0.3
    _mixed(tree, veins, tuple(c * 0.4 for c in backdrop.colour), backdrop.colour, inputs, low, low + 0.14)
    inputs["Roughness"].default_value = backdrop.rough * 0.5
    if backdrop.rough > 0.7:
        _grain(tree, where, 18.0, 0.4, inputs, "noise")
        inputs["Roughness"].default_value = 0.9


def _fabric(tree: Any, backdrop: Backdrop, where: Any, inputs: Any) -> None:
    """Threads both ways over broad soft folds."""
    heights = []
    for direction in ("X", "Y"):
        wave = tree.nodes.new("ShaderNodeTexWave")
        wave.bands_direction = direction
        wave.inputs["Scale"].default_value = 16 / backdrop.scale
        wave.inputs["Distortion"].default_value = 0.6
        tree.links.new(where, wave.inputs["Vector"])
        heights.append(wave.outputs["Fac"])
    threads = _math(tree, "MULTIPLY", *heights)
    folds = _math(tree, "MULTIPLY", _noise(tree, where, 0.9, detail=1.0), 14.0 * backdrop.gradient + 1.0)
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = 0.6
    bump.inputs["Distance"].default_value = 0.08
    tree.links.new(_math(tree, "ADD", threads, folds), bump.inputs["Height"])
    tree.links.new(bump.outputs[0], inputs["Normal"])
    _mixed(tree, threads, tuple(c * 0.7 for c in backdrop.colour), backdrop.colour, inputs, 0.0, 0.8)
    inputs["Sheen Weight"].default_value = 0.15


def _pattern(tree: Any, backdrop: Backdrop, where: Any, inputs: Any) -> None:
    kind = backdrop.photo % 3
    if kind == 0:
        node = tree.nodes.new("ShaderNodeTexChecker")
        node.inputs["Scale"].default_value = 2.5 / backdrop.scale
    elif kind == 1:
        node = tree.nodes.new("ShaderNodeTexBrick")
        node.inputs["Scale"].default_value = 2.0 / backdrop.scale
        node.inputs["Mortar"].default_value = (*(c * 0.5 for c in backdrop.second), 1.0)
    else:
        wave = tree.nodes.new("ShaderNodeTexWave")
        wave.inputs["Scale"].default_value = 1.2 / backdrop.scale
        wave.inputs["Distortion"].default_value = backdrop.gradient * 8
        tree.links.new(where, wave.inputs["Vector"])
        _mixed(tree, wave.outputs["Fac"], backdrop.colour, backdrop.second, inputs, 0.45, 0.55)
        return
    node.inputs["Color1"].default_value = (*backdrop.colour, 1.0)
    node.inputs["Color2"].default_value = (*backdrop.second, 1.0)
    tree.links.new(where, node.inputs["Vector"])
    tree.links.new(node.outputs["Color"], inputs["Base Color"])


def _math(tree: Any, operation: str, one: Any, other: Any) -> Any:
    node = tree.nodes.new("ShaderNodeMath")
    node.operation = operation
    for k, value in enumerate((one, other)):
        if isinstance(value, float):
            node.inputs[k].default_value = value
        else:
            tree.links.new(value, node.inputs[k])
    return node.outputs[0]


def _glow(tree: Any, backdrop: Backdrop) -> None:
    """A lit wall: even, or falling off from the middle of the picture or from one side."""
    tree.nodes.remove(tree.nodes["Principled BSDF"])
    light = tree.nodes.new("ShaderNodeEmission")
    light.inputs["Strength"].default_value = 0.5
    light.inputs["Color"].default_value = (*backdrop.colour, 1.0)
    if backdrop.gradient:
        window, mapping, ramp = (tree.nodes.new(k) for k in ("ShaderNodeTexCoord", "ShaderNodeMapping", "ShaderNodeTexGradient"))
        ramp.gradient_type = "SPHERICAL" if backdrop.photo % 2 else "LINEAR"
        mapping.vector_type = "POINT"
        centre = (-0.5, -0.5, 0.0) if backdrop.photo % 2 else (0.0, 0.0, 0.0)
        mapping.inputs["Location"].default_value = centre
        mapping.inputs["Rotation"].default_value = (0, 0, 0.0 if backdrop.photo % 2 else backdrop.turn * 0.0174533)
        tree.links.new(window.outputs["Window"], mapping.inputs["Vector"])
        tree.links.new(mapping.outputs[0], ramp.inputs[0])
        colours = tree.nodes.new("ShaderNodeValToRGB")
        low, high = colours.color_ramp.elements
        low.position, high.position = (0.2, 1.0) if backdrop.photo % 2 else (0.0, 1.0)
        low.color = (*(c * (1 - backdrop.gradient) for c in backdrop.colour), 1.0)
        high.color = (*backdrop.colour, 1.0)
        tree.links.new(ramp.outputs["Fac"], colours.inputs[0])
        tree.links.new(colours.outputs[0], light.inputs["Color"])
    tree.links.new(light.outputs[0], tree.nodes["Material Output"].inputs["Surface"])
