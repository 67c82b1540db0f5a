"""Random distortion of glyph pictures: training data with look-alikes that no table contains.

Tensor operations distort all pictures at once on their device. Blank pictures stay blank, because a
blank has no look-alikes.

Shapes: G pictures, H/W pixels, M marks on a picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

INK = 255.0
NUM_MARKS = 2
"""Maximum number of strokes and dots on a picture."""
MAX_MARK_LENGTH = 0.45
"""Length of the longest stroke relative to the height of the picture."""


@dataclass(frozen=True)
class Distortion:
    """Maximum amounts of distortion. Each picture draws its own amounts; 0 disables an operation.

    Attributes:
        shift_px: maximum shift in pixels along each axis.
        scale: maximum scaling, independent per axis; the factor is between `1 / (1 + scale)` and
            `1 + scale`.
        shear: maximum horizontal shift, in pixels per pixel of height.
        degrees: maximum rotation in either direction.
        stroke: maximum weight, up to 1, of the picture dilated or eroded by one pixel.
        blur: maximum weight, up to 1, of the blurred picture.
        marks: probability of each of `NUM_MARKS` strokes or dots over, under or across the glyph.
        erased: probability of erasing a disk.
    """

    shift_px: float = 0.0
    scale: float = 0.0
    shear: float = 0.0
    degrees: float = 0.0
    stroke: float = 0.0
    blur: float = 0.0
    marks: float = 0.0
    erased: float = 0.0

    @classmethod
    def of(cls, strength: float, marks: float = 0.0, erased: float = 0.0) -> Distortion:
        """Return a distortion of shape and stroke of a common strength.

        Args:
            strength: at least 0. At 0.25, almost every whitened letter is still nearest to itself;
                at 1, people can just recognize it.
            marks, erased: probabilities, as above.
        """
        return cls(
            shift_px=1.5 * strength,
            scale=0.25 * strength,
            shear=0.2 * strength,
            degrees=8.0 * strength,
            stroke=min(0.7 * strength, 1.0),
            blur=min(0.6 * strength, 1.0),
            marks=marks,
            erased=erased,
        )


def distort(
    pictures_GHW: Tensor, distortion: Distortion, generator: torch.Generator | None = None
) -> Tensor:
    """Distort each picture independently.

    Args:
        pictures_GHW: uint8 or floating point, 255 is ink.
        generator: random generator on the device of the pictures; None: torch's default.

    Returns:
        [G, H, W] of the same dtype, from 0 to 255; the input itself if all amounts are 0.
    """
    if distortion == Distortion() or len(pictures_GHW) == 0:
        return pictures_GHW
    draws = _Draws(pictures_GHW, generator)
    x_GHW = pictures_GHW.float()
    inked_G = x_GHW.amax(dim=(1, 2)) > 0
    x_GHW = _warp(x_GHW, distortion, draws)
    x_GHW = _change_strokes(x_GHW, distortion, draws)
    if distortion.marks > 0:
        x_GHW = torch.maximum(x_GHW, INK * _marks(x_GHW, distortion.marks * inked_G, draws))
    if distortion.erased > 0:
        x_GHW = x_GHW * (1 - _disks(x_GHW, distortion.erased * inked_G, draws))
    x_GHW = x_GHW.clamp(0, INK)
    if not pictures_GHW.is_floating_point():
        x_GHW = x_GHW.round()
    return x_GHW.to(pictures_GHW.dtype)


class _Draws:
    """Draws random numbers for each picture on the device of the pictures."""

    def __init__(self, pictures: Tensor, generator: torch.Generator | None) -> None:
        self.count, self.device, self.generator = len(pictures), pictures.device, generator

    def uniform(self, low: float, high: float, *more: int) -> Tensor:
        """Draw uniform numbers in [low, high), float32 [G, *more]."""
        shape = (self.count, *more)
        unit = torch.rand(shape, device=self.device, generator=self.generator)
        return low + (high - low) * unit


def _ink_centers(x_GHW: Tensor) -> tuple[Tensor, Tensor]:
    """Return row and column [G, 1, 1] of the center of the ink, or of a blank picture's center."""
    _, height, width = x_GHW.shape
    rows = torch.arange(height, device=x_GHW.device, dtype=torch.float32)
    columns = torch.arange(width, device=x_GHW.device, dtype=torch.float32)
    ink_G = x_GHW.sum(dim=(1, 2))
    row_G = x_GHW.sum(dim=2) @ rows / ink_G.clamp(min=1)
    column_G = x_GHW.sum(dim=1) @ columns / ink_G.clamp(min=1)
    blank_G = ink_G == 0
    row_G, column_G = (
        row_G.where(~blank_G, (height - 1) / 2),
        column_G.where(~blank_G, (width - 1) / 2),
    )
    return row_G.view(-1, 1, 1), column_G.view(-1, 1, 1)


