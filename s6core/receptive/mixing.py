"""Rules for what joins elements along dimensions: products, attention, norms, softmax, sums.

A dimension that is contracted or reduced loses its place: what is left sees all that lay along it. Where it held an
axis only in part, as windows and patches do, the rest of the axis keeps its units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from s6core.receptive import pieces
from s6core.receptive.maps import Maps
from s6core.receptive.pointwise import pointwise
from s6core.receptive.rules import Call, rule, which


def contract(call: Call, operands: Sequence[tuple[Any, Sequence[str]]], out: Sequence[str]) -> Maps:
    """Return the maps of a product whose operands' dimensions are labelled, as einsum labels them.

    Two operands may bring the same axis under two labels, as the queries and keys of attention do. The first keeps it;
    of the other everything is seen.
    """
    branches: list[Maps] = []
    for x, labels in operands:
        if not hasattr(x, "maps"):
            continue
        maps = call.maps(x)
        maps = maps.blended([i for i, label in enumerate(labels) if label not in out or labels.count(label) > 1])
        own = {label: maps.dims[i] for i, label in enumerate(labels)}
        branches.append(maps.on(own.get(label, ()) for label in out))
    for side in range(call.rank):
        held = [{number for number, dim in enumerate(b.dims) if side in pieces.sides(dim)} for b in branches]
        lead = next((places for places in held if places), set())
        branches = [
            branch.blended(places - lead) if places - lead else branch
            for branch, places in zip(branches, held, strict=True)
        ]
    shape = call.shape
    union = call.union(branches)
    return union.on(
        dim if pieces.length(dim) == size else pieces.plain(size) for dim, size in zip(union.dims, shape, strict=True)
    )


@rule("linear")
def linear(call: Call, x: Any, weight: Any, bias: Any = None) -> Maps:
    """A matrix along the last dimension: pointwise where that holds channels, global where it is an axis."""
    maps = call.maps(x).blended([x.ndim - 1])
    return maps.on((*maps.dims[:-1], pieces.plain(call.shape[-1])) if weight.ndim > 1 else maps.dims[:-1])


@rule("matmul", "bmm", "rmatmul", "mm", "mv", "dot")
def matmul(call: Call, x: Any, other: Any) -> Maps:
    if call.op == "rmatmul":
        x, other = other, x
    batch = [f"batch{i}" for i in range(max(x.ndim, other.ndim) - 2)]
    left = [*batch[len(batch) - (x.ndim - 2) :], "row", "sum"] if x.ndim > 1 else ["sum"]
    right = [*batch[len(batch) - (other.ndim - 2) :], "sum", "column"] if other.ndim > 1 else ["sum"]
    out = [*batch, *(["row"] if x.ndim > 1 else []), *(["column"] if other.ndim > 1 else [])]
    return contract(call, [(x, left), (other, right)], out)


@rule("baddbmm", "addmm", "addbmm", "addmv")
def baddbmm(call: Call, bias: Any, x: Any, other: Any, **kwargs: Any) -> Maps:
    product = matmul(call, x, other)
    if not hasattr(bias, "maps"):
        return product
    shift = len(call.shape) - bias.ndim
    own = call.maps(bias)
    return call.union([product, own.on(((),) * shift + own.dims)])


@rule("einsum")
def einsum(call: Call, equation: Any, *operands: Any) -> Maps:
    if not isinstance(equation, str):
        raise call.unknown("without an equation in letters")
    tensors = list(operands[0]) if len(operands) == 1 and isinstance(operands[0], list | tuple) else list(operands)
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = [_labels(term, x.ndim) for term, x in zip(left.split(","), tensors, strict=True)]
    letters = [label for term in terms for label in term]
    if arrow:
        out = _labels(right, len(call.shape))
    else:
        batch = sorted({label for label in letters if len(label) > 1}, key=lambda label: -int(label[1:]))
        out = [*batch, *sorted(label for label in set(letters) if letters.count(label) == 1 and len(label) == 1)]
    return contract(call, list(zip(tensors, terms, strict=True)), out)


def _labels(term: str, ndim: int) -> list[str]:
    """Return a label for each dimension; those that an ellipsis stands for count from the last."""
    before, dots, behind = term.partition("...")
    count = ndim - len(before) - len(behind) if dots else 0
    return [*before, *(f".{count - i}" for i in range(count)), *behind]


@rule("scaled_dot_product_attention")
def attention(call: Call, query: Any, key: Any, value: Any, attn_mask: Any = None, *args: Any, **kwargs: Any) -> Maps:
    """Each query sees all keys and values: within a window a part of the axes, else all of it, and marked."""
    batch = [f"batch{i}" for i in range(query.ndim - 2)]
    pairs = [(query, [*batch, "query", "inner"]), (key, [*batch, "key", "inner"]), (value, [*batch, "key", "channel"])]
    if hasattr(attn_mask, "maps"):
        pairs.append((attn_mask, [*batch, "query", "key"][-attn_mask.ndim :]))
    maps = contract(call, pairs, [*batch, "query", "channel"])
    return maps


@rule("multi_head_attention_forward")
def multi_head_attention(call: Call, query: Any, key: Any, value: Any, *args: Any, **kwargs: Any) -> list[Maps]:
    batch = ["batch"] if query.ndim == 3 else []
    pairs = [(query, ["query", *batch, "a"]), (key, ["key", *batch, "b"]), (value, ["key", *batch, "c"])]
    own = Call(call.op, call.where, call.result[0], call.followed, call.rank, call.spoken)
    maps = contract(own, pairs, ["query", *batch, "channel"])
    scores = [maps] if call.result[1] is None else [scores_of(call, maps)]
    return [maps, *scores]


def scores_of(call: Call, maps: Maps) -> Maps:
    """Return the maps of attention's weights, (…, query, key), which are found from the same tensors."""
    shape = call.result[1].shape
    dims = [pieces.plain(n) for n in shape]
    dims[-2] = maps.dims[0]
    if len(maps.dims) == 3:
        dims[0] = maps.dims[1]
    return maps.on(dims)


