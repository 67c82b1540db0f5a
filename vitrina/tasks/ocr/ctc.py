"""Connectionist temporal classification (Graves et al. 2006) over ragged texts.

The model emits one symbol at each step of a text: a letter or the blank. Decoding removes
repetitions, then blanks. The loss is the negative log probability of all alignments of the target.

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
    """Return int64 [B], the minimum number of steps that can emit each target.

    It is one step for each letter, and one for the blank between two equal letters.
    """
    repeats = np.zeros(len(readings.ids) + 1, dtype=np.int64)
    repeats[1:-1] = readings.ids[1:] == readings.ids[:-1]
    repeats[readings.offsets] = 0  # equal letters of two texts are no repetition
    before = np.concatenate([[0], np.cumsum(repeats[: len(readings.ids)])])
    return readings.lengths + np.diff(before[readings.offsets])


def ctc_loss(logits: Ragged, readings: SymbolBatch) -> Tensor:
    """Compute the negative log likelihood of the target of each text, float32 [B].

    It is zero, without a gradient, for a text with fewer steps than its target requires.

    Args:
        logits: [M, A] of any floating type, ragged by the steps of each text.
        readings: targets of the texts.
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
    """Decode the most probable symbol of each step (best path decoding).

    Args:
        symbols_M: int64 [M], the most probable symbols of all texts.
        steps_B: int64 [B], number of steps of each text.

    Returns:
        The decoded symbols, and int64 [num_letters], the step in its text at which each letter is
        first emitted.
    """
    starts = offsets_of(steps_B)
    before = np.concatenate([[BLANK], symbols_M[:-1]])
    first = starts[:-1][steps_B > 0]
    before[first] = BLANK  # no symbol precedes a text
    emitted = np.flatnonzero((symbols_M != BLANK) & (symbols_M != before))
    offsets = np.searchsorted(emitted, starts)
    readings = SymbolBatch(symbols_M[emitted].astype(np.int64), offsets.astype(np.int64))
    return readings, emitted - np.repeat(starts[:-1], readings.lengths)
