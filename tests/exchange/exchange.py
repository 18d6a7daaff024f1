"""Weights, outputs and gradients of PyTorch's layers, for the program `exchange` and from it.

    exchange.py write DIR [NAMES...]   what PyTorch computes; without names, of all layers
    exchange.py check DIR [NAMES...]   compares what xgrad wrote there

NAME.safetensors and NAME.npz have the state_dict, NAME.float16.safetensors and NAME.bfloat16.safetensors the same in
16 bits each, NAME.values.safetensors what is computed: input.I, output.I, the cotangents by which those are
multiplied for a loss, the gradients of that loss, gradient.input.I and gradient.parameter.NAME, and the buffers
after.NAME. xgrad writes the same of weights of its own, under NAME.xgrad.safetensors and so on.
"""

import os
import sys

import numpy
import torch

import safetensors_file
from layers import LAYERS

TOLERANCE = 1e-5


def measure(layer, module, inputs, cotangents=None):
    """What a module computes; the cotangents are drawn where none are given."""
    module.train(layer.training)
    inputs = [x.clone().requires_grad_() if x.is_floating_point() else x for x in inputs]
    outputs = layer.call(module, inputs)
    cotangents = cotangents or [torch.randn_like(y) for y in outputs]
    sum((c * y).sum() for c, y in zip(cotangents, outputs)).backward()
    values = {f"input.{i}": x for i, x in enumerate(inputs)}
    values |= {f"output.{i}": y for i, y in enumerate(outputs)}
    values |= {f"cotangent.{i}": c for i, c in enumerate(cotangents)}
    values |= {f"gradient.input.{i}": x.grad for i, x in enumerate(inputs) if x.requires_grad}
    values |= {f"gradient.parameter.{n}": p.grad for n, p in module.named_parameters() if p.grad is not None}
    values |= {f"after.{n}": b for n, b in module.named_buffers()}
    return {name: value.detach().clone() for name, value in values.items()}


def in_order(values, start):
    return [values[f"{start}.{i}"] for i in range(len(values)) if f"{start}.{i}" in values]


def narrow(state, dtype):
    return {name: value.to(dtype) if value.is_floating_point() else value for name, value in state.items()}


def write(name, layer, stem):
    torch.manual_seed(sum(name.encode()))
    module = layer.make()
    with torch.no_grad():
        for parameter in module.parameters():  # biases and scales, too, are none of those that all layers start with
            parameter.add_(0.2 * torch.randn_like(parameter))
    state = {name: value.clone() for name, value in module.state_dict().items()}
    safetensors_file.save(stem + ".safetensors", state)
    safetensors_file.save(stem + ".float16.safetensors", narrow(state, torch.float16))
    safetensors_file.save(stem + ".bfloat16.safetensors", narrow(state, torch.bfloat16))
    numpy.savez(stem + ".npz", **{name: value.numpy() for name, value in state.items()})
    safetensors_file.save(stem + ".values.safetensors", measure(layer, module, layer.inputs()))


def equal(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(a, b)


def check(name, layer, stem):
    """The largest difference, and what is wrong beyond that."""
    state = safetensors_file.load(stem + ".xgrad.safetensors")
    state = {key: value for key, value in state.items() if not key.endswith("rng")}
    module = layer.make()
    module.load_state_dict(state, strict=True)
    theirs = safetensors_file.load(stem + ".xgrad.values.safetensors")
    ours = measure(layer, module, in_order(theirs, "input"), in_order(theirs, "cotangent"))
    wrong = [f"only one has {key}" for key in sorted(ours.keys() ^ theirs.keys())]
    largest = 0.0
    for key in ours.keys() & theirs.keys():
        a, b = ours[key].double(), theirs[key].double()
        if a.shape != b.shape or ours[key].dtype != theirs[key].dtype:
            wrong.append(f"{key} is {tuple(b.shape)} {theirs[key].dtype}, here {tuple(a.shape)} {ours[key].dtype}")
        elif a.numel():
            largest = max(largest, ((a - b).abs().max() / max(1.0, a.abs().max())).item())
    with numpy.load(stem + ".xgrad.npz") as archive:
        arrays = {key: torch.from_numpy(archive[key]) for key in archive.files if not key.endswith("rng")}
    for file, dtype, found in [
        ("npz", torch.float32, arrays),
        ("float16", torch.float16, safetensors_file.load(stem + ".xgrad.float16.safetensors")),
        ("bfloat16", torch.bfloat16, safetensors_file.load(stem + ".xgrad.bfloat16.safetensors")),
    ]:
        if not all(equal(value, found[key]) for key, value in narrow(state, dtype).items()):
            wrong.append(f"the {file} file has other values")
    return largest, wrong


def main(command, directory, *names):
    failed = False
    for name in names or LAYERS:
        stem = os.path.join(directory, name)
        if command == "write":
            write(name, LAYERS[name], stem)
            continue
        try:
            largest, wrong = check(name, LAYERS[name], stem)
        except (RuntimeError, KeyError, OSError) as error:
            largest, wrong = float("inf"), [str(error)]
        good = largest <= TOLERANCE and not wrong
        failed = failed or not good
        print(f"{name:40} {largest:9.1e}  {'ok' if good else 'FAILED: ' + '; '.join(wrong)}")
    if command == "check" and names:
        print("Layers of layers.py that xgrad was not asked for:", ", ".join(sorted(LAYERS.keys() - set(names))) or "none")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
