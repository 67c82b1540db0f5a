"""What the freeze records: texts that are hard, small files of data, and the cases.

All names of settings are neutral ones (`adapter.py`). In overrides `{data}` stands for the folder
of the files that `write_data` makes, `{run:NAME}` for that of the run `run/NAME`, and
`{checkpoint:KIND}` for a tiny checkpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path


def words_of(text: str) -> list[str]:
    return text.split()


HARD = [
    "жопа",
    "",
    " ",
    "\u200b",
    "}|{0па, привет! Как дела?",
    "ты п р и д у р о к, и точка",
    "ж.о.п.а и х*й, сууууука",
    "о\u0301чень ду\u0336р\u0336а\u0336к й\u0306о\u0308",
    "Ты <b>ска\u00adтина</b>, &laquo;друг&raquo;! https://a.ru/b?c=d.",
    "\U00013000 и 中文 👍🏽 👨‍👩‍👧 🇷🇺",
    "ⓟⓡⓘⓥⓔⓣ ρυδακ 𝖉𝖚𝖗𝖆𝖐 ｄｕｒａｋ",
    "zhopa s ruchkoj, pridurok 3.14дор",
    "ДУРАК дУрАк Ёжик ёлка ъЫь",
    "[id1|Иван], убью <3 1 < 2 и 3 > 2\nновая строка\tтаб",
    "длинный комментарий о погоде " * 6,
    "а\u0300\u0301\u0302\u0303 \ud800 \ufeff я",
    "дуpaк u c6oлoчь, мрaзь!!!",
    "бляха-муха, гребля, оскорблять, потреблять",
]
"""Disguised words, nothing, marks, emoji, markup, lone surrogates, look-alikes, honest words."""

FEW = 14
"""The first of the hard texts, which trained models are asked about."""

_TOXIC = words_of(
    "дурак придурок скотина жопа сволочь урод тварь дебил идиот мразь хуй пизда блядь сука гнида "
    "дура козёл мудак говно ублюдок"
)
_PLAIN = words_of(
    "сегодня погода хорошая мы пошли гулять в парк и ели мороженое потом вернулись домой поздно "
    "начальник обещал премию но забыл поезд идёт десять часов мест нет проезд подорожал зато чисто "
    "Москва Саша Лена купила новый телефон который сломался вчера ещё объём съезд щука цапля фильм "
    "Явно Экран Юлия жук хлеб чашка шум 2024 5% ok hello"
)
_SIGNS = ["", "", "", ",", "!", "...", "?", " —", ":)"]


class _Draws:
    """Numbers of a linear congruential generator: the same with any version of anything."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, count: int) -> int:
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % count

    def one(self, items: Sequence[str]) -> str:
        return items[self.below(len(items))]


def mixed_texts(count: int, seed: int) -> list[str]:
    """Sentences of plain words with some toxic ones."""
    draws = _Draws(seed)
    texts = []
    for _ in range(count):
        words = [
            draws.one(_TOXIC if draws.below(6) == 0 else _PLAIN) + draws.one(_SIGNS)
            for _ in range(3 + draws.below(9))
        ]
        texts.append(" ".join(words))
    return texts


TEXTS = [*HARD, *mixed_texts(120, 7)]
"""What noise, normalisers and the like are tried on."""

# --- files of data -------------------------------------------------------------------------------


