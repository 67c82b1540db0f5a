"""Mean losses between rows of the history."""

import pytest
import torch

from vitrina.training.checkpoints import TrainState
from vitrina.training.history import LossWindow

CPU = torch.device("cpu")


@pytest.mark.parametrize("interrupted", [False, True])
def test_means_with_a_ctc_head_survive_an_interruption(interrupted: bool) -> None:
    state = TrainState()
    window = LossWindow(CPU, state, reads=True)
    for step in range(1, 4):
        window.add(torch.tensor([2.0 * step, float(step), 0.25]))
        if interrupted:
            window.store(state)
            window = LossWindow(CPU, state, reads=True)
    assert window.take() == {"loss": 4.0, "reading_loss": 2.0, "infeasible": 0.25}
    window.add(torch.tensor([1.0, 1.0, 0.5]))
    assert window.take() == {"loss": 1.0, "reading_loss": 1.0, "infeasible": 0.5}
    assert state.infeasible_sum == 0.25 * 3 + 0.5


def test_without_a_ctc_head_there_is_only_the_loss() -> None:
    window = LossWindow(CPU, TrainState(loss_sum=3.0, loss_count=1))
    window.add(torch.tensor([5.0]))
    assert window.take() == {"loss": 4.0}
