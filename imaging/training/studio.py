"""The photo studio: paper sweep, softboxes, camera, exposure and development into an 8-bit picture. Needs `bpy`."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector

from imaging.training.catalogue import BACKDROPS, Shot
from imaging.training.forms import Array, Maker
from imaging.training.materials import Palette

LENS_MM, SENSOR_MM = 100.0, 36.0


def clear(samples: int, size: tuple[int, int], seed: int) -> None:
    """An empty scene with the path tracer set for few samples and a denoiser."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.render.image_settings.file_format = "OPEN_EXR"
    scene.view_settings.view_transform = "Raw"
    cycles = scene.cycles
    cycles.samples, cycles.seed = samples, seed
    cycles.use_adaptive_sampling, cycles.adaptive_threshold = True, 0.08
    cycles.use_denoising, cycles.denoiser = True, "OPENIMAGEDENOISE"
    cycles.denoising_prefilter, cycles.denoising_quality = "FAST", "HIGH"
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces, cycles.transmission_bounces = 8, 1, 3, 8
    cycles.transparent_max_bounces = 6
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.use_light_tree = False


def paper(backdrop: str, palette: Palette, reach: float) -> None:
    """A seamless sweep: floor, soft bend, wall, scaled to the item like the lights."""
    k = max(reach, 1.0) / 6.0
    bend = [(18 + 26 * math.sin(a), 26 - 26 * math.cos(a)) for a in np.linspace(0, math.pi / 2, 24)]
    outline = [(-400.0, 0.0), (18.0, 0.0), *bend, (44.0, 260.0)]
    vertices = [(x, y * k, z * k) for y, z in outline for x in (-300.0, 300.0)]
    faces = [(2 * k, 2 * k + 1, 2 * k + 3, 2 * k + 2) for k in range(len(outline) - 1)]
    mesh = bpy.data.meshes.new("paper")
    mesh.from_pydata(vertices, [], faces)
    mesh.shade_smooth()
    mesh.materials.append(palette.backdrop(BACKDROPS[backdrop][0]))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("paper", mesh))


def lights(reach: float, palette: Palette) -> None:
    """A large overhead softbox, a strip left, a weak panel right, a front panel, dim surroundings; distances grow with the item (`reach`, cm)."""
    k = max(reach, 1.0) / 6.0
    for place, size, power in (
        ((-4, 8, 34), (34, 26), 1.0),
        ((-30, -8, 16), (10, 34), 0.55),
        ((32, -4, 13), (22, 26), 0.24),
        ((10, -44, 30), (30, 16), 0.28),
    ):
        data = bpy.data.lights.new("softbox", "AREA")
        data.shape, data.size, data.size_y = "RECTANGLE", size[0] * k, size[1] * k
        data.energy = power * 5200 * k * k
        ob = bpy.data.objects.new("softbox", data)
        where = Vector(place) * k
        ob.matrix_world = Matrix.Translation(where) @ (where - Vector((0, 0, 2 * k))).to_track_quat("Z", "Y").to_matrix().to_4x4()
        ob.visible_camera = False
        bpy.context.scene.collection.objects.link(ob)
    # black cards that only reflections see: they draw the edges of bright metal
    for place, size in (((-15, -26, 6), (9, 30)), ((17, -24, 6), (7, 30)), ((0, -30, -2), (60, 9))):
        x, z = size[0] * k / 2, size[1] * k / 2
        mesh = bpy.data.meshes.new("card")
        mesh.from_pydata([(-x, 0, -z), (x, 0, -z), (x, 0, z), (-x, 0, z)], [], [(0, 1, 2, 3)])
        mesh.materials.append(palette.plain((0.0, 0.0, 0.0), 1.0))
        card = bpy.data.objects.new("card", mesh)
        card.location = Vector(place) * k
        card.visible_camera = card.visible_diffuse = card.visible_shadow = card.visible_transmission = False
        bpy.context.scene.collection.objects.link(card)
    world = bpy.data.worlds.new("room")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs[0].default_value = (0.9, 0.95, 1.0, 1.0)
    world.node_tree.nodes["Background"].inputs[1].default_value = 0.12
    bpy.context.scene.world = world