def write_data(folder: Path) -> None:
    """Files of each form."""
    folder.mkdir()
    draws = _Draws(11)
    texts = [f"{text} {number}" for number, text in enumerate(mixed_texts(150, 3))]

    def jsonl(name: str, rows: list[dict]) -> None:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
        (folder / name).write_text("".join(lines), encoding="utf-8")

    toxic = [int(any(word in text for word in _TOXIC)) for text in texts]
    kinds = ("рыба", "птица", "зверь")
    jsonl(
        "train.jsonl",
        [
            {
                "text": f"{text} {kinds[n % 3]}",
                "toxic": toxic[n],
                "kind": kinds[n % 3],
                "source": "ab"[n % 2],
                "group": n // 4,
            }
            for n, text in enumerate(texts)
        ],
    )
    jsonl(
        "extra.jsonl",
        [{"text": text, "toxic": n % 2, "group": n} for n, text in enumerate(mixed_texts(20, 5))],
    )
    jsonl(
        "pairs.jsonl",
        [
            {"text": text.replace("а", "@"), "corrected": text, "toxic": n % 2}
            for n, text in enumerate(mixed_texts(16, 9))
        ],
    )
    jsonl(
        "spans.jsonl",
        [{"text": text, "spans": _spans(text), "toxic": toxic[n]} for n, text in enumerate(texts)],
    )
    names = ("INSULT", "THREAT", "OBSCENITY")
    lines = []
    for text in texts:
        drawn = [name for name in names if draws.below(3) == 0] or ["NORMAL"]
        label = ",".join("__label__" + name for name in drawn)
        lines.append(f"{label} {' '.join(drawn).lower()} {text}\n")
    (folder / "ok.txt").write_text("".join(lines), encoding="utf-8")
    rows = [f'"{text}";{toxic[n]}\n' for n, text in enumerate(texts)]
    (folder / "table.csv").write_text("text;toxic\n" + "".join(rows), encoding="utf-8")


def _spans(text: str) -> list[list[object]]:
    found: list[list[object]] = []
    for match in re.finditer(r"\w+", text):
        if match[0] in _TOXIC:
            found.append([match.start(), match.end(), "A" if len(match[0]) < 5 else "B"])
    return found


# --- composed values -----------------------------------------------------------------------------

OPTIONS = {
    "task": "classification multilabel labeling pretraining",
    "dataset": "demo csv jsonl ok",
    "noise": "none published uniform mixed diacritics unseen families",
    "normalizer": "none unicode confusables rules reader",
    "embedder": (
        "glyphs glyph_ngrams slices slices_reference line wordpiece characters bytes ngrams "
        "subwords"
    ),
    "encoder": "cnn cnn_bytes cnn_words mean transformer_small transformer_base pretrained",
    "ocr": "none ctc",
    "optimizer": "adamw adamw_ngrams adamw_transformer muon sgd",
    "training": "glyphs glyph_ngrams ngrams pretrained reference windows wordpiece",
    "evaluation": "default quick full attack",
    "tracking": "none wandb",
}
APART = words_of("dataset noise normalizer optimizer training tracking")
"""Groups whose options go with all others."""
PRESETS = words_of(
    "vtr_glyphs vtr_glyphs_plain vtr_line vtr vtr_reference ttr characters bytes ngrams "
    "ttr_pretrained vtr_pretrained"
)
EXPERIMENTS = words_of(
    "architectures attack noise_curve normalizers rivals unseen_family unseen_glyphs "
    "visual_against_text"
)
NEEDED = {
    "dataset/csv": ["dataset.train=a.csv"],
    "dataset/jsonl": ["dataset.train=a.jsonl"],
    "normalizer/reader": ["normalizer.run=a_run"],
    "encoder/pretrained": ["encoder.name=a/name"],
    "embedder/subwords": ["embedder.name=a/name"],
    "task/labeling": ["encoder=cnn_words"],
    "model/ttr_pretrained": ["encoder.name=a/name"],
    "model/vtr_pretrained": ["encoder.name=a/name"],
    "ocr/ctc": [],
}
"""What must be set beside an option, as it has no value to begin with."""

# --- noise and normalisers -----------------------------------------------------------------------

NOISES: dict[str, list[str]] = {"none": ["noise=none"]}
for _level in range(5):
    for _kind in ("published", "uniform", "mixed"):
        NOISES[f"{_kind}/level_{_level}"] = [f"noise={_kind}", f"noise.level_toxic={_level}"]
for _level in range(1, 5):
    NOISES[f"diacritics/stacked_{_level}"] = ["noise=diacritics", f"noise.level_toxic={_level}"]
for _p in ("0.3", "1.0"):
    NOISES[f"unseen/p_{_p}"] = ["noise=unseen", f"noise.p={_p}"]
    NOISES[f"uniform/p_{_p}_masks"] = ["noise=uniform", f"noise.p={_p}", "noise.masks='*.'"]
