"""The functions of the cases in MLX's words. Images have their channels last, as MLX has them (see LAYOUTS)."""

import mlx.core as mx
import mlx.nn as nn

import definitions


def batch_normalised(x, scale, offset, axis=0):
    mean = mx.mean(x, axis, keepdims=True)
    return (x - mean) * mx.rsqrt(mx.var(x, axis, keepdims=True) + 1e-5) * scale + offset


def cross_entropy(logits, labels):
    return nn.losses.cross_entropy(logits, labels, reduction="mean")


def polynomial(x):
    y = mx.full(x.shape, definitions.POLYNOMIAL[-1])
    for c in definitions.POLYNOMIAL[-2::-1]:
        y = y * x + c
    return y


def stencil(x):
    inner = x[1:-1, 1:-1]
    return mx.mean(mx.square(x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2] - 4 * inner))


def distances(x, y):
    return mx.sqrt(mx.sum(mx.square(x[:, None, :] - y[None, :, :]), -1))


def attention(q, k, v, mask=None):
    return mx.fast.scaled_dot_product_attention(q, k, v, scale=q.shape[-1] ** -0.5, mask=mask)


def einsum_attention(q, k, v):
    scores = mx.einsum("bhqd,bhkd->bhqk", q, k) * 0.125
    return mx.einsum("bhqk,bhkd->bhqd", mx.softmax(scores, axis=-1), v)


