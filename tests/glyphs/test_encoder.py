"""Tests of the glyph encoder and of its files."""

import shutil
from pathlib import Path

import pytest
import torch

from vitrina.deobfuscation.config import CodesConfig
from vitrina.errors import InputError
from vitrina.glyphs.config import FeaturesConfig
from vitrina.glyphs.encoder import EncoderFeatures, own_encoder, read_encoder
from vitrina.glyphs.features import GlyphFeatures, fit_glyph_features
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.noise.tables import unseen_options
from vitrina.normalizers.confusables import unseen_confusables

GLYPHS = sorted(set("съешь же ещё этих мягких французских булок"))


def test_fitted_features_contain_the_encoder(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
    config = FeaturesConfig(shapes=str(path), num_components=20)
    fitted = fit_glyph_features(config, GLYPHS, "deobfuscator")
    path.unlink()
    pictures = torch.from_numpy(GlyphRenderer.of(config).render(GLYPHS, config.width_px))
    features = EncoderFeatures(fitted.part("shapes"))(pictures)
    mean, projection = fitted.arrays["mean"], fitted.arrays["projection"]
    whitened = (features - torch.from_numpy(mean)) @ torch.from_numpy(projection)
    assert torch.allclose(GlyphFeatures(fitted)(pictures), whitened, atol=1e-6)
    assert not GlyphFeatures(fitted).state_dict()


def test_the_encoder_must_match_the_canvas(tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
    config = FeaturesConfig(shapes=str(path), font_size_px=13)
    with pytest.raises(InputError) as caught:
        fit_glyph_features(config, GLYPHS, "deobfuscator")
    message = str(caught.value)
    assert message.startswith(f"deobfuscator.shapes: {path} was made for deobfuscator.height_px")


def test_invalid_encoder_files_are_errors(tmp_path: Path) -> None:
    missing = tmp_path / "none.safetensors"
    with pytest.raises(InputError, match=r"none\.safetensors: no such glyph"):
        read_encoder(missing)
    path = tmp_path / "encoder.safetensors"
    shutil.copy(own_encoder(), path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="checksum mismatch"):
        read_encoder(path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="not a glyph encoder"):
        read_encoder(path)


def test_invalid_settings_are_reported() -> None:
    with pytest.raises(InputError, match=r"deobfuscator\.features = 'ink': must be one of pixels"):
        CodesConfig(features="ink")
    with pytest.raises(InputError, match=r"deobfuscator\.shapes = 'a': must be null unless"):
        CodesConfig(features="pixels", shapes="a")


def test_the_built_in_encoder_was_not_trained_on_test_look_alikes() -> None:
    _, made = read_encoder(own_encoder())
    for rows in (unseen_options(), unseen_confusables()):
        assert {glyph for alike in rows.values() for glyph in alike} <= set(str(made["held_out"]))
