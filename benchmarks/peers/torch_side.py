"""PyTorch, eager and under torch.compile."""

import os
import re
import tempfile

import torch

import case
from case import Case, NotThere, calls
from definitions import CLIPPING_NORM, MOMENTUM, RATES, Function, Training, Transformed, Update
from libraries import loaded_blas
from torch_functions import FUNCTIONS, LOSSES, NETWORKS, TRANSFORMED

compiling = False


def begin(threads, variant):
    global compiling
    compiling = variant == "compile"
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    if compiling:
        link_with_own_libraries()


def link_with_own_libraries():
    """Inductor looks for libraries in the system's folder first, where Debian's libtorch is: what it compiles would
    not load, and it would fall back to code without vectors in silence."""
    import torch._inductor.config as config
    from torch._inductor.cpu_vec_isa import pick_vec_isa

    compiler = os.path.join(tempfile.mkdtemp(), "g++")
    with open(compiler, "w") as file:
        file.write(f'#!/bin/sh\nexec g++ -L"{os.path.dirname(torch.__file__)}/lib" "$@"\n')
    os.chmod(compiler, 0o755)
    config.cpp.cxx = (None, compiler)
    if not pick_vec_isa():
        raise SystemExit("torch.compile finds no vectors that it can use")


def compiled(f):
    return torch.compile(f) if compiling else f


def tensors(value):
    if isinstance(value, (list, tuple)):
        return [tensors(each) for each in value]
    return torch.tensor(value)


def numbers(values):
    return [value.detach().cpu().numpy().copy() if torch.is_tensor(value) else value for value in values]


def assign(module, names, values):
    """Gives the parameters of these names values; of all of them in order without names."""
    parameters = dict(module.named_parameters())
    with torch.no_grad():
        for name, value in zip(names or parameters, values):
            parameters[name].copy_(value)
    return [parameters[name] for name in names or parameters]


def function(definition):
    inputs, cotangent = tensors(definition.inputs()), torch.tensor(definition.cotangent())
    count = definition.tracked
    if definition.names:
        module = NETWORKS[definition.key](definition)
        prefix = "module." if hasattr(module, "module") else ""
        parameters = assign(module, [prefix + name for name in definition.names], inputs)
        f, inputs = compiled(module), inputs[len(parameters) :]
        tracked = [*parameters, *(x.requires_grad_() for x in inputs if x.is_floating_point())]
    else:
        f = compiled(FUNCTIONS[definition.key])
        tracked = [x.requires_grad_() for x in inputs[:count]]

    def run():
        y = f(*inputs)
        if not tracked:
            return [y]
        slopes = torch.autograd.grad(y, tracked, cotangent)
        return [y, *slopes] if definition.value_first else [*slopes, y]

    of = calls(run)
    return Case(of.run, lambda: numbers(of.results()))


def transformed(definition):
    if not hasattr(torch, "func"):
        raise NotThere("it has no torch.func")
    inputs = tensors(definition.inputs())
    f = compiled(TRANSFORMED[definition.key])
    of = calls(lambda: f(*inputs))
    return Case(of.run, lambda: numbers(of.results()))


def rule(name, parameters, rate):
    if name in ("sgd", "momentum"):
        return torch.optim.SGD(parameters, rate, momentum=MOMENTUM if name == "momentum" else 0)
    rules = {"adam": "Adam", "adamw": "AdamW", "adagrad": "Adagrad", "rmsprop": "RMSprop"}
    return getattr(torch.optim, rules[name])(parameters, rate)


def training(definition):
    make, loss = LOSSES[definition.key]
    values = tensors(definition.parameters())
    module = make(values)
    parameters = assign(module, None, values)
    optimiser = rule(definition.optimiser, parameters, definition.rate)
    error = compiled(lambda x, y: loss(module(x), y))
    update_parameters = compiled(optimiser.step)

    def step(x, y):
        optimiser.zero_grad()
        value = error(x, y)
        value.backward()
        update_parameters()
        return value.item()

    return case.training(definition, tensors(definition.batches()), step, lambda: numbers(parameters))


def update(definition):
    parameters = [p.requires_grad_() for p in tensors(definition.parameters())]
    for parameter, gradient in zip(parameters, tensors(definition.gradients())):
        parameter.grad = gradient
    optimiser = rule(definition.optimiser, parameters, RATES[definition.optimiser])

    def step():
        if definition.clipped:
            torch.nn.utils.clip_grad_norm_(parameters, CLIPPING_NORM)
        optimiser.step()

    return Case(compiled(step), lambda: numbers(parameters))


BUILDERS = {Function: function, Transformed: transformed, Training: training, Update: update}
MISSING = {}


def build(definition):
    return BUILDERS[type(definition)](definition)


def about():
    told = re.search(r"oneAPI Math Kernel Library Version [\d.]+", torch.__config__.show())
    variant = "compile" if compiling else "eager"
    return {"name": f"PyTorch {torch.__version__}, {variant}", "blas": told.group() if told else loaded_blas()}


def finish():
    if compiling:
        torch._dynamo.reset()
