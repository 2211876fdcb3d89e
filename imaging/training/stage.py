"""Builds a described scene with Blender, path-traces it, and traces the exact alpha of its products. Needs `bpy`."""

from __future__ import annotations

import importlib
import math
from pathlib import Path
from typing import Any

import bpy

# isort: split
import numpy as np
from mathutils import Matrix, Vector

from imaging.training import grounds, jewellery, studio, watches
from imaging.training.catalogue import Watch
from imaging.training.forms import Array, Maker, shift, turn_x, turn_y, turn_z
from imaging.training.materials import Palette
from imaging.training.scenes import OPEN_POSES, Placed, Scene

SENSOR_MM = 36.0
MASK_SAMPLES = 12  # rays a pixel of the alpha: twice as many cost a tenth of a frame and move an outline pixel by a few levels


def build_item(placed: Placed, palette: Palette) -> Maker:
    """The item in the pose it is described in, its middle above the origin."""
    spec = placed.item
    if isinstance(spec, Watch):
        t = spec.thick_mm / 10
        rest = {"laid": -0.5 * t + 0.1, "face down": 0.5 * t - 0.08, "hung": -0.45 * t, "behind": -0.3 * t}.get(placed.pose)
        made = watches.build(spec, palette, laid_open=placed.pose in OPEN_POSES, rest=rest)
        upright = turn_z(placed.turn) @ turn_x(90 - placed.lean)
        pose = {
            "laid": turn_z(placed.turn) @ turn_x(placed.lean * 0.2),
            "up": turn_z(placed.turn) @ turn_x(-placed.lean),
            "face down": turn_z(placed.turn) @ turn_x(180),
            "side": turn_z(placed.turn) @ turn_y(90 if placed.lean > 4 else -90),
            "behind": upright @ turn_y(180),
        }.get(placed.pose, upright)
    else:
        made = Maker(spec.form)
        jewellery.FORMS[spec.form](made, palette, spec.metal, placed.pose, **spec.options)
        pose = jewellery.posed(spec.form, placed.pose, placed.turn)
    made.set_down(pose)
    return made


def arrange(makers: list[Maker], items: tuple[Placed, ...]) -> None:
    """Moves the second item beside the first, so far that their boxes about touch."""
    if len(makers) < 2:
        return
    one, other = makers[0].vertices(), makers[1].vertices()
    way = np.array([*items[1].where, 0.0])
    apart = (np.ptp(one, axis=0) + np.ptp(other, axis=0)) / 2
    far = float(apart[:2] @ np.abs(way[:2]) / max(float(np.hypot(*way[:2])), 1e-6))
    makers[1].root.matrix_world = shift(*(way[:2] * far)) @ makers[1].root.matrix_world
    bpy.context.view_layer.update()


def head(placed: Placed, made: Maker, points: Array) -> Array:
    """The points of a watch's case; of anything else all of them."""
    if not isinstance(placed.item, Watch):
        return points
    back = np.array(made.root.matrix_world.inverted())
    local = points @ back[:3, :3].T + back[:3, 3]
    r, t = placed.item.case_mm / 20, placed.item.thick_mm / 10
    near = (np.abs(local[:, 0]) < 1.25 * r) & (np.abs(local[:, 1]) < 1.2 * r) & (np.abs(local[:, 2]) < 0.8 * t)
    return points[near] if near.sum() > 50 else points


