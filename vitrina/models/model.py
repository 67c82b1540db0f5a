"""A model: an embedder, an encoder and a head."""

from __future__ import annotations

from torch import Tensor, nn

from vitrina.models.embedders.base import Embedder
from vitrina.models.encoders.base import Encoder
from vitrina.models.inputs import Inputs


class Model(nn.Module):
    """Texts as `Inputs` to the head's output.

    Args:
        embedder: turns inputs into token embeddings [N, D].
        encoder: turns them into token states [N', D'].
        head: turns the states into the task's output, for classification logits [B, C].
    """

    def __init__(self, embedder: Embedder, encoder: Encoder, head: nn.Module) -> None:
        super().__init__()
        self.embedder = embedder
        self.encoder = encoder
        self.head = head

    def forward(self, inputs: Inputs) -> Tensor:
        return self.head(self.encoder(self.embedder(inputs)))

    def load_pretrained(self) -> None:
        """Take over the weights that stand outside the run: once, before training starts.

        Raises:
            InputError: if they cannot be read.
        """
        self.embedder.load_pretrained()
        self.encoder.load_pretrained()

    def num_parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.parameters())
