"""A glyph encoder learns letters; frozen and saved features equal the trained ones."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tools.glyph_encoder.font_dataset import FontDataset, own_faces
from tools.glyph_encoder.training import (
    GlyphEncoder,
    GlyphTraining,
    save_encoder,
    train_glyph_encoder,
)
from vitrina.glyphs.encoder import EncoderFeatures, read_encoder
from vitrina.glyphs.renderer import GlyphRenderer

LETTERS = "абвгдежзиклмнопрстуфхцчшщъыьэюя"
MADE = {"steps": 30}


def pictures(glyphs: str) -> np.ndarray:
    return GlyphRenderer([], 12, 24).render(glyphs, 16)


DATASET = FontDataset(pictures(LETTERS), np.arange(len(LETTERS)), len(LETTERS), tuple(LETTERS))
MAKE = partial(GlyphEncoder, 24, 16, 12, 4, 20)
TRAINING = GlyphTraining(steps=30, batch_size=64)


@pytest.fixture(scope="module")
def encoder() -> GlyphEncoder:
    return train_glyph_encoder(MAKE, DATASET, TRAINING)


def test_frozen_features_equal_those_of_the_trained_encoder(encoder: GlyphEncoder) -> None:
    shown = torch.from_numpy(pictures(LETTERS + "}|{ "))
    with torch.no_grad():
        expected = encoder(shown)
    frozen = EncoderFeatures(encoder.frozen())
    assert torch.allclose(frozen(shown), expected, atol=1e-5)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(frozen(shown), frozen(shown.float()))
    assert not frozen.state_dict() and not list(frozen.parameters())


def test_the_same_seed_trains_the_same_encoder(encoder: GlyphEncoder) -> None:
    torch.manual_seed(99)
    before = torch.random.get_rng_state()
    again = train_glyph_encoder(MAKE, DATASET, TRAINING)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(again.linear.weight, encoder.linear.weight)
    other = train_glyph_encoder(MAKE, DATASET, replace(TRAINING, seed=2))
    assert not torch.equal(other.linear.weight, encoder.linear.weight)


def test_training_clusters_the_images_of_a_class() -> None:
    """After training, letters of an unseen face are nearer to the same letters."""
    serif = GlyphRenderer([own_faces()[5]], 12, 24).render(LETTERS, 16)

    def found(steps: int) -> float:
        trained = train_glyph_encoder(MAKE, DATASET, replace(TRAINING, steps=steps))
        features = EncoderFeatures(trained.frozen())
        shown_GK, serif_GK = (
            torch.nn.functional.normalize(features(torch.from_numpy(each)), dim=1)
            for each in (pictures(LETTERS), serif)
        )
        nearest = (serif_GK @ shown_GK.T).argmax(dim=1)
        return (nearest == torch.arange(len(LETTERS))).float().mean().item()

    assert found(200) > found(1) + 0.15


def test_a_saved_encoder_loads_with_its_record(encoder: GlyphEncoder, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, encoder, MADE)
    fitted, made = read_encoder(path)
    assert made == MADE
    shown = torch.from_numpy(pictures(LETTERS))
    exact, kept = EncoderFeatures(encoder.frozen())(shown), EncoderFeatures(fitted)(shown)
    assert torch.allclose(exact, kept, atol=0.01 * exact.abs().max().item())  # float16