def conv2d(x, weight, bias, padding=None):
    return mx.conv2d(x, weight, padding=weight.shape[1] // 2 if padding is None else padding) + bias


max_pool2d = nn.MaxPool2d(2, 2)


def lstm(p, layer, x):
    w_ih, w_hh, b_ih, b_hh = (p[f"{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    gates = mx.addmm(b_ih + b_hh, x, w_ih.T)
    h = c = mx.zeros(x.shape[1:])
    states = []
    for t in range(x.shape[0]):
        i, f, g, o = mx.split(mx.addmm(gates[t], h, w_hh.T), 4, axis=-1)
        c = mx.sigmoid(f) * c + mx.sigmoid(i) * mx.tanh(g)
        h = mx.sigmoid(o) * mx.tanh(c)
        states.append(h)
    return mx.stack(states)


def gru(p, layer, x):
    w_ih, w_hh, b_ih, b_hh = (p[f"{kind}_l{layer}"] for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    gates = mx.addmm(b_ih, x, w_ih.T)
    h = mx.zeros(x.shape[1:])
    states = []
    for t in range(x.shape[0]):
        ir, iz, n = mx.split(gates[t], 3, axis=-1)
        hr, hz, hn = mx.split(mx.addmm(b_hh, h, w_hh.T), 3, axis=-1)
        r, z = mx.sigmoid(ir + hr), mx.sigmoid(iz + hz)
        h = (1 - z) * mx.tanh(n + r * hn) + z * h
        states.append(h)
    return mx.stack(states)


def recurrent(layer_of):
    def apply(parameters, x):
        for layer in range(len(parameters) // 4):
            x = layer_of(parameters, layer, x)
        return x

    return apply


def layer_norm(x, weight, bias):
    return mx.fast.layer_norm(x, weight, bias, 1e-5)


def transformer_block(p, x):
    steps, batch, width = x.shape

    def heads(t):
        return t.reshape(steps, batch, 4, width // 4).transpose(1, 2, 0, 3)

    q, k, v = map(heads, mx.split(mx.addmm(p["self_attn.in_proj_bias"], x, p["self_attn.in_proj_weight"].T), 3, axis=-1))
    mixed = attention(q, k, v).transpose(2, 0, 1, 3).reshape(x.shape)
    x = x + mx.addmm(p["self_attn.out_proj.bias"], mixed, p["self_attn.out_proj.weight"].T)
    x = layer_norm(x, p["norm1.weight"], p["norm1.bias"])
    hidden = nn.relu(mx.addmm(p["linear1.bias"], x, p["linear1.weight"].T))
    x = x + mx.addmm(p["linear2.bias"], hidden, p["linear2.weight"].T)
    return layer_norm(x, p["norm2.weight"], p["norm2.bias"])


def chain100(x, a, b):
    for _ in range(25):
        x = mx.tanh(x * a + b) - a
    return x


def neurons(*weights):
    x, weights = [0.3, -0.7], list(weights)
    for fan_in, fan_out in zip(definitions.NEURONS, definitions.NEURONS[1:]):
        w, b = weights[: fan_in * fan_out], weights[fan_in * fan_out : fan_in * fan_out + fan_out]
        weights = weights[fan_in * fan_out + fan_out :]
        sums = [b[i] + sum(w[i * fan_in + j] * x[j] for j in range(fan_in)) for i in range(fan_out)]
        x = [mx.tanh(y) for y in sums] if weights else sums
    return mx.square(x[0] - 0.5)


FUNCTIONS = {
    "softmax": lambda x: mx.softmax(x, axis=1),
    "log_softmax": lambda x: nn.log_softmax(x, axis=1),
    "sigmoid": mx.sigmoid,
    "tanh": mx.tanh,
    "silu": nn.silu,
    "exp": mx.exp,
    "gelu": nn.gelu,
    "relu": nn.relu,
    "sin": mx.sin,
    "cos": mx.cos,
    "atan": mx.arctan,
    "pow": lambda x: x**2.5,
    "layer_norm": layer_norm,
    "batch_norm": batch_normalised,
    "cross_entropy": cross_entropy,
    "mse": lambda x, y: nn.losses.mse_loss(x, y, reduction="mean"),
    "polynomial": polynomial,
    "log1p_exp_sin": lambda x: mx.log1p(mx.exp(mx.sin(x))),
    "stencil": stencil,
    "difference": lambda x: mx.mean(mx.square(x[1:] - x[:-1])),
    "sin_of_transposed": lambda a, b: mx.sin(a.T * b),
    "product_of_elements": lambda a, b: a * b,
    "mean_of_middle": lambda x: mx.mean(x, axis=1),
    "cumsum": lambda x: mx.cumsum(x, axis=1),
    "prod": lambda x: mx.prod(x, axis=1),
    "distances": distances,
    "matmul": mx.matmul,
    "einsum_attention": einsum_attention,
    "sort": mx.sort,
    # MLX's topk gives them in no order.
    "top100": lambda x: mx.sort(mx.topk(x, 100), axis=-1)[..., ::-1],
    "top10": lambda x: mx.sort(mx.topk(x, 10), axis=-1)[..., ::-1],
    "cholesky": lambda x: mx.linalg.cholesky(x, stream=mx.cpu),
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "attention": attention,
    "causal_attention": lambda q, k, v: attention(q, k, v, "causal"),
    "chain100": chain100,
    "neurons": neurons,
}

NETWORKS = {
    "lstm": recurrent(lstm),
    "gru": recurrent(gru),
    "transformer_block": transformer_block,
    "batch_norm2d": lambda p, x: batch_normalised(x, p["weight"], p["bias"], (0, 1, 2)),
    "embedding": lambda p, indices: p["weight"][indices],
    "layer_norm_module": lambda p, x: layer_norm(x, p["weight"], p["bias"]),
}

# Where MLX has the axes of an input in another order: to that order, for each input and the cotangent.
CHANNELS_LAST = (0, 2, 3, 1)
LAYOUTS = {
    "conv2d": (CHANNELS_LAST, CHANNELS_LAST, None, CHANNELS_LAST),
    "max_pool2d": (CHANNELS_LAST, CHANNELS_LAST),
    "batch_norm2d": (None, None, CHANNELS_LAST, CHANNELS_LAST),
}


# ---- losses, of a list of parameters and a batch -------------------------------------------------------------------


def dense(parameters, x, activation):
    for i in range(0, len(parameters), 2):
        x = mx.addmm(parameters[i + 1], x, parameters[i].T)
        if i + 2 < len(parameters):
            x = activation(x)
    return x


def classifier(parameters, x, labels):
    return cross_entropy(dense(parameters, x, nn.relu), labels)


def sigmoids(parameters, x, targets):
    return 0.5 * mx.sum(mx.square(mx.sigmoid(dense(parameters, x, mx.sigmoid)) - targets)) / len(x)


def rnn(parameters, steps, target):
    def cell(w, x, h):
        return mx.tanh(mx.addmm(w[1], x, w[0].T) + mx.addmm(w[3], h, w[2].T))

    low = high = mx.zeros(target.shape)
    for t in range(steps.shape[0]):
        low = cell(parameters[:4], steps[t], low)
        high = cell(parameters[4:], low, high)
    return nn.losses.mse_loss(high, target, reduction="mean")


def lenet(w, images, labels):
    """Weights of convolutions and images have their channels last; the first dense layer reads them first."""
    x = max_pool2d(nn.relu(conv2d(images, w[0], w[1])))
    x = max_pool2d(nn.relu(conv2d(x, w[2], w[3], 0)))
    x = x.transpose(0, 3, 1, 2).reshape(len(x), -1)
    return cross_entropy(dense(w[4:], x, nn.relu), labels)


LOSSES = {
    "classifier": classifier,
    "sigmoids": sigmoids,
    "tanh_network": lambda p, x, y: nn.losses.mse_loss(dense(p, x, mx.tanh), y, reduction="mean"),
    "rnn": rnn,
    "lenet": lenet,
}


# ---- transformations -----------------------------------------------------------------------------------------------


def hvp(parameters, x, labels, vectors):
    gradient = mx.grad(lambda *p: classifier(p, x, labels), argnums=tuple(range(len(parameters))))
    return mx.jvp(gradient, parameters, vectors)[1]


def gradient_penalty(parameters, images):
    def penalty(w, b, v):
        slope = mx.grad(lambda x: mx.sum(dense([w, b, v, parameters[3]], x, mx.tanh)))(images)
        return mx.mean(mx.square(mx.sqrt(mx.sum(mx.square(slope), 1)) - 1))

    return mx.grad(penalty, argnums=(0, 1, 2))(*parameters[:3])


def rosenbrock(x):
    return mx.sum(100 * mx.square(x[1:] - mx.square(x[:-1])) + mx.square(1 - x[:-1]))


def hessian(f, x):
    return mx.vmap(lambda v: mx.jvp(mx.grad(f), [x], [v])[1][0])(mx.eye(x.size, dtype=x.dtype))


def gradient_of_each(parameters, x, labels):
    def of_one(p, image, label):
        return mx.grad(classifier)(p, image[None], label[None])

    return mx.vmap(of_one, in_axes=(None, 0, 0))(parameters, x, labels)


def gradient_clipped_each(parameters, x, labels):
    gradients = gradient_of_each(parameters, x, labels)
    norms = mx.sqrt(sum(mx.sum(mx.square(g.reshape(len(x), -1)), 1) for g in gradients))
    factor = mx.minimum(1, 1 / norms) / len(x)
    return [mx.tensordot(factor, g, 1) for g in gradients]


TRANSFORMED = {
    "hvp": hvp,
    "gradient_penalty": gradient_penalty,
    "rosenbrock_gradient": lambda x: list(mx.value_and_grad(rosenbrock)(x)),
    "rosenbrock_hessian": lambda x: [hessian(rosenbrock, x)],
    "gradient": lambda p, x, labels: mx.grad(classifier)(p, x, labels),
    "gradient_of_each": gradient_of_each,
    "gradient_clipped_each": gradient_clipped_each,
    "logsumexp_hessian": lambda a, x: [hessian(lambda t: mx.logsumexp(a @ t), x)],
}
