"""The cases, for the sides written in Python: names as benchmarks/xgrad/*.cpp give them, inputs and what is asked for.

A side has for each kind of case a table of how it writes what `key` names; `of_case` finds the definition of a name.
"""

from dataclasses import dataclass
from typing import Callable

import numpy

from inputs import classes, filled, layers, uniform

ONE = numpy.float32(1)


@dataclass
class Function:
    """A function's derivatives by the first `tracked` inputs, times a cotangent, and its value."""

    key: str
    inputs: Callable[[], list]
    tracked: int
    cotangent: Callable[[], numpy.ndarray] = lambda: ONE
    value_first: bool = False
    names: tuple = ()  # of the parameters, which come before the other inputs


@dataclass
class Transformed:
    """What a function that takes derivatives itself makes of the inputs."""

    key: str
    inputs: Callable[[], list]


@dataclass
class Training:
    """Steps of an optimiser on the loss that `key` names, one for each batch; of an epoch with batches drawn anew."""

    key: str
    parameters: Callable[[], list]
    batches: Callable[[], list]
    optimiser: str = "sgd"
    rate: float = 0.01
    with_loss: bool = False
    epoch_of: int = 0  # the size of its batches

    @property
    def first_step(self):
        """With Adam the parameters after one step are compared: later ones differ by more than rounding."""
        return self.optimiser == "adam"


@dataclass
class Update:
    """A step of an optimiser on parameters whose gradients are there."""

    optimiser: str
    parameters: Callable[[], list]
    gradients: Callable[[], list]
    clipped: bool = False


RATES = {"sgd": 0.01, "momentum": 0.01, "adam": 1e-3, "adagrad": 1e-3, "rmsprop": 1e-3, "adamw": 1e-3}
MOMENTUM = 0.9
CLIPPING_NORM = 1.0


def elementwise():
    shapes = {"64x4096": (64, 4096), "256x1024": (256, 1024), "4096x10": (4096, 10)}
    for end, shape in shapes.items():
        x, g, row = lambda s=shape: uniform(s, 1, -3, 3), lambda s=shape: uniform(s, 2), shape[1:]
        of_one = "softmax log_softmax sigmoid tanh silu exp gelu relu sin cos atan"
        for key in of_one.split():
            yield f"{key}/{end}/kernel", Function(key, lambda x=x: [x()], 1, g)
        yield f"pow/{end}/kernel", Function("pow", lambda s=shape: [uniform(s, 1, 0.1, 3)], 1, g)
        scaled = lambda x=x, r=row: [x(), uniform(r, 3, 0.5, 1.5), uniform(r, 4)]
        for key in ("layer_norm", "batch_norm"):
            yield f"{key}/{end}/kernel", Function(key, scaled, 3, g)
        labels = lambda x=x, s=shape: [x(), classes(*s, 5)]
        yield f"cross_entropy/{end}/kernel", Function("cross_entropy", labels, 1)
        yield f"mse/{end}/kernel", Function("mse", lambda x=x, g=g: [x(), g()], 1)
    million, narrow = (1_000_000,), (4096, 10)
    g = lambda: uniform(million, 2)
    yield "polynomial20/1M", Function("polynomial", lambda: [uniform(million, 1)], 1, g)
    yield "log1p_exp_sin/1M", Function("log1p_exp_sin", lambda: [uniform(million, 1, -3, 3)], 1, g)
    scores = lambda: uniform(narrow, 1, -3, 3)
    yield "softmax/4096x10", Function("softmax", lambda: [scores()], 1, lambda: uniform(narrow, 2))
    yield "cross_entropy/4096x10", Function("cross_entropy", lambda: [scores(), classes(*narrow, 5)], 1)


POLYNOMIAL = [float(c) for c in uniform((21,), 7)]


