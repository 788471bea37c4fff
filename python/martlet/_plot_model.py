"""`utils.plot_model`: a model as a drawing, in SVG by itself and in other formats by matplotlib."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from ._errors import not_supported
from ._layered import Size, layered

if TYPE_CHECKING:
    from .models import Model

_FONT, _SMALL = 13.0, 11.0
_LINE_HEIGHT = 17.0
_PADDING = 11.0
_HEAD = 25.0
_MARGIN = 16.0
_ARROW = 7.0
_INK, _MUTED, _EDGE = "#1f2328", "#59636e", "#7d8590"

#: What kinds of layers look like: fill of the head, and border.
_COLOURS = {
    "input": ("#e6e8eb", "#a9b1ba"),
    "weights": ("#cfe3fa", "#6f9fd3"),
    "pooling": ("#d3efd8", "#74b583"),
    "merging": ("#fbdcd9", "#d58a82"),
    "normalization": ("#e9ddf7", "#a68acb"),
    "model": ("#fdeac2", "#d0aa4f"),
    "other": ("#f3f1ec", "#b9b2a3"),
}
_KINDS = {
    "InputLayer": "input",
    "Add": "merging",
    "Subtract": "merging",
    "Multiply": "merging",
    "Average": "merging",
    "Maximum": "merging",
    "Minimum": "merging",
    "Concatenate": "merging",
    "BatchNormalization": "normalization",
}
_DIRECTIONS = ("TB", "BT", "LR", "RL")


class Box(NamedTuple):
    """One call of a layer: a head, and lines of text under it."""

    title: str
    note: str
    lines: list[str]
    kind: str

    def size(self) -> tuple[float, float]:
        """Width and height that the text needs."""
        head = _text_width(self.title, _FONT, bold=True)
        if self.note:
            head += 8 + _text_width(self.note, _SMALL)
        width = max([head, *(_text_width(line, _SMALL) for line in self.lines)])
        body = len(self.lines) * _LINE_HEIGHT + 9 if self.lines else 0
        return width + 2 * _PADDING, _HEAD + body


class Drawing:
    """A drawn model. A notebook shows it; `svg` is the picture as text.

    Attributes
    ----------
    svg : str
    width, height : float
        In CSS pixels, 96 to the inch.
    """

    def __init__(self, name: str, boxes: Sequence[Box], edges: Any, rankdir: str) -> None:
        self._name = name
        self._boxes = boxes
        sizes = [box.size() for box in boxes]
        # One width for all: columns then stand straight.
        width = max(each[0] for each in sizes)
        self._sizes = [(width, height) for _, height in sizes]
        sideways = rankdir in ("LR", "RL")
        layout = layered(
            [Size(high, wide) if sideways else Size(wide, high) for wide, high in self._sizes],
            edges,
        )

        def point(place: tuple[float, float]) -> tuple[float, float]:
            across, along = place
            if rankdir in ("BT", "RL"):
                along = layout.along - along
            x, y = (along, across) if sideways else (across, along)
            return x + _MARGIN, y + _MARGIN

        self._sideways = sideways
        self._centres = [point(each) for each in layout.centres]
        self._lines = [[point(each) for each in line] for line in layout.lines]
        extents = (layout.along, layout.across) if sideways else (layout.across, layout.along)
        # Lines may pass beside the boxes.
        self.width, self.height = (extent + 2 * _MARGIN for extent in extents)

    # ---- Shapes ------------------------------------------------------------------------------

    def _curve(
        self, line: list[tuple[float, float]]
    ) -> list[tuple[str, list[tuple[float, float]]]]:
        """A line to the arrow's foot: straight through the ranks, curved between them."""
        *points, (x, y) = line
        before = points[-1]
        if self._sideways:
            line = [*points, (x - _ARROW if x > before[0] else x + _ARROW, y)]
        else:
            line = [*points, (x, y - _ARROW if y > before[1] else y + _ARROW)]
        pieces: list[tuple[str, list[tuple[float, float]]]] = [("M", [line[0]])]
        for index, (start, end) in enumerate(pairwise(line)):
            if index % 2 or (start[1] == end[1] if self._sideways else start[0] == end[0]):
                pieces.append(("L", [end]))
            elif self._sideways:
                middle = (start[0] + end[0]) / 2
                pieces.append(("C", [(middle, start[1]), (middle, end[1]), end]))
            else:
                middle = (start[1] + end[1]) / 2
                pieces.append(("C", [(start[0], middle), (end[0], middle), end]))
        return pieces

    def _arrow(self, line: list[tuple[float, float]]) -> list[tuple[float, float]]:
        (x0, y0), (x, y) = line[-2], line[-1]
        half = _ARROW * 0.55
        if self._sideways:
            foot = x - _ARROW if x > x0 else x + _ARROW
            return [(x, y), (foot, y - half), (foot, y + half)]
        foot = y - _ARROW if y > y0 else y + _ARROW
        return [(x, y), (x - half, foot), (x + half, foot)]

    def _corner(self, index: int) -> tuple[float, float, float, float]:
        """Left, top, width and height of a box."""
        (x, y), (width, height) = self._centres[index], self._sizes[index]
        return x - width / 2, y - height / 2, width, height

    # ---- SVG ---------------------------------------------------------------------------------

    @property
    def svg(self) -> str:
        """The picture as an SVG document."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" '
            f'height="{self.height:.0f}" viewBox="0 0 {self.width:.1f} {self.height:.1f}" '
            'font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">',
            f"<title>{_escaped(self._name)}</title>",
            f'<rect width="{self.width:.1f}" height="{self.height:.1f}" fill="white"/>',
        ]
        for line in self._lines:
            path = " ".join(
                command + " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
                for command, points in self._curve(line)
            )
            arrow = " ".join(f"{x:.1f},{y:.1f}" for x, y in self._arrow(line))
            parts.append(f'<path d="{path}" fill="none" stroke="{_EDGE}" stroke-width="1.4"/>')
            parts.append(f'<polygon points="{arrow}" fill="{_EDGE}"/>')
        for index, box in enumerate(self._boxes):
            parts += self._svg_box(index, box)
        return "\n".join([*parts, "</svg>\n"])

    def _svg_box(self, index: int, box: Box) -> list[str]:
        left, top, width, height = self._corner(index)
        fill, border = _COLOURS[box.kind]
        parts = [
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="6" fill="{"white" if box.lines else fill}" stroke="none"/>'
        ]
        if box.lines:
            right, bottom = left + width, top + _HEAD
            parts.append(
                f'<path d="M{left:.1f},{bottom:.1f} V{top + 6:.1f} Q{left:.1f},{top:.1f} '
                f"{left + 6:.1f},{top:.1f} H{right - 6:.1f} Q{right:.1f},{top:.1f} "
                f'{right:.1f},{top + 6:.1f} V{bottom:.1f} Z" fill="{fill}"/>'
            )
        parts.append(
            f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="6" fill="none" stroke="{border}" stroke-width="1.2"/>'
        )
        for text, x, y, size, colour, anchor, bold in self._texts(index, box):
            weight = ' font-weight="bold"' if bold else ""
            parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" fill="{colour}" '
                f'text-anchor="{anchor}"{weight}>{_escaped(text)}</text>'
            )
        return parts

    def _texts(self, index: int, box: Box) -> list[tuple[str, float, float, float, str, str, bool]]:
        """Text, place of its baseline, size, colour, anchor, and whether it is bold."""
        left, top, width, _ = self._corner(index)
        y = top + _HEAD / 2 + 4.5
        texts = []
        if box.note:
            texts.append((box.title, left + _PADDING, y, _FONT, _INK, "start", True))
            texts.append((box.note, left + width - _PADDING, y, _SMALL, _MUTED, "end", False))
        else:
            texts.append((box.title, left + width / 2, y, _FONT, _INK, "middle", True))
        for row, line in enumerate(box.lines):
            y = top + _HEAD + 5 + (row + 0.72) * _LINE_HEIGHT
            texts.append((line, left + width / 2, y, _SMALL, _INK, "middle", False))
        return texts

    # ---- Other formats -----------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], dpi: int = 200) -> None:
        """Writes the picture: ``.svg`` by itself, other formats with matplotlib."""
        from ._files import replacing, write_text

        form = os.path.splitext(path)[1][1:].lower()
        if form == "svg":
            write_text(path, self.svg)
            return
        figure = self._figure()
        with replacing(path) as beside:
            figure.savefig(beside, dpi=dpi, format=form or "png")

    def _figure(self) -> Any:
        try:
            from matplotlib.figure import Figure
            from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon, Rectangle
            from matplotlib.path import Path as Curve
        except ImportError:
            raise ImportError(
                "plot_model writes .svg files by itself; other formats need matplotlib: "
                'pip install "martlet[viz]"'
            ) from None
        figure = Figure(figsize=(self.width / 96, self.height / 96))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, self.width), ylim=(self.height, 0))
        axes.set_axis_off()
        codes = {"M": [Curve.MOVETO], "L": [Curve.LINETO], "C": [Curve.CURVE4] * 3}
        for line in self._lines:
            pieces = self._curve(line)
            curve = Curve(
                [point for _, points in pieces for point in points],
                [code for command, _ in pieces for code in codes[command]],
            )
            axes.add_patch(PathPatch(curve, fill=False, edgecolor=_EDGE, linewidth=1.05))
            axes.add_patch(Polygon(self._arrow(line), facecolor=_EDGE, linewidth=0))
        for index, box in enumerate(self._boxes):
            left, top, width, height = self._corner(index)
            fill, border = _COLOURS[box.kind]
            frame: dict[str, Any] = {"boxstyle": "round,pad=0,rounding_size=6"}
            inside = FancyBboxPatch((left, top), width, height, fc=fill, ec="none", **frame)
            axes.add_patch(inside)
            if box.lines:
                body = Rectangle((left, top + _HEAD), width, height - _HEAD, fc="white", ec="none")
                axes.add_patch(body)
                body.set_clip_path(inside)
            axes.add_patch(
                FancyBboxPatch((left, top), width, height, fc="none", ec=border, lw=0.9, **frame)
            )
            for text, x, y, size, colour, anchor, bold in self._texts(index, box):
                axes.text(
                    x,
                    y,
                    text.replace("$", r"\$"),
                    fontsize=0.72 * size,
                    color=colour,
                    family="DejaVu Sans",
                    weight="bold" if bold else "normal",
                    ha={"start": "left", "middle": "center", "end": "right"}[anchor],
                    va="baseline",
                )
        return figure

    def _repr_svg_(self) -> str:
        return self.svg

    def __repr__(self) -> str:
        return f"<Drawing of model '{self._name}': {self.width:.0f} × {self.height:.0f}>"


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
) -> Drawing:
    """Draws the layers of a model and how they are joined. Needs no Graphviz.

    Parameters
    ----------
    model
        A built model, or a `Sequential`, whose shapes may still be open.
    to_file
        Where to write it: ``.svg``, or with matplotlib ``.png``, ``.pdf`` and what else that
        writes. None for nowhere.
    show_shapes
        Whether the shapes of inputs and outputs are shown, with None for the samples.
    show_dtype
        Whether the type of the outputs is shown.
    show_layer_names
        Whether the layers' names stand beside their classes.
    rankdir
        Where the data flows: ``"TB"`` from top to bottom, ``"LR"`` from left to right, ``"BT"``,
        ``"RL"``.
    expand_nested
        Not supported yet: a model within the model is one box.
    dpi
        Points per inch of a ``.png``.
    show_layer_activations
        Whether activations are shown.
    show_trainable
        Whether layers with weights tell if they are trained.
    splines
        Without effect.

    Returns
    -------
    Drawing
        A notebook shows it.

    Raises
    ------
    ValueError
        For an unknown `rankdir`, a format that matplotlib cannot write, or a model that is not
        built.
    ImportError
        If matplotlib is needed and not installed.

    Examples
    --------
    >>> import martlet
    >>> model = martlet.Sequential([martlet.Input((4,)), martlet.layers.Dense(2, name="scores")])
    >>> drawing = martlet.utils.plot_model(model, to_file=None, show_layer_names=True)
    >>> "scores" in drawing.svg
    True
    """
    if rankdir not in _DIRECTIONS:
        raise ValueError(f"plot_model: rankdir must be one of {_DIRECTIONS}, got {rankdir!r}")
    if expand_nested:
        not_supported("plot_model: expand_nested=True")
    shown = {
        "shapes": show_shapes,
        "dtype": show_dtype,
        "names": show_layer_names,
        "activations": show_layer_activations,
        "trainable": show_trainable,
    }
    boxes, edges = _boxes(model, {key for key, value in shown.items() if value})
    drawing = Drawing(model.name, boxes, edges, rankdir)
    if to_file is not None:
        drawing.save(to_file, dpi)
    return drawing


def _boxes(model: Model, shown: set[str]) -> tuple[list[Box], list[tuple[int, int]]]:
    """A box for every call of a layer, and from which box to which data goes."""
    if not model.built:
        if not model._is_sequential or not model.layers:
            raise ValueError(f"plot_model: model '{model.name}' is not built, so it has no graph")
        open_boxes = [
            _box(
                {"class_name": type(each).__name__, "name": each.name, "nodes": []}, None, [], shown
            )
            for each in model.layers
        ]
        return open_boxes, [(index, index + 1) for index in range(len(open_boxes) - 1)]
    layers = model._described_layers()
    calls = [(layer, call) for layer in layers for call in range(len(layer["nodes"]))]
    number = {(layer["name"], call): index for index, (layer, call) in enumerate(calls)}
    nodes = {layer["name"]: layer["nodes"] for layer in layers}
    boxes, edges = [], []
    for index, (layer, call) in enumerate(calls):
        node = layer["nodes"][call]
        inputs = [nodes[name][source]["output_shapes"][out] for name, source, out in node["inputs"]]
        boxes.append(_box(layer, node, inputs, shown))
        sources = dict.fromkeys(number[name, source] for name, source, _ in node["inputs"])
        edges += [(source, index) for source in sources]
    return boxes, edges


def _box(
    layer: dict[str, Any], node: dict[str, Any] | None, inputs: list[Any], shown: set[str]
) -> Box:
    config = layer.get("config", {})
    lines = []
    activation = config.get("activation")
    if "activations" in shown and activation not in (None, "linear"):
        lines.append(f"activation: {activation}")
    if "shapes" in shown:
        output = _shapes(node["output_shapes"]) if node else "?"
        lines += [f"in   {_shapes(inputs)}"] if inputs else []
        lines.append(f"out  {output}")
    if "dtype" in shown:
        lines.append("float32")
    if "trainable" in shown and layer.get("parameters"):
        lines.append("trained" if layer.get("trainable", True) else "not trained")
    note = layer["name"] if "names" in shown else ""
    return Box(layer["class_name"], note, lines, _kind(layer))


def _kind(layer: dict[str, Any]) -> str:
    name = layer["class_name"]
    if "layers" in layer or name in ("Functional", "Sequential"):
        return "model"
    if name in _KINDS:
        return _KINDS[name]
    if "Pooling" in name:
        return "pooling"
    return "weights" if layer.get("parameters") or name in ("Conv2D", "Dense") else "other"


def _shapes(shapes: list[Any]) -> str:
    texts = [f"({', '.join(['None', *map(str, shape)])}{',' * (not shape)})" for shape in shapes]
    runs = [(text, len(list(run))) for text, run in groupby(texts)]
    return ", ".join(f"{count} × {text}" if count > 1 else text for text, count in runs)


# Widths in a font of size 1, for the sans-serif faces that are likely to be there.
_NARROW, _WIDE = frozenset("ijl|.,:;'!()[] tfr"), frozenset("mwMW@%")


def _escaped(text: str) -> str:
    """Text as it stands in XML."""
    import html

    return html.escape(text)


def _text_width(text: str, size: float, bold: bool = False) -> float:
    width = sum(0.38 if each in _NARROW else 0.95 if each in _WIDE else 0.64 for each in text)
    return width * size * (1.08 if bold else 1.0)
