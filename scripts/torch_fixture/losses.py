"""Losses, with every setting: the prediction is the input, but for `.._by_target` and `.._by_variance`."""
import torch
from modules import Case, numbers
from torch.nn import functional as F

SHAPE = (4, 3)
X, T = numbers(*SHAPE, seed=1, low=-3.0, high=3.0), numbers(*SHAPE, seed=2, low=-3.0, high=3.0)
COUNTS = torch.tensor([[0.0, 1.0, 2.0], [3.0, 0.0, 7.0], [1.0, 5.0, 2.5], [20.0, 1.5, 4.0]], dtype=torch.float64)
RATES = numbers(*SHAPE, seed=3, low=0.2, high=6.0)
VARIANCES = numbers(*SHAPE, seed=4, low=0.05, high=2.0)
LOG_P = F.log_softmax(X, dim=1)
P = F.softmax(T, dim=1)
P_WITH_ZERO = torch.tensor([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]], dtype=torch.float64)
LABELS, IGNORED = torch.tensor([2, 0, 1, 1]), torch.tensor([2, 7, 1, 0])
CLASS_WEIGHTS = torch.tensor([0.5, 2.0, 1.5], dtype=torch.float64)
POS_WEIGHTS = torch.tensor([3.0, 0.7, 1.2], dtype=torch.float64)
QUANTILES = torch.tensor([0.1, 0.5, 0.8], dtype=torch.float64)
CASES = {}


def case(name, x, call, **extra):
    CASES[name] = Case(torch.nn.Identity(), x, call=lambda _, x: call(x), extra=extra)


def pair(name, loss, x=X, t=T, free=None):
    """Every reduction, and the gradient of the target, or of `free` in its place."""
    for reduction in ("none", "mean", "sum"):
        case(f"{name}_{reduction}", x, lambda x, r=reduction: loss(x, t, reduction=r), target=t)
    free = t if free is None else free
    case(f"{name}_by_target", free, lambda t: loss(x, t, reduction="none"), prediction=x)


def pinball(x, t, reduction):
    """PyTorch has none: from its definition."""
    error = t.unsqueeze(-1) - x
    losses = torch.where(error < 0, (QUANTILES - 1) * error, QUANTILES * error)
    return {"none": losses, "mean": losses.mean(), "sum": losses.sum()}[reduction]


pair("mse", F.mse_loss)
pair("mae", F.l1_loss)
pair("huber", F.huber_loss)
pair("huber_delta", lambda x, t, reduction: F.huber_loss(x, t, reduction=reduction, delta=1.7))
pair("smooth_l1", F.smooth_l1_loss)
pair("smooth_l1_beta", lambda x, t, reduction: F.smooth_l1_loss(x, t, reduction=reduction, beta=1.7))
pair("smooth_l1_zero", lambda x, t, reduction: F.smooth_l1_loss(x, t, reduction=reduction, beta=0.0))
pair("quantile", pinball, X, numbers(4, seed=2, low=-3.0, high=3.0))
pair("poisson", F.poisson_nll_loss, X, COUNTS)
# PyTorch's gradient by a target of 0 is not a number.
ABOVE_0 = COUNTS + 0.25
pair(
    "poisson_full",
    lambda x, t, reduction: F.poisson_nll_loss(x, t, full=True, reduction=reduction),
    X,
    COUNTS,
    ABOVE_0,
)
pair(
    "poisson_rate",
    lambda x, t, reduction: F.poisson_nll_loss(x, t, log_input=False, full=True, eps=1e-3, reduction=reduction),
    RATES,
    COUNTS,
    ABOVE_0,
)
for reduction in ("none", "mean", "sum"):
    case(
        f"gaussian_{reduction}",
        X,
        lambda x, r=reduction: F.gaussian_nll_loss(x, T, VARIANCES, full=True, eps=0.3, reduction=r),
        target=T,
        variance=VARIANCES,
    )
case(
    "gaussian_by_target",
    T,
    lambda t: F.gaussian_nll_loss(X, t, VARIANCES, reduction="none"),
    prediction=X,
    variance=VARIANCES,
)
case(
    "gaussian_by_variance",
    VARIANCES,
    lambda v: F.gaussian_nll_loss(X, T, v, eps=0.3, reduction="none"),
    prediction=X,
    target=T,
)
for reduction in ("none", "batchmean", "mean", "sum"):
    case(f"kl_{reduction}", LOG_P, lambda x, r=reduction: F.kl_div(x, P, reduction=r), target=P)
    case(
        f"kl_log_{reduction}",
        LOG_P,
        lambda x, r=reduction: F.kl_div(x, T, reduction=r, log_target=True),
        target=T,
    )
case("kl_zero", LOG_P, lambda x: F.kl_div(x, P_WITH_ZERO, reduction="none"), target=P_WITH_ZERO)
case("kl_by_target", P, lambda t: F.kl_div(LOG_P, t, reduction="none"), prediction=LOG_P)
case("kl_log_by_target", T, lambda t: F.kl_div(LOG_P, t, reduction="none", log_target=True), prediction=LOG_P)
for reduction in ("none", "mean", "sum"):
    settings = dict(weight=CLASS_WEIGHTS, label_smoothing=0.1, reduction=reduction)
    case(
        f"cross_entropy_{reduction}",
        X,
        lambda x, s=settings: F.cross_entropy(x, IGNORED, ignore_index=7, **s),
        labels=IGNORED,
        class_weights=CLASS_WEIGHTS,
    )
    case(
        f"cross_entropy_soft_{reduction}",
        X,
        lambda x, s=settings: F.cross_entropy(x, P, **s),
        target=P,
        class_weights=CLASS_WEIGHTS,
    )
    binary = dict(weight=CLASS_WEIGHTS, pos_weight=POS_WEIGHTS, reduction=reduction)
    case(
        f"bce_{reduction}",
        X,
        lambda x, s=binary: F.binary_cross_entropy_with_logits(x, P, **s),
        target=P,
        class_weights=CLASS_WEIGHTS,
        pos_weights=POS_WEIGHTS,
    )
case("cross_entropy_plain", X, lambda x: F.cross_entropy(x, LABELS), labels=LABELS)
