"""Products and linear algebra."""
import torch
from inputs import mixed


def several(*shapes):
    return [mixed(*shape, seed=seed) for seed, shape in enumerate(shapes)]


def einsum(expression, *shapes):
    return lambda x: torch.einsum(expression, *x), several(*shapes)


def regular(*shapes):
    """The first one with 3 added to the diagonal."""
    first, *others = several(*shapes)
    return [first + 3 * torch.eye(first.shape[-1], dtype=first.dtype), *others]


def definite(*shape):
    """Symmetric and positive definite."""
    x, = regular(shape)
    return [(x + x.mT) / 2]


def solve(upper, transposed, *shapes):
    """A vector is a column to PyTorch's function."""
    def function(x):
        a = x[0].mT if transposed else x[0]
        return torch.linalg.solve_triangular(a, x[1], upper=upper != transposed)
    return function, regular(*shapes)


SPARSE = torch.tensor([[0, 2, 0, 1], [0, 0, 0, 0], [-1, 0, 0, 3]], dtype=torch.float64).to_sparse()
LINEAR = several((4, 3), (3, 2), (2,))

CASES = {
    "matmul": (lambda x: x[0] @ x[1], several((2, 3), (3, 4))),
    "matmul/batch": (lambda x: x[0] @ x[1], several((3, 2, 2, 3), (2, 3, 2))),
    "matmul/vectors": (lambda x: x[0] @ x[1], several((3,), (2, 3, 2))),
    "matmul/itself": (lambda x: x[0] @ x[0], several((3, 2, 2))),
    "matmul_nt": (lambda x: x[0] @ x[1].mT, several((2, 1, 2, 3), (2, 1, 3))),
    "matmul_nt/itself": (lambda x: x[0] @ x[0].mT, several((2, 3, 2))),
    "matmul_tn": (lambda x: x[0].mT @ x[1], several((2, 1, 3, 2), (2, 3, 1))),
    "dot": (lambda x: torch.dot(*x), several((4,), (4,))),
    "outer": (lambda x: torch.outer(*x), several((3,), (2,))),
    "linear": (lambda x: x[0] @ x[1] + x[2], LINEAR),
    "linear_with/relu": (lambda x: torch.relu(x[0] @ x[1] + x[2]), LINEAR),
    "linear_with/sigmoid": (lambda x: torch.sigmoid(x[0] @ x[1] + x[2]), LINEAR),
    "linear_with/tanh": (lambda x: torch.tanh(x[0] @ x[1] + x[2]), LINEAR),
    "einsum/transpose": einsum("ij->ji", (2, 3)),
    "einsum/diagonal": einsum("...ii->...i", (2, 3, 3)),
    "einsum/trace": einsum("ii", (3, 3)),
    "einsum/sums": einsum("...i,kj->i", (2, 3), (2, 2)),
    "einsum/matmul": einsum("ij,jk", (2, 3), (3, 2)),
    "einsum/transposed": einsum("ji,kj->ki", (3, 2), (4, 3)),
    "einsum/left": einsum("bji,bjk->bik", (2, 3, 2), (2, 3, 4)),
    "einsum/right": einsum("bij,bkj->bik", (2, 2, 3), (2, 4, 3)),
    "einsum/dot": einsum("ij,ij->", (2, 3), (2, 3)),
    "einsum/rows": einsum("ij,ij->i", (2, 3), (2, 3)),
    "einsum/elementwise": einsum("ij,ji->ij", (2, 3), (3, 2)),
    "einsum/outer": einsum("i,jk->kij", (2,), (3, 2)),
    "einsum/ellipsis": einsum("...ij,j...->...i", (2, 1, 2, 3), (3, 2)),
    "einsum/broadcast": einsum("ij,jk->ik", (2, 1), (3, 2)),
    "einsum/bilinear": einsum("bi,oij,bj->bo", (2, 2), (3, 2, 3), (2, 3)),
    "einsum/chain": einsum("ab,bc,cd,ae->de", (2, 3), (3, 2), (2, 2), (2, 3)),
    "einsum/groups": einsum("axbc,cbdx->xda", (2, 2, 3, 2), (2, 3, 2, 2)),
    "einsum/repeated": einsum("iij,jkk->ik", (2, 2, 3), (3, 2, 2)),
    "einsum/many": einsum("abcde,fghij,abcfgh->deij", (2, 1, 2, 1, 2), (1, 2, 1, 2, 1), (2, 1, 2, 1, 2, 1)),
    "einsum/batch": einsum(
        "abcdefgi,abcdefgi->abcdefg", (1, 2, 1, 1, 2, 1, 1, 3), (1, 2, 1, 1, 2, 1, 1, 3)),
    "einsum/itself": (lambda x: torch.einsum("ij,kj,kl->il", x[0], x[0], x[0]), several((2, 3))),
    "cholesky": (lambda x: torch.linalg.cholesky(x[0]), definite(2, 3, 3)),
    "cholesky/gram": (lambda x: torch.linalg.cholesky(x[0] @ x[0].mT), several((2, 2, 4))),
    "logdet": (lambda x: torch.logdet(x[0]), definite(2, 3, 3)),
    "solve_triangular/lower": solve(False, False, (2, 1, 3, 3), (2, 3, 2)),
    "solve_triangular/upper": solve(True, False, (3, 3), (2, 3, 2)),
    "solve_triangular/lower_transposed": solve(False, True, (2, 2, 2), (2, 1)),
    "solve_triangular/upper_transposed": solve(True, True, (3, 3), (3, 2)),
    "solve_triangular/itself": (
        lambda x: torch.linalg.solve_triangular(x[0], x[0], upper=True), regular((3, 3))),
    "sparse_matmul": (lambda x: SPARSE @ x[0], several((4, 3))),
    "sparse_matmul/twice": (lambda x: (SPARSE @ x[0]) ** 2, several((4, 2))),
}