@rule("topk", "kthvalue")
def topk(call: Call, x: Any, k: int, dim: int = -1, *args: Any, **kwargs: Any) -> Maps | list[Maps]:
    maps = call.maps(x).blended(which(dim, x.ndim))
    return call.several(_fitted(maps, call.shape))


@rule("glu")
def glu(call: Call, x: Any, dim: int = -1) -> Maps:
    maps = call.lost(call.maps(x), [dim % x.ndim])
    return _fitted(maps, call.shape)


@rule("cosine_similarity", "pairwise_distance")
def cosine_similarity(call: Call, x1: Any, x2: Any, dim: int = 1, *args: Any, **kwargs: Any) -> Maps:
    if call.op == "pairwise_distance":
        dim = -1
    count = max(x1.ndim, x2.ndim)
    branches = []
    for x in call.followed:
        maps = call.maps(x)
        maps = maps.on(((),) * (count - x.ndim) + maps.dims).blended([dim % count])
        branches.append(maps.on(maps.dims[i] for i in range(count) if i != dim % count))
    return call.union(branches)


@rule("cdist")
def cdist(call: Call, x1: Any, x2: Any, *args: Any, **kwargs: Any) -> Maps:
    batch = [f"batch{i}" for i in range(x1.ndim - 2)]
    return contract(call, [(x1, [*batch, "row", "sum"]), (x2, [*batch, "column", "sum"])], [*batch, "row", "column"])


@rule(
    "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero", "logsumexp", "max", "mean", "median",
    "min", "nanmean", "nansum", "norm", "linalg_norm", "linalg_vector_norm", "prod", "std", "std_mean", "sum", "var",
    "var_mean",
)  # fmt: skip
def reduce(call: Call, x: Any, *args: Any, **kwargs: Any) -> Maps | list[Maps]:
    if call.op in ("max", "min") and (kwargs.get("other") is not None or args and hasattr(args[0], "shape")):
        return pointwise(call)
    place = 1 if "norm" in call.op else 0  # behind the kind of norm
    given = kwargs.get("dim", kwargs.get("axis", args[place] if len(args) > place else None))
    if isinstance(given, bool):  # var(x, unbiased)
        given = None
    gone = which(None if given == () or given == [] else given, x.ndim)
    maps = call.maps(x).blended(gone)
    if len(call.shape) == x.ndim:
        return call.several(maps.on(() if i in gone else dim for i, dim in enumerate(maps.dims)))
    return call.several(maps.on(dim for i, dim in enumerate(maps.dims) if i not in gone))


def _fitted(maps: Maps, shape: Sequence[int]) -> Maps:
    """Return the maps with dimensions without a place made as long as those of the result."""
    pairs = zip(maps.dims, shape, strict=True)
    return maps.on(dim if pieces.sides(dim) else pieces.plain(size) for dim, size in pairs)