NOISES |= {
    "unseen/known_2": ["noise=unseen", "noise.known_level=2", "noise.p=1.0"],
    "published/non_toxic_4": ["noise=published", "noise.level_non_toxic=4", "noise.redraw=false"],
    "mixed/strong": ["noise=mixed", "noise.p_text=1", "noise.p_word=1", "noise.p_insert=0.2"],
    "families/all": ["noise=families"],
    "families/held_out": ["noise=families", "noise.hold_out=[swap,case]", "noise.p=1.0"],
    "families/weights": ["noise=families", "noise.families={swap: 1, leet: 3}", "noise.p_text=1"],
}
FAMILIES = words_of(
    "leet keyboard sequences clusters diacritics spaces punctuation masking deletion swap "
    "repetition invisible transliteration case"
)
for _family in FAMILIES:
    for _p in ("0.3", "1.0"):
        _given = ["noise=families", f"noise.families={{{_family}: 1}}", f"noise.p={_p}"]
        NOISES[f"families/{_family}_{_p}"] = [*_given, "noise.p_text=1", "noise.p_word=1"]

NORMALIZERS: dict[str, list[str]] = {
    name: [f"normalizer={name}"] for name in ("none", "unicode", "confusables", "rules")
}
NORMALIZERS |= {
    "rules_level_1": ["normalizer=rules", "normalizer.level=1", "normalizer.beam=4"],
    "rules_plain": [
        "normalizer=rules",
        "normalizer.spaces=false",
        "normalizer.repeats=false",
        "normalizer.masks=''",
        "normalizer.separators=''",
    ],
}

DATASETS: dict[str, list[str]] = {
    "demo": ["dataset=demo", "dataset.num_comments=200"],
    "demo_other": [
        "dataset=demo",
        "dataset.num_comments=150",
        "dataset.corpus_seed=5",
        "dataset.split_seed=null",
        "dataset.limit_train=40",
        "seed=9",
    ],
    "jsonl": [
        "dataset=jsonl",
        "dataset.train={data}/train.jsonl",
        "dataset.extra={new: '{data}/extra.jsonl'}",
        "dataset.group_field=group",
        "dataset.max_length=30",
    ],
    "jsonl_where": [
        "dataset=jsonl",
        "dataset.train={data}/train.jsonl",
        "dataset.where={source: a}",
        "dataset.label_field=kind",
        "task.labels=['рыба','зверь']",
    ],
    "csv": ["dataset=csv", "dataset.train={data}/table.csv", "dataset.delimiter=';'"],
    "ok": ["dataset=ok", "dataset.train={data}/ok.txt"],
    "ok_labels": ["dataset=ok", "dataset.train={data}/ok.txt", "task=multilabel"],
    "pairs": [
        "dataset=jsonl",
        "dataset.train={data}/train.jsonl",
        "dataset.pairs={data}/pairs.jsonl",
    ],
    "words_lexicon": ["dataset.num_comments=150", "task=labeling", "encoder=cnn_words"],
    "words_spans": [
        "dataset=jsonl",
        "dataset.train={data}/spans.jsonl",
        "task=labeling",
        "encoder=cnn_words",
    ],
}

# --- runs ----------------------------------------------------------------------------------------

SMALL = [
    "dataset.num_comments=200",
    "dataset.limit_test=24",
    "dataset.limit_val=12",
    "training.steps=4",
    "training.batch_size=16",
    "training.log_every=1",
    "training.precision=fp32",
    "evaluation=quick",
    "evaluation.suites=[clean,level_3]",
    "evaluation.picture=false",
    "tracking=none",
    "device=cpu",
    "threads=1",
]
"""For all runs. What a run gives itself comes behind and wins."""
FROM_FILE = [each for each in SMALL if not each.startswith("dataset.num_comments")]

PLAIN = ["model=vtr_glyphs_plain", "encoder.width=32", "embedder.num_components=32"]
NGRAMS_OF_GLYPHS = ["model=vtr_glyphs", "encoder.width=32", "embedder.num_buckets=500"]
LINE = ["model=vtr_line", "encoder.width=32", "embedder.channels=16", "embedder.width=32"]
NARROW = ["encoder.width=32", "encoder.hidden=64", "encoder.num_layers=2", "encoder.num_heads=2"]
WINDOWS = ["model=vtr", *NARROW, "embedder.channels=[4,8]", "embedder.width=32"]
PIECES = ["model=ttr", *NARROW, "embedder.vocabulary_size=300", "embedder.width=32"]
CHARACTERS = ["model=characters", "encoder.width=32", "embedder.width=32"]
READS = ["ocr=ctc", "ocr.width=32", "ocr.min_count=5"]
LEARNS = ["optimizer.learning_rate=0.01"]


