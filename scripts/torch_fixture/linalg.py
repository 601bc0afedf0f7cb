"""Products and linear algebra."""
import torch
from inputs import mixed


def several(*shapes):
    return [mixed(*shape, seed=seed) for seed, shape in enumerate(shapes)]


def einsum(expression, *shapes):
    return lambda x: torch.einsum(expression, *x), several(*shapes)


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
    "einsum/itself": (lambda x: torch.einsum("ij,kj,kl->il", x[0], x[0], x[0]), several((2, 3))),
}
