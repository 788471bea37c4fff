"""Who takes part, and in which precisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

# What is timed side by side. "high" is Martlet's own: float32 whose products may be worked out from
# bfloat16 parts. Its users would otherwise run float32, so that is what it is compared with.
PRECISIONS = {"float32": "float32", "high": "float32", "bfloat16": "bfloat16"}


@dataclass(frozen=True)
class Library:
    """One library as it is used here.

    Attributes
    ----------
    label
        In tables.
    side
        Module and class in the folder `sides` that drive it.
    packages
        What to install, and whose files with all they need make up its installed size.
    environment
        Variables that its processes get; ``{threads}`` stands for the number of threads.
    """

    label: str
    side: str
    packages: tuple[str, ...]
    precisions: tuple[str, ...] = ("float32", "bfloat16")
    trains: bool = True
    environment: dict[str, str] = field(default_factory=dict)


LIBRARIES = {
    "martlet": Library(
        "Martlet",
        "keras_like:Martlet",
        ("martlet", "cffi"),  # named here because a checkout does not tell what it requires
        precisions=tuple(PRECISIONS),
        environment={"MARTLET_NUM_THREADS": "{threads}"},
    ),
    "keras-tf": Library(
        "Keras on TensorFlow",
        "keras_like:KerasOnTensorFlow",
        ("tensorflow-cpu", "keras"),
        environment={"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    ),
    "keras-jax": Library(
        "Keras on JAX",
        "keras_like:KerasOnJax",
        ("jax", "keras"),
        # XLA makes as many threads as NPROC says.
        environment={"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "NPROC": "{threads}"},
    ),
    "torch": Library("PyTorch", "torch_eager:Torch", ("torch",)),
    "onnxruntime": Library(
        "ONNX Runtime",
        "onnx_runtime:OnnxRuntime",
        ("onnxruntime", "onnx"),
        precisions=("float32",),
        trains=False,
    ),
    "openvino": Library("OpenVINO", "openvino_engine:OpenVino", ("openvino", "onnx"), trains=False),
}

OURS = "martlet"
PEERS = tuple(name for name in LIBRARIES if name != OURS)


def contestants(
    base: str, precisions: Sequence[str], names: Sequence[str]
) -> list[tuple[str, str]]:
    """Who takes turns with whom: pairs of a library and the precision it runs in.

    Parameters
    ----------
    base
        The precision of the peers.
    precisions
        Those asked for; Martlet takes part once for each that is compared with `base`.
    names
        The peers asked for.
    """
    ours = [(OURS, each) for each in precisions if PRECISIONS[each] == base]
    return ours + [(name, base) for name in names if base in LIBRARIES[name].precisions]
