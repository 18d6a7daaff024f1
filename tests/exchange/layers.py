"""PyTorch's layers as they are compared: how each is made, what it is called with. layers*.cpp has the same table."""

import torch
from torch import nn


class Layer:
    """`call(module, inputs)` gives a list of outputs. The inputs come from `inputs()`, in the order of the call."""

    def __init__(self, make, inputs, call=None, training=True):
        self.make, self.inputs, self.training = make, inputs, training
        self.call = call or (lambda module, x: [module(*x)])


def normal(*shape):
    return lambda: [torch.randn(*shape)]


def used(module, *shape):
    """After some training: with running statistics that are not those of the start."""
    for _ in range(3):
        module(2 * torch.randn(*shape) + 1)
    return module


def flat(results):
    """The Tensors of nested tuples, in order."""
    return [results] if torch.is_tensor(results) else [tensor for part in results for tensor in flat(part)]


def attention(module, x):
    output, weights = module(x[0], x[1], x[2])
    return [output, weights]


def masked_attention(module, x):
    output, weights = module(x[0], x[1], x[2], key_padding_mask=x[3], attn_mask=x[4], average_attn_weights=False)
    return [output, weights]


def causal(size):
    return torch.triu(torch.ones(size, size, dtype=torch.bool), 1)


def padding():
    return torch.tensor([[False, False, False, True, True], [False] * 5])


def counted(module, x):
    # PyTorch leaves the counter of an InstanceNorm, which nothing reads there, at 0.
    module.num_batches_tracked += 1
    return [module(*x)]


def weighted_bags(module, x):
    return [module(x[0], x[1], per_sample_weights=x[2])]


def causal_encoder(module, x):
    return [module(x[0], mask=causal(5), src_key_padding_mask=x[1])]


def causal_decoder(module, x):
    return [module(x[0], x[1], tgt_mask=causal(4), memory_key_padding_mask=x[2])]


def encoder():
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8))


def decoder():
    layer = nn.TransformerDecoderLayer(8, 2, 12, dropout=0.0, batch_first=True, norm_first=True)
    return nn.TransformerDecoder(layer, 2)


def convolutional_network():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 5)
    )


def flat_call(module, x):
    return flat(module(*x))


def lstm_with_state(module, x):
    return flat(module(x[0], (x[1], x[2])))


