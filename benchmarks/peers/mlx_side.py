"""MLX under compile."""

import importlib.metadata
from functools import partial

import mlx.core as mx
import mlx.optimizers as optim
import numpy

import case
from case import Case, calls
from definitions import CLIPPING_NORM, MOMENTUM, RATES, Function, Training, Transformed, Update
from libraries import loaded_blas
from mlx_functions import CHANNELS_LAST, FUNCTIONS, LAYOUTS, LOSSES, NETWORKS, TRANSFORMED


def array(value):
    if isinstance(value, (list, tuple)):
        return [array(each) for each in value]
    value = numpy.asarray(value)
    return mx.array(value, dtype={"float32": mx.float32, "float64": mx.float64, "int64": mx.int64}[value.dtype.name])


def laid_out(values, layout):
    if layout is None:
        return values
    return [numpy.ascontiguousarray(v.transpose(order)) if order else v for v, order in zip(values, layout)]


def laid_back(values, layout):
    if layout is None:
        return values
    return [numpy.transpose(numpy.array(v), numpy.argsort(order)) if order else v for v, order in zip(values, layout)]


def evaluated(values):
    mx.eval(values)
    return values


def function(definition):
    key, count = definition.key, definition.tracked
    if definition.names:
        network, names = NETWORKS[key], definition.names
        f = lambda *inputs: network(dict(zip(names, inputs)), inputs[-1])
    else:
        f = FUNCTIONS[key]
    layout = LAYOUTS.get(key)
    inputs = array(laid_out(definition.inputs(), layout))
    if count == 0:
        value = mx.compile(f)
        return calls(lambda: evaluated([value(*inputs)]))

    @mx.compile
    def value_and_derivatives(inputs, cotangent):
        y, slopes = mx.vjp(lambda *tracked: f(*tracked, *inputs[count:]), inputs[:count], [cotangent])
        return [*y, *slopes] if definition.value_first else [*slopes, *y]

    cotangent = array(laid_out([definition.cotangent()], layout[-1:] if layout else None))[0]
    back = None if layout is None else (*layout[:count], layout[-1])
    of = calls(lambda: evaluated(value_and_derivatives(inputs, cotangent)))
    return Case(of.run, lambda: laid_back(of.results(), back))


def transformed(definition):
    inputs = array(definition.inputs())
    f = mx.compile(TRANSFORMED[definition.key])
    return calls(lambda: evaluated(f(*inputs)))


def rule(name, rate):
    if name in ("sgd", "momentum"):
        return optim.SGD(rate, momentum=MOMENTUM if name == "momentum" else 0.0)
    if name == "adam":
        return optim.Adam(rate, bias_correction=True)
    if name == "adamw":
        return optim.AdamW(rate, weight_decay=1e-2, bias_correction=True)
    if name == "adagrad":
        return optim.Adagrad(rate, eps=1e-10)
    return optim.RMSprop(rate, alpha=0.99, eps=1e-8)


def training(definition):
    loss, optimiser = LOSSES[definition.key], rule(definition.optimiser, definition.rate)
    lenet = (CHANNELS_LAST, None, CHANNELS_LAST, *[None] * 7) if definition.key == "lenet" else None
    model = {"parameters": array(laid_out(definition.parameters(), lenet))}
    optimiser.init(model)
    state = [model, optimiser.state]

    @partial(mx.compile, inputs=state, outputs=state)
    def step(x, y):
        value, gradients = mx.value_and_grad(lambda p: loss(p["parameters"], x, y))(model)
        model.update(optimiser.apply_gradients(gradients, model))
        return value

    batches = [array(laid_out(batch, (CHANNELS_LAST, None) if lenet else None)) for batch in definition.batches()]

    def take(x, y):
        value = step(x, y)
        mx.eval(state)
        return value.item()

    return case.training(definition, batches, take, lambda: laid_back(model["parameters"], lenet), array)


def update(definition):
    optimiser = rule(definition.optimiser, RATES[definition.optimiser])
    model, gradients = {"parameters": array(definition.parameters())}, {"parameters": array(definition.gradients())}
    optimiser.init(model)
    state = [model, optimiser.state]

    @partial(mx.compile, inputs=state, outputs=state)
    def step(gradients):
        if definition.clipped:
            gradients, _ = optim.clip_grad_norm(gradients, CLIPPING_NORM)
        model.update(optimiser.apply_gradients(gradients, model))

    def run():
        step(gradients)
        mx.eval(state)

    return Case(run, lambda: model["parameters"])


BUILDERS = {Function: function, Transformed: transformed, Training: training, Update: update}
MISSING = {"cholesky/16x256x256/backward": "MLX has no derivative of it"}


def begin(threads, variant):
    mx.set_default_device(mx.cpu)


def build(definition):
    return BUILDERS[type(definition)](definition)


def about():
    return {"name": f"MLX {importlib.metadata.version('mlx')}, compile", "blas": loaded_blas()}


def finish():
    mx.disable_compile()
    mx.enable_compile()
