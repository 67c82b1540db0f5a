"""Connectionist temporal classification (Graves et al. 2006) over ragged texts.

A text makes a number of steps, at each of which one symbol is said: a letter or the blank. What
is read are the symbols without repetitions, then without blanks. The loss is the negative
logarithm of the probability of all ways to say the target.

Shapes: M steps in the batch, T padded steps, B texts, A symbols of the alphabet.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from vitrina.models.layers.ragged import Ragged, pad, to_device
from vitrina.tasks.ocr.alphabet import BLANK, SymbolBatch
from vitrina.text.batch import offsets_of


def required_steps(readings: SymbolBatch) -> np.ndarray:
    """int64 [B]: the fewest steps that can say each reading.

    One for each letter, and one for the blank between two equal ones.
    """
    repeats = np.zeros(len(readings.ids) + 1, dtype=np.int64)
    repeats[1:-1] = readings.ids[1:] == readings.ids[:-1]
    repeats[readings.offsets] = 0  # the last letter of one text and the first one of the next
    before = np.concatenate([[0], np.cumsum(repeats[: len(readings.ids)])])
    return readings.lengths + np.diff(before[readings.offsets])


def ctc_loss(logits: Ragged, readings: SymbolBatch) -> Tensor:
    """The negative log likelihood of each text's reading, float32 [B].

    Zero, and without a gradient, for a text that makes fewer steps than its reading requires.

    Args:
        logits: [M, A] of any floating type, ragged by the steps of each text.
        readings: of the same texts.
    """
    device = logits.values.device
    with torch.autocast(device.type, enabled=False):
        log_p_MA = logits.values.float().log_softmax(dim=1)
        log_p_BTA, _, _ = pad(logits.with_values(log_p_MA))
        return F.ctc_loss(
            log_p_BTA.transpose(0, 1),
            to_device(readings.ids, device),
            torch.from_numpy(logits.lengths),
            torch.from_numpy(readings.lengths),
            blank=BLANK,
            reduction="none",
            zero_infinity=True,
        )


def decode_greedily(symbols_M: np.ndarray, steps_B: np.ndarray) -> tuple[SymbolBatch, np.ndarray]:
    """The reading of the likeliest symbol at each step (best path decoding).

    Args:
        symbols_M: int64 [M], the likeliest symbols of all texts.
        steps_B: int64 [B], steps of each text.

    Returns:
        The readings, and int64 [num_letters] the step, counted in its text, at which each letter
        was first said.
    """
    starts = offsets_of(steps_B)
    before = np.concatenate([[BLANK], symbols_M[:-1]])
    first = starts[:-1][steps_B > 0]
    before[first] = BLANK  # nothing was said before a text
    said = np.flatnonzero((symbols_M != BLANK) & (symbols_M != before))
    offsets = np.searchsorted(said, starts)
    readings = SymbolBatch(symbols_M[said].astype(np.int64), offsets.astype(np.int64))
    return readings, said - np.repeat(starts[:-1], readings.lengths)
