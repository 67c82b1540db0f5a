"""A glyph encoder: frozen as it was trained, kept in a file, its features under the embedder."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny import GLYPHS
from vitrina.errors import InputError
from vitrina.glyphs.encoder import (
    EncoderFeatures,
    GlyphEncoder,
    own_encoder,
    read_encoder,
    save_encoder,
)
from vitrina.glyphs.features import GlyphFeatures
from vitrina.glyphs.font_dataset import Specimens, own_faces
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.noise.corpus import Corpus
from vitrina.text.batch import TextBatch
from vitrina.training.glyphs import GlyphTraining, train_glyph_encoder

LETTERS = "абвгдежзиклмнопрстуфхцчшщъыьэюя"
MADE = {"steps": 30}


def pictures(glyphs: str) -> np.ndarray:
    return GlyphRenderer([], 12, 24).render(glyphs, 16)


SPECIMENS = Specimens(pictures(LETTERS), np.arange(len(LETTERS)), len(LETTERS), tuple(LETTERS))
MAKE = partial(GlyphEncoder, 24, 16, 12, 4, 20)
TRAINING = GlyphTraining(steps=30, batch_size=64)


@pytest.fixture(scope="module")
def encoder() -> GlyphEncoder:
    return train_glyph_encoder(MAKE, SPECIMENS, TRAINING)


def test_frozen_features_are_those_of_the_trained_encoder(encoder: GlyphEncoder) -> None:
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
    again = train_glyph_encoder(MAKE, SPECIMENS, TRAINING)
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(again.linear.weight, encoder.linear.weight)
    other = train_glyph_encoder(MAKE, SPECIMENS, replace(TRAINING, seed=2))
    assert not torch.equal(other.linear.weight, encoder.linear.weight)


def test_training_draws_the_pictures_of_a_class_together() -> None:
    """Letters of a face that is never shown lie nearer to their own after training."""
    serif = GlyphRenderer([own_faces()[5]], 12, 24).render(LETTERS, 16)

    def found(steps: int) -> float:
        trained = train_glyph_encoder(MAKE, SPECIMENS, replace(TRAINING, steps=steps))
        features = EncoderFeatures(trained.frozen())
        shown_GK, serif_GK = (
            torch.nn.functional.normalize(features(torch.from_numpy(each)), dim=1)
            for each in (pictures(LETTERS), serif)
        )
        nearest = (serif_GK @ shown_GK.T).argmax(dim=1)
        return (nearest == torch.arange(len(LETTERS))).float().mean().item()

    assert found(200) > found(1) + 0.15


def test_a_file_holds_the_encoder_and_how_it_was_made(
    encoder: GlyphEncoder, tmp_path: Path
) -> None:
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, encoder, MADE)
    fitted, made = read_encoder(path)
    assert made == MADE
    shown = torch.from_numpy(pictures(LETTERS))
    exact, kept = EncoderFeatures(encoder.frozen())(shown), EncoderFeatures(fitted)(shown)
    assert torch.allclose(exact, kept, atol=0.01 * exact.abs().max().item())  # half precision


def test_the_embedder_keeps_the_encoder_in_its_artefacts(
    encoder: GlyphEncoder, tmp_path: Path
) -> None:
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, encoder, MADE)
    config = replace(GLYPHS, features="shapes", shapes=str(path))
    texts = TextBatch.from_strings(["съешь же ещё этих мягких", "французских булок"])
    fitted = GlyphsEmbedder.fit(config, Corpus(texts, lambda: texts))
    path.unlink()
    embedder = GlyphsEmbedder(config, fitted).eval()
    inputs = embedder.tokenizer(texts)
    features = EncoderFeatures(fitted.part("shapes"))(inputs.tables["pixels"])
    mean, projection = fitted.arrays["mean"], fitted.arrays["projection"]
    whitened = (features - torch.from_numpy(mean)) @ torch.from_numpy(projection)
    assert torch.allclose(GlyphFeatures(fitted)(inputs.tables["pixels"]), whitened, atol=1e-6)
    expected = (embedder.linear(whitened) + embedder.network(whitened))[inputs.ids]
    assert torch.allclose(embedder(inputs).values, expected, atol=1e-5)
    assert not [name for name in embedder.state_dict() if "space" in name]


def test_the_encoder_must_fit_the_canvas(encoder: GlyphEncoder, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, encoder, MADE)
    texts = TextBatch.from_strings(["абв"])
    config = replace(GLYPHS, features="shapes", shapes=str(path), font_size_px=13)
    with pytest.raises(InputError) as caught:
        GlyphsEmbedder.fit(config, Corpus(texts, lambda: texts))
    assert str(caught.value).startswith(f"embedder.shapes: {path} was made for embedder.height_px")


def test_files_that_are_no_encoder(encoder: GlyphEncoder, tmp_path: Path) -> None:
    missing = tmp_path / "none.safetensors"
    with pytest.raises(InputError, match=r"none\.safetensors: there is no such glyph"):
        read_encoder(missing)
    path = tmp_path / "encoder.safetensors"
    save_encoder(path, encoder, MADE)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged"):
        read_encoder(path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a glyph encoder"):
        read_encoder(path)


def test_settings_of_shapes() -> None:
    with pytest.raises(InputError, match=r"embedder\.features = 'ink': must be one of pixels"):
        replace(GLYPHS, features="ink")
    with pytest.raises(InputError, match=r"embedder\.shapes = 'a': must be null unless"):
        replace(GLYPHS, shapes="a")


def test_the_projects_own_encoder_has_not_seen_the_look_alikes_of_the_tests() -> None:
    from vitrina.evaluation.retrieval import unseen_confusables
    from vitrina.noise.tables import unseen_options

    _, made = read_encoder(own_encoder())
    for rows in (unseen_options(), unseen_confusables()):
        assert {glyph for alike in rows.values() for glyph in alike} <= set(str(made["held_out"]))
