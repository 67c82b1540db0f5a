"""A tiny model learns to recognize a few texts, with offsets of the letters."""

import numpy as np
import pytest
import torch

from tests.tasks.ocr.reading_texts import CONFIG
from tests.tiny import CNN, GLYPHS, pipeline_of
from vitrina.models.embedders.glyphs import GlyphsEmbedder
from vitrina.models.encoders.cnn import CnnEncoder
from vitrina.models.heads.ctc import CtcHead
from vitrina.models.layers.ragged import Ragged
from vitrina.models.model import Model
from vitrina.noise.corpus import Corpus
from vitrina.normalizers.build import build_normalizer
from vitrina.normalizers.config import ConfusablesNormalizerConfig
from vitrina.tasks.ocr.alphabet import Alphabet
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.tasks.ocr.recognizer import Recognizer
from vitrina.text.batch import TextBatch

DRAWN = ["}|{0па тут", "ссора", "кaша", "", "жаба и }|{ук", "колле\u0301га"]
MEANT = ["жопа тут", "ссора", "каша", "", "жаба и жук", "коллега"]


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    torch.manual_seed(0)
    drawn, meant = TextBatch.from_strings(DRAWN), TextBatch.from_strings(MEANT)
    embedder = GlyphsEmbedder(GLYPHS, GlyphsEmbedder.fit(GLYPHS, Corpus(drawn, lambda: drawn)))
    reading = Recognition(CONFIG, Recognition.fit(CONFIG, Corpus(meant, lambda: drawn)))
    head = CtcHead(
        embedder.dim,
        dim=32,
        kernels=[5, 3],
        steps=2,
        num_symbols=reading.symbols.num_symbols,
        uses_encoder=False,
        span=1,
    )
    encoder = CnnEncoder(CNN, embedder.dim)
    model = Model(embedder, encoder, torch.nn.Identity(), head)
    inputs, targets = embedder.tokenizer(drawn), reading.symbols.encode(meant)
    optimizer = torch.optim.AdamW([*embedder.parameters(), *head.parameters()], 0.01)
    for _ in range(150):
        loss, infeasible = reading.loss(model.recognize(inputs), targets)
        assert infeasible == 0
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    normalizer = build_normalizer(ConfusablesNormalizerConfig())
    pipeline = pipeline_of(model, normalizer)
    return Recognizer(model, pipeline, reading.symbols, max_tokens=20, precision="fp32")


def test_recognized_texts_are_clean_and_in_order(recognizer: Recognizer) -> None:
    assert recognizer(TextBatch.from_strings(DRAWN)).to_strings() == MEANT
    assert recognizer(TextBatch.from_strings(DRAWN[::-1] * 50)).to_strings() == MEANT[::-1] * 50
    assert recognizer(TextBatch.from_strings([])).to_strings() == []
    assert isinstance(recognizer.symbols, Alphabet)


def test_offsets_map_letters_to_drawn_glyphs(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of eight steps, two for each glyph, the first, fourth, seventh and eighth emit a letter.
    letters = recognizer.symbols.encode(TextBatch.from_strings(["каша"])).ids
    symbols = torch.zeros(8, dtype=torch.int64)
    symbols[[0, 3, 6, 7]] = torch.from_numpy(letters)
    logits = torch.nn.functional.one_hot(symbols, recognizer.symbols.num_symbols).float()
    monkeypatch.setattr(recognizer.model, "recognize", lambda inputs: Ragged(logits, np.array([8])))
    # The normalizer removes invisible characters.
    read, offsets = recognizer.with_offsets("\u200bка\u00adшa")
    assert read == "каша"
    spans = [offsets.to_original(k, k + 1) for k in range(4)]
    assert spans == [(1, 2), (2, 3), (5, 6), (5, 6)]
