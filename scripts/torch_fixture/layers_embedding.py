"""Tables of vectors, alone and as input and output of a model."""
import torch
from modules import Case, numbers

nn = torch.nn


class Tied(nn.Module):
    """One table at both ends."""

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(5, 3)
        self.body = nn.Linear(3, 3)

    def forward(self, words):
        return torch.tanh(self.body(self.table(words))) @ self.table.weight.T


words = torch.tensor([[1, 4, 0], [1, 1, 2]])

CASES = {
    "embedding": Case(nn.Embedding(5, 3), words),
    "embedding_padding": Case(nn.Embedding(5, 3, padding_idx=1), words),
    "tied": Case(Tied(), words),
}
