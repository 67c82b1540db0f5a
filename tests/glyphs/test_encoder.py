"""The features of a trained glyph encoder under the embedder, and files that hold none."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.tiny import GLYPHS
from vitrina.errors import InputError
from vitrina.glyphs.encoder import EncoderFeatures, own_encoder, read_encoder
from vitrina.glyphs.features import GlyphFeatures
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.noise.tables import unseen_options
from vitrina.normalizers.confusables import unseen_confusables
from vitrina.text.batch import TextBatch


def test_the_embedder_keeps_the_encoder_in_its_artefacts(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
    config = replace(GLYPHS, features="shapes", shapes=str(path))
    texts = TextBatch.from_strings(["съешь же ещё этих мягких", "французских булок"])
    fitted = GlyphsEmbedder.fit(config, texts, lambda: texts)
    path.unlink()
    embedder = GlyphsEmbedder(config, fitted).eval()
    inputs = embedder.tokenize(texts)
    features = EncoderFeatures(fitted.part("shapes"))(inputs.tables["pixels"])
    mean, projection = fitted.arrays["mean"], fitted.arrays["projection"]
    whitened = (features - torch.from_numpy(mean)) @ torch.from_numpy(projection)
    assert torch.allclose(GlyphFeatures(fitted)(inputs.tables["pixels"]), whitened, atol=1e-6)
    expected = (embedder.linear(whitened) + embedder.network(whitened))[inputs.ids]
    assert torch.allclose(embedder(inputs).values, expected, atol=1e-5)
    assert not [name for name in embedder.state_dict() if "space" in name]


def test_the_encoder_must_fit_the_canvas(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
    texts = TextBatch.from_strings(["абв"])
    config = replace(GLYPHS, features="shapes", shapes=str(path), font_size_px=13)
    with pytest.raises(InputError) as caught:
        GlyphsEmbedder.fit(config, texts, lambda: texts)
    assert str(caught.value).startswith(f"embedder.shapes: {path} was made for embedder.height_px")


def test_files_that_are_no_encoder(tmp_path: Path) -> None:
    missing = tmp_path / "none.safetensors"
    with pytest.raises(InputError, match=r"none\.safetensors: no such glyph"):
        read_encoder(missing)
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
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
    with pytest.raises(InputError, match=r"embedder\.shapes = 'a': must be null where"):
        replace(GLYPHS, shapes="a")


def test_the_projects_own_encoder_has_not_seen_the_look_alikes_of_the_tests() -> None:
    _, made = read_encoder(own_encoder())
    for rows in (unseen_options(), unseen_confusables()):
        assert {glyph for alike in rows.values() for glyph in alike} <= set(str(made["held_out"]))