LAYERS = {
    "linear": Layer(lambda: nn.Linear(5, 3), normal(4, 5)),
    "linear_without_bias": Layer(lambda: nn.Linear(5, 3, bias=False), normal(2, 3, 5)),
    "bilinear": Layer(lambda: nn.Bilinear(4, 5, 3), lambda: [torch.randn(6, 4), torch.randn(6, 5)]),
    "embedding": Layer(lambda: nn.Embedding(7, 3), lambda: [torch.tensor([[1, 6, 0], [1, 1, 5]])]),
    "embedding_with_padding": Layer(
        lambda: nn.Embedding(7, 3, padding_idx=1), lambda: [torch.tensor([[1, 6, 0], [1, 1, 5]])]
    ),
    "embedding_bag": Layer(
        lambda: nn.EmbeddingBag(7, 3, padding_idx=1), lambda: [torch.tensor([[1, 6, 0], [1, 1, 5]])]
    ),
    "embedding_bag_with_offsets": Layer(
        lambda: nn.EmbeddingBag(7, 3, mode="sum"),
        lambda: [torch.tensor([1, 6, 0, 1, 5]), torch.tensor([0, 2, 2]), torch.randn(5)],
        weighted_bags,
    ),
    "conv1d": Layer(lambda: nn.Conv1d(4, 6, 3, stride=2, padding=2, dilation=2, groups=2), normal(2, 4, 11)),
    "conv2d": Layer(lambda: nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=1), normal(2, 2, 7, 6)),
    "conv2d_same": Layer(lambda: nn.Conv2d(2, 3, 3, padding="same", bias=False), normal(2, 2, 5, 4)),
    "conv2d_circular": Layer(lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), normal(2, 2, 5, 4)),
    "conv3d": Layer(lambda: nn.Conv3d(2, 3, 2), normal(2, 2, 3, 4, 3)),
    "conv_transpose1d": Layer(lambda: nn.ConvTranspose1d(4, 6, 3, stride=2, groups=2, padding=1), normal(2, 4, 5)),
    "conv_transpose2d": Layer(
        lambda: nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1), normal(2, 2, 4, 3)
    ),
    "conv_transpose3d": Layer(lambda: nn.ConvTranspose3d(2, 3, 2), normal(2, 2, 3, 2, 3)),
    "batch_norm1d": Layer(lambda: nn.BatchNorm1d(3), normal(6, 3)),
    "batch_norm2d": Layer(lambda: used(nn.BatchNorm2d(3, momentum=0.3), 4, 3, 2, 3), normal(4, 3, 2, 3)),
    "batch_norm2d_evaluation": Layer(
        lambda: used(nn.BatchNorm2d(3), 4, 3, 2, 3), normal(4, 3, 2, 3), training=False
    ),
    "batch_norm3d": Layer(lambda: nn.BatchNorm3d(2, affine=False, momentum=None), normal(3, 2, 2, 3, 2)),
    "layer_norm": Layer(lambda: nn.LayerNorm((3, 4)), normal(2, 3, 4)),
    "group_norm": Layer(lambda: nn.GroupNorm(2, 6), normal(2, 6, 3, 2)),
    "instance_norm1d": Layer(lambda: nn.InstanceNorm1d(3), normal(2, 3, 5)),
    "instance_norm2d": Layer(
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True), normal(2, 3, 3, 2), counted
    ),
    "instance_norm2d_evaluation": Layer(
        lambda: used(nn.InstanceNorm2d(3, track_running_stats=True), 2, 3, 3, 2), normal(2, 3, 3, 2), training=False
    ),
    "prelu": Layer(lambda: nn.PReLU(), normal(2, 3, 4)),
    "prelu_of_channels": Layer(lambda: nn.PReLU(3, init=0.1), normal(2, 3, 4)),
    "rnn": Layer(lambda: nn.RNN(3, 4, num_layers=2), normal(5, 2, 3), flat_call),
    "rnn_of_relu": Layer(
        lambda: nn.RNN(3, 4, nonlinearity="relu", bidirectional=True, bias=False), normal(5, 2, 3), flat_call
    ),
    "lstm": Layer(
        lambda: nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), normal(2, 5, 3), flat_call
    ),
    "lstm_with_state": Layer(
        lambda: nn.LSTM(3, 4),
        lambda: [torch.randn(5, 2, 3), torch.randn(1, 2, 4), torch.randn(1, 2, 4)],
        lstm_with_state,
    ),
    "lstm_with_projection": Layer(
        lambda: nn.LSTM(3, 5, num_layers=2, bidirectional=True, proj_size=2), normal(4, 2, 3), flat_call
    ),
    "gru": Layer(lambda: nn.GRU(3, 4, num_layers=2, bidirectional=True), normal(5, 2, 3), flat_call),
    "rnn_cell": Layer(lambda: nn.RNNCell(3, 4), lambda: [torch.randn(2, 3), torch.randn(2, 4)]),
    "lstm_cell": Layer(
        lambda: nn.LSTMCell(3, 4), lambda: [torch.randn(2, 3), torch.randn(2, 4), torch.randn(2, 4)], lstm_with_state
    ),
    "gru_cell": Layer(lambda: nn.GRUCell(3, 4), lambda: [torch.randn(2, 3), torch.randn(2, 4)]),
    "multihead_attention": Layer(
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        lambda: [torch.randn(2, 3, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 8)],
        attention,
    ),
    "multihead_attention_of_other_sizes": Layer(
        lambda: nn.MultiheadAttention(8, 2, kdim=5, vdim=6, bias=False, batch_first=True),
        lambda: [torch.randn(2, 3, 8), torch.randn(2, 5, 5), torch.randn(2, 5, 6)],
        attention,
    ),
    "multihead_attention_with_masks": Layer(
        lambda: nn.MultiheadAttention(8, 2, batch_first=True),
        lambda: [torch.randn(2, 5, 8) for _ in range(3)] + [padding(), causal(5)],
        masked_attention,
    ),
    "transformer_encoder_layer": Layer(
        lambda: nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True), normal(2, 4, 8)
    ),
    "transformer_encoder_layer_norm_first": Layer(
        lambda: nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, activation="gelu", batch_first=True, norm_first=True),
        normal(2, 4, 8),
    ),
    "transformer_decoder_layer": Layer(
        lambda: nn.TransformerDecoderLayer(8, 2, 12, dropout=0.0, batch_first=True),
        lambda: [torch.randn(2, 4, 8), torch.randn(2, 5, 8)],
    ),
    "transformer_encoder": Layer(encoder, lambda: [torch.randn(2, 5, 8), padding()], causal_encoder),
    "transformer_decoder": Layer(
        decoder, lambda: [torch.randn(2, 4, 8), torch.randn(2, 5, 8), padding()], causal_decoder
    ),
    "convolutional_network": Layer(convolutional_network, normal(3, 1, 8, 8)),
    "weight_norm": Layer(lambda: nn.utils.weight_norm(nn.Linear(5, 3)), normal(4, 5)),
    "weight_norm_of_conv2d": Layer(lambda: nn.utils.weight_norm(nn.Conv2d(2, 3, 2)), normal(2, 2, 4, 3)),
    "spectral_norm": Layer(lambda: nn.utils.spectral_norm(nn.Linear(5, 3)), normal(4, 5)),
    "spectral_norm_evaluation": Layer(
        lambda: used(nn.utils.spectral_norm(nn.Linear(5, 3)), 4, 5), normal(4, 5), training=False
    ),
}
