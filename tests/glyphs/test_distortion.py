"""Tests of distorted pictures and of their use in training."""

import copy
from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from tests.tiny import GLYPHS, TEXTS, build
from vitrina.config import compose_config
from vitrina.errors import InputError
from vitrina.glyphs.distortion import Distortion, distort
from vitrina.glyphs.renderer import GlyphRenderer
from vitrina.glyphs.whitening import Whitening
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.noise.corpus import Corpus
from vitrina.noise.tables import ALPHABET
from vitrina.text.batch import TextBatch

STRONG = Distortion.of(1.0, marks=0.5, erased=0.5)
AMOUNTS = {"shift_px": 1.5, "scale": 0.25, "shear": 0.2, "degrees": 8.0, "stroke": 0.7}
AMOUNTS |= {"blur": 0.6, "marks": 1.0, "erased": 1.0}


@pytest.fixture(scope="module")
def letters() -> torch.Tensor:
    """Pictures uint8 [G, H, W], 20 copies of each letter."""
    pictures = GlyphRenderer([], 12, 24).render(list("абвгджмпыфщАБЩ"), 16)
    return torch.from_numpy(pictures).repeat(20, 1, 1)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_every_amount_is_tested() -> None:
    assert AMOUNTS.keys() == {field.name for field in fields(Distortion)}


def test_zero_strength_is_the_identity(letters: torch.Tensor) -> None:
    assert torch.equal(distort(letters, Distortion.of(0.0)), letters)


@pytest.mark.parametrize("name", AMOUNTS)
def test_a_tiny_amount_changes_almost_nothing(letters: torch.Tensor, name: str) -> None:
    """Amounts are continuous at 0; marks and erased disks are rare."""
    distorted = distort(letters.float(), Distortion(**{name: 1e-4}), generator())
    changed = (distorted - letters).abs().amax(dim=(1, 2)) > 0.5
    assert changed.float().mean() < 0.01


@pytest.mark.parametrize("name", AMOUNTS)
def test_each_amount_changes_pictures_independently(letters: torch.Tensor, name: str) -> None:
    distorted = distort(letters, Distortion(**{name: AMOUNTS[name]}), generator())
    assert distorted.dtype == torch.uint8 and distorted.shape == letters.shape
    changed = (distorted != letters).flatten(1).any(dim=1)
    assert changed.float().mean() > 0.8
    copies = distorted.view(20, -1, 24, 16)[:, 0]  # of one letter
    assert len(copies.flatten(1).unique(dim=0)) > 15


@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32, torch.bfloat16])
def test_dtype_and_range_are_kept(letters: torch.Tensor, dtype: torch.dtype) -> None:
    distorted = distort(letters.to(dtype), STRONG, generator())
    assert distorted.dtype == dtype
    assert distorted.float().min() >= 0 and distorted.float().max() <= 255


@pytest.mark.parametrize("name", ["shift_px", "shear", "degrees", "blur"])
def test_geometric_distortions_keep_the_amount_of_ink(letters: torch.Tensor, name: str) -> None:
    distorted = distort(letters.float(), Distortion(**{name: AMOUNTS[name]}), generator())
    before, after = letters.float().sum(dim=(1, 2)), distorted.sum(dim=(1, 2))
    assert ((after / before - 1).abs() < 0.25).float().mean() > 0.95
    assert after.mean() / before.mean() == pytest.approx(1, abs=0.05)


def test_strokes_become_thicker_or_thinner(letters: torch.Tensor) -> None:
    distorted = distort(letters.float(), Distortion(stroke=0.5), generator())
    ratio = distorted.sum(dim=(1, 2)) / letters.float().sum(dim=(1, 2))
    assert 0.3 < (ratio > 1).float().mean() < 0.7
    assert ratio.min() > 0.4 and ratio.max() < 2.5


def test_marks_add_ink_and_erasing_removes_it(letters: torch.Tensor) -> None:
    assert (distort(letters, Distortion(marks=1.0), generator()) >= letters).all()
    assert (distort(letters, Distortion(erased=1.0), generator()) <= letters).all()


def test_shifts_move_the_center_of_the_ink() -> None:
    dot = torch.zeros(200, 24, 16)
    dot[:, 10, 7] = 255.0
    distorted = distort(dot, Distortion(shift_px=2.0), generator())
    rows = (distorted.sum(dim=2) * torch.arange(24.0)).sum(dim=1) / distorted.sum(dim=(1, 2))
    assert rows.min() >= 7.9 and rows.max() <= 12.1
    assert rows.min() < 8.3 and rows.max() > 11.7


