"""Whitened pixels: what a linear map of pictures has to be to see what tells them apart.

Pictures of letters are nearly alike, one direction dominates them. Their principal components,
each divided by its standard deviation plus a share of the largest, are alike in strength.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.state import FittedState


def fit_whitening(pixels_GP: np.ndarray, num_components: int, shrinkage: float) -> FittedState:
    """Principal components of pictures, scaled to like strength.

    Args:
        pixels_GP: float [G, P], each distinct picture once, 1 is ink.
        num_components: components to keep, at most; fewer where there are fewer pictures.
        shrinkage: share of the largest standard deviation added before dividing, which keeps the
            weak components from being blown up to noise.

    Returns:
        `mean` float32 [P] and `projection` float32 [P, K].
    """
    mean = pixels_GP.mean(axis=0)
    _, singular, directions = np.linalg.svd(pixels_GP - mean, full_matrices=False)
    deviation = singular / np.sqrt(max(len(pixels_GP) - 1, 1))
    # Directions without variance are an accident of rounding.
    kept = min(num_components, int((deviation > 1e-6 * max(deviation[0], 1e-12)).sum()))
    scale = deviation[:kept] + shrinkage * deviation[0]
    # The sign of a direction is arbitrary: fix it, so that every machine fits the same one.
    signs = np.sign(directions[np.arange(kept), np.abs(directions[:kept]).argmax(axis=1)])
    projection = (directions[:kept] * (signs / scale)[:, None]).T
    arrays = {"mean": mean.astype(np.float32), "projection": projection.astype(np.float32)}
    return FittedState(arrays)


class Whitening(nn.Module):
    """The map that `fit_whitening` found.

    Attributes:
        num_components: number of components K.
    """

    def __init__(self, fitted: FittedState) -> None:
        super().__init__()
        self.mean: Tensor
        self.projection: Tensor
        # Part of the fitted state, so not of the weights.
        for name in ("mean", "projection"):
            self.register_buffer(name, torch.from_numpy(fitted.arrays[name]), persistent=False)
        self.num_components = self.projection.shape[1]

    def forward(self, pictures: Tensor) -> Tensor:
        """uint8 pictures [N, …] of P pixels each to components [N, K]."""
        return self.whiten(pictures.flatten(1).float() / 255)

    def whiten(self, values_NP: Tensor) -> Tensor:
        """Floating [N, P], as they were fitted, to components [N, K]."""
        return (values_NP - self.mean) @ self.projection
