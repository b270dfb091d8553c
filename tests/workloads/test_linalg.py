"""Factorizations: any sign is right, any wrong factor is caught, and the bounds leave no room for one percent."""

import math
from itertools import combinations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from bench_lib.workloads import find, linalg
from bench_lib.workloads.accuracy import error_bound
from bench_lib.workloads.case_setup import Check, Setting
from bench_lib.workloads.functional import gradient
from bench_lib.workloads.linalg import CONDITION, LINALG, direct_terms, gradient_terms, iterated_terms
from tests.support.workload_fakes import CPU, NUMPY, prepare

FORWARD = [workload.name for workload in LINALG if not workload.name.endswith("_backward")]
BACKWARD = [workload.name for workload in LINALG if workload.name.endswith("_backward")]
N = 48


def setting(n=N, *, dtype="float64", seed=1):
    return Setting(n=n, dtype=dtype, device=CPU, residency="resident", seed=seed)


def spoilt(prepared, wrong):
    return Check(call=lambda: wrong(prepared.check.call()), compare=prepared.check.compare)()


def signs():
    return torch.tensor([1.0, -1.0]).repeat(N // 2)


def with_other_signs(name, factors):
    """Return factors that are as right as those given: every second vector points the other way."""
    if name == "qr":
        return factors[0] * signs(), factors[1] * signs()[:, None]
    if name == "svd":
        return factors[0] * signs(), factors[1], factors[2] * signs()[:, None]
    return factors[0], factors[1] * signs()


@pytest.mark.parametrize("device", [CPU, NUMPY])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FORWARD)
def test_every_factorization_is_well_within_its_bound(name, dtype, device):
    for seed in range(3):
        accuracy = prepare(find(name), device, n=N, dtype=dtype, seed=seed).check()
        assert accuracy.error <= 0.5 * accuracy.bound


@pytest.mark.parametrize("n", [16, 64, 128])
@pytest.mark.parametrize("name", BACKWARD)
def test_every_gradient_is_well_within_its_bound_and_one_percent_is_caught(name, n):
    prepared = prepare(find(name), CPU, n=n)
    accuracy = prepared.check()
    assert accuracy.error <= 0.5 * accuracy.bound
    assert not spoilt(prepared, lambda result: tuple(part * 1.01 for part in result)).ok


@pytest.mark.parametrize("name", ["qr", "svd", "eigh"])
def test_vectors_may_point_either_way(name):
    prepared = prepare(find(name), CPU, n=N)
    assert spoilt(prepared, lambda factors: with_other_signs(name, factors)).ok


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        pytest.param("qr", lambda f: (f[0] * 2, f[1] / 2), id="qr-the-product-is-right-but-Q-not-orthogonal"),
        pytest.param("qr", lambda f: (f[0] @ f[0].mT, f[0] @ f[1]), id="qr-R-not-triangular"),
        pytest.param("qr", lambda f: (f[0] * signs(), f[1]), id="qr-signs-of-Q-alone"),
        pytest.param("svd", lambda f: (f[0].flip(1), f[1].flip(0), f[2].flip(0)), id="svd-in-ascending-order"),
        pytest.param("svd", lambda f: (-f[0], -f[1], f[2]), id="svd-negative-values"),
        pytest.param("svd", lambda f: (f[0] * 2, f[1] / 2, f[2]), id="svd-U-not-orthogonal"),
        pytest.param("svd", lambda f: (f[0], f[1] / 2, f[2] * 2), id="svd-V-not-orthogonal"),
        pytest.param("svd", lambda f: (f[0], f[1] * 1.01, f[2]), id="svd-one-percent"),
        pytest.param("eigh", lambda f: (f[0].flip(0), f[1].flip(1)), id="eigh-in-descending-order"),
        pytest.param("eigh", lambda f: (f[0] / 4, f[1] * 2), id="eigh-vectors-not-orthogonal"),
        pytest.param("eigh", lambda f: (f[0] * 1.01, f[1]), id="eigh-one-percent"),
        pytest.param("eigh", lambda f: (f[0].double(), f[1].double()), id="eigh-in-another-dtype"),
        pytest.param("cholesky", lambda f: f.mT, id="cholesky-upper"),
        pytest.param("cholesky", lambda f: f * signs(), id="cholesky-with-a-negative-diagonal"),
        pytest.param("cholesky", lambda f: f + 0.01 * torch.eye(N), id="cholesky-one-percent-of-the-diagonal"),
        pytest.param("solve", lambda f: f * 1.01, id="solve-one-percent"),
    ],
)
def test_factors_that_are_wrong_in_one_respect_are_caught(name, wrong):
    assert not spoilt(prepare(find(name), CPU, n=N), wrong).ok


