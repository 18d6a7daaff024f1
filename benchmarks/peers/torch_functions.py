"""The functions of the cases in PyTorch's words."""

import math

import torch
from torch.nn import functional

import definitions


def polynomial(x):
    y = torch.full_like(x, definitions.POLYNOMIAL[-1])
    for c in definitions.POLYNOMIAL[-2::-1]:
        y = y * x + c
    return y


def stencil(x):
    inner = x[1:-1, 1:-1]
    return (x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2] - 4 * inner).square().mean()


def einsum_attention(q, k, v):
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * 0.125
    return torch.einsum("bhqk,bhkd->bhqd", torch.softmax(scores, -1), v)


def attention(q, k, v, causal=False):
    if hasattr(functional, "scaled_dot_product_attention"):  # from PyTorch 2 on
        return functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    if causal:
        scores = scores.masked_fill(torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1), -math.inf)
    return torch.softmax(scores, -1) @ v


def chain100(x, a, b):
    for _ in range(25):
        x = torch.tanh(x * a + b) - a
    return x


def neurons(*weights):
    x, weights = [0.3, -0.7], list(weights)
    for fan_in, fan_out in zip(definitions.NEURONS, definitions.NEURONS[1:]):
        w, b = weights[: fan_in * fan_out], weights[fan_in * fan_out : fan_in * fan_out + fan_out]
        weights = weights[fan_in * fan_out + fan_out :]
        sums = [b[i] + sum(w[i * fan_in + j] * x[j] for j in range(fan_in)) for i in range(fan_out)]
        x = [torch.tanh(y) for y in sums] if weights else sums
    return torch.square(x[0] - 0.5)


FUNCTIONS = {
    "softmax": lambda x: torch.softmax(x, 1),
    "log_softmax": lambda x: torch.log_softmax(x, 1),
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "silu": functional.silu,
    "exp": torch.exp,
    "gelu": lambda x: functional.gelu(x),
    "relu": torch.relu,
    "sin": torch.sin,
    "cos": torch.cos,
    "atan": torch.atan,
    "pow": lambda x: x**2.5,
    "layer_norm": lambda x, scale, offset: functional.layer_norm(x, scale.shape, scale, offset),
    "batch_norm": lambda x, scale, offset: functional.batch_norm(x, None, None, scale, offset, training=True),
    "cross_entropy": lambda x, labels: functional.cross_entropy(x, labels),
    "mse": lambda x, y: functional.mse_loss(x, y),
    "polynomial": polynomial,
    "log1p_exp_sin": lambda x: torch.log1p(torch.exp(torch.sin(x))),
    "stencil": stencil,
    "difference": lambda x: (x[1:] - x[:-1]).square().mean(),
    "sin_of_transposed": lambda a, b: torch.sin(a.T * b),
    "product_of_elements": lambda a, b: a * b,
    "mean_of_middle": lambda x: x.mean(1),
    "cumsum": lambda x: torch.cumsum(x, 1),
    "prod": lambda x: torch.prod(x, 1),
    "distances": lambda x, y: torch.cdist(x, y),
    "matmul": lambda a, b: a @ b,
    "einsum_attention": einsum_attention,
    "sort": lambda x: torch.sort(x, stable=True).values,
    "top100": lambda x: torch.topk(x, 100).values,
    "top10": lambda x: torch.topk(x, 10).values,
    "cholesky": lambda x: torch.linalg.cholesky(x),
    "conv2d": lambda x, weight, bias: functional.conv2d(x, weight, bias, padding=weight.shape[-1] // 2),
    "max_pool2d": lambda x: functional.max_pool2d(x, 2),
    "attention": attention,
    "causal_attention": lambda q, k, v: attention(q, k, v, True),
    "chain100": chain100,
    "neurons": neurons,
}


class First(torch.nn.Module):
    """The first of what a module gives."""

    def __init__(self, module):
        super().__init__()
        self.module = module

    def forward(self, x):
        return self.module(x)[0]


def layers_of(definition):
    return sum(name.startswith("weight_ih") for name in definition.names)


NETWORKS = {
    "lstm": lambda d: First(torch.nn.LSTM(128, 128, layers_of(d))),
    "gru": lambda d: First(torch.nn.GRU(128, 128, layers_of(d))),
    "transformer_block": lambda d: torch.nn.TransformerEncoderLayer(128, 4, 512, 0.0),
    "batch_norm2d": lambda d: torch.nn.BatchNorm2d(64),
    "embedding": lambda d: torch.nn.Embedding(10_000, 64),
    "layer_norm_module": lambda d: torch.nn.LayerNorm(64),
}


# ---- losses: of a module, of whose parameters there are as many as in the definition, and a batch -------------------


def dense(sizes, activation):
    modules = []
    for i in range(1, len(sizes)):
        modules.append(torch.nn.Linear(sizes[i - 1], sizes[i]))
        if i + 1 < len(sizes):
            modules.append(activation())
    return torch.nn.Sequential(*modules)


class Recurrent(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.cells = torch.nn.ModuleList(torch.nn.Linear(32, 32) for _ in range(4))

    def forward(self, steps):
        low = high = torch.zeros_like(steps[0])
        a, b, c, d = self.cells
        for x in steps:
            low = torch.tanh(a(x) + b(low))
            high = torch.tanh(c(low) + d(high))
        return high


def lenet():
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), *dense((400, 120, 84, 10), nn.ReLU))  # fmt: skip


