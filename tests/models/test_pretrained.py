"""Pretrained encoders, with tiny random checkpoints."""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import huggingface_hub.constants
import huggingface_hub.errors
import numpy as np
import pytest
import torch
import transformers
from hypothesis import given
from hypothesis import strategies as st

from tests.checkpoints import CONFIGS, POSITIONS, SIZES, make_checkpoint, save
from tests.tiny import EMBEDDERS, TEXTS, DeobfuscatedNgrams
from vitrina.errors import InputError
from vitrina.models.embedders.config import SubwordsConfig
from vitrina.models.embedders.subwords import SubwordsEmbedder
from vitrina.models.encoders.config import PretrainedConfig
from vitrina.models.encoders.pretrained import PretrainedEncoder, window_lengths
from vitrina.models.heads.classification import ClassificationHead
from vitrina.models.layers.ragged import Ragged
from vitrina.models.model import Model
from vitrina.models.predictor import for_inference
from vitrina.noise.corpus import Corpus
from vitrina.text.batch import TextBatch
from vitrina.training.config import AdamWConfig
from vitrina.training.optimizers import build_adamw

BATCH = TextBatch.from_strings(TEXTS)
KINDS = sorted(CONFIGS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {kind: make_checkpoint(tmp_path_factory.mktemp(kind), kind) for kind in KINDS}


def encoder_config(folder: Path | str, **changes: Any) -> PretrainedConfig:
    values: dict[str, Any] = {
        "kind": "pretrained",
        "name": str(folder),
        "revision": None,
        "num_layers": None,
        "frozen_layers": 0,
        "too_long": "windows",
        "rate_share": 0.1,
    }
    return PretrainedConfig(**{**values, **changes})


def subwords_config(folder: Path | str, **changes: Any) -> SubwordsConfig:
    values: dict[str, Any] = {"kind": "subwords", "name": str(folder), "revision": None}
    return SubwordsConfig(**{**values, "frozen": False, "rate_share": 0.1, **changes})


def build(embedder: str, folder: Path, frozen: bool = False, **changes: Any) -> Model:
    torch.manual_seed(0)
    if embedder == "subwords":
        config: Any = subwords_config(folder, frozen=frozen)
        kind: Any = SubwordsEmbedder
    else:
        kind, config = EMBEDDERS[embedder]
    first = kind(config, kind.fit(config, Corpus(BATCH, lambda: BATCH)))
    if first.tokenizer.reads_codes:
        first.tokenizer = DeobfuscatedNgrams(config)
    options = encoder_config(folder, **changes)
    second = PretrainedEncoder.build(options, first.dim, PretrainedEncoder.fit(options))
    model = Model(first, second, ClassificationHead(second.dim, 3, 0.1))
    model.load_pretrained()
    return model


def body(model: Model) -> PretrainedEncoder:
    assert isinstance(model.encoder, PretrainedEncoder)
    return model.encoder


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_states_equal_transformers(kind: str, made: dict[str, Path]) -> None:
    model = build("subwords", made[kind]).eval()
    theirs = transformers.AutoModel.from_pretrained(made[kind]).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(made[kind])
    texts = ["привет", "", "как abc", "и 中 👍🏽"]
    with torch.inference_mode():
        inputs = model.embedder.tokenizer(TextBatch.from_strings(texts))
        states = model.encoder(model.embedder(inputs)).values.split(inputs.lengths.tolist())
        for text, state, ids in zip(
            texts, states, inputs.ids.split(inputs.lengths.tolist()), strict=True
        ):
            wanted = tokenizer(text, return_tensors="pt")
            assert ids.tolist() == wanted.input_ids[0].tolist()
            torch.testing.assert_close(
                state, theirs(**wanted).last_hidden_state[0], atol=1e-5, rtol=1e-5
            )


def test_written_special_tokens_are_text(made: dict[str, Path]) -> None:
    model = build("subwords", made["bert"])
    ids = model.embedder.tokenizer(
        TextBatch.from_strings(["a [SEP] <s> [PAD] b \ud800"])
    ).ids.tolist()
    assert (ids[0], ids[-1]) == (0, 2) and not {0, 1, 2} & set(ids[1:-1])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("embedder", [*EMBEDDERS, "subwords"])
def test_score_does_not_depend_on_the_batch(
    embedder: str, kind: str, made: dict[str, Path]
) -> None:
    model = build(embedder, made[kind])
    model(model.embedder.tokenizer(BATCH)).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None] == []
    model.eval()
    with torch.inference_mode():
        inputs = model.embedder.tokenizer(BATCH)
        assert inputs.num_tokens.max() > POSITIONS, "no text is split into windows"
        together = model(inputs)
        alone = torch.cat(
            [model(model.embedder.tokenizer(TextBatch.from_strings([t]))) for t in TEXTS]
        )
        torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(for_inference(model, "fp32")(inputs), together)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rounded = for_inference(model, "bf16")(inputs)
    scale = together.abs().max().item()
    torch.testing.assert_close(rounded, together, atol=0.05 * scale, rtol=0.05)


