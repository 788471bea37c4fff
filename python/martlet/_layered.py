"""Where the boxes and lines of a layered drawing go.

After Sugiyama, Tagawa & Toda 1981 (doi:10.1109/TSMC.1981.4308636): every box gets a rank below all
it comes from; a line that passes ranks gets a point in each; the order within the ranks is chosen
for few crossings; places within the order are those of least squares. Coordinates are *along* the
ranks and *across* them, both from 0 up.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_SWEEPS = 12
#: Boxes hold their line; points of passing lines give way. No matter at all, but that is enough.
_BOX_WEIGHT, _POINT_WEIGHT = 1000.0, 1.0


class Size(NamedTuple):
    """What a box takes."""

    across: float
    along: float


class Layout(NamedTuple):
    """Centres of the boxes, the points that each line passes, and the size of the whole."""

    centres: list[tuple[float, float]]
    lines: list[list[tuple[float, float]]]
    across: float
    along: float


def layered(
    sizes: Sequence[Size],
    edges: Sequence[tuple[int, int]],
    gap: float = 34.0,
    space: float = 26.0,
) -> Layout:
    """Lays out boxes joined by lines.

    Parameters
    ----------
    sizes
        Of the boxes.
    edges
        From which box to which; without circles.
    gap
        Between ranks.
    space
        Between neighbours in a rank.

    Returns
    -------
    Layout
        ``(across, along)`` for each box and point; a line begins at the lower edge of its first box
        and ends at the upper edge of the other.
    """
    ranks = _ranks(len(sizes), edges)
    graph = _Graph(sizes, edges, ranks)
    graph.order()
    across = graph.places(space)
    left = min(x - graph.width(each) / 2 for each, x in enumerate(across))
    # On whole numbers what is nearly straight becomes straight.
    across = [float(round(x - left)) for x in across]
    heights = [
        max((sizes[each].along for each in row if each < len(sizes)), default=0.0)
        for row in graph.rows
    ]
    tops = [sum(heights[:rank]) + rank * gap for rank in range(len(heights))]
    middles = [top + height / 2 for top, height in zip(tops, heights, strict=True)]
    centres = [(across[each], middles[ranks[each]]) for each in range(len(sizes))]
    lines = []
    for (source, target), points in zip(edges, graph.paths, strict=True):
        start = (centres[source][0], middles[ranks[source]] + sizes[source].along / 2)
        end = (centres[target][0], middles[ranks[target]] - sizes[target].along / 2)
        between = [
            (across[point], along)
            for rank, point in enumerate(points, ranks[source] + 1)
            for along in (tops[rank], tops[rank] + heights[rank])
        ]
        lines.append([start, *between, end])
    right = max(x + graph.width(each) / 2 for each, x in enumerate(across))
    return Layout(centres, lines, right, tops[-1] + heights[-1])


def _ranks(count: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    """The longest way to each box; those that nothing comes to stand above their first user."""
    users: list[list[int]] = [[] for _ in range(count)]
    missing = [0] * count
    for source, target in edges:
        users[source].append(target)
        missing[target] += 1
    starts = [each for each in range(count) if not missing[each]]
    ranks = [0] * count
    waiting = list(starts)
    while waiting:
        box = waiting.pop()
        for user in users[box]:
            ranks[user] = max(ranks[user], ranks[box] + 1)
            missing[user] -= 1
            if not missing[user]:
                waiting.append(user)
    for box in starts:
        if users[box]:
            ranks[box] = min(ranks[user] for user in users[box]) - 1
    return ranks


class _Graph:
    """Boxes and points in rows; points are numbered behind the boxes."""

    def __init__(
        self, sizes: Sequence[Size], edges: Sequence[tuple[int, int]], ranks: list[int]
    ) -> None:
        self.sizes = sizes
        self.rows: list[list[int]] = [[] for _ in range(max(ranks) + 1)]
        for box, rank in enumerate(ranks):
            self.rows[rank].append(box)
        self.above: list[list[int]] = [[] for _ in sizes]
        self.below: list[list[int]] = [[] for _ in sizes]
        #: Points of each edge, from its source on.
        self.paths: list[list[int]] = []
        for source, target in edges:
            path = []
            previous = source
            for rank in range(ranks[source] + 1, ranks[target]):
                point = len(self.above)
                self.above.append([])
                self.below.append([])
                self.rows[rank].append(point)
                self._join(previous, point)
                path.append(point)
                previous = point
            self._join(previous, target)
            self.paths.append(path)

    def _join(self, upper: int, lower: int) -> None:
        self.below[upper].append(lower)
        self.above[lower].append(upper)

    def width(self, node: int) -> float:
        return self.sizes[node].across if node < len(self.sizes) else 0.0

    def order(self) -> None:
        """Sorts rows by the mean place of the neighbours, down and up, and keeps the best."""
        best, least = [list(row) for row in self.rows], self._crossings()
        for sweep in range(_SWEEPS):
            if not least:
                break
            neighbours = self.below if sweep % 2 else self.above
            for row in reversed(self.rows) if sweep % 2 else self.rows:
                places = self._places_in_rows()
                row.sort(
                    key=lambda node: _mean(
                        [places[each] for each in neighbours[node]], places[node]
                    )
                )
            crossings = self._crossings()
            if crossings < least:
                best, least = [list(row) for row in self.rows], crossings
        self.rows = best

    def _places_in_rows(self) -> list[float]:
        places = [0.0] * len(self.above)
        for row in self.rows:
            for index, node in enumerate(row):
                places[node] = index - (len(row) - 1) / 2
        return places

    def _crossings(self) -> int:
        places = self._places_in_rows()
        count = 0
        for row in self.rows:
            lines = [(places[node], places[each]) for node in row for each in self.below[node]]
            for index, (start, end) in enumerate(lines):
                count += sum((start - other) * (end - far) < 0 for other, far in lines[index + 1 :])
        return count

    def places(self, space: float) -> list[float]:
        """Where each node stands across, centres."""
        places = [0.0] * len(self.above)
        for row in self.rows:
            self._settle(row, places, [0.0] * len(row), space)
        for sweep in range(2 * _SWEEPS):
            down = sweep % 2 == 0
            neighbours = self.above if down else self.below
            for row in self.rows if down else reversed(self.rows):
                wanted = [self._wanted(node, neighbours[node], places) for node in row]
                self._settle(row, places, wanted, space)
        return places

    def _wanted(self, node: int, neighbours: list[int], places: list[float]) -> float:
        """Where a node would stand for straight lines: those between two points matter most."""
        if not neighbours:
            return places[node]
        weights = [self._weight(each) for each in neighbours]
        if node >= len(self.sizes):
            weights = [_BOX_WEIGHT + _POINT_WEIGHT - weight for weight in weights]
        total = sum(weight * places[each] for weight, each in zip(weights, neighbours, strict=True))
        return total / sum(weights)

    def _weight(self, node: int) -> float:
        return _BOX_WEIGHT if node < len(self.sizes) else _POINT_WEIGHT

    def _settle(
        self, row: list[int], places: list[float], wanted: list[float], space: float
    ) -> None:
        """Puts a row where it wants to be, as nearly as its order and the space allow.

        The least squares under x₀ + gap₀ ≤ x₁, x₁ + gap₁ ≤ x₂ ... : neighbours that want to overlap
        move as one block around their weighted mean (pool adjacent violators).
        """
        offsets = [0.0]
        for left, right in pairwise(row):
            offsets.append(offsets[-1] + (self.width(left) + self.width(right)) / 2 + space)
        blocks: list[tuple[float, float, int]] = []  # sum of weights, mean, members
        for node, want, offset in zip(row, wanted, offsets, strict=True):
            weight, mean, members = self._weight(node), want - offset, 1
            while blocks and blocks[-1][1] >= mean:
                before, other, more = blocks.pop()
                mean = (weight * mean + before * other) / (weight + before)
                weight, members = weight + before, members + more
            blocks.append((weight, mean, members))
        starts = [mean for _, mean, members in blocks for _ in range(members)]
        for node, start, offset in zip(row, starts, offsets, strict=True):
            places[node] = start + offset


def _mean(values: list[float], default: float) -> float:
    return sum(values) / len(values) if values else default
