"""What a network looks at: class activation maps by Grad-CAM."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

EDGE = 4  # of the smallest maps that still tell a finger from a palm


def last_maps(model: keras.Model) -> keras.KerasTensor:
    """Return the last maps of a model, shape (batch, height, width, channels), not too small.

    They have an edge of 4 at least, where the model has such ones: smaller maps, in which small
    pictures end, say little about places. A model without maps is refused (ValueError).
    """
    graph = getattr(model, "_functional", None) or model  # a Sequential keeps its graph inside
    nodes = [node for each in graph._nodes_by_depth.values() for node in each]
    # A layer may be part of other models, too: its own output need not be that in this one.
    outputs = {node.operation: node.outputs[0] for node in reversed(nodes)}
    from_the_last = [outputs[layer] for layer in reversed(model.layers)]
    found = [output for output in from_the_last if len(output.shape) == 4]
    if not found:
        raise ValueError(f"{model.name} has no layer with feature maps: there is nothing to show.")
    return next(
        (maps for maps in found if None in maps.shape[1:3] or min(maps.shape[1:3]) >= EDGE),
        found[0],
    )


def grad_cam(model: keras.Model, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Show where the evidence for a class lies.

    The last maps of the network, see `last_maps`, are added up, each weighted by the mean gradient
    of the class probability's logarithm, and negative sums are cut off.

    Args:
        model: takes pixels (batch, size, size, 3), 0 to 255; returns probabilities.
        images: shape (n, size, size, 3), values 0 to 255.
        labels: the class to explain for each picture, shape (n,).

    Returns:
        float32 maps, shape (n, size, size), values 0 to 1; 1 is each picture's strongest spot. All
        0 where the network is so sure that no pixel changes its answer in this precision.

    Source: R. R. Selvaraju et al. (2017), Grad-CAM: Visual Explanations from Deep Networks.
    """
    both = keras.Model(model.inputs, [last_maps(model), model.outputs[0]])
    pixels = tf.cast(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(pixels)  # else the tape would leave out layers that have nothing to learn
        maps, probabilities = both(pixels)
        chosen = tf.gather(probabilities, labels, batch_dims=1)
        score = tf.math.log(tf.cast(chosen, tf.float32) + 1e-7)
    gradients = tf.cast(tape.gradient(score, maps), tf.float32)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), -1, keepdims=True))
    heat = tf.image.resize(heat, images.shape[1:3])[..., 0]
    peak = tf.reduce_max(heat, axis=(1, 2), keepdims=True)
    return (heat / tf.maximum(peak, 1e-12)).numpy()
