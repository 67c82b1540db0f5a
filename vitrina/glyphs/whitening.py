"""Whitening: principal components scaled to similar variance.

Pictures of letters are similar: one direction dominates their variance. Therefore, each component
is divided by its standard deviation plus a fraction of the largest one.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from vitrina.state import FittedState


def fit_whitening(pixels_GP: np.ndarray, num_components: int, shrinkage: float) -> FittedState:
    """Fit scaled principal components of pictures.

    Args:
        pixels_GP: float [G, P], distinct pictures, 1 is ink.
        num_components: maximum number of components; limited by the number of pictures.
        shrinkage: fraction of the largest standard deviation added to each divisor, which keeps
            weak components from becoming noise.

    Returns:
        `mean` float32 [P] and `projection` float32 [P, K].
    """
    mean = pixels_GP.mean(axis=0)
    _, singular, directions = np.linalg.svd(pixels_GP - mean, full_matrices=False)
    deviation = singular / np.sqrt(max(len(pixels_GP) - 1, 1))
    # Directions without variance are rounding errors.
    kept = min(num_components, int((deviation > 1e-6 * max(deviation[0], 1e-12)).sum()))
    scale = deviation[:kept] + shrinkage * deviation[0]
    # The sign of a direction is arbitrary; fix it for reproducibility across machines.
    signs = np.sign(directions[np.arange(kept), np.abs(directions[:kept]).argmax(axis=1)])
    projection = (directions[:kept] * (signs / scale)[:, None]).T
    arrays = {"mean": mean.astype(np.float32), "projection": projection.astype(np.float32)}
    return FittedState(arrays)


class Whitening(nn.Module):
    """Applies the whitening fitted by `fit_whitening`.

    Attributes:
        num_components: number of components K.
    """

    def __init__(self, fitted: FittedState) -> None:
        super().__init__()
        self.mean: Tensor
        self.projection: Tensor
        # Not persistent: the arrays are saved with the fitted state.
        for name in ("mean", "projection"):
            self.register_buffer(name, torch.from_numpy(fitted.arrays[name]), persistent=False)
        self.num_components = self.projection.shape[1]

    def forward(self, pictures: Tensor) -> Tensor:
        """Map uint8 pictures [N, …] of P pixels each to components [N, K]."""
        return self.whiten(pictures.flatten(1).float() / 255)

    def whiten(self, values_NP: Tensor) -> Tensor:
        """Map floating-point values [N, P], scaled as in the fit, to components [N, K]."""
        return (values_NP - self.mean) @ self.projection
