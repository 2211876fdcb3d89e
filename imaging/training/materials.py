"""Surfaces of the sample shoot: metals, dials, straps, stones and crystal as small Cycles node trees. Needs `bpy`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy

Colour = tuple[float, float, float]

METALS: dict[str, Colour] = {
    "steel": (0.66, 0.66, 0.67),
    "titanium": (0.46, 0.45, 0.44),
    "silver": (0.90, 0.89, 0.87),
    "white gold": (0.80, 0.78, 0.74),
    "gold": (0.95, 0.66, 0.28),
    "rose gold": (0.93, 0.60, 0.46),
    "black": (0.035, 0.035, 0.04),
}
# cases that are no metal: colour, roughness
PLASTICS: dict[str, tuple[Colour, float]] = {
    "white ceramic": ((0.80, 0.80, 0.80), 0.08),
    "black ceramic": ((0.012, 0.012, 0.013), 0.06),
    "black resin": ((0.016, 0.016, 0.018), 0.42),
    "white resin": ((0.74, 0.74, 0.73), 0.4),
    "grey resin": ((0.22, 0.22, 0.23), 0.42),
    "red resin": ((0.5, 0.03, 0.03), 0.4),
    "blue resin": ((0.02, 0.09, 0.4), 0.4),
    "green resin": ((0.10, 0.14, 0.06), 0.45),
    "pink resin": ((0.75, 0.30, 0.40), 0.4),
    "yellow resin": ((0.75, 0.55, 0.05), 0.4),
}


class Palette:
    """Materials of one scene, each made once and found again by its description."""

    def __init__(self, glare: float = 0.5) -> None:
        """`glare` is how much of the bare glass's reflection its coating leaves, 0..; see `crystal`."""
        self.glare = glare
        self._made: dict[str, Any] = {}

    def _make(self, key: str, build: Callable[[Any, Any], None]) -> Any:
        if key not in self._made:
            material = bpy.data.materials.new(key)
            material.use_nodes = True
            build(material, material.node_tree.nodes["Principled BSDF"].inputs)
            self._made[key] = material
        return self._made[key]

    def metal(self, name: str, finish: str = "polished") -> Any:
        """A metal of `METALS` (or one of `PLASTICS`), "polished", "satin", "brushed" or "hammered"."""
        rough = {"polished": 0.11, "satin": 0.24, "brushed": 0.34, "hammered": 0.2}[finish]

        def build(material: Any, inputs: Any) -> None:
            if name in PLASTICS:
                _set(inputs, PLASTICS[name][0], PLASTICS[name][1] * (1.0 if finish == "polished" else 1.4))
                return
            _set(inputs, METALS[name], rough, metallic=1.0)
            if name == "black":
                inputs["Metallic"].default_value = 0.75
                inputs["Roughness"].default_value = rough + 0.1
            if finish == "hammered":
                _bump(material, inputs, "voronoi", 4.5, 0.9)
            if finish == "brushed":
                _bump(material, inputs, "noise", 26.0, 0.035, stretch=(1.0, 22.0, 22.0))

        return self._make(f"metal {name} {finish}", build)

    def dial(self, colour: Colour, finish: str) -> Any:
        """A watch dial: "sunray" (brushed from the centre), "enamel" (glossy), "matte", or a pattern: see `_pattern`."""

        def build(material: Any, inputs: Any) -> None:
            _set(inputs, colour, {"sunray": 0.36, "enamel": 0.2, "matte": 0.6}.get(finish, 0.35))
            _pattern(material, inputs, colour, finish)
            if finish == "sunray":
                inputs["Metallic"].default_value = 0.65
                inputs["Anisotropic"].default_value = 0.85
                tangent = material.node_tree.nodes.new("ShaderNodeTangent")
                tangent.direction_type, tangent.axis = "RADIAL", "Z"
                material.node_tree.links.new(tangent.outputs[0], inputs["Tangent"])

        return self._make(f"dial {colour} {finish}", build)

    def plain(self, colour: Colour, rough: float = 0.5, coat: float = 0.0) -> Any:
        """Paint, print, plastic; `coat` adds a clear varnish."""

        def build(_material: Any, inputs: Any) -> None:
            _set(inputs, colour, rough)
            inputs["Coat Weight"].default_value = coat

        return self._make(f"plain {colour} {rough} {coat}", build)

    def leather(self, colour: Colour) -> Any:
        """Grained leather with a waxy sheen."""

        def build(material: Any, inputs: Any) -> None:
            _set(inputs, colour, 0.46)
            _bump(material, inputs, "voronoi", 14.0, 0.32)
            _mottle(material, inputs, colour, 3.0, 0.3)

        return self._make(f"leather {colour}", build)

    def cloth(self, colour: Colour) -> Any:
        """Woven nylon."""

        def build(material: Any, inputs: Any) -> None:
            _set(inputs, colour, 0.78)
            _bump(material, inputs, "weave", 11.0, 0.5)

        return self._make(f"cloth {colour}", build)

    def stone(self, colour: Colour, ior: float) -> Any:
        """A cut, clear stone."""

        def build(_material: Any, inputs: Any) -> None:
            _set(inputs, colour, 0.0)
            inputs["Transmission Weight"].default_value = 1.0
            inputs["IOR"].default_value = ior

        return self._make(f"stone {colour} {ior}", build)

    def pearl(self, colour: Colour = (0.86, 0.80, 0.74)) -> Any:
        """A cultured pearl: soft body, glossy skin."""

        def build(_material: Any, inputs: Any) -> None:
            _set(inputs, colour, 0.3)
            inputs["Coat Weight"].default_value = 0.8
            inputs["Coat Roughness"].default_value = 0.08
            inputs["Sheen Weight"].default_value = 0.2

        return self._make(f"pearl {colour}", build)

    def crystal(self) -> Any:
        """A watch glass: a Fresnel mirror, as strong as `glare` says, over nothing."""

        def build(material: Any, _inputs: Any) -> None:
            tree = material.node_tree
            tree.nodes.clear()
            out, mix, clear, mirror, fresnel, weak = (
                tree.nodes.new(kind)
                for kind in (
                    "ShaderNodeOutputMaterial",
                    "ShaderNodeMixShader",
                    "ShaderNodeBsdfTransparent",
                    "ShaderNodeBsdfGlossy",
                    "ShaderNodeFresnel",
                    "ShaderNodeMath",
                )
            )
            mirror.inputs["Roughness"].default_value = 0.02
            fresnel.inputs["IOR"].default_value = 1.45
            weak.operation = "MULTIPLY"
            weak.inputs[1].default_value = self.glare
            weak.use_clamp = True
            tree.links.new(fresnel.outputs[0], weak.inputs[0])
            tree.links.new(weak.outputs[0], mix.inputs[0])
            tree.links.new(clear.outputs[0], mix.inputs[1])
            tree.links.new(mirror.outputs[0], mix.inputs[2])
            tree.links.new(mix.outputs[0], out.inputs["Surface"])

        return self._make("crystal", build)

    def backdrop(self, colour: Colour) -> Any:
        """Seamless paper."""

        def build(material: Any, inputs: Any) -> None:
            _set(inputs, colour, 0.85)
            inputs["Specular IOR Level"].default_value = 0.25
            _mottle(material, inputs, colour, 0.05, 0.05)

        return self._make(f"backdrop {colour}", build)


