"""JAX under jit."""

import functools

import jax
import jax.numpy as jnp
import numpy
import optax

import case
from case import Case, calls
from definitions import CLIPPING_NORM, MOMENTUM, RATES, Function, Training, Transformed, Update
from jax_functions import FUNCTIONS, LOSSES, NETWORKS, TRANSFORMED


def arrays(tree):
    leaves = jax.tree.leaves(tree)
    jax.config.update("jax_enable_x64", any(getattr(leaf, "dtype", None) == numpy.float64 for leaf in leaves))
    return jax.tree.map(jnp.asarray, tree)


def function(definition):
    if definition.names:
        network, names = NETWORKS[definition.key], definition.names
        f = lambda *inputs: network(dict(zip(names, inputs)), inputs[-1])
    else:
        f = FUNCTIONS[definition.key]
    count = definition.tracked

    @jax.jit
    def value_and_derivatives(inputs, cotangent):
        y, pull = jax.vjp(lambda *tracked: f(*tracked, *inputs[count:]), *inputs[:count])
        return (y, *pull(cotangent)) if definition.value_first else (*pull(cotangent), y)

    inputs = arrays(definition.inputs())
    if count == 0:
        value = jax.jit(f)
        return calls(lambda: jax.block_until_ready([value(*inputs)]))
    cotangent = jnp.asarray(definition.cotangent())
    return calls(lambda: jax.block_until_ready(value_and_derivatives(inputs, cotangent)))


def transformed(definition):
    inputs = arrays(definition.inputs())
    f = jax.jit(TRANSFORMED[definition.key])
    return calls(lambda: jax.block_until_ready(f(*inputs)))


def adagrad(rate, eps=1e-10):
    """As PyTorch has it: optax.adagrad adds eps below the root."""

    def init(parameters):
        return jax.tree.map(jnp.zeros_like, parameters)

    def update(gradients, sums, parameters=None):
        sums = jax.tree.map(lambda s, g: s + g * g, sums, gradients)
        return jax.tree.map(lambda s, g: -rate * g / (jnp.sqrt(s) + eps), sums, gradients), sums

    return optax.GradientTransformation(init, update)


def rule(name, rate):
    if name == "momentum":
        return optax.sgd(rate, momentum=MOMENTUM)
    if name == "adagrad":
        return adagrad(rate)
    if name == "rmsprop":
        return optax.rmsprop(rate, decay=0.99, eps=1e-8, eps_in_sqrt=False)
    if name == "adamw":
        return optax.adamw(rate, weight_decay=1e-2)
    return {"sgd": optax.sgd, "adam": optax.adam}[name](rate)


def training(definition):
    loss = LOSSES[definition.key]
    optimiser = rule(definition.optimiser, definition.rate)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters, state, x, y):
        value, gradients = jax.value_and_grad(loss)(parameters, x, y)
        updates, state = optimiser.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state, value

    parameters, batches = arrays(definition.parameters()), arrays(definition.batches())
    here = {"parameters": parameters, "state": optimiser.init(parameters)}

    def take(x, y):
        here["parameters"], here["state"], value = step(here["parameters"], here["state"], x, y)
        jax.block_until_ready(here["parameters"])
        return float(value)

    return case.training(definition, batches, take, lambda: here["parameters"])


def update(definition):
    optimiser = rule(definition.optimiser, RATES[definition.optimiser])
    if definition.clipped:
        optimiser = optax.chain(optax.clip_by_global_norm(CLIPPING_NORM), optimiser)

    @functools.partial(jax.jit, donate_argnums=(0, 1))
    def step(parameters, state, gradients):
        updates, state = optimiser.update(gradients, state, parameters)
        return optax.apply_updates(parameters, updates), state

    parameters, gradients = arrays(definition.parameters()), arrays(definition.gradients())
    here = {"parameters": parameters, "state": optimiser.init(parameters)}

    def run():
        here["parameters"], here["state"] = jax.block_until_ready(
            step(here["parameters"], here["state"], gradients))

    return Case(run, lambda: here["parameters"])


BUILDERS = {Function: function, Transformed: transformed, Training: training, Update: update}
MISSING = {}


def build(definition):
    return BUILDERS[type(definition)](definition)


def about():
    return {"name": f"JAX {jax.__version__}, jit", "blas": "none, XLA's own products; SciPy's OpenBLAS for factorisations"}


def finish():
    jax.clear_caches()