@dataclass(frozen=True)
class Run:
    """A training.

    Attributes:
        given: overrides behind `SMALL`.
        full: whether all metrics are recorded, and not only the main ones.
        tokens: whether tokens, codes and weights are recorded.
        from_file: whether its data do not come from the demo corpus.
    """

    given: list[str]
    full: bool = False
    tokens: bool = False
    from_file: bool = False
    files: list[str] = field(default_factory=list)

    @property
    def overrides(self) -> list[str]:
        given = [*(FROM_FILE if self.from_file else SMALL), *self.given]
        last = {each.partition("=")[0]: each for each in given}
        # Groups first, as the settings that follow are those of what was chosen.
        return sorted(last.values(), key=lambda each: "." in each.partition("=")[0])


def _training(*given: str) -> Run:
    return Run([*CHARACTERS, "evaluation.suites=[clean]", *given])


RUNS: dict[str, Run] = {
    # Every preset.
    "model/characters": Run(CHARACTERS, tokens=True, full=True),
    "model/bytes": Run(["model=bytes", "encoder.width=32", "embedder.width=32"], tokens=True),
    "model/ngrams": Run(["model=ngrams", "embedder.num_buckets=500"], tokens=True),
    "model/ttr": Run(PIECES, tokens=True),
    "model/vtr_glyphs_plain": Run(PLAIN, tokens=True, full=True),
    "model/vtr_line": Run(LINE, tokens=True),
    "model/vtr": Run(WINDOWS, tokens=True),
    "model/vtr_reference": Run(
        ["model=vtr_reference", *NARROW, "embedder.channels=[4,8]", "embedder.width=32"],
        tokens=True,
    ),
    "model/vtr_glyphs": Run(NGRAMS_OF_GLYPHS, tokens=True, full=True),
    "model/ttr_pretrained": Run(
        ["model=ttr_pretrained", "encoder.name={checkpoint:bert}"], tokens=True
    ),
    "model/vtr_pretrained": Run(
        ["model=vtr_pretrained", "encoder.name={checkpoint:roberta}", "encoder.num_layers=2"]
    ),
    # What else embedders and encoders can do.
    "embedder/wordpiece_cased": Run([*PIECES, "embedder.lowercase=false"]),
    "embedder/characters_lower": _training("embedder.lowercase=true", "embedder.dropout=0.1"),
    "embedder/ngrams_lower": Run(
        [
            "model=ngrams",
            "embedder.num_buckets=500",
            "embedder.lowercase=true",
            "embedder.whole_words=false",
            "embedder.sparse=false",
        ],
        tokens=True,
    ),
    "embedder/glyphs_augmented": Run(
        [
            *PLAIN,
            "embedder.augment=0.5",
            "embedder.augment_marks=0.2",
            "embedder.augment_erased=0.2",
            "embedder.dropout=0.1",
        ]
    ),
    "embedder/glyphs_shapes": Run([*PLAIN, "embedder.features=shapes"]),
    "embedder/line_strided": Run(
        [
            *LINE,
            "embedder.stem=strided",
            "embedder.patch_px=8",
            "embedder.patch_stride_px=4",
            "embedder.pool=1",
            "embedder.kernels=[3,3]",
        ]
    ),
    "embedder/glyph_ngrams_no_context": Run(
        [*NGRAMS_OF_GLYPHS, "embedder.context_order=0", "embedder.code_features=pixels"],
        tokens=True,
    ),
    "embedder/glyph_ngrams_not_respelled": Run(
        [*NGRAMS_OF_GLYPHS, "embedder.respelled=false"], tokens=True
    ),
    "embedder/glyph_ngrams_bare": Run(
        [
            *NGRAMS_OF_GLYPHS,
            "embedder.fold_case=false",
            "embedder.skip_signs=false",
            "embedder.join_spaced=false",
            "embedder.sparse=false",
        ],
        tokens=True,
    ),
    "encoder/glyphs_mean": Run([*PLAIN[:1], "encoder=mean"]),
    "encoder/glyphs_cnn_bytes": Run([*PLAIN, "encoder=cnn_bytes"]),
    "encoder/glyphs_transformer": Run([*PLAIN, *NARROW, "encoder=transformer_small"]),
    "encoder/pretrained_frozen": Run(
        [
            "model=ttr_pretrained",
            "encoder.name={checkpoint:roberta}",
            "encoder.frozen_layers=1",
            "embedder.frozen=true",
        ]
    ),
    # Every task.
    "task/classification_names": Run(
        [
            *CHARACTERS,
            "dataset=jsonl",
            "dataset.train={data}/train.jsonl",
            "dataset.label_field=kind",
            "task.label_smoothing=0.1",
            "task.class_weights=balanced",
        ],
        full=True,
        from_file=True,
    ),
    "task/classification_focal": _training(
        "task.loss=focal", "task.threshold=validation", "task.class_weights={1: 3}"
    ),
    "task/multilabel": Run(
        [*CHARACTERS, *LEARNS, "task=multilabel", "dataset=ok", "dataset.train={data}/ok.txt"],
        full=True,
        from_file=True,
    ),
    "task/multilabel_thresholds": Run(
        [
            *PLAIN,
            "task=multilabel",
            "dataset=ok",
            "dataset.train={data}/ok.txt",
            "task.threshold=validation",
            "task.class_weights=balanced",
            "task.loss=focal",
        ],
        from_file=True,
    ),
    "task/labeling_glyphs": Run([*PLAIN, "task=labeling", "encoder=cnn_words"], full=True),
    "task/labeling_vtr": Run([*WINDOWS, "task=labeling", "task.pool=max", "training.steps=2"]),
    "task/labeling_ttr": Run([*PIECES, "task=labeling", "task.kernels=[]", "task.pool=mean"]),
    "task/labeling_vtr_glyphs": Run(
        [*NGRAMS_OF_GLYPHS, "task=labeling", "encoder=cnn_words"], tokens=True
    ),
    "task/labeling_spans": Run(
        [
            *CHARACTERS,
            "task=labeling",
            "encoder=cnn_words",
            "normalizer=confusables",
            "dataset=jsonl",
            "dataset.train={data}/spans.jsonl",
        ],
        from_file=True,
    ),
    "task/pretraining_glyphs": Run([*PLAIN, "task=pretraining"], full=True),
    "task/pretraining_vtr": Run([*WINDOWS, "task=pretraining", "training.steps=2"]),
    "task/pretraining_vtr_glyphs": Run([*NGRAMS_OF_GLYPHS, "task=pretraining"]),
    "task/pretraining_reads": Run(
        [*WINDOWS, *READS, "task=pretraining", "ocr.reads=encoder", "task.masked_weight=0"]
    ),
    # Reading.
    "ocr/embedder": Run([*PLAIN, *READS, *LEARNS, "training.steps=12"], full=True),
    "ocr/encoder": Run([*PLAIN, *READS, *LEARNS, "ocr.reads=encoder", "ocr.target=drawn"]),
    "ocr/pieces": Run(
        [
            *PLAIN,
            *READS,
            *LEARNS,
            "ocr.units=pieces",
            "ocr.vocabulary_size=150",
            "ocr.min_count=2",
            "ocr.kernels=[]",
        ]
    ),
    "ocr/line": Run([*LINE, *READS, *LEARNS]),
    "ocr/vtr": Run([*WINDOWS, *READS, *LEARNS]),
    "ocr/vtr_glyphs": Run([*NGRAMS_OF_GLYPHS, *READS, *LEARNS]),
    # Normalisers and noise in training.
    "normalizer/unicode": Run([*PIECES, "normalizer=unicode"]),
    "normalizer/confusables": _training("normalizer=confusables"),
    "normalizer/rules": _training("normalizer=rules", "noise=published"),
    "normalizer/reader": Run(
        [*PIECES, "normalizer=reader", "normalizer.run={run:ocr/embedder}"], tokens=True
    ),
    "noise/none": _training("noise=none"),
    "noise/published": _training("noise=published", "noise.redraw=false"),
    "noise/uniform": _training("noise=uniform"),
    "noise/diacritics": _training("noise=diacritics"),
    "noise/unseen": Run([*PIECES, "noise=unseen"]),
    "noise/families": Run([*NGRAMS_OF_GLYPHS, "noise=families"], tokens=True),
    "noise/growing": _training("training.noise_full_at=0.9", "training.noise_from=0.1"),
    # Evaluations.
    "evaluation/default": Run(
        [
            *CHARACTERS,
            *LEARNS,
            "training.steps=12",
            "evaluation=default",
            "evaluation.suites=[clean,level_1,level_2,level_3,level_4,uniform_1,uniform_2,"
            "uniform_3,uniform_4,diacritics,unseen_30,unseen_100]",
            "evaluation.bootstrap=200",
        ],
        full=True,
    ),
    "evaluation/full": Run(
        [
            *CHARACTERS,
            *LEARNS,
            "training.steps=12",
            "evaluation=full",
            "evaluation.strengths=[0.5,1.0]",
            "evaluation.noise_seeds=[1,2]",
            "evaluation.texts=16",
            "evaluation.bootstrap=100",
        ],
        full=True,
    ),
    "evaluation/attack": Run(
        [
            *CHARACTERS,
            *LEARNS,
            "training.steps=12",
            "evaluation=attack",
            "evaluation.suites=[clean]",
            "evaluation.bootstrap=0",
            "evaluation.labels=all",
            "evaluation.texts=12",
            "evaluation.max_edits=3",
            "evaluation.candidates=8",
            "evaluation.population=4",
            "evaluation.generations=2",
        ],
        full=True,
        files=["attack_greedy.jsonl", "attack_evolution.jsonl"],
    ),
    "evaluation/pairs": Run(
        [
            *CHARACTERS,
            "dataset=jsonl",
            "dataset.train={data}/train.jsonl",
            "dataset.pairs={data}/pairs.jsonl",
            "dataset.extra={new: '{data}/extra.jsonl'}",
            "evaluation.bootstrap=100",
        ],
        full=True,
        from_file=True,
    ),
    # Optimizers and training.
    "optimizer/muon": Run([*PLAIN, "optimizer=muon"]),
    "optimizer/sgd": _training("optimizer=sgd"),
    "optimizer/adamw_transformer": _training("optimizer=adamw_transformer"),
    "training/consistency_clean": _training("training.consistency=1"),
    "training/consistency_noisy": Run(
        [*PLAIN, "training.consistency=0.5", "training.consistency_from=noisy"]
    ),
    "training/averaged": _training("training.ema=0.9", *LEARNS),
    "training/cosine": _training("training.schedule=cosine", "training.final_rate=0.1"),
    "training/linear": _training("training.schedule=linear", "training.warmup=0"),
    "training/constant": _training("training.schedule=constant", "training.clip_norm=null"),
    "training/split_batches": Run(
        [*NGRAMS_OF_GLYPHS, "training.max_tokens=300", "training.bucket_batches=1"]
    ),
    "training/epochs": _training(
        "training.steps=null",
        "training.epochs=1.5",
        "training.validate_every=0.25",
        "training.patience=2",
        "training.metric=average_precision",
        *LEARNS,
    ),
    "training/other_seed": _training("seed=4"),
    "training/bf16": Run([*PLAIN, "training.precision=bf16"]),
    # From another run.
    "start/source": Run([*PLAIN, *READS, "task=pretraining", "seed=7"], tokens=True),
    "start/from": Run([*PLAIN, "model.init_from={run:start/source}"], tokens=True),
    "start/frozen": Run(
        [*PLAIN, "model.init_from={run:start/source}", "model.frozen=[embedder,encoder]"],
        tokens=True,
    ),
    "start/embedder_reads": Run(
        [*PLAIN, *READS, "model.init_from={run:start/source}", "model.frozen=[embedder]"]
    ),
    # Codes of a codebook that is worth something.
    "codes/vtr_glyphs": Run(
        [*NGRAMS_OF_GLYPHS, "dataset.num_comments=1500", "training.steps=1"], tokens=True
    ),
}
CODES_OF = ("codes/vtr_glyphs", "model/vtr_glyphs", "noise/families")
"""Runs whose codes are recorded of noisy texts too."""


def code_noises() -> Iterator[str]:
    """Noises of `NOISES` under which words are read."""
    yield from ("mixed/level_4", "published/level_4", "uniform/level_2", "unseen/p_1.0")
    yield from ("families/all", *(f"families/{name}_0.3" for name in FAMILIES))
