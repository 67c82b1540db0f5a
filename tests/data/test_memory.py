"""Memory growth with the number of comments, from the file to noisy batches."""

import subprocess
import sys
from pathlib import Path

import pytest

MAX_BYTES = 1300
"""Limit per comment of 75 characters; text, row, label and words need 650 bytes in columns. A list
of all texts as strings would add 600 bytes, an int64 index of their characters 800."""

LOADING = """
import json, random, sys
from pathlib import Path
import numpy as np
from vitrina.config import compose_config
from vitrina.data.dataset import load_dataset
from vitrina.noise.perturbation import build_noise

path, count, draw = sys.argv[1], int(sys.argv[2]), random.Random(1)
words = ["".join(draw.choices("абвгдежзиклмнопрсту", k=draw.randint(2, 9))) for _ in range(20_000)]
with open(path, "w", encoding="utf-8") as file:
    for i in range(count):
        row = {"text": " ".join(draw.choices(words, k=12)), "toxic": i % 2, "id": i}
        file.write(json.dumps(row, ensure_ascii=False) + "\\n")
config = compose_config(["dataset=jsonl", f"dataset.train={path}", "noise=published"])
dataset = load_dataset(config.dataset, 1)
noise, texts = build_noise(config.noise, 1), dataset.train.texts
marked = noise.mark(texts)
for start in range(0, 4096, 256):
    batch = np.arange(start, start + 256)
    noise(texts.take(batch), marked.take(batch), batch, 0)
# `getrusage` may report the peak of the parent process.
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_growth_is_close_to_the_size_of_the_columns(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        command = [sys.executable, "-c", LOADING, str(tmp_path / "comments.jsonl"), str(count)]
        return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

    count = 40_000  # larger than every bounded buffer
    growth = (peak(2 * count) - peak(count)) * 1024
    assert growth < MAX_BYTES * count