def _warp(x_GHW: Tensor, distortion: Distortion, draws: _Draws) -> Tensor:
    """Shift, scale, shear and rotate pictures about the center of their ink."""
    d = distortion
    if not (d.shift_px or d.scale or d.shear or d.degrees):
        return x_GHW
    _, height, width = x_GHW.shape
    row, column = _ink_centers(x_GHW)
    stretch = math.log1p(d.scale)
    shrink_x, shrink_y = draws.uniform(-stretch, stretch, 2, 1, 1).exp().unbind(1)
    slant = draws.uniform(-d.shear, d.shear, 1, 1)
    turn = draws.uniform(-1, 1, 1, 1) * math.radians(d.degrees)
    shift_x, shift_y = draws.uniform(-d.shift_px, d.shift_px, 2, 1, 1).unbind(1)
    # Map each output pixel, relative to the center, to its source. The distributions of all amounts
    # are symmetric, so the transformations need not be inverted.
    y = torch.arange(height, device=x_GHW.device).view(1, -1, 1) - row - shift_y
    x = torch.arange(width, device=x_GHW.device).view(1, 1, -1) - column - shift_x
    sin, cos = turn.sin(), turn.cos()
    from_x = shrink_x * ((cos - slant * sin) * x + (sin + slant * cos) * y) + column
    from_y = shrink_y * (cos * y - sin * x) + row
    # Coordinates of `grid_sample`: -1 and 1 are the outer edges of the first and last pixels.
    grid = torch.stack([(2 * from_x + 1) / width - 1, (2 * from_y + 1) / height - 1], dim=3)
    return F.grid_sample(x_GHW.unsqueeze(1), grid, align_corners=False).squeeze(1)


def _change_strokes(x_GHW: Tensor, distortion: Distortion, draws: _Draws) -> Tensor:
    """Make strokes thicker or thinner, and blur pictures."""
    if distortion.stroke:
        weight_G11 = draws.uniform(-distortion.stroke, distortion.stroke, 1, 1)
        # Erosion is the negative dilation of the negative.
        sign_G11 = torch.where(weight_G11 < 0, -1.0, 1.0)
        changed_GHW = _dilate(_dilate(x_GHW * sign_G11, 1), 2).mul_(sign_G11)
        x_GHW = torch.lerp(x_GHW, changed_GHW, weight_G11.abs())
    if distortion.blur:
        weight_G11 = draws.uniform(0, distortion.blur, 1, 1)
        x_GHW = torch.lerp(x_GHW, _mean(_mean(x_GHW, 1), 2), weight_G11)
    return x_GHW


def _dilate(x: Tensor, dim: int) -> Tensor:
    """Return the maximum over 3 pixels along `dim`; several times faster than max pooling."""
    length, out = x.shape[dim], x.clone()
    for target, source in ((0, 1), (1, 0)):
        part = out.narrow(dim, target, length - 1)
        torch.maximum(part, x.narrow(dim, source, length - 1), out=part)
    return out


def _mean(x: Tensor, dim: int) -> Tensor:
    """Return the mean over 3 pixels along `dim`, with zero padding."""
    length, out = x.shape[dim], x.clone()
    for target, source in ((0, 1), (1, 0)):
        out.narrow(dim, target, length - 1).add_(x.narrow(dim, source, length - 1))
    return out.div_(3)


def _marks(x_GHW: Tensor, p_G: Tensor, draws: _Draws) -> Tensor:
    """Draw strokes and dots with probabilities `p_G`; return their ink [G, H, W], 0 to 1."""
    _, height, width = x_GHW.shape
    _, column = _ink_centers(x_GHW)
    more = (NUM_MARKS, 1, 1)
    # Over the whole height, so that most marks are above or below the glyph; not far to the sides.
    row = draws.uniform(0.05 * height, 0.95 * height, *more) - 0.5
    column = column.unsqueeze(1) + draws.uniform(-0.3 * width, 0.3 * width, *more)
    # Squared, so that dots and short strokes are as frequent as long ones.
    half = draws.uniform(0, 1, *more).square() * (MAX_MARK_LENGTH * height / 2)
    angle = draws.uniform(0, math.pi, *more)
    radius = draws.uniform(0.4, 1.1, *more)
    darkness = draws.uniform(0.5, 1, *more) * (draws.uniform(0, 1, *more) < p_G.view(-1, 1, 1, 1))
    y = torch.arange(height, device=x_GHW.device).view(1, 1, -1, 1) - row
    x = torch.arange(width, device=x_GHW.device).view(1, 1, 1, -1) - column
    sin, cos = angle.sin(), angle.cos()
    beyond = (y * sin + x * cos).abs_().sub_(half).clamp_(min=0)
    across = y * cos - x * sin
    distance_GMHW = beyond.square_().addcmul_(across, across).sqrt_()
    ink_GMHW = distance_GMHW.neg_().add_(radius + 0.5).clamp_(0, 1).mul_(darkness)
    return ink_GMHW.amax(dim=1)


def _disks(x_GHW: Tensor, p_G: Tensor, draws: _Draws) -> Tensor:
    """Draw disks near the center of the ink with probabilities `p_G`; return masks [G, H, W]."""
    _, height, width = x_GHW.shape
    row, column = _ink_centers(x_GHW)
    row = row + draws.uniform(-0.2 * height, 0.2 * height, 1, 1)
    column = column + draws.uniform(-0.2 * width, 0.2 * width, 1, 1)
    radius = draws.uniform(0.04 * height, 0.1 * height, 1, 1)
    y = torch.arange(height, device=x_GHW.device).view(1, -1, 1) - row
    x = torch.arange(width, device=x_GHW.device).view(1, 1, -1) - column
    drawn = draws.uniform(0, 1, 1, 1) < p_G.view(-1, 1, 1)
    return (radius + 0.5 - (y.square() + x.square()).sqrt()).clamp(0, 1) * drawn
