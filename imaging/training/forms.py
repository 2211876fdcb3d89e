"""Solid forms for the sample shoot: turned, extruded, swept and instanced meshes with soft edges. Needs `bpy`.

Units are centimetres. Every object hangs under one empty, `Maker.root`, so that a finished item is turned and set down as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import bmesh
import bpy
import numpy as np
from mathutils import Matrix, Vector

Point2 = tuple[float, float]
Array = Any  # numpy arrays of floats; the shapes are in the docstrings


@dataclass(frozen=True)
class Rail:
    """A path in space with a frame at each point: places (n, 3), unit tangents, unit outward normals; `length` in cm."""

    places: Array
    tangents: Array
    normals: Array

    @property
    def distance(self) -> Array:
        """Arc length at each point, starting at 0."""
        steps = np.linalg.norm(np.diff(self.places, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(steps)])

    @property
    def length(self) -> float:
        return float(self.distance[-1])

    def at(self, s: float) -> Matrix:
        """The frame at arc length `s`: x across the rail, y along it, z outwards."""
        along = self.distance
        place, tangent, normal = (np.array([np.interp(s, along, a[:, k]) for k in range(3)]) for a in (self.places, self.tangents, self.normals))
        y = Vector(tangent).normalized()
        z = Vector(normal).normalized()
        x = y.cross(z).normalized()
        z = x.cross(y)
        m = Matrix.Identity(4)
        for k, axis in enumerate((x, y, z, Vector(place))):
            m.col[k][:3] = axis
        return m

    def part(self, start: float, end: float, points: int = 60) -> Rail:
        """The stretch between two arc lengths."""
        frames = [self.at(s) for s in np.linspace(start, end, points)]
        return Rail(*(np.array([f.col[k][:3] for f in frames]) for k in (3, 1, 2)))


def rail(places: Array, up: Callable[[Array, Array], Array] | None = None) -> Rail:
    """A rail through points (n, 3); `up(place, tangent)` gives the rough outward direction, straight up when left out."""
    places = np.asarray(places, float)
    tangents = np.gradient(places, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    normals = np.array([up(p, t) if up else (0.0, 0.0, 1.0) for p, t in zip(places, tangents, strict=True)], float)
    normals -= (normals * tangents).sum(1, keepdims=True) * tangents
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return Rail(places, tangents, normals)


def soften(points: Sequence[Point2], radius: float, steps: int = 4, closed: bool = False) -> list[Point2]:
    """Rounds the corners of a polyline with quadratic arcs of about `radius`, so that edges catch the light."""
    n = len(points)
    out: list[Point2] = []
    for i, p in enumerate(points):
        if not closed and i in (0, n - 1):
            out.append(p)
            continue
        here, before, after = Vector(p), Vector(points[i - 1]), Vector(points[(i + 1) % n])
        a, b = before - here, after - here
        r = min(radius, a.length * 0.45, b.length * 0.45)
        a, b = here + a.normalized() * r, here + b.normalized() * r
        for t in np.linspace(0, 1, steps + 1):
            q = a * (1 - t) ** 2 + here * (2 * t * (1 - t)) + b * t**2
            out.append((q.x, q.y))
    return out


def rounded_rectangle(width: float, height: float, radius: float, steps: int = 5) -> list[Point2]:
    """A closed outline around the origin, counter-clockwise."""
    w, h = width / 2, height / 2
    return soften([(w, -h), (w, h), (-w, h), (-w, -h)], radius, steps, closed=True)


def turn_z(angle: float) -> Matrix:
    """Turn about z by `angle` degrees."""
    return Matrix.Rotation(math.radians(angle), 4, "Z")


def turn_x(angle: float) -> Matrix:
    """Turn about x by `angle` degrees."""
    return Matrix.Rotation(math.radians(angle), 4, "X")


def turn_y(angle: float) -> Matrix:
    """Turn about y by `angle` degrees."""
    return Matrix.Rotation(math.radians(angle), 4, "Y")


def shift(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Matrix:
    """Move by centimetres."""
    return Matrix.Translation((x, y, z))


class Maker:
    """Builds one item. Methods return the new object, whose mesh can be shared with `again`."""

    def __init__(self, name: str) -> None:
        self.root = bpy.data.objects.new(name, None)
        bpy.context.scene.collection.objects.link(self.root)
        self.objects: list[Any] = []

    def _place(self, data: Any, material: Any, at: Matrix) -> Any:
        ob = bpy.data.objects.new(data.name, data)
        bpy.context.scene.collection.objects.link(ob)
        ob.parent = self.root
        ob.matrix_local = at
        if material is not None and not data.materials:
            data.materials.append(material)
        self.objects.append(ob)
        return ob

    def again(self, ob: Any, at: Matrix) -> Any:
        """The same mesh once more, elsewhere."""
        return self._place(ob.data, None, at)

    def discard(self, ob: Any) -> None:
        """Takes away a template that was only made to be shared."""
        self.objects.remove(ob)
        bpy.data.objects.remove(ob)

    def _finish(self, bm: Any, material: Any, at: Matrix, bevel: float = 0.0, angle: float = 38.0, segments: int = 2) -> Any:
        bmesh.ops.remove_doubles(bm, verts=bm.verts, dist=1e-5)
        bmesh.ops.recalc_face_normals(bm, faces=bm.faces)
        if bevel > 0:
            sharp = [e for e in bm.edges if len(e.link_faces) == 2 and e.calc_face_angle(0.0) > math.radians(32)]
            bmesh.ops.bevel(bm, geom=sharp, offset=bevel, segments=segments, profile=0.5, affect="EDGES", clamp_overlap=True)
        mesh = bpy.data.meshes.new("form")
        bm.to_mesh(mesh)
        bm.free()
        mesh.shade_smooth()
        mesh.set_sharp_from_angle(angle=math.radians(angle))
        return self._place(mesh, material, at)

    def raw(self, vertices: Sequence[Sequence[float]], faces: Sequence[Sequence[int]], material: Any, at: Matrix, angle: float = 38.0) -> Any:
        """A mesh from vertices and faces as they are."""
        bm = bmesh.new()
        made = [bm.verts.new(v) for v in vertices]
        for f in faces:
            bm.faces.new([made[i] for i in f])
        return self._finish(bm, material, at, angle=angle)

    def hull(self, vertices: Sequence[Sequence[float]], material: Any, at: Matrix) -> Any:
        """The convex hull of points, flat facets: cut stones."""
        bm = bmesh.new()
        for v in vertices:
            bm.verts.new(v)
        bmesh.ops.convex_hull(bm, input=bm.verts)
        bmesh.ops.dissolve_limit(bm, angle_limit=math.radians(1.5), verts=bm.verts, edges=bm.edges)
        return self._finish(bm, material, at, angle=0.5)

    def lathe(
        self,
        profile: Sequence[Point2],
        material: Any,
        at: Matrix | None = None,
        n: int = 128,
        closed: bool = False,
        wobble: Callable[[float, float], float] | None = None,
    ) -> Any:
        """Turns a profile of (radius, z) about z. `wobble(angle, radius)` scales the radius: flutes and knurls."""
        bm = bmesh.new()
        rings = []
        for r, z in profile:
            ring = []
            for k in range(n):
                a = 2 * math.pi * k / n
                rr = r * (wobble(a, r) if wobble else 1.0)
                ring.append(bm.verts.new((rr * math.cos(a), rr * math.sin(a), z)))
            rings.append(ring)
        pairs = list(zip(rings, rings[1:] + rings[:1] if closed else rings[1:], strict=False))
        for low, high in pairs:
            for k in range(n):
                bm.faces.new((low[k], low[(k + 1) % n], high[(k + 1) % n], high[k]))
        bmesh.ops.remove_doubles(bm, verts=bm.verts, dist=1e-5)
        return self._finish(bm, material, at or Matrix.Identity(4))

    def prism(self, outline: Sequence[Point2], depth: float, material: Any, at: Matrix | None = None, bevel: float = 0.012) -> Any:
        """Extrudes an outline in x, y from z = -depth/2 to depth/2 with bevelled edges."""
        bm = bmesh.new()
        low = [bm.verts.new((x, y, -depth / 2)) for x, y in outline]
        high = [bm.verts.new((x, y, depth / 2)) for x, y in outline]
        n = len(outline)
        for k in range(n):
            bm.faces.new((low[k], low[(k + 1) % n], high[(k + 1) % n], high[k]))
        bm.faces.new(low[::-1])
        bm.faces.new(high)
        return self._finish(bm, material, at or Matrix.Identity(4), bevel)

    def block(self, size: Sequence[float], material: Any, at: Matrix | None = None, bevel: float = 0.015, segments: int = 2) -> Any:
        """A box of `size` around the origin with bevelled edges."""
        bm = bmesh.new()
        bmesh.ops.create_cube(bm, size=1.0, matrix=Matrix.Diagonal((*size, 1.0)))
        return self._finish(bm, material, at or Matrix.Identity(4), min(bevel, min(size) * 0.4), segments=segments)

    def ball(self, radius: float, material: Any, at: Matrix, n: int = 48) -> Any:
        """A sphere."""
        bm = bmesh.new()
        bmesh.ops.create_uvsphere(bm, u_segments=n, v_segments=n // 2, radius=radius)
        return self._finish(bm, material, at, angle=60)

    def tube(self, points: Array, radius: float, material: Any, at: Matrix | None = None, cyclic: bool = False, sides: int = 4) -> Any:
        """A round wire through points (n, 3)."""
        curve = bpy.data.curves.new("wire", "CURVE")
        curve.dimensions = "3D"
        curve.bevel_depth = radius
        curve.bevel_resolution = sides
        curve.use_fill_caps = True
        for line in points if isinstance(points, list) else [points]:
            spline = curve.splines.new("POLY")
            spline.points.add(len(line) - 1)
            spline.points.foreach_set("co", np.column_stack([line, np.ones(len(line))]).ravel())
            spline.use_cyclic_u = cyclic
            spline.use_smooth = True
        return self._place(curve, material, at or Matrix.Identity(4))

    def sweep(
        self, path: Rail, section: Callable[[float], Sequence[Point2]], materials: Sequence[Any], closed: bool = False, pick: Callable[[int], int] | None = None
    ) -> Any:
        """Moves a closed section of (across, outwards) along a rail. `section(t)` for t in 0..1; `pick(column)` chooses a material."""
        n = len(path.places)
        bm = bmesh.new()
        rings = []
        for i in range(n):
            t = i / (n - 1)
            across = np.cross(path.tangents[i], path.normals[i])
            rings.append([bm.verts.new(path.places[i] + x * across + z * path.normals[i]) for x, z in section(t)])
        for low, high in zip(rings, rings[1:] + rings[:1] if closed else rings[1:], strict=False):
            m = len(low)
            for k in range(m):
                face = bm.faces.new((low[k], low[(k + 1) % m], high[(k + 1) % m], high[k]))
                face.material_index = pick(k) if pick else 0
        if not closed:
            bm.faces.new(rings[0][::-1])
            bm.faces.new(rings[-1])
        ob = self._finish(bm, materials[0], Matrix.Identity(4), angle=50)
        for extra in materials[1:]:
            ob.data.materials.append(extra)
        return ob

    def text(self, body: str, size: float, material: Any, at: Matrix, depth: float = 0.002, spacing: float = 1.0) -> Any:
        """Raised lettering, centred on the origin of `at`, in Blender's built-in face."""
        curve = bpy.data.curves.new("text", "FONT")
        curve.body = body
        curve.size = size
        curve.align_x = curve.align_y = "CENTER"
        curve.extrude = depth
        curve.space_character = spacing
        return self._place(curve, material, at)

    def vertices(self) -> Array:
        """All vertices in the world, (n, 3)."""
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        clouds = []
        for ob in self.objects:
            seen = ob.evaluated_get(graph)
            mesh = seen.to_mesh()
            if len(mesh.vertices):
                co = np.empty(len(mesh.vertices) * 3, np.float32)
                mesh.vertices.foreach_get("co", co)
                m = np.array(seen.matrix_world)
                clouds.append(co.reshape(-1, 3) @ m[:3, :3].T + m[:3, 3])
            seen.to_mesh_clear()
        return np.concatenate(clouds)

    def set_down(self, pose: Matrix, where: Point2 = (0.0, 0.0)) -> None:
        """Turns the item by `pose` and lowers it until it touches the floor at z = 0, its middle above `where`."""
        self.root.matrix_world = pose
        v = self.vertices()
        middle = (v.min(0) + v.max(0)) / 2
        self.root.matrix_world = shift(where[0] - middle[0], where[1] - middle[1], 0.002 - v[:, 2].min()) @ pose
        bpy.context.view_layer.update()
