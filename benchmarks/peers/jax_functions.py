"""The functions of the cases in JAX's words."""

import jax
import jax.numpy as jnp
import optax
from jax import lax

import definitions


def normalised(x, scale, offset, axis):
    mean = x.mean(axis, keepdims=True)
    return (x - mean) * lax.rsqrt(x.var(axis, keepdims=True) + 1e-5) * scale + offset


def cross_entropy(logits, labels):
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def polynomial(x):
    y = jnp.full_like(x, definitions.POLYNOMIAL[-1])
    for c in definitions.POLYNOMIAL[-2::-1]:
        y = y * x + c
    return y


def stencil(x):
    inner = x[1:-1, 1:-1]
    return jnp.mean(jnp.square(x[2:, 1:-1] + x[:-2, 1:-1] + x[1:-1, 2:] + x[1:-1, :-2] - 4 * inner))


def distances(x, y):
    return jnp.sqrt(jnp.sum(jnp.square(x[:, None, :] - y[None, :, :]), -1))


def attention(q, k, v, mask=None):
    scores = jnp.einsum("bhqd,bhkd->bhqk", q, k) / jnp.sqrt(q.shape[-1]).astype(q.dtype)
    if mask is not None:
        scores = jnp.where(mask, scores, -jnp.inf)
    return jnp.einsum("bhqk,bhkd->bhqd", jax.nn.softmax(scores, -1), v)


def causal_attention(q, k, v):
    return attention(q, k, v, jnp.tril(jnp.ones((q.shape[-2], k.shape[-2]), bool)))


def conv2d(x, weight, bias, padding="SAME"):
    return lax.conv(x, weight, (1, 1), padding) + bias[:, None, None]