@given(st.lists(st.integers(1, 100), min_size=1, max_size=8), st.integers(1, 30))
def test_windows_split_texts_evenly(lengths: list[int], most: int) -> None:
    found = window_lengths(np.array(lengths), most).tolist()
    wanted = []
    for length in lengths:
        parts = -(-length // most)
        wanted += [len(part) for part in np.array_split(np.arange(length), parts)]
    assert found == wanted and max(found) <= most


def test_too_long_text_is_refused(made: dict[str, Path]) -> None:
    model = build("subwords", made["bert"], too_long="refuse")
    model(model.embedder.tokenizer(TextBatch.from_strings(["я" * (POSITIONS - 2)])))
    with pytest.raises(
        InputError, match=r"encoder\.too_long = 'refuse': a text has 11 tokens, .*10"
    ):
        model(model.embedder.tokenizer(TextBatch.from_strings(["я" * (POSITIONS - 1)])))


def test_num_layers_keeps_lowest_layers(made: dict[str, Path]) -> None:
    model = build("subwords", made["roberta"], num_layers=2).eval()
    theirs = transformers.AutoModel.from_pretrained(made["roberta"]).eval()
    inputs = model.embedder.tokenizer(TextBatch.from_strings(["привет"]))
    with torch.inference_mode():
        states = model.encoder(model.embedder(inputs)).values
        layers = theirs(input_ids=inputs.ids[None], output_hidden_states=True).hidden_states
    torch.testing.assert_close(states, layers[2][0], atol=1e-5, rtol=1e-5)
    with pytest.raises(InputError, match=r"encoder\.num_layers = 4: must be null or from 1 to 3"):
        build("subwords", made["roberta"], num_layers=4)


@pytest.mark.parametrize("frozen", [0, 2, 3])
def test_frozen_layers_do_not_change(frozen: int, made: dict[str, Path]) -> None:
    model = build("subwords", made["bert"], frozen=frozen > 0, frozen_layers=frozen)
    before = {name: p.clone() for name, p in model.named_parameters()}
    for optimizer in build_adamw(ADAMW, model):
        model(model.embedder.tokenizer(BATCH)).square().sum().backward()
        optimizer.step()
    changed = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert any("layer.2." in name for name in changed) == (frozen < 3)
    assert any("layer.1." in name for name in changed) == (frozen == 0)
    assert any("position" in name for name in changed) == (frozen == 0)
    assert ("embedder.table.weight" in changed) == (frozen == 0)
    assert "head.linear.weight" in changed
    with pytest.raises(InputError, match=r"encoder\.frozen_layers = 4: must be from 0 to 3"):
        build("subwords", made["bert"], frozen_layers=4)


ADAMW = AdamWConfig(kind="adamw", learning_rate=1e-2, beta1=0.9, beta2=0.98, weight_decay=0.01)


def test_rate_share_applies_to_checkpoint_weights(made: dict[str, Path]) -> None:
    model = build("glyphs", made["bert"])
    optimizers = build_adamw(ADAMW, model)
    assert optimizers[0].param_groups[0]["lr"] == ADAMW.learning_rate
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in groups)
    for name, parameter in model.named_parameters():
        share = 0.1 if name.startswith("encoder.body.") else 1
        assert rates[id(parameter)] == pytest.approx(ADAMW.learning_rate * share), name


def test_bridge_keeps_the_scale_of_checkpoint_embeddings(made: dict[str, Path]) -> None:
    model = build("glyphs", made["bert"])
    bridged = body(model).bridge(model.embedder(model.embedder.tokenizer(BATCH)).values)
    table = transformers.AutoModel.from_pretrained(made["bert"]).get_input_embeddings().weight
    assert bridged.std().item() == pytest.approx(table.std().item(), rel=0.1)


def test_build_needs_no_checkpoint(made: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(made["bert"], tmp_path / "copy")
    config = encoder_config(folder)
    fitted = PretrainedEncoder.fit(config)
    wanted = build("subwords", folder)
    shutil.rmtree(folder)
    encoder = PretrainedEncoder.build(config, 16, fitted)
    encoder.load_state_dict(wanted.encoder.state_dict())
    x = Ragged(torch.randn(5, 16), np.array([2, 3]))
    torch.testing.assert_close(encoder.eval()(x).values, wanted.encoder.eval()(x).values)
    with pytest.raises(InputError, match=r"encoder\.name = .* must be a local folder"):
        encoder.load_pretrained()


def test_weights_changed_after_fit_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    folder = shutil.copytree(made["bert"], tmp_path / "copy")
    model = build("subwords", folder)
    (folder / "model.safetensors").write_bytes((made["roberta"] / "model.safetensors").read_bytes())
    for part in (model.encoder, model.embedder):
        with pytest.raises(InputError, match="weights that this run was fitted for; they changed"):
            part.load_pretrained()


def error_message(folder: Path | str, **changes: Any) -> str:
    with pytest.raises(InputError) as error:
        PretrainedEncoder.fit(encoder_config(folder, **changes))
    message = str(error.value)
    assert message.startswith(("encoder.name = ", "encoder.revision = ")) and "\n" not in message
    return message


def test_folder_without_encoder_is_refused(made: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(made["bert"], tmp_path / "copy")
    weights, settings = copy / "model.safetensors", copy / "config.json"
    values = json.loads(settings.read_text())
    (copy / "adapter_config.json").write_text("{}")
    assert "not an adapter" in error_message(copy)
    (copy / "adapter_config.json").unlink()
    weights.write_bytes(weights.read_bytes()[:100])
    assert "cannot be loaded as an encoder" in error_message(copy)
    weights.rename(copy / "pytorch_model.bin")
    message = "must contain its weights as model.safetensors (found: pytorch_model.bin)"
    assert message in error_message(copy)
    settings.write_text(
        json.dumps({**values, "model_type": "own", "auto_map": {"AutoModel": "a.B"}})
    )
    assert "model_type 'own' in config.json: must be an architecture" in error_message(copy)
    settings.write_text("{")
    assert "must contain a valid config.json" in error_message(copy)
    settings.unlink()
    assert "must contain a valid config.json" in error_message(copy)
    assert "must be null for a local folder" in error_message(made["bert"], revision="main")


def test_missing_weights_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(made["bert"], tmp_path / "copy")
    values = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**values, "num_hidden_layers": 4}))
    message = error_message(copy)
    assert "all weights of the encoder; 16 are missing, such as encoder.layer.3." in message