def test_blank_pictures_stay_blank() -> None:
    blank = torch.zeros(5, 24, 16, dtype=torch.uint8)
    assert not distort(blank, Distortion.of(2.0, marks=1.0, erased=1.0), generator()).any()
    assert distort(blank[:0], STRONG).shape == (0, 24, 16)


def test_the_generator_determines_the_result(letters: torch.Tensor) -> None:
    one, same, other = (distort(letters, STRONG, generator(seed)) for seed in (0, 0, 1))
    assert torch.equal(one, same) and not torch.equal(one, other)
    torch.manual_seed(3)
    default = distort(letters, STRONG)
    torch.manual_seed(3)
    assert torch.equal(default, distort(letters, STRONG))


def embedder(**changes: object) -> GlyphsEmbedder:
    config = replace(GLYPHS, **changes)
    texts = TextBatch.from_strings(TEXTS)
    torch.manual_seed(0)
    return GlyphsEmbedder(config, GlyphsEmbedder.fit(config, Corpus(texts, lambda: texts)))


def test_only_training_distorts_a_share_of_the_tokens() -> None:
    distorting = embedder(augment=1.0, augment_p=0.25, augment_variants=3)
    plain = copy.deepcopy(distorting)
    plain.distortion = Distortion()
    inputs = plain.tokenizer(TextBatch.from_strings(["пароход и паровоз " * 40]))
    expected = plain(inputs).values
    assert torch.equal(distorting.eval()(inputs).values, expected)
    distorting.train()
    torch.manual_seed(1)
    found = distorting(inputs).values
    torch.manual_seed(1)
    assert torch.equal(distorting(inputs).values, found)
    changed = (found != expected).any(dim=1)
    blank = inputs.tables["pixels"][inputs.ids].flatten(1).amax(dim=1) == 0
    assert 0.19 < changed[~blank].float().mean() < 0.31
    assert not changed[blank].any()
    # Each distinct glyph occurs undistorted and in three variants.
    letter = inputs.ids == inputs.ids[1]
    assert len(found[letter].unique(dim=0)) == 4


def test_whitening_fitted_on_distortions_is_more_robust(letters: torch.Tensor) -> None:
    texts, changes = TextBatch.from_strings([ALPHABET]), []
    distorted = distort(letters, Distortion.of(0.5), generator(5))
    for augment in (0.0, 0.5):
        config = replace(GLYPHS, num_components=128, augment=augment)
        fitted = GlyphsEmbedder.fit(config, Corpus(texts, lambda: texts))
        again = GlyphsEmbedder.fit(config, Corpus(texts, lambda: texts))
        assert np.array_equal(fitted.arrays["projection"], again.arrays["projection"])
        whitening = Whitening(fitted)
        distance = torch.pdist(whitening(letters[:14])).mean()
        changes.append((whitening(distorted) - whitening(letters)).norm(dim=1).mean() / distance)
    assert changes[1] < 0.9 * changes[0]


def test_all_tokens_can_be_distorted() -> None:
    pixels, ids = torch.randint(1, 255, (7, 24, 16)).to(torch.uint8), torch.arange(7).repeat(50)
    distorting = embedder(augment_marks=0.5, augment_p=1.0).train()
    pictures, new_ids = distorting.augmented(pixels, ids)
    assert pictures.shape == (21, 24, 16) and torch.equal(pictures[:7], pixels)
    assert torch.equal(new_ids % 7, ids) and new_ids.min() >= 7 and new_ids.max() < 21
    assert 0.4 < (new_ids < 14).float().mean() < 0.6


def test_gradients_reach_the_embedding_of_distorted_pictures() -> None:
    model = build("glyphs", "cnn")
    assert isinstance(model.embedder, GlyphsEmbedder)
    model.embedder.distortion = STRONG
    model.zero_grad()
    model(model.embedder.tokenizer(TextBatch.from_strings(TEXTS))).square().sum().backward()
    for parameter in model.embedder.parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all()


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("embedder.augment=3", "embedder.augment = 3.0: must be from 0 to 2"),
        ("embedder.augment_marks=2", "embedder.augment_marks = 2.0: must be from 0 to 1"),
        ("embedder.augment_erased=-1", "embedder.augment_erased = -1.0: must be from 0 to 1"),
        ("embedder.augment_p=1.5", "embedder.augment_p = 1.5: must be from 0 to 1"),
        ("embedder.augment_variants=0", "embedder.augment_variants = 0: must be at least 1"),
    ],
)
def test_invalid_settings_are_reported(override: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        compose_config([override])
    assert str(error.value) == message