def movement():
    square = (1000, 1000)
    yield "stencil/5_points/1000x1000", Function("stencil", lambda: [uniform(square, 1)], 1)
    yield "difference/1M", Function("difference", lambda: [uniform((1_000_000,), 1)], 1)
    yield "sin_of_transposed/1000x1000", Function(
        "sin_of_transposed", lambda: [uniform(square, 1), uniform(square, 2)], 2, lambda: uniform(square, 3))
    yield "broadcast/32x1x64_by_1x100x1", Function(
        "product_of_elements", lambda: [uniform((32, 1, 64), 1), uniform((1, 100, 1), 2)], 2,
        lambda: uniform((32, 100, 64), 3))
    yield "mean/middle/32x100x64", Function(
        "mean_of_middle", lambda: [uniform((32, 100, 64), 1)], 1, lambda: uniform((32, 64), 2))
    yield "cumsum/1000x1000", Function("cumsum", lambda: [uniform(square, 1)], 1, lambda: uniform(square, 2))
    yield "prod/1000x50", Function(
        "prod", lambda: [uniform((1000, 50), 1, 0.5, 1.5)], 1, lambda: uniform((1000,), 2))
    yield "distances/500x500x16", Function(
        "distances", lambda: [uniform((500, 16), 1), uniform((500, 16), 2)], 2, lambda: uniform((500, 500), 3))


def products():
    yield "matvec/2000", Function("matmul", lambda: [uniform((2000, 2000), 1), uniform((2000,), 2)], 0)
    yield "product/256/float64", Function(
        "matmul", lambda: [uniform((256, 256), seed).astype(numpy.float64) for seed in (1, 2)], 0)
    for batch, m, k, n in ((), 17, 31, 23), ((), 5, 300, 7), ((), 100, 100, 100), ((1000,), 4, 4, 4), ((64,), 32, 32, 32):
        name = "product/" + "x".join(map(str, (*batch, m, k, n)))
        yield name, Function("matmul", lambda a=(*batch, m, k), b=(*batch, k, n): [uniform(a, 1), uniform(b, 2)], 2,
                             lambda c=(*batch, m, n): uniform(c, 3))


def positive_definite():
    x = uniform((16, 256, 256), 1)
    return x @ x.transpose(0, 2, 1) / numpy.float32(256) + numpy.eye(256, dtype=numpy.float32)


def operations():
    heads = (4, 8, 128, 64)
    yield "einsum/attention/4x8x128x64", Function(
        "einsum_attention", lambda: [uniform(heads, seed) for seed in (1, 2, 3)], 3, lambda: uniform(heads, 4))
    million = lambda: [uniform((1_000_000,), 1)]
    yield "sort/1M", Function("sort", million, 0)
    yield "sort/1M/backward", Function("sort", million, 1, lambda: uniform((1_000_000,), 2))
    yield "topk/100_of_1M", Function("top100", million, 0)
    yield "topk/10_of_1000/1000_rows", Function("top10", lambda: [uniform((1000, 1000), 1)], 0)
    yield "cholesky/16x256x256", Function("cholesky", lambda: [positive_definite()], 0)
    yield "cholesky/16x256x256/backward", Function(
        "cholesky", lambda: [positive_definite()], 1, lambda: uniform((16, 256, 256), 2))
    images = (32, 64, 28, 28)
    yield "conv2d/3x3/32x64x28x28", Function(
        "conv2d", lambda: [uniform(images, 1), uniform((64, 64, 3, 3), 2), uniform((64,), 3)], 3,
        lambda: uniform(images, 4))
    yield "conv2d/5x5/32x16x28x28", Function(
        "conv2d", lambda: [uniform((32, 16, 28, 28), 1), uniform((32, 16, 5, 5), 2), uniform((32,), 3)], 3,
        lambda: uniform((32, 32, 28, 28), 4))
    yield "max_pool2d/2x2/32x64x28x28", Function(
        "max_pool2d", lambda: [uniform(images, 1)], 1, lambda: uniform((32, 64, 14, 14), 2))


