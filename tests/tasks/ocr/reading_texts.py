"""Readings and steps for tests."""

from hypothesis import strategies as st

from vitrina.tasks.ocr.config import LATER, CtcConfig

CONFIG = CtcConfig(
    kind="ctc",
    weight=0.5,
    target="clean",
    reads="embedder",
    kernels=[5, 3],
    width=24,
    steps=None,
    min_count=1,
    measured_texts=100,
    **LATER,
)

strings = st.lists(st.text(st.sampled_from("абвг ж\u0301\u200b\u00a0"), max_size=8), max_size=6)