def max_pool2d(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def lstm_step(gates, state, weight, bias):
    h, c = state
    i, f, g, o = jnp.split(gates + h @ weight.T + bias, 4, -1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return jax.nn.sigmoid(o) * jnp.tanh(c), c


def gru_step(gates, state, weight, bias):
    (h,) = state
    ir, iz, n = jnp.split(gates, 3, -1)
    hr, hz, hn = jnp.split(h @ weight.T + bias, 3, -1)
    r, z = jax.nn.sigmoid(ir + hr), jax.nn.sigmoid(iz + hz)
    return ((1 - z) * jnp.tanh(n + r * hn) + z * h,)


def recurrent(step, states):
    """Layers of a recurrent network: parameters by PyTorch's names, x [T, N, E]."""

    def apply(parameters, x):
        for layer in range(len(parameters) // 4):
            w_ih, w_hh, b_ih, b_hh = (parameters[f"{kind}_l{layer}"]
                                      for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))

            def body(state, gates):
                state = step(gates, state, w_hh, b_hh)
                return state, state[0]

            start = (jnp.zeros(x.shape[1:], x.dtype),) * states
            _, x = lax.scan(body, start, x @ w_ih.T + b_ih)
        return x

    return apply


def transformer_block(p, x):
    steps, batch, width = x.shape

    def heads(t):
        return t.reshape(steps, batch, 4, width // 4).transpose(1, 2, 0, 3)

    q, k, v = map(heads, jnp.split(x @ p["self_attn.in_proj_weight"].T + p["self_attn.in_proj_bias"], 3, -1))
    mixed = attention(q, k, v).transpose(2, 0, 1, 3).reshape(x.shape)
    x = x + mixed @ p["self_attn.out_proj.weight"].T + p["self_attn.out_proj.bias"]
    x = normalised(x, p["norm1.weight"], p["norm1.bias"], -1)
    hidden = jax.nn.relu(x @ p["linear1.weight"].T + p["linear1.bias"])
    x = x + hidden @ p["linear2.weight"].T + p["linear2.bias"]
    return normalised(x, p["norm2.weight"], p["norm2.bias"], -1)


def batch_norm2d(p, x):
    return normalised(x, p["weight"][:, None, None], p["bias"][:, None, None], (0, 2, 3))


def chain100(x, a, b):
    for _ in range(25):
        x = jnp.tanh(x * a + b) - a
    return x


def neurons(*weights):
    x, weights = [0.3, -0.7], list(weights)
    for fan_in, fan_out in zip(definitions.NEURONS, definitions.NEURONS[1:]):
        w, b = weights[: fan_in * fan_out], weights[fan_in * fan_out : fan_in * fan_out + fan_out]
        weights = weights[fan_in * fan_out + fan_out :]
        sums = [b[i] + sum(w[i * fan_in + j] * x[j] for j in range(fan_in)) for i in range(fan_out)]
        x = [jnp.tanh(y) for y in sums] if weights else sums
    return jnp.square(x[0] - 0.5)


FUNCTIONS = {
    "softmax": lambda x: jax.nn.softmax(x, 1),
    "log_softmax": lambda x: jax.nn.log_softmax(x, 1),
    "sigmoid": jax.nn.sigmoid,
    "tanh": jnp.tanh,
    "silu": jax.nn.silu,
    "exp": jnp.exp,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "relu": jax.nn.relu,
    "sin": jnp.sin,
    "cos": jnp.cos,
    "atan": jnp.arctan,
    "pow": lambda x: x**2.5,
    "layer_norm": lambda x, scale, offset: normalised(x, scale, offset, 1),
    "batch_norm": lambda x, scale, offset: normalised(x, scale, offset, 0),
    "cross_entropy": cross_entropy,
    "mse": lambda x, y: jnp.mean(jnp.square(x - y)),
    "polynomial": polynomial,
    "log1p_exp_sin": lambda x: jnp.log1p(jnp.exp(jnp.sin(x))),
    "stencil": stencil,
    "difference": lambda x: jnp.mean(jnp.square(x[1:] - x[:-1])),
    "sin_of_transposed": lambda a, b: jnp.sin(a.T * b),
    "product_of_elements": lambda a, b: a * b,
    "mean_of_middle": lambda x: jnp.mean(x, 1),
    "cumsum": lambda x: jnp.cumsum(x, 1),
    "prod": lambda x: jnp.prod(x, 1),
    "distances": distances,
    "matmul": jnp.matmul,
    "einsum_attention": attention,
    "sort": jnp.sort,
    "top100": lambda x: lax.top_k(x, 100)[0],
    "top10": lambda x: lax.top_k(x, 10)[0],
    "cholesky": jnp.linalg.cholesky,
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "attention": attention,
    "causal_attention": causal_attention,
    "chain100": chain100,
    "neurons": neurons,
}

# These take their parameters by name, and x.
NETWORKS = {
    "lstm": recurrent(lstm_step, 2),
    "gru": recurrent(gru_step, 1),
    "transformer_block": transformer_block,
    "batch_norm2d": batch_norm2d,
    "embedding": lambda p, indices: p["weight"][indices],
    "layer_norm_module": lambda p, x: normalised(x, p["weight"], p["bias"], -1),
}


# ---- losses, of a list of parameters and a batch -------------------------------------------------------------------


def dense(parameters, x, activation):
    for i in range(0, len(parameters), 2):
        x = x @ parameters[i].T + parameters[i + 1]
        if i + 2 < len(parameters):
            x = activation(x)
    return x


def classifier(parameters, x, labels):
    return cross_entropy(dense(parameters, x, jax.nn.relu), labels)


def sigmoids(parameters, x, targets):
    return 0.5 * jnp.sum(jnp.square(jax.nn.sigmoid(dense(parameters, x, jax.nn.sigmoid)) - targets)) / len(x)


def rnn(parameters, steps, target):
    def cell(w, x, h):
        return jnp.tanh(x @ w[0].T + w[1] + h @ w[2].T + w[3])

    def body(state, x):
        low = cell(parameters[:4], x, state[0])
        return (low, cell(parameters[4:], low, state[1])), None

    (_, high), _ = lax.scan(body, (jnp.zeros_like(target),) * 2, steps)
    return jnp.mean(jnp.square(high - target))


def lenet(w, images, labels):
    x = max_pool2d(jax.nn.relu(conv2d(images, w[0], w[1])))
    x = max_pool2d(jax.nn.relu(conv2d(x, w[2], w[3], "VALID")))
    return cross_entropy(dense(w[4:], x.reshape(len(x), -1), jax.nn.relu), labels)


LOSSES = {
    "classifier": classifier,
    "sigmoids": sigmoids,
    "tanh_network": lambda p, x, y: jnp.mean(jnp.square(dense(p, x, jnp.tanh) - y)),
    "rnn": rnn,
    "lenet": lenet,
}


# ---- transformations -----------------------------------------------------------------------------------------------


def hvp(parameters, x, labels, vectors):
    return jax.jvp(jax.grad(lambda p: classifier(p, x, labels)), (parameters,), (vectors,))[1]


def gradient_penalty(parameters, images):
    def penalty(weights):
        slope = jax.grad(lambda x: jnp.sum(dense([*weights, parameters[3]], x, jnp.tanh)))(images)
        return jnp.mean(jnp.square(jnp.sqrt(jnp.sum(jnp.square(slope), 1)) - 1))

    return jax.grad(penalty)(parameters[:3])


def rosenbrock(x):
    return jnp.sum(100 * jnp.square(x[1:] - jnp.square(x[:-1])) + jnp.square(1 - x[:-1]))


def gradient_of_each(parameters, x, labels):
    of_one = jax.grad(lambda p, image, label: classifier(p, image[None], label[None]))
    return jax.vmap(of_one, in_axes=(None, 0, 0))(parameters, x, labels)


def gradient_clipped_each(parameters, x, labels):
    gradients = gradient_of_each(parameters, x, labels)
    norms = jnp.sqrt(sum(jnp.sum(jnp.square(g.reshape(len(x), -1)), 1) for g in gradients))
    factor = jnp.minimum(1, 1 / norms) / len(x)
    return [jnp.tensordot(factor, g, 1) for g in gradients]


TRANSFORMED = {
    "hvp": hvp,
    "gradient_penalty": gradient_penalty,
    "rosenbrock_gradient": lambda x: jax.value_and_grad(rosenbrock)(x),
    "rosenbrock_hessian": lambda x: [jax.hessian(rosenbrock)(x)],
    "gradient": jax.grad(classifier),
    "gradient_of_each": gradient_of_each,
    "gradient_clipped_each": gradient_clipped_each,
    "logsumexp_hessian": lambda a, x: [jax.hessian(lambda t: jax.nn.logsumexp(a @ t))(x)],
}
