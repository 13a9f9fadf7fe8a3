"""Sequential networks in PyTorch from a list of layers, and their weights as arrays."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from runner.backends.interface import Layer

Weights = dict[str, npt.NDArray[np.float32]]


def network(layers: Sequence[Layer]) -> torch.nn.Sequential:
    """The network of `layers` with fresh weights; sizes are conv2d (in, out, kernel, padding), max_pool2d (size), linear (in, out)."""
    return torch.nn.Sequential(OrderedDict((layer.name, _module(layer)) for layer in layers))


def _module(layer: Layer) -> torch.nn.Module:
    if layer.kind == "conv2d":
        inputs, outputs, kernel, padding = layer.sizes
        return torch.nn.Conv2d(inputs, outputs, kernel, padding=padding)
    if layer.kind == "linear":
        inputs, outputs = layer.sizes
        return torch.nn.Linear(inputs, outputs)
    if layer.kind == "max_pool2d":
        return torch.nn.MaxPool2d(layer.sizes[0])
    return torch.nn.ReLU() if layer.kind == "relu" else torch.nn.Flatten()


def weights(model: torch.nn.Module) -> Weights:
    """The weights of `model` by name, as float32 copies in host memory."""
    return {name: value.detach().cpu().numpy().astype(np.float32, copy=True) for name, value in model.state_dict().items()}


def set_weights(model: torch.nn.Module, named: Mapping[str, npt.NDArray[np.float32]]) -> None:
    """Give `model` exactly the weights in `named`; RuntimeError names each that is missing, left over or of another shape."""
    model.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in named.items()}, strict=True)