@pytest.mark.parametrize(
    ("name", "function", "inputs", "alike"),
    [
        ("qr", torch.linalg.qr, linalg.regular, linalg.orthogonal_factors_alike),
        ("svd", torch.linalg.svd, linalg.spread_singular_values, linalg.singular_vectors_alike),
        ("eigh", torch.linalg.eigh, linalg.spread_eigenvalues, linalg.eigenvectors_alike),
    ],
)
def test_gradients_are_right_whichever_way_the_vectors_point(name, function, inputs, alike):
    def other(a):
        return with_other_signs(name, function(a))

    made = gradient(other, inputs, terms=gradient_terms, reference=function, alike=alike)
    assert made(setting(dtype="float32")).check().ok
    unaligned = gradient(other, inputs, terms=gradient_terms, reference=function)
    assert not unaligned(setting(dtype="float32")).check().ok


def rotation(p, q):
    """Return the cosine and sine that turn a symmetric matrix's element (p, q) to zero, whose diagonal differs by q."""
    if p == 0:
        return 1.0, 0.0
    zeta = q / (2 * p)
    t = (1 if zeta >= 0 else -1) / (abs(zeta) + math.sqrt(1 + zeta * zeta))
    return 1 / math.sqrt(1 + t * t), t / math.sqrt(1 + t * t)


def turn(columns, i, j, cosine, sine):
    columns[:, [i, j]] = columns[:, [i, j]] @ torch.tensor([[cosine, sine], [-sine, cosine]], dtype=columns.dtype)


def jacobi_svd(a):
    """Return singular vectors and values by Hestenes' one-sided method, as GPUs compute them."""
    work, v = a.clone(), torch.eye(len(a), dtype=a.dtype)
    for _ in range(8):
        for i, j in combinations(range(len(a)), 2):
            x, y = work[:, i], work[:, j]
            cosine, sine = rotation(float(x @ y), float(y @ y - x @ x))
            turn(work, i, j, cosine, sine)
            turn(v, i, j, cosine, sine)
    values, order = work.norm(dim=0).sort(descending=True)
    return work[:, order] / values, values, v[:, order].mT


def jacobi_eigh(a):
    """Return eigenvalues and vectors by Jacobi's own method."""
    work, v = a.clone(), torch.eye(len(a), dtype=a.dtype)
    for _ in range(8):
        for i, j in combinations(range(len(a)), 2):
            cosine, sine = rotation(float(work[i, j]), float(work[j, j] - work[i, i]))
            for columns in (work, work.mT, v):
                turn(columns, i, j, cosine, sine)
    values, order = work.diagonal().sort()
    return values, v[:, order]


@pytest.mark.parametrize(("name", "factorize"), [("svd", jacobi_svd), ("eigh", jacobi_eigh)])
def test_what_jacobis_method_gives_is_well_within_the_bound(name, factorize):
    check = prepare(find(name), CPU, n=32).check
    (a,) = check.call.args
    accuracy = check.compare(factorize(a))
    assert 0 < accuracy.error <= 0.5 * accuracy.bound


def over_distances(gradient, values):
    """Return a gradient over the distance of each two values; what is on the diagonal has no meaning."""
    distances = values - values[:, None]
    return torch.where(distances == 0, 0, gradient / distances)


def svd_gradient(factors, gradients):
    """Return the gradient of a matrix from those of its singular vectors and values, as torch computes it."""
    (u, s, vh), (du, ds, dvh) = factors, gradients
    left, right = u.mT @ du, vh @ dvh.mT
    inner = over_distances(left - left.mT, s**2) * s + s[:, None] * over_distances(right - right.mT, s**2)
    return u @ (inner + ds.diag()) @ vh


def eigh_gradient(factors, gradients):
    """Return the same from the gradients of eigenvalues and vectors."""
    (values, v), (dvalues, dv) = factors, gradients
    turned = v.mT @ dv
    return v @ (over_distances((turned - turned.mT) / 2, values) + dvalues.diag()) @ v.mT


