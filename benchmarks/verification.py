"""Whether two sides compute the same: asked before anything is timed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Tolerance(NamedTuple):
    """How far a side may be from Martlet in float32.

    Attributes
    ----------
    probabilities
        Largest difference, as a share of the largest probability.
    losses
        Largest difference, as a share of how far the loss fell. What is learned in the few steps
        is small beside the loss itself; a side that learns nothing is off by 1.
    least
        Smallest difference of the probabilities of a side that rounds. Below it the side computes
        in float32, whatever it was told.
    """

    probabilities: float
    losses: float
    least: float = 0.0


# In float32 the sides sum in different orders: 1e-7 in the probabilities, which the first steps of
# Adam, that go by the sign of a gradient, enlarge to 2e-3 of the fall. A bfloat16 has 8 bits.
TOLERANCES = {
    "float32": Tolerance(1e-4, 5e-3),
    "high": Tolerance(1e-3, 2e-2),
    "bfloat16": Tolerance(5e-2, 0.25, least=1e-5),
}


def disagreement(precision: str, answer: dict[str, Any], reference: dict[str, Any]) -> str | None:
    """What is wrong with the answer of a side to the task ``check``; None if nothing is.

    Parameters
    ----------
    precision
        In which the side computes.
    answer, reference
        ``{"probabilities": rows, "losses": numbers, "rounds": bool}`` of the side (see
        `sides.Side.rounds`), and of Martlet in float32. A side without losses does not train.
    """
    allowed = TOLERANCES[precision]
    expected = np.asarray(reference["probabilities"])
    given = np.asarray(answer["probabilities"])
    if given.shape != expected.shape:
        return f"probabilities of shape {given.shape}, expected {expected.shape}"
    off = float(np.abs(given - expected).max() / expected.max())
    # Written so that NaN fails.
    if not off <= allowed.probabilities:
        return (
            f"probabilities are off by {off:.1e} of the largest, expected "
            f"{allowed.probabilities:.0e} at most"
        )
    if answer["rounds"] and off < allowed.least:
        return f"probabilities are those of float32 (off by {off:.1e}): not {precision}"
    if answer["losses"]:
        expected, given = np.asarray(reference["losses"]), np.asarray(answer["losses"])
        fall = float(np.ptp(expected))
        off = float(np.abs(given - expected).max() / fall)
        if not off <= allowed.losses:
            return (
                f"losses are {_listed(given)}, expected {_listed(expected)}: off by {off:.1e} of "
                f"their fall, expected {allowed.losses:.0e} at most"
            )
    return None


def _listed(losses: np.ndarray) -> str:
    return ", ".join(f"{each:.4f}" for each in losses)