SMALL = {name: SIZES[name] for name in ("hidden_size", "num_hidden_layers", "intermediate_size")}
UNSUPPORTED = {
    "a decoder": (lambda: transformers.GPT2Config(n_embd=16, n_layer=2, n_head=2), "do not attend"),
    "no mask": (
        lambda: transformers.FNetConfig(**SMALL, initializer_range=0.3),
        "must mask padding",
    ),
    "images": (
        lambda: transformers.ViTConfig(**SMALL, num_attention_heads=2, image_size=8, patch_size=4),
        "must be a text encoder",
    ),
}


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_unsupported_models_are_refused(kind: str, tmp_path: Path) -> None:
    make, message = UNSUPPORTED[kind]
    save(tmp_path, transformers.AutoModel.from_config(make()))
    assert message in error_message(tmp_path)


SUPPORTED = {
    "distilbert": lambda: transformers.DistilBertConfig(
        dim=16, n_layers=2, n_heads=2, hidden_dim=32
    ),
    "albert": lambda: transformers.AlbertConfig(**SIZES, embedding_size=8),
    "t5": lambda: transformers.T5Config(d_model=16, d_ff=32, num_layers=2, num_heads=2, d_kv=8),
}


@pytest.mark.parametrize("kind", SUPPORTED)
def test_other_architectures_are_supported(kind: str, tmp_path: Path) -> None:
    config = SUPPORTED[kind]()
    config.vocab_size = 60
    save(tmp_path, transformers.AutoModel.from_config(config))
    options = encoder_config(tmp_path)
    encoder = PretrainedEncoder.build(options, 12, PretrainedEncoder.fit(options))
    encoder.load_pretrained()
    x = torch.randn(7, 12)
    with torch.inference_mode():
        both = encoder.eval()(Ragged(x, np.array([4, 3]))).values
        second = encoder(Ragged(x[4:], np.array([3]))).values
    assert both.shape == (7, 16)
    torch.testing.assert_close(both[4:], second, atol=1e-5, rtol=1e-5)


def test_invalid_tokenizers_are_refused(made: dict[str, Path], tmp_path: Path) -> None:
    copy = shutil.copytree(made["bert"], tmp_path / "copy")
    (copy / "tokenizer.json").write_text("{}")
    message = r"embedder\.name = .*must contain a fast tokenizer"
    with pytest.raises(InputError, match=message) as error:
        SubwordsEmbedder.fit(subwords_config(copy), Corpus(BATCH, lambda: BATCH))
    assert "\n" not in str(error.value)
    tokens = transformers.AutoTokenizer.from_pretrained(made["bert"])
    tokens.add_tokens(["слово"])
    tokens.save_pretrained(copy)
    with pytest.raises(InputError, match=r"an embedding for each sub-word; it has \d+"):
        SubwordsEmbedder.fit(subwords_config(copy), Corpus(BATCH, lambda: BATCH))


def test_unknown_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "it is neither" in error_message("no/such/folder")
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert "there is no such folder, and the hub failed" in error_message("nobody/nothing")

    def failing(kind: type[Exception]) -> None:
        def fetch(*_: Any, **__: Any) -> None:
            raise kind.__new__(kind)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", fetch)

    failing(huggingface_hub.errors.RepositoryNotFoundError)
    assert "the hub has no such model" in error_message("nobody/nothing")
    failing(huggingface_hub.errors.GatedRepoError)
    assert "your login" in error_message("nobody/nothing")
    failing(huggingface_hub.errors.RevisionNotFoundError)
    assert "the hub has no revision 'old'" in error_message("nobody/nothing", revision="old")


def test_missing_library_is_refused(made: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    wanted = "needs the library transformers; pip install 'vitrina[pretrained]'"
    assert wanted in error_message(made["bert"])
    assert wanted in error_message("some/name")
