"""How the pictures and the weights are made again: offline scripts, never imported by the product.

Modules that need Blender (`bpy`, GPL) import it when they run and only there; importing this package imports nothing.
"""
