"""Targets and loss of the CTC head, and its number of steps."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.tasks.ocr.reading_texts import CONFIG
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.errors import InputError
from vitrina.experiment import build_noise
from vitrina.models.layers.ragged import Ragged
from vitrina.noise.corpus import Corpus
from vitrina.normalizers.build import build_normalizer
from vitrina.tasks.build import build_model, build_pipeline, build_recognition, build_task, fit
from vitrina.tasks.noisy_split import NoisyTexts
from vitrina.tasks.ocr.ctc import ctc_loss, required_steps
from vitrina.tasks.ocr.recognition import Recognition
from vitrina.text.batch import TextBatch

TEXTS = TextBatch.from_strings(["аа", "", "абв", "б" * 9])


def reading(**changes: object) -> Recognition:
    config = replace(CONFIG, **changes)
    return Recognition(
        config, Recognition.fit(config, Corpus(TEXTS, lambda: TextBatch.from_strings(["жз"])))
    )


def test_the_loss_is_per_letter_and_summed_over_texts() -> None:
    task = reading()
    readings = task.targets(lambda: TEXTS, TEXTS)
    steps = np.array([4, 3, 6, 10])
    logits = Ragged(torch.randn(int(steps.sum()), task.symbols.num_symbols), steps)
    loss, infeasible = task.loss(logits, readings)
    each = ctc_loss(logits, readings) / torch.tensor([2, 1, 3, 9])
    assert each[1] > 0 and each[3] == 0  # nine equal letters need 17 steps
    torch.testing.assert_close(loss, each.sum() * 0.5)
    assert infeasible == 1
    parts = []
    for part in ([2, 0], [1, 3]):
        values = torch.cat([logits.values.split(steps.tolist())[k] for k in part])
        parts.append(task.loss(Ragged(values, steps[part]), readings.take(np.array(part)))[0])
    torch.testing.assert_close(sum(parts), loss)


def test_the_target_is_the_clean_or_the_drawn_text() -> None:
    shown = TextBatch.from_strings(["жз"])
    clean = TextBatch.from_strings(["аб"])
    plain, drawn = reading(), reading(target="drawn")
    assert plain.symbols.decode(plain.targets(lambda: clean, shown)).to_strings() == ["аб"]
    assert drawn.symbols.decode(drawn.targets(lambda: clean, shown)).to_strings() == ["жз"]


PRESETS = ("vtr_glyphs", "vtr", "vtr_line", "vtr_reference")


@pytest.mark.parametrize("source", ["embedder", "encoder"])
@pytest.mark.parametrize("preset", PRESETS)
def test_steps_suffice_for_99_percent_of_the_texts(preset: str, source: str) -> None:
    small = ["dataset.num_comments=600"]
    tiny = ["encoder=cnn", "encoder.dim=8", "encoder.kernels=[]", "embedder.dim=8"]
    if preset == "vtr_line":  # the same windows, with few parameters to fit
        stem = {"patch_px": 8, "patch_stride_px": 8, "pool": 1, "num_components": 8, "channels": 8}
        tiny += [f"embedder.{key}={value}" for key, value in stem.items()]
    if preset == "vtr_reference":
        tiny.append("embedder.channels=[2]")
    config = compose_config([f"model={preset}", "ocr=ctc", f"ocr.source={source}", *small, *tiny])
    dataset = load_dataset(config.dataset, config.seed)
    normalizer = build_normalizer(config.normalizer)
    texts = NoisyTexts.of(dataset.train, build_noise(config.noise, 1), normalizer)
    fitted = fit(config, dataset, texts.corpus())
    task, read = build_task(config, fitted), build_recognition(config, fitted)
    model = build_model(config, fitted, task)
    assert read is not None and model.ctc_head is not None
    pipeline = build_pipeline(config, fitted, model, normalizer)
    batch = texts.for_training(pipeline, task, read).batch
    for epoch in range(2):
        inputs, targets = batch(np.arange(len(dataset.train)), epoch)
        assert targets.readings is not None
        available = model.ctc_head.num_steps(inputs.num_tokens)
        assert (required_steps(targets.readings) > available).mean() < 0.01


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["model=ttr", "ocr=ctc"], "ocr = ctc: embedder must be one that draws"),
        (["ocr=ctc", "ocr.source=encoder", "encoder=mean"], "encoder=mean has one state"),
        (["ocr=ctc", "ocr.target=both"], "ocr.target = 'both': must be one of clean, drawn"),
        (["ocr=ctc", "ocr.source=head"], "ocr.source = 'head': must be one of embedder, encoder"),
        (["ocr=ctc", "ocr.kernels=[2]"], r"ocr.kernels\[0\] = 2: must be odd and at least 1"),
        (
            ["ocr=ctc", "ocr.frames_per_token=0"],
            "ocr.frames_per_token = 0: must be at least 1, or null",
        ),
        (["ocr=ctc", "ocr.weight=0"], "ocr.weight = 0.0: must be above 0"),
    ],
)
def test_invalid_settings_are_refused_in_one_line(overrides: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        compose_config(overrides)
    assert "\n" not in str(error.value)