def lamps(scene: Scene, reach: float) -> None:
    """The lamps of the description, hidden from the camera, and black cards that only reflections see."""
    for lamp in scene.lamps:
        data = bpy.data.lights.new("lamp", "AREA")
        data.shape, data.size, data.size_y = "RECTANGLE", lamp.size[0] * reach, lamp.size[1] * reach
        data.energy = lamp.power * 144 * reach * reach
        data.color = tuple(c / max(lamp.colour) for c in lamp.colour)
        ob = bpy.data.objects.new("lamp", data)
        where = Vector(lamp.place) * reach
        ob.matrix_world = Matrix.Translation(where) @ (where - Vector((0, 0, 0.3 * reach))).to_track_quat("Z", "Y").to_matrix().to_4x4()
        ob.visible_camera = False
        bpy.context.scene.collection.objects.link(ob)
    black = bpy.data.materials.new("card")
    black.use_nodes = True
    black.node_tree.nodes["Principled BSDF"].inputs["Base Color"].default_value = (0, 0, 0, 1)
    rng = np.random.default_rng([scene.seed, 7])
    if scene.blinds:
        blinds(scene, reach, rng, black)
    if not scene.cards:
        return
    for place, size in (((-2.5, -4, 1), (1.5, 5)), ((2.8, -4, 1), (1.2, 5)), ((0, -5, -0.3), (10, 1.5)), ((0.5, -1.5, 5.5), (1.5, 1.0))):
        if rng.random() < 0.3:
            continue
        x, z = size[0] * reach / 2, size[1] * reach / 2
        mesh = bpy.data.meshes.new("card")
        mesh.from_pydata([(-x, 0, -z), (x, 0, -z), (x, 0, z), (-x, 0, z)], [], [(0, 1, 2, 3)])
        mesh.materials.append(black)
        card = bpy.data.objects.new("card", mesh)
        card.location = Vector(place) * reach * float(rng.uniform(0.8, 1.3))
        card.rotation_euler = (0 if place[2] < 3 else math.pi / 2, 0, float(rng.uniform(-0.3, 0.3)))
        card.visible_camera = card.visible_diffuse = card.visible_shadow = card.visible_transmission = False
        bpy.context.scene.collection.objects.link(card)


def blinds(scene: Scene, reach: float, rng: np.random.Generator, black: Any) -> None:
    """Slats between the first lamp and the item, seen by nothing but its light; the lamp is made small, or they would cast no edge."""
    lamp = next(ob for ob in bpy.context.scene.objects if ob.type == "LIGHT")
    lamp.data.size = lamp.data.size_y = 0.25 * reach
    way = Vector(scene.lamps[0].place).normalized()
    turn = Matrix.Translation(way * reach * 2.2) @ way.to_track_quat("Z", "Y").to_matrix().to_4x4() @ turn_z(float(rng.uniform(0, 180)))
    wide = float(rng.uniform(0.08, 0.3)) * reach
    for k in range(-6, 7):
        x = 2 * k * wide
        mesh = bpy.data.meshes.new("slat")
        mesh.from_pydata([(x, -3 * reach, 0), (x + wide, -3 * reach, 0), (x + wide, 3 * reach, 0), (x, 3 * reach, 0)], [], [(0, 1, 2, 3)])
        mesh.materials.append(black)
        slat = bpy.data.objects.new("slat", mesh)
        slat.matrix_world = turn
        slat.visible_camera = slat.visible_glossy = slat.visible_diffuse = slat.visible_transmission = False
        bpy.context.scene.collection.objects.link(slat)


def room(scene: Scene, picture: Path | None) -> None:
    """The surroundings that metal mirrors: an even glow, one from above, or a picture wrapped around."""
    world = bpy.data.worlds.new("room")
    world.use_nodes = True
    tree = world.node_tree
    glow = tree.nodes["Background"]
    strength = max(scene.ambient)
    glow.inputs[0].default_value = (*(c / strength for c in scene.ambient), 1.0)
    glow.inputs[1].default_value = strength
    if scene.sky == "room" and picture is not None:
        image = tree.nodes.new("ShaderNodeTexEnvironment")
        image.image = bpy.data.images.load(str(picture))
        tree.links.new(image.outputs[0], glow.inputs[0])
        glow.inputs[1].default_value = strength * 2
    elif scene.sky != "even":
        place, ramp = tree.nodes.new("ShaderNodeTexCoord"), tree.nodes.new("ShaderNodeValToRGB")
        split = tree.nodes.new("ShaderNodeSeparateXYZ")
        tree.links.new(place.outputs["Generated"], split.inputs[0])
        tree.links.new(split.outputs["XYZ"[scene.seed % 3]], ramp.inputs[0])
        low, high = ramp.color_ramp.elements
        low.position, high.position = 0.0, 0.7
        low.color = (*(0.15 * c / strength for c in scene.ambient), 1.0)
        high.color = (*(1.6 * c / strength for c in scene.ambient), 1.0)
        tree.links.new(ramp.outputs[0], glow.inputs[0])
    bpy.context.scene.world = world


