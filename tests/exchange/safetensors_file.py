"""Safetensors files for PyTorch: 8 bytes with the length of the header, the header in JSON, the elements."""

import json
import math
import struct

import torch

NAMES = {
    torch.float32: "F32",
    torch.float64: "F64",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int64: "I64",
    torch.bool: "BOOL",
}
DTYPES = {name: dtype for dtype, name in NAMES.items()}


def to_bytes(tensor):
    # numpy has no bfloat16; its bits are those of an int16.
    tensor = tensor.detach().contiguous()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy().tobytes()


def save(path, tensors):
    header, data = {}, b""
    for name, tensor in tensors.items():
        elements = to_bytes(tensor)
        offsets = [len(data), len(data) + len(elements)]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": offsets}
        data += elements
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def load(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    header.pop("__metadata__", None)
    tensors = {}
    for name, item in header.items():
        begin, end = (8 + length + offset for offset in item["data_offsets"])
        shape, dtype = item["shape"], DTYPES[item["dtype"]]
        # frombuffer takes no empty buffer.
        flat = torch.frombuffer(bytearray(content[begin:end]), dtype=dtype) if math.prod(shape) else torch.empty(0, dtype=dtype)
        tensors[name] = flat.reshape(shape)
    return tensors