def _set(inputs: Any, colour: Colour, rough: float, metallic: float = 0.0) -> None:
    inputs["Base Color"].default_value = (*colour, 1.0)
    inputs["Roughness"].default_value = rough
    inputs["Metallic"].default_value = metallic


def _coordinates(tree: Any, stretch: Colour) -> Any:
    where, mapping = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeMapping")
    mapping.inputs["Scale"].default_value = stretch
    tree.links.new(where.outputs["Object"], mapping.inputs["Vector"])
    return mapping.outputs[0]


def _bump(material: Any, inputs: Any, kind: str, scale: float, strength: float, stretch: Colour = (1.0, 1.0, 1.0)) -> None:
    tree = material.node_tree
    vector = _coordinates(tree, stretch)
    if kind == "weave":
        waves = []
        for direction in ("X", "Y"):
            wave = tree.nodes.new("ShaderNodeTexWave")
            wave.bands_direction = direction
            wave.inputs["Scale"].default_value = scale
            tree.links.new(vector, wave.inputs["Vector"])
            waves.append(wave.outputs["Fac"])
        joined = tree.nodes.new("ShaderNodeMath")
        joined.operation = "MULTIPLY"
        for k, wave_out in enumerate(waves):
            tree.links.new(wave_out, joined.inputs[k])
        height = joined.outputs[0]
    else:
        texture = tree.nodes.new("ShaderNodeTexVoronoi" if kind == "voronoi" else "ShaderNodeTexNoise")
        texture.inputs["Scale"].default_value = scale
        tree.links.new(vector, texture.inputs["Vector"])
        height = texture.outputs[0]
    bump = tree.nodes.new("ShaderNodeBump")
    bump.inputs["Strength"].default_value = strength
    bump.inputs["Distance"].default_value = 0.02
    tree.links.new(height, bump.inputs["Height"])
    tree.links.new(bump.outputs[0], inputs["Normal"])


