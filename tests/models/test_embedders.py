"""Embedders equal a slow reference that draws, cuts and embeds tokens one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.tiny import GLYPHS, LINE, SLICES, TEXTS, wordpiece_config
from vitrina.errors import InputError
from vitrina.glyphs.fonts import FontChain
from vitrina.glyphs.whitening import fit_whitening
from vitrina.models.embedders.drawn import count_slices
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.models.embedders.line import LineEmbedder, PatchStem, distinct_rows
from vitrina.models.embedders.slices import SlicesEmbedder
from vitrina.models.embedders.wordpiece import WordpieceEmbedder, train_wordpiece
from vitrina.models.layers.normalization import BatchNorm
from vitrina.noise.corpus import Corpus
from vitrina.state import FittedState
from vitrina.text.batch import TextBatch


def slow_line(text: str) -> np.ndarray:
    """Return the drawn line [H, W], glyph by glyph."""
    fonts = FontChain([], SLICES.font_size_px)
    clusters: list[str] = []
    for character in text:
        if character in "\u0301🏽":
            clusters[-1] += character
        elif character != "\u200b":
            clusters.append(character)
    return np.concatenate([fonts.draw(c, 16, 12) for c in clusters or [" "]], axis=1)


def slow_slices(line: np.ndarray) -> np.ndarray:
    slices = []
    left = 0
    while True:
        part = line[:, left : left + SLICES.window_px]
        slices.append(np.pad(part, ((0, 0), (0, SLICES.window_px - part.shape[1]))))
        if left + SLICES.window_px >= line.shape[1]:
            return np.stack(slices)
        left += SLICES.stride_px


@pytest.fixture(scope="module")
def slices() -> SlicesEmbedder:
    torch.manual_seed(0)
    embedder = SlicesEmbedder(SLICES, FittedState())
    return with_random_norms(embedder)


def with_random_norms(embedder: torch.nn.Module) -> Any:
    """Randomize statistics and weights of the normalization; switch to eval mode."""
    for module in embedder.modules():
        if isinstance(module, BatchNorm):
            for tensor in (module.weight, module.bias, module.running_mean):
                assert tensor is not None
                torch.nn.init.normal_(tensor)
            assert module.running_var is not None
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
    return embedder.eval()


@pytest.fixture(scope="module")
def glyphs() -> GlyphsEmbedder:
    clean = TextBatch.from_strings(TEXTS)
    torch.manual_seed(0)
    embedder = GlyphsEmbedder(GLYPHS, GlyphsEmbedder.fit(GLYPHS, Corpus(clean, lambda: clean)))
    for parameter in embedder.parameters():
        torch.nn.init.normal_(parameter)
    return embedder.eval()


def test_rendered_slices_equal_reference(slices: SlicesEmbedder) -> None:
    inputs = slices.tokenizer(TextBatch.from_strings(TEXTS))
    wanted = [slow_slices(slow_line(text)) for text in TEXTS]
    assert inputs.num_tokens.tolist() == [len(part) for part in wanted]
    assert np.array_equal(slices.render(inputs).numpy(), np.concatenate(wanted))


def test_slice_embeddings_equal_reference(slices: SlicesEmbedder) -> None:
    with torch.no_grad():
        fast = slices(slices.tokenizer(TextBatch.from_strings(TEXTS))).values
        for i, image in enumerate(np.concatenate([slow_slices(slow_line(t)) for t in TEXTS])):
            x = torch.from_numpy(image.copy()).float()[None, None] / 255
            for block in slices.blocks:
                body = block.body(x) + block.shortcut(x)
                x = torch.nn.functional.max_pool2d(body.relu(), 2)
            one = slices.bridge(x.flatten(1))[0]
            torch.testing.assert_close(fast[i], one, atol=1e-5, rtol=1e-5)


def line_embedder() -> LineEmbedder:
    config, texts = LINE, TextBatch.from_strings(TEXTS)
    torch.manual_seed(0)
    embedder = LineEmbedder(config, LineEmbedder.fit(config, Corpus(texts, lambda: texts)))
    for parameter in embedder.stem.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return with_random_norms(embedder)


def slow_map(stem: PatchStem, line: np.ndarray) -> torch.Tensor:
    """Return the feature map [C, P] of the stem for one line [H, W]."""
    places = 2 * -(-line.shape[1] // 4)  # blank patches fill the last position
    padded = np.pad(line, ((0, 0), (3, 2 * places - line.shape[1] + 3)))
    pixels = torch.from_numpy(
        np.stack([padded[:, 2 * i : 2 * i + 8].T.flatten() for i in range(places)])
    )
    whitened = (pixels.float() / 255 - stem.whitening.mean) @ stem.whitening.projection
    return torch.stack([pair.amax(0) for pair in stem.linear(whitened).split(2)]).t()


def test_line_embeddings_equal_reference() -> None:
    embedder = line_embedder()
    inputs = embedder.tokenizer(TextBatch.from_strings(TEXTS))
    with torch.no_grad():
        fast = embedder(inputs)
        assert fast.lengths.tolist() == inputs.num_tokens.tolist()
        wanted = []
        for text, count in zip(TEXTS, inputs.num_tokens.tolist(), strict=True):
            x = slow_map(embedder.stem, slow_line(text))[None]
            for block in embedder.blocks:
                weight = block.convolution.weight
                x = x + block.norm(F.conv1d(x, weight, padding=weight.shape[2] // 2))
            x = F.pad(x, (0, 8))
            assert count == 1 + max(0, -(-(x.shape[2] - 8 - 8) // 2))
            wanted.append(embedder.bridge(x)[0, :, ::2][:, :count].t())
    torch.testing.assert_close(fast.values, torch.cat(wanted), atol=2e-5, rtol=1e-4)


def test_line_whitening_is_fitted_on_distinct_patches() -> None:
    config = LINE
    once, often = TextBatch.from_strings(TEXTS), TextBatch.from_strings(TEXTS * 3)
    a, b = (LineEmbedder.fit(config, Corpus(texts, lambda: once)) for texts in (once, often))
    for name in ("mean", "projection"):
        np.testing.assert_array_equal(a.arrays[name], b.arrays[name])
    blank = TextBatch.from_strings(["", " "])
    with pytest.raises(InputError, match="fewer than two distinct patches"):
        LineEmbedder.fit(config, Corpus(blank, lambda: blank))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"patch_px": 7}, "embedder.patch_px = 7: must be embedder.patch_stride_px (2) plus"),
        ({"stride_px": 6}, "embedder.stride_px = 6: must be a multiple of embedder.patch_str"),
        ({"window_px": 30}, "embedder.window_px = 30: must be a multiple of embedder.patch_st"),
        ({"stride_px": 64}, "embedder.stride_px = 64: must be at most embedder.window_px (32)"),
        ({"kernels": [3, 4]}, "embedder.kernels[1] = 4: must be odd and at least 1"),
    ],
)
def test_invalid_line_settings_are_refused(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        replace(LINE, **changed)
    assert message in str(error.value)


def test_part_of_a_batch_renders_equally(slices: SlicesEmbedder) -> None:
    inputs = slices.tokenizer(TextBatch.from_strings(TEXTS))
    parts = torch.from_numpy(slices.render(inputs).numpy()).split(inputs.num_tokens.tolist())
    some = slices.render(inputs.take(np.array([4, 0])))
    assert torch.equal(some, torch.cat([parts[4], parts[0]]))


def test_number_of_slices() -> None:
    assert count_slices(np.array([1, 32, 33, 37, 38]), 32, 5).tolist() == [1, 1, 2, 2, 3]


def test_glyph_embeddings_equal_reference(glyphs: GlyphsEmbedder) -> None:
    texts = TextBatch.from_strings(TEXTS)
    inputs = glyphs.tokenizer(texts)
    assert inputs.lengths[1] == 1 and inputs.lengths[0] == 4
    with torch.no_grad():
        fast = glyphs(inputs).values
        for i, glyph in enumerate(inputs.ids.tolist()):
            pixels = inputs.tables["pixels"][glyph].flatten().double() / 255
            whitened = (pixels - glyphs.space.mean.double()) @ glyphs.space.projection.double()
            slow = glyphs.linear.double()(whitened) + glyphs.network.double()(whitened)
            glyphs.float()
            torch.testing.assert_close(fast[i], slow.float(), atol=1e-4, rtol=1e-4)


def test_look_alikes_have_near_embeddings(glyphs: GlyphsEmbedder) -> None:
    pixels = torch.from_numpy(glyphs.tokenizer.renderer.render(["о", "o", "ο", "ж"], 16))
    with torch.no_grad():
        o_cyrillic, o_latin, o_greek, zhe = glyphs.embed_glyphs(pixels)
    assert torch.dist(o_cyrillic, o_latin) < 1e-3
    assert torch.dist(o_cyrillic, o_greek) < 0.2 * torch.dist(o_cyrillic, zhe)


def test_whitening_equalizes_the_variance() -> None:
    random = np.random.default_rng(0)
    pixels = random.normal(size=(500, 30)) * np.geomspace(10, 0.1, 30)
    fitted = fit_whitening(pixels, 10, shrinkage=0.0)
    whitened = (pixels - fitted.arrays["mean"]) @ fitted.arrays["projection"]
    np.testing.assert_allclose(np.cov(whitened.T), np.eye(10), atol=1e-4)
    damped = fit_whitening(pixels, 10, shrinkage=0.5)
    spread = ((pixels - damped.arrays["mean"]) @ damped.arrays["projection"]).std(axis=0)
    assert (np.diff(spread) < 0).all() and spread[0] < 0.7


def test_whitening_requires_two_glyphs() -> None:
    same = TextBatch.from_strings(["ааа"])
    with pytest.raises(InputError, match="fewer than two distinct glyphs"):
        GlyphsEmbedder.fit(GLYPHS, Corpus(same, lambda: same))


def test_word_piece_tokenizer_is_trained_on_noisy_texts() -> None:
    clean, noisy = TextBatch.from_strings(["привет"]), TextBatch.from_strings(["пр1вет мир"] * 5)
    fitted = WordpieceEmbedder.fit(wordpiece_config(), Corpus(clean, lambda: noisy))
    embedder = WordpieceEmbedder(wordpiece_config(), fitted)
    inputs = embedder.tokenizer(TextBatch.from_strings(["Мир", "", "пр1вет мир", "\ud800"]))
    pieces = [embedder.tokenizer.pieces.id_to_token(i) for i in inputs.ids.tolist()]
    assert pieces[: inputs.lengths[0]] == ["[CLS]", "мир"]
    assert inputs.lengths[1] == 1
    assert embedder(inputs).values.shape == (inputs.lengths.sum(), 8)


def test_given_tokenizer_is_used(tmp_path) -> None:
    tokenizer = train_wordpiece(["один два"] * 3, 100, min_frequency=1, lowercase=True)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    nothing = TextBatch.from_strings([])
    for path in (tmp_path, tmp_path / "tokenizer.json"):
        fitted = WordpieceEmbedder.fit(
            wordpiece_config(str(path)), Corpus(nothing, lambda: nothing)
        )
        assert fitted.texts["tokenizer"] == tokenizer.to_str()
    with pytest.raises(InputError, match=r"embedder\.tokenizer = .*must be a tokenizer\.json"):
        WordpieceEmbedder.fit(wordpiece_config("nowhere"), Corpus(nothing, lambda: nothing))


def test_word_piece_training_is_deterministic() -> None:
    # Many pairs are equally frequent, so that a random order would change the result.
    texts = ["".join(chr(0x430 + (7 * i * k) % 32) for k in range(1, 9)) for i in range(1, 200)]
    trained = {
        train_wordpiece(texts, 300, min_frequency=1, lowercase=True).to_str() for _ in range(4)
    }
    assert len(trained) == 1


def test_distinct_rows_equal_numpy_unique() -> None:
    rows = np.random.default_rng(0).integers(0, 3, size=(500, 4)).astype(np.uint8) * 100
    assert np.array_equal(distinct_rows(rows), np.unique(rows, axis=0))