def camera(points: Array, shot: Shot, aim: tuple[float, float] = (0.5, 0.5), focus: Array | None = None) -> None:
    """Frames `points` (n, 3): their box is centred on `aim` (0..1 of the frame) and its longer relative side fills `shot.fill`."""
    scene = bpy.context.scene
    aspect = scene.render.resolution_x / scene.render.resolution_y
    up = math.radians(shot.height)
    back = np.array([0.0, -math.cos(up), math.sin(up)])
    right, top = np.array([1.0, 0, 0]), np.array([0.0, math.sin(up), math.cos(up)])
    wide = SENSOR_MM / LENS_MM
    target, distance = (points.min(0) + points.max(0)) / 2, 60.0
    for _ in range(12):
        offset = points - (target + back * distance)
        depth = -(offset @ back)
        u, v = offset @ right / depth / wide, offset @ top / depth / wide * aspect
        spread = max(np.ptp(u), np.ptp(v))
        frame = wide * distance
        target = target + right * ((u.min() + u.max()) / 2 - (aim[0] - 0.5)) * frame + top * ((v.min() + v.max()) / 2 - (aim[1] - 0.5)) * frame / aspect
        distance *= spread / shot.fill
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = LENS_MM, SENSOR_MM, "HORIZONTAL"
    data.clip_start, data.clip_end = 0.5, 2000
    data.dof.use_dof = True
    data.dof.aperture_fstop = shot.fstop
    place = target + back * distance
    # sharpest a little in front of the middle, where the item looks at the camera
    depth = -((points - place) @ back)
    data.dof.focus_distance = float(-((focus - place) @ back)) if focus is not None else float(np.percentile(depth, 30))
    ob = bpy.data.objects.new("camera", data)
    m = Matrix.Identity(4)
    for k, axis in enumerate((right, top, back, place)):
        m.col[k][:3] = axis
    ob.matrix_world = m
    scene.collection.objects.link(ob)
    scene.camera = ob


def expose() -> Array:
    """Renders and gives linear light, (height, width, 3), top row first."""
    return frame()[..., :3].copy()


def frame() -> Array:
    """Renders and gives linear light and coverage, float32 (height, width, 4), top row first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "frame.exr"
        bpy.context.scene.render.filepath = str(path)
        bpy.ops.render.render(write_still=True)
        image: Any = bpy.data.images.load(str(path))
        width, height = image.size
        flat = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(flat)
        bpy.data.images.remove(image)
    return flat.reshape(height, width, 4)[::-1].copy()


def develop(light: Array, level: float, seed: int, stops: float = 0.0) -> Array:
    """Linear light to 8-bit sRGB: metered so that the paper prints at `level`, `stops` over or under, soft shoulder, fine grain."""
    edge = np.concatenate([light[:40].reshape(-1, 3), light[:, :40].reshape(-1, 3), light[:, -40:].reshape(-1, 3)])
    paper_light = float(np.median(edge @ np.array([0.2126, 0.7152, 0.0722])))
    x = light * (((level / 255) ** 2.2) / paper_light * 2.0**stops)
    x = np.where(x > 0.6, 0.6 + 0.4 * (1 - np.exp(-(x - 0.6) / 0.4)), x)
    x = np.clip(x, 0, 1)
    out = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    out = out + 0.035 * np.sin((out - 0.5) * 2 * math.pi) * 0.5  # a little contrast
    noise = np.random.default_rng(seed).normal(0, 0.55 / 255, out.shape[:2])[..., None]
    return np.clip((out + noise) * 255 + 0.5, 0, 255).astype(np.uint8)


def focus_of(item: Maker, name: str) -> Array | None:
    """The point to focus on: the origin of the item (a dial, a stone), or None for the nearer third of it."""
    return np.array(item.root.matrix_world.translation) if name == "origin" else None