def network(key, shapes, inputs, cotangent, of_integers=False):
    """A module whose parameters have these names and shapes; an input of integers has no derivative."""
    names = tuple(sorted(shapes))
    tracked = len(names) + (0 if of_integers else 1)
    return Function(key, lambda: [*filled(shapes), inputs()], tracked, cotangent, names=names)


def recurrent(gates, num_layers):
    shapes = {}
    for layer in range(num_layers):
        for side in ("ih", "hh"):
            shapes[f"weight_{side}_l{layer}"] = (gates * 128, 128)
            shapes[f"bias_{side}_l{layer}"] = (gates * 128,)
    return shapes


TRANSFORMER = {
    "linear1.bias": (512,), "linear1.weight": (512, 128), "linear2.bias": (128,), "linear2.weight": (128, 512),
    "norm1.bias": (128,), "norm1.weight": (128,), "norm2.bias": (128,), "norm2.weight": (128,),
    "self_attn.in_proj_bias": (384,), "self_attn.in_proj_weight": (384, 128),
    "self_attn.out_proj.bias": (128,), "self_attn.out_proj.weight": (128, 128)}  # fmt: skip


def networks():
    for key, gates in ("lstm", 4), ("gru", 3):
        for num_layers, name, steps in (2, "2x128/steps50", 50), (1, "128/steps20", 20):
            sequence = (steps, 32, 128)
            yield f"{key}/{name}/batch32", network(key, recurrent(gates, num_layers),
                                                   lambda s=sequence: uniform(s, 1), lambda s=sequence: uniform(s, 2))
    tokens = (64, 8, 128)
    yield "transformer_block/8x64x128/4heads", network(
        "transformer_block", TRANSFORMER, lambda: uniform(tokens, 1), lambda: uniform(tokens, 2))
    heads = (8, 4, 64, 32)
    for key in ("attention", "causal_attention"):
        yield f"{key}/8x4x64x32", Function(
            key, lambda: [uniform(heads, seed) for seed in (1, 2, 3)], 3, lambda: uniform(heads, 4))
    images = (32, 64, 28, 28)
    yield "batch_norm2d/32x64x28x28", network(
        "batch_norm2d", {"weight": (64,), "bias": (64,)}, lambda: uniform(images, 1), lambda: uniform(images, 2))
    yield "embedding/10000x64/4096_rows", network(
        "embedding", {"weight": (10_000, 64)}, lambda: classes(4096, 10_000, 1), lambda: uniform((4096, 64), 2), of_integers=True)
    yield "layer_norm/2048x64", network(
        "layer_norm_module", {"weight": (64,), "bias": (64,)}, lambda: uniform((2048, 64), 1),
        lambda: uniform((2048, 64), 2))


NEURONS = (2, 16, 16, 1)


def graphs():
    for n in (1, 8, 64, 1024):
        b = lambda n=n: uniform((n,), 3)
        yield f"chain100/{n}", Function(
            "chain100", lambda n=n, b=b: [uniform((n,), 1), uniform((n,), 2, 0.5, 1.5), b()], 1, b, value_first=True)
    scalars = lambda: [number for layer in layers(NEURONS) for number in layer.reshape(-1)]
    yield "neurons/2-16-16-1", Function("neurons", scalars, 337)


