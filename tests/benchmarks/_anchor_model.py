"""The system that every harness of `anchors` calls: one small CNN of 1x3x32x32 in ONNX Runtime, one thread, one request, always the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from runner.backends.interface import Artifact, ExecutorConfig
from runner.backends.onnxruntime import OnnxRuntime, Request

SHAPE, CLASSES = (3, 32, 32), 10
# What the tool of the wheel takes its session options from, for it has no switches: the model, where ORT_LOAD_CONFIG_FROM_MODEL=1 says so.
OPTIONS = {"session_options": {"intra_op_num_threads": 1, "inter_op_num_threads": 1, "execution_mode": 0, "graph_optimization_level": 99}}
SIZES = ((3, 24), (24, 48), (48, 64))


def make(path: Path) -> None:
    """Write the model: three convolutions with pooling between them and a linear layer, weights drawn once."""
    import onnx  # takes longer to load than a block takes to run, and only who makes the model needs it
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(20)
    weights, nodes, last = [], [], "image"
    for place, (taken, given) in enumerate(SIZES):
        weights.append(numpy_helper.from_array(random.normal(0, 0.1, (given, taken, 3, 3)).astype(np.float32), f"w{place}"))
        nodes += [
            helper.make_node("Conv", [last, f"w{place}"], [f"c{place}"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", [f"c{place}"], [f"r{place}"]),
            helper.make_node("MaxPool", [f"r{place}"], [f"p{place}"], kernel_shape=[2, 2], strides=[2, 2]),
        ]
        last = f"p{place}"
    weights.append(numpy_helper.from_array(random.normal(0, 0.1, (CLASSES, SIZES[-1][1] * 16)).astype(np.float32), "dense"))
    nodes += [helper.make_node("Flatten", [last], ["flat"]), helper.make_node("Gemm", ["flat", "dense"], ["logits"], transB=1)]
    graph = helper.make_graph(
        nodes, "anchor-cnn", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, *SHAPE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, CLASSES])], weights,
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"ort_config": json.dumps(OPTIONS)})
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())


def image() -> np.ndarray:
    """The one input: uniform between 0 and 1, as the tool of the wheel draws its own."""
    return np.random.default_rng(21).random((1, *SHAPE)).astype(np.float32)


def served(path: Path) -> tuple[OnnxRuntime, Request]:
    """Our backend with the model loaded and the one request prepared: input and output bound."""
    content = path.read_bytes()
    artifact = Artifact(path, hashlib.sha256(content).hexdigest(), len(content), "onnx", "fp32", SHAPE, CLASSES, (), None)
    backend = OnnxRuntime()
    backend.load(artifact, ExecutorConfig())
    return backend, backend.prepare(image())
