"""The graph of a BiLSTM in ONNX, written down node by node: its LSTM takes the length of each text, as ours does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from classmark.models.bilstm import BiLSTMClassifier
from classmark.system.packages import load_package

if TYPE_CHECKING:
    import onnx

OPSET, IR_VERSION = 18, 10  # which runtimes of the last years all read
GATES = (0, 3, 1, 2)  # torch has input, forget, cell, output; ONNX input, output, forget, cell


class Graph:
    """Nodes and weights of a graph in the making."""

    def __init__(self) -> None:
        self._onnx: Any = load_package("onnx", "onnx", "Export")
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def add(self, kind: str, *inputs: str, outputs: int = 1, **attributes: Any) -> list[str]:
        """The names of a new node's outputs."""
        names = [f"{kind.lower()}_{len(self.nodes)}_{place}" for place in range(outputs)]
        self.nodes.append(self._onnx.helper.make_node(kind, inputs, names, **attributes))
        return names

    def value(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """The name of the one output of a new node."""
        return self.add(kind, *inputs, **attributes)[0]

    def constant(self, values: NDArray[Any]) -> str:
        """The name of new weights."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def model(self, outputs: dict[str, str], classes: int) -> onnx.ModelProto:
        """The model whose inputs are tokens and lengths.

        Args:
            outputs: name → the value that is put out under it, of shape (B, C).
            classes: C.
        """
        helper, kinds = self._onnx.helper, self._onnx.TensorProto
        for name, value in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        inputs = [
            helper.make_tensor_value_info("tokens", kinds.INT64, ["batch", "length"]),
            helper.make_tensor_value_info("lengths", kinds.INT64, ["batch"]),
        ]
        shown = [helper.make_tensor_value_info(name, kinds.FLOAT, ["batch", classes]) for name in outputs]
        graph = helper.make_graph(self.nodes, "bilstm", inputs, shown, self.weights)
        opsets = [helper.make_opsetid("", OPSET)]
        found: onnx.ModelProto = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        self._onnx.checker.check_model(found)
        return found


def bilstm_graph(model: BiLSTMClassifier, classes: int, temperature: float | None) -> onnx.ModelProto:
    """The model from token ids of shape (B, T), filled up behind each text, to probabilities of shape (B, C).

    Raises:
        MissingExtraError: onnx is not installed.
    """
    graph, weights = Graph(), {name: tensor.numpy() for name, tensor in model.cpu().float().state_dict().items()}
    states = graph.value("Gather", graph.constant(weights["embedding.weight"]), graph.value("Transpose", "tokens"))
    lengths = graph.value("Cast", "lengths", to=_kind(np.int32))
    ends = ""
    for layer in range(model.lstm.num_layers):
        states, ends = _layer(graph, model.lstm, layer, states, lengths)
    pooled = _pooled(graph, model.pooling, states, ends, weights)
    logits = graph.value(
        "Gemm", pooled, *(graph.constant(weights[f"fc.{part}"]) for part in ("weight", "bias")), transB=1
    )
    if model.fc.out_features == 1:
        none = graph.value("Mul", logits, graph.constant(np.zeros((), np.float32)))
        logits = graph.value("Concat", none, logits, axis=1)
    outputs = {"logits": logits, "probabilities": graph.value("Softmax", logits, axis=1)}
    if temperature is not None:
        cooled = graph.value("Div", logits, graph.constant(np.array(temperature, np.float32)))
        outputs["calibrated_probabilities"] = graph.value("Softmax", cooled, axis=1)
    return graph.model(outputs, classes)


def _layer(graph: Graph, lstm: torch.nn.LSTM, layer: int, states: str, lengths: str) -> tuple[str, str]:
    """A layer's states of shape (T, B, 2H), and the last one of each direction, shape (B, 2H)."""
    size = lstm.hidden_size

    def gates(kind: str) -> NDArray[np.float32]:
        sides = [getattr(lstm, f"{kind}_l{layer}{side}").detach().cpu().numpy() for side in ("", "_reverse")]
        return np.stack([side.reshape(4, size, -1)[list(GATES)].reshape(4 * size, -1) for side in sides])

    bias = np.concatenate([gates("bias_ih"), gates("bias_hh")], axis=1)[:, :, 0]
    parts = [graph.constant(part) for part in (gates("weight_ih"), gates("weight_hh"), bias)]
    every, last = graph.add("LSTM", states, *parts, lengths, outputs=2, hidden_size=size, direction="bidirectional")
    wide = graph.constant(np.array([0, 0, 2 * size]))
    whole = graph.value("Reshape", graph.value("Transpose", every, perm=[0, 2, 1, 3]), wide)
    ends = graph.value("Transpose", last, perm=[1, 0, 2])
    return whole, graph.value("Reshape", ends, graph.constant(np.array([0, 2 * size])))


def _pooled(graph: Graph, pooling: str, states: str, ends: str, weights: dict[str, NDArray[np.float32]]) -> str:
    """One vector a text, as `models.pooling` makes it."""
    if pooling == "last":
        return ends
    first, zero, one = (graph.constant(np.array(values)) for values in ([0], 0, 1))
    longest = graph.value("Squeeze", graph.value("Shape", states, start=0, end=1), first)
    places = graph.value("Unsqueeze", graph.value("Range", zero, longest, one), graph.constant(np.array([1])))
    inside = graph.value("Less", places, "lengths")
    of_states = graph.value("Unsqueeze", inside, graph.constant(np.array([2])))

    def outside(value: float) -> str:
        return graph.value("Where", of_states, states, graph.constant(np.array(value, np.float32)))

    def largest() -> str:
        return graph.value("ReduceMax", outside(-np.inf), first, keepdims=0)

    def mean() -> str:
        count = graph.value(
            "Unsqueeze", graph.value("Cast", "lengths", to=_kind(np.float32)), graph.constant(np.array([1]))
        )
        return graph.value("Div", graph.value("ReduceSum", outside(0.0), first, keepdims=0), count)

    match pooling:
        case "max":
            return largest()
        case "mean":
            return mean()
        case "concat":
            return graph.value("Concat", largest(), mean(), axis=1)
    project, bias, score = (weights[f"attention.{name}"] for name in ("project.weight", "project.bias", "score.weight"))
    seen = graph.value("Add", graph.value("MatMul", states, graph.constant(project.T)), graph.constant(bias))
    scores = graph.value("MatMul", graph.value("Tanh", seen), graph.constant(score.T))
    kept = graph.value("Where", of_states, scores, graph.constant(np.array(-np.inf, np.float32)))
    shares = graph.value("Softmax", kept, axis=0)
    return graph.value("ReduceSum", graph.value("Mul", outside(0.0), shares), first, keepdims=0)


def _kind(kind: type) -> int:
    onnx = load_package("onnx", "onnx", "Export")
    return int(onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
