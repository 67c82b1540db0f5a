"""Settings and texts for tests of text recognition."""

from hypothesis import strategies as st

from vitrina.tasks.ocr.config import CtcConfig

CONFIG = CtcConfig(
    kind="ctc",
    weight=0.5,
    target="clean",
    source="embedder",
    kernels=[5, 3],
    dim=24,
    frames_per_token=None,
    min_count=1,
    measured_texts=100,
)

strings = st.lists(st.text(st.sampled_from("абвг ж\u0301\u200b\u00a0"), max_size=8), max_size=6)