def _mottle(material: Any, inputs: Any, colour: Colour, scale: float, amount: float) -> None:
    """Lets a colour wander by `amount` of itself."""
    tree = material.node_tree
    noise, ramp = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeValToRGB")
    noise.inputs["Scale"].default_value = scale
    tree.links.new(_coordinates(tree, (1.0, 1.0, 1.0)), noise.inputs["Vector"])
    low, high = ramp.color_ramp.elements
    low.position, high.position = 0.3, 0.7
    low.color = (*(c * (1 - amount) for c in colour), 1.0)
    high.color = (*(min(1.0, c * (1 + amount)) for c in colour), 1.0)
    tree.links.new(noise.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], inputs["Base Color"])


def _pattern(material: Any, inputs: Any, colour: Colour, finish: str) -> None:
    """Patterned dials: "waffle" and "ripples" in relief, "pearl" (mother-of-pearl), "meteorite", "carbon", "stripes", "glitter", "flowers"."""
    tree = material.node_tree
    if finish == "waffle":
        _bump(material, inputs, "weave", 3.6, 0.8)
    elif finish == "carbon":
        _bump(material, inputs, "weave", 7.0, 1.0)
        inputs["Coat Weight"].default_value = 0.8
    elif finish == "ripples":
        inputs["Metallic"].default_value = 0.5
        wave, bump = tree.nodes.new("ShaderNodeTexWave"), tree.nodes.new("ShaderNodeBump")
        wave.wave_type, wave.rings_direction = "RINGS", "Z"
        wave.inputs["Scale"].default_value = 4.0
        tree.links.new(_coordinates(tree, (1.0, 1.0, 1.0)), wave.inputs["Vector"])
        tree.links.new(wave.outputs["Fac"], bump.inputs["Height"])
        bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = 0.7, 0.02
        tree.links.new(bump.outputs[0], inputs["Normal"])
    elif finish in ("pearl", "meteorite", "glitter", "flowers", "stripes"):
        kind = {"pearl": "ShaderNodeTexNoise", "stripes": "ShaderNodeTexWave"}.get(finish, "ShaderNodeTexVoronoi")
        texture, ramp = tree.nodes.new(kind), tree.nodes.new("ShaderNodeValToRGB")
        texture.inputs["Scale"].default_value = {"pearl": 1.6, "meteorite": 5.0, "glitter": 30.0, "flowers": 2.2, "stripes": 1.4}[finish]
        stretch = (1.0, 4.0, 1.0) if finish == "meteorite" else (1.0, 1.0, 1.0)
        tree.links.new(_coordinates(tree, stretch), texture.inputs["Vector"])
        tree.links.new(texture.outputs["Color" if finish in ("glitter", "meteorite") else 0], ramp.inputs[0])
        elements = ramp.color_ramp.elements
        pale = tuple(min(0.95, 0.35 + 0.6 * c) for c in colour)
        elements[0].color, elements[1].color = (*colour, 1.0), (*pale, 1.0)
        elements[0].position, elements[1].position = (0.1, 0.3) if finish == "flowers" else (0.35, 0.65)
        if finish == "pearl":
            for where, tint in ((0.45, (0.78, 0.66, 0.72, 1.0)), (0.55, (0.60, 0.76, 0.72, 1.0))):
                elements.new(where).color = tint
            inputs["Coat Weight"].default_value = 0.7
        if finish == "glitter":
            inputs["Metallic"].default_value = 0.9
        tree.links.new(ramp.outputs[0], inputs["Base Color"])
