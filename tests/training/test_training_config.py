"""Settings of the training."""

from tests.training.test_loop import settings
from vitrina.training.config import GPU_TOKENS


def test_a_gpu_takes_more_tokens_at_once() -> None:
    config = settings(max_tokens=500)
    assert config.tokens_at_once("cpu") == 500
    assert config.tokens_at_once("cuda") == 500 * GPU_TOKENS