def _sheet(outline: list[tuple[float, float]], half: float, material: Any, at: Matrix) -> None:
    mesh = bpy.data.meshes.new("ground")
    faces = [(2 * k, 2 * k + 1, 2 * k + 3, 2 * k + 2) for k in range(len(outline) - 1)]
    mesh.from_pydata([(x, y, z) for y, z in outline for x in (-half, half)], [], faces)
    mesh.shade_smooth()
    mesh.materials.append(material)
    ob = bpy.data.objects.new("ground", mesh)
    ob.matrix_world = at
    bpy.context.scene.collection.objects.link(ob)


def ground(scene: Scene, reach: float, middle: Array, back: Array, pictures: list[Path]) -> None:
    """Floor, sweep or wall. `back` points from the item's `middle` to the camera: a wall stands square to it, behind a floating item."""
    backdrop = scene.backdrop
    picture = pictures[backdrop.photo % len(pictures)] if pictures else None
    surface = grounds.material(backdrop, reach, picture)
    if backdrop.shape == "wall":
        away = Vector(-back)
        at = Matrix.Translation(Vector(middle) + away * reach * (0.6 + backdrop.gap)) @ away.to_track_quat("-Z", "Y").to_matrix().to_4x4()
        _sheet([(-40 * reach, 0.0), (40 * reach, 0.0)], 40 * reach, surface, at)
    elif backdrop.shape == "table":
        edge = reach * (0.7 + backdrop.gap)
        _sheet([(-60 * reach, 0.0), (edge, 0.0), (edge, -0.1 * reach)], 50 * reach, surface, Matrix.Identity(4))
        wall = bpy.data.materials.new("wall")
        wall.use_nodes = True
        inputs = wall.node_tree.nodes["Principled BSDF"].inputs
        inputs["Base Color"].default_value = (*backdrop.second, 1.0)
        inputs["Roughness"].default_value = 0.9
        if pictures and backdrop.photo % 3:
            image = wall.node_tree.nodes.new("ShaderNodeTexImage")
            image.image = bpy.data.images.load(str(pictures[backdrop.photo // 3 % len(pictures)]))
            wall.node_tree.links.new(grounds._where(wall.node_tree, backdrop, reach * 6), image.inputs["Vector"])
            image.extension = "MIRROR"
            wall.node_tree.links.new(image.outputs["Color"], inputs["Base Color"])
        _sheet([(-2 * reach, 0.0), (60 * reach, 0.0)], 60 * reach, wall, shift(y=edge + reach * (0.5 + backdrop.gap)) @ turn_x(90))
    else:
        start, r = reach * (0.8 + backdrop.gap), reach * (0.3 + 3 * backdrop.scale)
        bend = [(start + r * math.sin(a), r - r * math.cos(a)) for a in np.linspace(0, math.pi / 2, 24)]
        _sheet([(-60.0 * reach, 0.0), (start, 0.0), *bend, (start + r, 60.0 * reach)], 60 * reach, surface, Matrix.Identity(4))


def camera(scene: Scene, points: Array, whole: Array) -> tuple[Array, Array]:
    """Frames `points` (n, 3) as the view says; `whole` is everything the blur is measured by. Gives the target and the way back to the camera."""
    view, render = scene.view, bpy.context.scene.render
    aspect = render.resolution_x / render.resolution_y
    up, roll = math.radians(view.height), math.radians(view.roll)
    back = np.array([0.0, -math.cos(up), math.sin(up)])
    flat_right, flat_top = np.array([1.0, 0, 0]), np.array([0.0, math.sin(up), math.cos(up)])
    right = math.cos(roll) * flat_right + math.sin(roll) * flat_top
    top = math.cos(roll) * flat_top - math.sin(roll) * flat_right
    wide = SENSOR_MM / view.lens_mm
    target = (points.min(0) + points.max(0)) / 2
    distance = float(np.linalg.norm(np.ptp(points, axis=0))) / wide * 1.5
    for _ in range(14):
        offset = points - (target + back * distance)
        depth = np.maximum(-(offset @ back), 0.05 * distance)
        u, v = offset @ right / depth / wide, offset @ top / depth / wide * aspect
        spread = max(np.ptp(u), np.ptp(v))
        width = wide * distance
        target = (
            target + right * ((u.min() + u.max()) / 2 - (view.aim[0] - 0.5)) * width + top * ((v.min() + v.max()) / 2 - (view.aim[1] - 0.5)) * width / aspect
        )
        distance *= float(np.clip(spread / view.fill, 0.6, 1.7))
    place = target + back * distance
    size = float(np.ptp(whole, axis=0).max())
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit = view.lens_mm, SENSOR_MM, "HORIZONTAL"
    data.clip_start, data.clip_end = 0.1, 200 * size + 10 * distance
    data.dof.use_dof = True
    # a point half an item behind the plane of focus draws a disc of aperture * (size / 2) / distance
    data.dof.aperture_fstop = view.lens_mm * 1e-3 / (2 * view.blur * distance)
    depth = -((points - place) @ back)
    data.dof.focus_distance = float(np.percentile(depth, 25 if view.focus == "item" else 50))
    ob = bpy.data.objects.new("camera", data)
    m = Matrix.Identity(4)
    for k, axis in enumerate((right, top, back, place)):
        m.col[k][:3] = axis
    ob.matrix_world = m
    bpy.context.scene.collection.objects.link(ob)
    bpy.context.scene.camera = ob
    return target, back


def trace_alpha(products: set[Any]) -> Array:
    """The coverage of `products` in the frame, float32 (height, width) 0..1: they glow, everything else cuts holes, one straight ray per sample."""
    scene = bpy.context.scene
    glow = bpy.data.materials.new("glow")
    glow.use_nodes = True
    tree = glow.node_tree
    tree.nodes.clear()
    light, out = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(light.outputs[0], out.inputs["Surface"])
    bpy.context.view_layer.material_override = glow
    for ob in scene.objects:
        if ob.type in ("MESH", "CURVE", "FONT", "SURFACE") and ob not in products:
            ob.is_holdout = True
        elif ob.type == "LIGHT":
            ob.hide_render = True
    scene.render.film_transparent = True
    cycles = scene.cycles
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising = MASK_SAMPLES, False, False
    cycles.max_bounces = cycles.diffuse_bounces = cycles.glossy_bounces = cycles.transmission_bounces = 0
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    return np.clip(studio.frame()[..., 3], 0, 1)


def develop(scene: Scene, light: Array, alpha: Array) -> Array:
    """Linear light (h, w, 3) to 8-bit sRGB: metered on the backdrop, within what the product bears; its tone curve, its cast, hardly any grain."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    level = np.nan_to_num(light, nan=0.0, posinf=50.0, neginf=0.0) @ weights
    behind, product = level[alpha < 0.01], level[alpha > 0.9]
    gain = 1.0
    if behind.size > 0.03 * level.size:
        gain = (scene.backdrop.level / 255) ** 2.2 / max(float(np.median(behind)), 1e-4)
    if product.size > 50:
        bright, middle = float(np.percentile(product, 85)) * gain, float(np.median(product)) * gain
        if bright < 0.10 or behind.size <= 0.03 * level.size:
            gain *= 0.22 / max(bright, 1e-4)
        elif middle > 0.6:
            gain *= 0.6 / middle
    tint = sum((lamp.power * np.array(lamp.colour) for lamp in scene.lamps), 0.6 * np.array(scene.ambient))
    neutral = (float(tint.mean()) / tint) ** scene.balance
    x = np.nan_to_num(light, nan=0.0, posinf=50.0) * gain * 2.0**scene.stops * np.array(scene.cast) * neutral
    s = scene.shoulder
    x = np.where(x > s, s + (1 - s) * (1 - np.exp(-(x - s) / (1 - s))), x)
    if scene.backdrop.level > 255:
        x = x * 1.06  # burnt-out paper is pure white
    x = np.clip(x, 0, 1)
    out = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    out = out + scene.contrast * np.sin((out - 0.5) * 2 * math.pi) * 0.5
    grain = np.random.default_rng(scene.seed).normal(0, 0.3 / 255, out.shape[:2])[..., None]
    return np.clip((out + grain) * 255 + 0.5, 0, 255).astype(np.uint8)


def props(scene: Scene, made: Maker, palette: Palette) -> list[str]:
    """Stands, cushions, tags and the like beside or under the item, where their module is there; the words for the index."""
    if not scene.props:
        return []
    try:
        module = importlib.import_module("imaging.training.props")
    except ModuleNotFoundError:
        return []
    return list(module.place(np.random.default_rng([scene.seed, 3]), made, palette, scene.items[0].kind))


def photograph(scene: Scene, samples: int, threads: int, pictures: list[Path]) -> tuple[Array, dict[str, Any]]:
    """RGBA uint8 (h, w, 4) of a scene, its alpha exact, and what the index says of it."""
    studio.clear(samples, scene.size, scene.seed)
    render = bpy.context.scene.render
    render.threads_mode, render.threads = "FIXED", threads
    render.use_persistent_data = True  # the second pass finds the geometry of the first
    bpy.context.scene.cycles.max_bounces, bpy.context.scene.cycles.denoising_quality = 6, "FAST"
    palette = Palette(scene.crystal)
    makers = [build_item(one, palette) for one in scene.items]
    arrange(makers, scene.items)
    points = [made.vertices() for made in makers]
    placed = props(scene, makers[0], palette)
    products = {ob for made in makers for ob in made.objects if "prop" not in ob}
    if placed:
        points[0] = makers[0].vertices()  # a stand may have moved it
    whole = np.concatenate(points)
    whole = whole[:: max(1, len(whole) // 30000)]
    reach = float(np.ptp(whole, axis=0).max())
    framed = head(scene.items[0], makers[0], points[0]) if scene.view.framed == "head" else whole
    if scene.backdrop.shape == "wall":
        for made in makers:  # no floor: nothing to sink into
            made.root.matrix_world = shift(z=0.3 * reach) @ made.root.matrix_world
        up = np.array([0.0, 0.0, 0.3 * reach])
        whole, framed = whole + up, framed + up
        bpy.context.view_layer.update()
    _, back = camera(scene, framed, whole)
    ground(scene, reach, (whole.min(0) + whole.max(0)) / 2, back, pictures)
    lamps(scene, reach)
    room(scene, pictures[(scene.backdrop.photo // 7) % len(pictures)] if pictures else None)
    if scene.hidden:
        for ob in products:
            ob.hide_render = True
    light = studio.frame()[..., :3]
    alpha = trace_alpha(products)
    rgb = develop(scene, light, alpha)
    picture = np.dstack([rgb, np.clip(alpha * 255 + 0.5, 0, 255).astype(np.uint8)])
    return picture, note(scene, picture[..., 3], placed)


def note(scene: Scene, alpha: Array, placed: list[str]) -> dict[str, Any]:
    """The entry of the index."""
    sides = (alpha[0], alpha[-1], alpha[:, 0], alpha[:, -1])
    seen = bool((alpha > 127).mean() > 1e-4) and scene.products > 0
    return {
        "seed": scene.seed,
        "kind": scene.label if seen else "none",
        "products": scene.products if seen else 0,
        "pieces": sum(one.pieces for one in scene.items) if seen else 0,
        "touching": sum(bool((side > 127).any()) for side in sides),
        "props": placed,
        "backdrop": scene.backdrop.surface,
        "size": list(scene.size),
        "version": scene.version,
        "pose": scene.items[0].pose if scene.items else "none",
    }