def derivatives():
    digits = lambda: [uniform((64, 784), 1, 0, 1), classes(64, 10, 2)]
    vectors = lambda: [uniform(w.shape, 10 + i) for i, w in enumerate(layers((784, 128, 10)))]
    yield "hvp/784-128-10/batch64", Transformed("hvp", lambda: [layers((784, 128, 10)), *digits(), vectors()])
    yield "gradient_penalty/784-128-1/batch64", Transformed(
        "gradient_penalty", lambda: [layers((784, 128, 1)), digits()[0]])
    point = lambda: uniform((100,), 1).astype(numpy.float64)
    yield "rosenbrock100/gradient", Transformed("rosenbrock_gradient", lambda: [point()])
    yield "rosenbrock100/hessian", Transformed("rosenbrock_hessian", lambda: [point()])
    for key in ("gradient", "gradient_of_each", "gradient_clipped_each"):
        yield f"{key}/784-128-10/batch64", Transformed(key, lambda: [layers((784, 128, 10)), *digits()])
    double = lambda shape, seed: uniform(shape, seed).astype(numpy.float64)
    yield "hessian/logsumexp/100", Transformed(
        "logsumexp_hessian", lambda: [double((100, 100), 1), double((100,), 2)])


def digit_batches(*sizes):
    return lambda: [(uniform((n, 784), 1, 0, 1), classes(n, 10, 2)) for n in sizes]


LENET = [(6, 1, 5, 5), (6,), (16, 6, 5, 5), (16,), (120, 400), (120,), (84, 120), (84,), (10, 84), (10,)]


def trainings():
    steps = [((784, 128, 10), "sgd", batch) for batch in (32, 64, 256)]
    steps += [((784, 512, 512, 10), rule, batch) for batch in (64, 256) for rule in ("sgd", "momentum", "adam")]
    for sizes, rule, batch in steps:
        name = f"train/{'-'.join(map(str, sizes))}/{rule}/batch{batch}"
        yield name, Training("classifier", lambda s=sizes: layers(s), digit_batches(batch), rule, RATES[rule], True)
    yield "train/784-30-10/sigmoid/batch10", Training(
        "sigmoids", lambda: layers((784, 30, 10)), lambda: [(uniform((10, 784), 1, 0, 1), uniform((10, 10), 2, 0, 1))],
        rate=3.0)
    small = lambda: layers((784, 128, 10))
    yield "train/784-128-10/sgd/varying_batches", Training("classifier", small, digit_batches(64, 32, 48, 17))
    yield "epoch/784-128-10/sgd/batch64", Training("classifier", small, digit_batches(60000), epoch_of=64)
    yield "train/2-16-16-1/tanh/batch100", Training(
        "tanh_network", lambda: layers((2, 16, 16, 1)), lambda: [(uniform((100, 2), 1), uniform((100, 1), 2))])
    for batch in (1, 16):
        steps = lambda n=batch: numpy.stack([uniform((n, 32), 10 + i) for i in range(50)])
        yield f"train/rnn-2x32/steps50/batch{batch}", Training(
            "rnn", lambda: layers((32, 32, 32, 32, 32)), lambda n=batch, s=steps: [(s(), uniform((n, 32), 1))])
    yield "lenet5/batch64", Training(
        "lenet", lambda: [uniform(shape, 20 + i, -0.1, 0.1) for i, shape in enumerate(LENET)],
        lambda: [(uniform((64, 1, 28, 28), 1, 0, 1), classes(64, 10, 2))])


def optimisers():
    all_rules = "sgd momentum adam adagrad rmsprop".split()
    for millions, rules in (1, all_rules), (10, all_rules[2:]):
        count = (millions * 1_000_000,)
        for rule in rules:
            yield f"optimiser/{rule}/{millions}M", Update(
                rule, lambda n=count: [uniform(n, 1)], lambda n=count: [uniform(n, 2, -0.01, 0.01)])
    shapes = [(32, 32), (32,)] * 100
    yield "optimiser/adamw_clipped/200_small", Update(
        "adamw", lambda: [uniform(shape, 1000 + i) for i, shape in enumerate(shapes)],
        lambda: [uniform(shape, 2000 + i, -0.1, 0.1) for i, shape in enumerate(shapes)], clipped=True)


def definitions():
    families = (trainings, graphs, elementwise, movement, products, optimisers, derivatives, operations, networks)
    return {name: definition for family in families for name, definition in family()}