@pytest.mark.parametrize(
    ("name", "factorize", "differentiate", "inputs", "alike"),
    [
        ("svd", jacobi_svd, svd_gradient, linalg.spread_singular_values, linalg.singular_vectors_alike),
        ("eigh", jacobi_eigh, eigh_gradient, linalg.spread_eigenvalues, linalg.eigenvectors_alike),
    ],
)
def test_gradients_of_what_jacobis_method_gives_are_well_within_the_bound(
    name, factorize, differentiate, inputs, alike
):
    class ByJacobi(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            factors = factorize(a)
            ctx.save_for_backward(*factors)
            return factors

        @staticmethod
        def backward(ctx, *gradients):
            return differentiate(ctx.saved_tensors, gradients)

    made = gradient(ByJacobi.apply, inputs, terms=gradient_terms, reference=getattr(torch.linalg, name), alike=alike)
    accuracy = made(setting(32, dtype="float32")).check()
    assert 0 < accuracy.error <= 0.5 * accuracy.bound


@pytest.mark.parametrize("n", [16, 128])
@pytest.mark.parametrize("make", [linalg.regular, linalg.positive_definite])
def test_what_is_solved_is_well_conditioned(make, n):
    for seed in range(3):
        (a,) = make(setting(n, seed=seed))
        assert torch.linalg.cond(a) < 1.2 * CONDITION


def test_a_solution_has_rows_to_exchange():
    (a,) = linalg.regular(setting())
    pivots = torch.linalg.lu_factor(a).pivots
    assert int((pivots != torch.arange(1, N + 1)).sum()) >= N // 4


def test_symmetric_matrices_are_symmetric_and_others_are_not():
    for make in (linalg.symmetric, linalg.positive_definite):
        (a,) = make(setting())
        assert torch.equal(a, a.mT)
    (spread,) = linalg.spread_eigenvalues(setting())
    assert torch.allclose(spread, spread.mT)
    (a,) = linalg.general(setting())
    assert not torch.allclose(a, a.mT)


def test_values_are_spread_as_far_apart_as_they_can_be():
    (a,) = linalg.spread_singular_values(setting())
    assert torch.allclose(torch.linalg.svdvals(a), torch.linspace(2, 1, N, dtype=torch.float64))
    (a,) = linalg.spread_eigenvalues(setting())
    assert torch.allclose(torch.linalg.eigvalsh(a), torch.linspace(-1, 1, N, dtype=torch.float64))


def test_no_bound_lets_one_percent_pass_at_any_size():
    terms = {"cholesky": direct_terms, "solve": direct_terms, "qr": direct_terms}
    for workload in LINALG:
        largest = max(workload.sizes_for("float32", "full"))
        name = workload.name.removesuffix("_backward")
        count = terms.get(name, gradient_terms if workload.name in BACKWARD else iterated_terms)
        assert error_bound("float32", count(largest)) < 0.01


@pytest.mark.parametrize(
    ("name", "flop", "numbers"),
    [
        ("cholesky", 64**3 / 3, 2 * 64**2),
        ("cholesky_backward", 4 * 64**3, 3 * 64**2),
        ("solve", 2 / 3 * 64**3 + 2 * 64**2, 64**2 + 2 * 64),
        ("solve_backward", 3 * 64**2, 2 * 64**2 + 3 * 64),
        ("qr", 8 / 3 * 64**3, 3 * 64**2),
        ("qr_backward", 7 * 64**3, 5 * 64**2),
        ("svd", 21 * 64**3, 3 * 64**2 + 64),
        ("svd_backward", 8 * 64**3, 5 * 64**2 + 2 * 64),
        ("eigh", 9 * 64**3, 2 * 64**2 + 64),
        ("eigh_backward", 6 * 64**3, 3 * 64**2 + 2 * 64),
    ],
)
def test_the_work_is_counted_by_hand(name, flop, numbers):
    assert math.isclose(find(name).flop(64), flop)
    assert find(name).working_set(64, "float32") == 4 * numbers


@pytest.mark.parametrize(
    ("name", "triangles"), [("cholesky_backward", 2), ("qr_backward", 1), ("svd_backward", 0), ("eigh_backward", 0)]
)
def test_the_products_of_a_gradient_are_those_that_torch_counts(name, triangles):
    prepared = prepare(find(name), CPU, n=64)
    with FlopCounterMode(display=False) as counter:
        prepared.call()
    assert counter.get_total_flops() + triangles * 64**3 == find(name).flop(64)


def test_it_is_measured_where_torch_has_it_natively_and_on_all_threads_at_once():
    assert all(not set(workload.kinds) & {"mps", "xpu"} for workload in LINALG)
    assert not any(workload.one_thread for workload in LINALG)


def test_only_qr_does_not_read_back_whether_it_succeeded():
    assert [name for name in FORWARD if find(name).timings != ("latency",)] == ["qr"]
    assert all("device" in find(name).timings for name in BACKWARD)


def test_a_quick_run_factorizes_at_three_sizes():
    assert [workload.name for workload in LINALG if workload.sizes_for("float32", "quick")] == ["cholesky"]
    assert len(find("cholesky").sizes_for("float32", "quick")) == 3
