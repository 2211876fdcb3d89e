"""Stones, their cuts and surfaces, and fast meshes of many small copies, for random jewellery. Needs `bpy`.

Meshes are made with numpy and handed to Blender whole, because a chain of 300 links or 200 set stones must build in a tenth of a second.
A `Shape` is (vertices (n, 3), faces (f, 3 or 4)) around its own origin; units are centimetres.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils import Matrix

from imaging.training.forms import Array, Maker
from imaging.training.jewelwords import GEMS
from imaging.training.materials import METALS, Palette, _bump, _coordinates, _mottle, _set

Shape = tuple[Array, Array]

MORE_METALS = {
    "platinum": (0.72, 0.71, 0.70),
    "copper": (0.93, 0.48, 0.32),
    "brass": (0.86, 0.63, 0.26),
    "bronze": (0.55, 0.34, 0.17),
    "pale gold": (0.95, 0.78, 0.48),
    "red gold": (0.90, 0.50, 0.33),
    "gunmetal": (0.16, 0.16, 0.18),
}


def metal(palette: Palette, name: str) -> Any:
    """A metal by "NAME" or "NAME/FINISH": the names of `METALS` and `MORE_METALS`, "oxidised" (dark in its hollows); finishes
    "polished", "satin", "brushed", "hammered", "matte"."""
    name, _, finish = name.partition("/")
    finish = finish or "polished"
    if name in METALS and finish != "matte":
        return palette.metal(name, finish)
    rough = {"polished": 0.11, "satin": 0.24, "brushed": 0.34, "hammered": 0.2, "matte": 0.5}[finish]

    def build(material: Any, inputs: Any) -> None:
        colour = (0.62, 0.61, 0.58) if name == "oxidised" else MORE_METALS.get(name) or METALS[name]
        _set(inputs, colour, rough, metallic=1.0)
        if finish == "hammered":
            _bump(material, inputs, "voronoi", 5.0, 0.9)
        if finish == "brushed":
            _bump(material, inputs, "noise", 26.0, 0.035, stretch=(1.0, 22.0, 22.0))
        if name == "oxidised":
            tree = material.node_tree
            noise, ramp = tree.nodes.new("ShaderNodeTexNoise"), tree.nodes.new("ShaderNodeValToRGB")
            noise.inputs["Scale"].default_value = 5.0
            tree.links.new(_coordinates(tree, (1.0, 1.0, 1.0)), noise.inputs["Vector"])
            ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.35, 0.62
            ramp.color_ramp.elements[0].color, ramp.color_ramp.elements[1].color = (0.05, 0.05, 0.055, 1), (*colour, 1)
            tree.links.new(noise.outputs[0], ramp.inputs[0])
            tree.links.new(ramp.outputs[0], inputs["Base Color"])
            inputs["Roughness"].default_value = 0.28

    return palette._make(f"metal {name} {finish}", build)


def gem(palette: Palette, name: str, small: bool = False) -> Any:
    """The surface of a stone of `jewelwords.GEMS`. `small` clear stones become bright mirrors, which look the same at 1 mm and trace fast."""
    look, colour, ior = GEMS[name]
    if look == "clear":
        if small:
            return palette._make(f"sparkle {name}", lambda _m, i: _set(i, tuple(0.25 + 0.75 * c for c in colour), 0.02, metallic=0.9))
        return palette.stone(colour, ior)
    if look == "pearl":
        return palette.pearl(colour)

    def build(material: Any, inputs: Any) -> None:
        _set(inputs, colour, 0.12)
        inputs["Coat Weight"].default_value = 0.5
        if look == "veined":
            _veins(material, inputs, colour, "noise")
        elif look == "banded":
            _veins(material, inputs, colour, "wave")
        elif look == "milky":
            inputs["Transmission Weight"].default_value = 0.55
            inputs["Roughness"].default_value = 0.2
        elif look == "opal":
            tree = material.node_tree
            cells, ramp = tree.nodes.new("ShaderNodeTexVoronoi"), tree.nodes.new("ShaderNodeHueSaturation")
            cells.inputs["Scale"].default_value = 9.0
            tree.links.new(_coordinates(tree, (1.0, 1.0, 1.0)), cells.inputs["Vector"])
            ramp.inputs["Saturation"].default_value = 0.55
            ramp.inputs["Value"].default_value = 0.95
            tree.links.new(cells.outputs["Color"], ramp.inputs["Color"])
            tree.links.new(ramp.outputs[0], inputs["Base Color"])

    return palette._make(f"gem {name}", build)


def _veins(material: Any, inputs: Any, colour: Any, kind: str) -> None:
    tree = material.node_tree
    texture, ramp = tree.nodes.new("ShaderNodeTexNoise" if kind == "noise" else "ShaderNodeTexWave"), tree.nodes.new("ShaderNodeValToRGB")
    texture.inputs["Scale"].default_value = 6.0 if kind == "noise" else 3.0
    texture.inputs["Distortion"].default_value = 1.5 if kind == "noise" else 5.0
    tree.links.new(_coordinates(tree, (1.0, 1.0, 1.0)), texture.inputs["Vector"])
    low, high = ramp.color_ramp.elements
    low.position, high.position = (0.42, 0.5) if kind == "noise" else (0.2, 0.8)
    low.color, high.color = (*(c * 0.3 for c in colour), 1), (*colour, 1)
    tree.links.new(texture.outputs[0], ramp.inputs[0])
    tree.links.new(ramp.outputs[0], inputs["Base Color"])


def skin(palette: Palette, colour: Any) -> Any:
    """Skin: soft, with light going a little way in."""

    def build(material: Any, inputs: Any) -> None:
        _set(inputs, colour, 0.5)
        inputs["Subsurface Weight"].default_value = 0.25
        inputs["Subsurface Radius"].default_value = (0.35, 0.12, 0.06)
        inputs["Subsurface Scale"].default_value = 0.4
        _bump(material, inputs, "noise", 14.0, 0.12)
        _mottle(material, inputs, colour, 1.2, 0.14)

    return palette._make(f"skin {colour}", build)


# --- shapes -------------------------------------------------------------------------------------------------------------------------------


def merged(m: Maker, shape: Shape, material: Any, copies: Array | None = None, at: Matrix | None = None, smooth: bool = True) -> Any:
    """One object made of a shape once for each of `copies` (c, 4, 4)."""
    v, f = np.asarray(shape[0], float), np.asarray(shape[1], int)
    if copies is not None:
        t = np.asarray(copies, float)
        f = (f[None] + len(v) * np.arange(len(t))[:, None, None]).reshape(-1, f.shape[1])
        v = (np.einsum("cij,nj->cni", t[:, :3, :3], v) + t[:, None, :3, 3]).reshape(-1, 3)
    mesh = bpy.data.meshes.new("many")
    mesh.vertices.add(len(v))
    mesh.vertices.foreach_set("co", v.astype(np.float32).ravel())
    mesh.loops.add(f.size)
    mesh.loops.foreach_set("vertex_index", f.astype(np.int32).ravel())
    mesh.polygons.add(len(f))
    mesh.polygons.foreach_set("loop_start", np.arange(0, f.size, f.shape[1], dtype=np.int32))
    mesh.update(calc_edges=True)
    if smooth:
        mesh.shade_smooth()
        mesh.set_sharp_from_angle(angle=math.radians(50))
    else:
        mesh.shade_flat()
    return m._place(mesh, material, at or Matrix.Identity(4))


def frames(points: Array, up: Array | None = None, cyclic: bool = False) -> Array:
    """(n, 4, 4) frames along points (n, 3): x across, y along, z near `up` ((3,) or (n, 3)); without `up` z is carried along untwisted."""
    p = np.asarray(points, float)
    n = len(p)
    t = (np.roll(p, -1, 0) - np.roll(p, 1, 0)) if cyclic else np.gradient(p, axis=0)
    t /= np.linalg.norm(t, axis=1, keepdims=True) + 1e-12
    if up is None:
        z = np.empty((n, 3))
        first = np.eye(3)[np.argmin(np.abs(t[0]))]
        z[0] = first - (first @ t[0]) * t[0]
        for k in range(1, n):
            z[k] = z[k - 1] - (z[k - 1] @ t[k]) * t[k]
            z[k] /= np.linalg.norm(z[k]) + 1e-12
    else:
        z = np.broadcast_to(np.asarray(up, float), (n, 3)).copy()
        z -= (z * t).sum(1, keepdims=True) * t
    z /= np.linalg.norm(z, axis=1, keepdims=True) + 1e-12
    out = np.zeros((n, 4, 4))
    out[:, :3, 0], out[:, :3, 1], out[:, :3, 2], out[:, :3, 3], out[:, 3, 3] = np.cross(t, z), t, z, p, 1
    return out


def swept(path: Array, sections: Array, cyclic: bool = False) -> Shape:
    """Closed sections ((k, 2) or (n, k, 2): across, outwards) along frames (n, 4, 4), with flat ends when not cyclic."""
    n = len(path)
    s = np.asarray(sections, float)
    s = np.broadcast_to(s, (n, *s.shape[-2:]))
    k = s.shape[1]
    v = (path[:, None, :3, 3] + s[..., :1] * path[:, None, :3, 0] + s[..., 1:] * path[:, None, :3, 2]).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(n if cyclic else n - 1), np.arange(k), indexing="ij")
    a, b = i * k + j, i * k + (j + 1) % k
    c, d = ((i + 1) % n) * k + (j + 1) % k, ((i + 1) % n) * k + j
    f = np.stack([a, b, c, d], -1).reshape(-1, 4)
    if not cyclic:
        v = np.vstack([v, path[0, :3, 3] + s[0].mean(0) @ path[0, :3, [0, 2]], path[-1, :3, 3] + s[-1].mean(0) @ path[-1, :3, [0, 2]]])
        q = np.arange(k)
        ends = [np.stack([(q + 1) % k + o, q + o, np.full(k, len(v) - e), np.full(k, len(v) - e)], -1) for o, e in ((0, 2), ((n - 1) * k, 1))]
        tri = np.vstack(ends)[:, :3]
        f = np.vstack([np.column_stack([f[:, :3]]), f[:, [0, 2, 3]], tri])  # all triangles, so that the caps fit
    return v, f


def circle(radius: float, sides: int, flat: float = 1.0) -> Array:
    """A closed round section (sides, 2), `flat` times as high as wide."""
    a = 2 * math.pi * np.arange(sides) / sides
    return np.column_stack([radius * np.cos(a), radius * flat * np.sin(a)])


def pipe(points: Array, radius: float | Array, sides: int = 8, cyclic: bool = False, up: Array | None = None, flat: float = 1.0) -> Shape:
    """A wire through points (n, 3); `radius` may vary along it, (n,)."""
    r = np.broadcast_to(np.asarray(radius, float), (len(points),))
    return swept(frames(points, up, cyclic), circle(1.0, sides, flat)[None] * r[:, None, None], cyclic)


def joined(*shapes: Shape) -> Shape:
    """Several shapes as one, in triangles."""
    vs, fs, n = [], [], 0
    for v, f in shapes:
        f = np.asarray(f)
        tri = f if f.shape[1] == 3 else np.vstack([f[:, :3], f[:, [0, 2, 3]]])
        vs.append(v)
        fs.append(tri + n)
        n += len(v)
    return np.vstack(vs), np.vstack(fs)


def moved(shape: Shape, at: Any) -> Shape:
    """A shape transformed by a 4x4 matrix."""
    t = np.array(at)
    return np.asarray(shape[0]) @ t[:3, :3].T + t[:3, 3], shape[1]


@lru_cache(maxsize=64)
def sphere(n: int = 20) -> Shape:
    """A unit sphere."""
    a, b = np.linspace(0, math.pi, n // 2 + 1), 2 * math.pi * np.arange(n) / n
    v = np.stack([np.sin(a)[:, None] * np.cos(b), np.sin(a)[:, None] * np.sin(b), np.broadcast_to(np.cos(a)[:, None], (len(a), n))], -1).reshape(-1, 3)
    i, j = np.meshgrid(np.arange(n // 2), np.arange(n), indexing="ij")
    return v, np.stack([i * n + j, (i + 1) * n + j, (i + 1) * n + (j + 1) % n, i * n + (j + 1) % n], -1).reshape(-1, 4)


def _outline(cut: str) -> Array:
    """The girdle of a cut seen from above, (n, 2), about 1 in radius."""
    a = 2 * math.pi * (np.arange(16) + 0.25) / 16
    c, s = np.cos(a), np.sin(a)
    if cut == "oval":
        return np.column_stack([c, 1.3 * s])
    if cut == "pear":
        return np.column_stack([c * np.where(s > 0, np.abs(1 - s**2 * 0.45) ** 0.9, 1), np.where(s > 0, 1.75 * np.abs(s) ** 1.25, 1.0 * s)])
    if cut == "marquise":
        return np.column_stack([0.85 * np.sign(c) * np.abs(c) ** 1.35, 1.6 * np.sign(s) * np.abs(s) ** 1.1])
    if cut == "cushion":
        k = (np.abs(c) ** 3.2 + np.abs(s) ** 3.2) ** (-1 / 3.2)
        return np.column_stack([c * k, s * k]) * 0.95
    if cut == "princess":
        return np.array([(1, -1), (1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1)]) * 0.85
    if cut in ("emerald", "baguette"):
        w, h, e = (0.8, 1.15, 0.28) if cut == "emerald" else (0.5, 1.15, 0.04)
        return np.array([(w, -h + e), (w, h - e), (w - e, h), (-w + e, h), (-w, h - e), (-w, -h + e), (-w + e, -h), (w - e, -h)])
    return np.column_stack([c, s])


CUTS = ("brilliant", "oval", "pear", "marquise", "cushion", "princess", "emerald", "baguette", "cabochon", "oval cabochon", "pear cabochon", "square cabochon")


def girdle(cut: str, n: int = 64) -> Array:
    """The outline of a cut as a smooth closed line (n, 2), for the rim that holds it."""
    name = {"cabochon": "brilliant", "oval cabochon": "oval", "pear cabochon": "pear", "square cabochon": "cushion"}.get(cut, cut)
    o = _outline(name)
    s = np.linspace(0, len(o), n, endpoint=False)
    i = s.astype(int)
    t = (s - i)[:, None]
    return o[i] * (1 - t) + o[(i + 1) % len(o)] * t


@lru_cache(maxsize=64)
def stone(cut: str) -> Shape:
    """A stone of unit girdle radius, the girdle at z = 0, its face towards z."""
    if cut.endswith("cabochon"):
        o = girdle(cut, 32)
        a = np.linspace(0, math.pi / 2, 8)
        rings = [np.column_stack([o * math.cos(t), np.full(32, 0.62 * math.sin(t))]) for t in a[:-1]]
        v = np.vstack([np.column_stack([o * 0.9, np.full(32, -0.15)]), *rings, np.column_stack([o * 0.02, np.full(32, 0.62)])])
        i, j = np.meshgrid(np.arange(len(v) // 32 - 1), np.arange(32), indexing="ij")
        return v, np.stack([i * 32 + j, i * 32 + (j + 1) % 32, (i + 1) * 32 + (j + 1) % 32, (i + 1) * 32 + j], -1).reshape(-1, 4)
    o = _outline(cut)
    half = (o + np.roll(o, -1, 0)) / 2
    step = cut in ("emerald", "baguette")
    layers = [
        (o if step else o[::2], 0.6, 0.33),
        (o if step else half[::2], 0.84, 0.19),
        (o, 1.0, 0.02),
        (o, 1.0, -0.02),
        (o if step else half[::2], 0.55, -0.43),
    ]
    points = np.vstack(
        [np.column_stack([x * k, np.full(len(x), z)]) for x, k, z in layers] + [np.array([[0, -0.3 if step else 0, -0.8], [0, 0.3 if step else 0.001, -0.8]])]
    )
    bm = bmesh.new()
    for p in points:
        bm.verts.new(p)
    bmesh.ops.convex_hull(bm, input=bm.verts)
    bmesh.ops.delete(bm, geom=[v for v in bm.verts if not v.link_faces], context="VERTS")
    bmesh.ops.triangulate(bm, faces=bm.faces)
    bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
    bm.verts.index_update()
    shape = np.array([tuple(v.co) for v in bm.verts]), np.array([[v.index for v in f.verts] for f in bm.faces])
    bm.free()
    return shape


def scaled(*factors: float) -> Array:
    """A 4x4 scaling by one factor or three."""
    return np.diag([*(factors * 3 if len(factors) == 1 else factors), 1.0])


def set_stone(m: Maker, palette: Palette, gold: Any, name: str, cut: str, radius: float, at: Matrix, rim: str = "bezel") -> None:
    """One stone looking along z of `at`, held by "bezel" (a wall), "claws" or "none"."""
    place = np.array(at)
    merged(m, stone(cut), gem(palette, name, small=radius < 0.09), at=Matrix(place @ scaled(radius)), smooth=cut.endswith("cabochon"))
    o = girdle(cut) * radius
    if rim == "bezel":
        wire = max(0.03, radius * 0.11)
        line = np.column_stack([o * (1 + wire / radius * 0.6), np.full(len(o), -0.02 * radius)])
        base = np.column_stack([o * 0.9, np.full(len(o), -radius * 0.3)])
        merged(m, joined(pipe(line, wire, 6, True, up=np.array([0, 0, 1.0])), pipe(base, wire * 1.6, 6, True, up=np.array([0, 0, 1.0]), flat=2.0)), gold, at=at)
    elif rim == "claws":
        wire = max(0.022, radius * 0.1)
        count = 4 if cut in ("emerald", "princess", "cushion", "square cabochon") else 6
        picks = o[(np.arange(count) * len(o) // count + len(o) // 8) % len(o)] if count == 4 else o[np.arange(count) * len(o) // count]
        parts = []
        for x, y in picks:
            line = np.array(
                [(x * 0.35, y * 0.35, -radius * 1.0), (x * 0.8, y * 0.8, -radius * 0.5), (x * 1.05, y * 1.05, 0), (x * 0.98, y * 0.98, radius * 0.22)]
            )
            parts += [pipe(line, wire, 6), moved(sphere(8), np.array(Matrix.Translation(line[-1])) @ scaled(wire * 1.2))]
        for k, z in ((0.85, -0.4), (0.55, -0.75)):
            parts.append(pipe(np.column_stack([o * k, np.full(len(o), z * radius)]), wire * 0.8, 6, True, up=np.array([0, 0, 1.0])))
        merged(m, joined(*parts), gold, at=at)