def sizes_of(parameters):
    return [parameters[0].shape[1], *(weight.shape[0] for weight in parameters[::2])]


def half_squared_error(x, y):
    return 0.5 * functional.mse_loss(x, y, reduction="sum") / len(x)


def mse(x, y):
    return functional.mse_loss(x, y)


def cross_entropy(x, labels):
    return functional.cross_entropy(x, labels)


# The module for parameters of such shapes, and the loss of what it gives.
LOSSES = {
    "classifier": (lambda p: dense(sizes_of(p), torch.nn.ReLU), cross_entropy),
    "sigmoids": (lambda p: torch.nn.Sequential(dense(sizes_of(p), torch.nn.Sigmoid), torch.nn.Sigmoid()),
                 half_squared_error),
    "tanh_network": (lambda p: dense(sizes_of(p), torch.nn.Tanh), mse),
    "rnn": (lambda p: Recurrent(), mse),
    "lenet": (lambda p: lenet(), cross_entropy),
}


# ---- transformations: by torch.func, from PyTorch 2 on --------------------------------------------------------------


def classifier(p, x, labels):
    return functional.cross_entropy(functional.linear(torch.relu(functional.linear(x, p[0], p[1])), p[2], p[3]), labels)


def hvp(parameters, x, labels, vectors):
    gradient = torch.func.grad(lambda p: classifier(p, x, labels))
    return torch.func.jvp(gradient, (tuple(parameters),), (tuple(vectors),))[1]


def gradient_penalty(parameters, images):
    def penalty(weights):
        w, b, v = weights

        def score(x):
            return functional.linear(torch.tanh(functional.linear(x, w, b)), v, parameters[3]).sum()

        slope = torch.func.grad(score)(images)
        return (slope.square().sum(1).sqrt() - 1).square().mean()

    return torch.func.grad(penalty)(tuple(parameters[:3]))


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1].square()).square() + (1 - x[:-1]).square()).sum()


def value_first(f):
    def both(x):
        gradient, value = torch.func.grad_and_value(f)(x)
        return value, gradient

    return both


def gradient_of_each(parameters, x, labels):
    of_one = torch.func.grad(lambda p, image, label: classifier(p, image[None], label[None]))
    return torch.func.vmap(of_one, in_dims=(None, 0, 0))(tuple(parameters), x, labels)


def gradient_clipped_each(parameters, x, labels):
    gradients = gradient_of_each(parameters, x, labels)
    norms = sum(g.flatten(1).square().sum(1) for g in gradients).sqrt()
    factor = (1 / norms).clamp(max=1) / len(x)
    return [torch.tensordot(factor, g, 1) for g in gradients]


TRANSFORMED = {
    "hvp": hvp,
    "gradient_penalty": gradient_penalty,
    "rosenbrock_gradient": value_first(rosenbrock),
    "rosenbrock_hessian": lambda x: [torch.func.hessian(rosenbrock)(x)],
    "gradient": lambda p, x, labels: torch.func.grad(classifier)(tuple(p), x, labels),
    "gradient_of_each": gradient_of_each,
    "gradient_clipped_each": gradient_clipped_each,
    "logsumexp_hessian": lambda a, x: [torch.func.hessian(lambda t: torch.logsumexp(a @ t, 0))(x)],
}
