"""Drawings of models: what is in them, and that boxes and lines keep out of each other's way."""

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree

import pytest
from test_import import run

import martlet
from martlet import layers
from martlet._layered import Size, layered
from martlet.utils import plot_model


def chain() -> martlet.Sequential:
    return martlet.Sequential(
        [
            martlet.Input((8, 8, 1), name="picture"),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(2, name="scores"),
        ],
        name="chain",
    )


def residual(blocks: int = 2) -> martlet.Model:
    source = martlet.Input((8, 8, 4))
    x = source
    for _ in range(blocks):
        y = layers.Conv2D(4, 3, padding="same")(x)
        y = layers.BatchNormalization()(y)
        y = layers.ReLU()(y)
        y = layers.Conv2D(4, 3, padding="same")(y)
        x = layers.Add()([y, x])
    return martlet.Model(source, layers.GlobalAveragePooling2D()(x), name="residual")


def inception() -> martlet.Model:
    a, b = martlet.Input((8, 8, 3), name="a"), martlet.Input((8, 8, 3), name="b")
    x = layers.Concatenate()([a, b])
    branches = [layers.Conv2D(4, size, padding="same")(x) for size in (1, 3, 5)]
    branches.append(layers.MaxPooling2D(3, strides=1, padding="same")(x))
    x = layers.Concatenate()(branches)
    return martlet.Model([a, b], [layers.Flatten()(x), layers.GlobalAveragePooling2D()(x)])


def texts(drawing) -> list[str]:
    root = ElementTree.fromstring(drawing.svg)
    return [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]


# ---- What is in them -------------------------------------------------------------------------


def test_boxes_are_the_layers_in_order():
    shown = texts(plot_model(chain(), to_file=None))
    assert shown == ["InputLayer", "Conv2D", "MaxPooling2D", "Flatten", "Dense"]


def test_what_is_asked_for_is_shown():
    model = chain()
    model.get_layer("scores").trainable = False
    drawing = plot_model(
        model,
        to_file=None,
        show_shapes=True,
        show_dtype=True,
        show_layer_names=True,
        show_layer_activations=True,
        show_trainable=True,
    )
    shown = texts(drawing)
    at = shown.index("Conv2D")
    assert shown[at : at + 7] == [
        "Conv2D",
        "conv",
        "activation: relu",
        "in   (None, 8, 8, 1)",
        "out  (None, 6, 6, 4)",
        "float32",
        "trained",
    ]
    assert shown[-1] == "not trained"
    # A linear activation is none, and an input has no input.
    assert shown[shown.index("InputLayer") + 2] == "out  (None, 8, 8, 1)"
    assert shown.count("activation: relu") == 1


def test_a_shared_layer_has_a_box_for_each_call():
    a, b = martlet.Input((4,)), martlet.Input((4,))
    shared = layers.Dense(3)
    model = martlet.Model([a, b], layers.Add()([shared(a), shared(b)]))
    drawing = plot_model(model, to_file=None, show_shapes=True)
    assert texts(drawing).count("Dense") == 2
    assert "in   2 × (None, 3)" in texts(drawing)


def test_models_within_are_one_box():
    inner = chain()
    source = martlet.Input((8, 8, 1))
    outer = martlet.Model(source, layers.Softmax()(inner(source)))
    assert texts(plot_model(outer, to_file=None)) == ["InputLayer", "Sequential", "Softmax"]
    with pytest.raises(NotImplementedError, match="plot_model: expand_nested=True"):
        plot_model(outer, to_file=None, expand_nested=True)


def test_a_model_without_a_shape_yet_has_its_layers():
    model = martlet.Sequential([layers.Flatten(), layers.Dense(2)])
    drawing = plot_model(model, to_file=None, show_shapes=True)
    assert texts(drawing) == ["Flatten", "out  ?", "Dense", "out  ?"]


def test_names_are_escaped():
    model = martlet.Sequential([martlet.Input((2,)), layers.Dense(2, name="a<b&c")])
    assert "a<b&c" in texts(plot_model(model, to_file=None, show_layer_names=True))


# ---- Files -----------------------------------------------------------------------------------


def test_svg_is_written_without_matplotlib(tmp_path):
    path = tmp_path / "model.svg"
    drawing = plot_model(chain(), path)
    assert path.read_text(encoding="utf-8") == drawing.svg == drawing._repr_svg_()
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import martlet\n"
        "model = martlet.Sequential([martlet.Input((2,)), martlet.layers.Dense(1)])\n"
        f"martlet.utils.plot_model(model, {str(path)!r})\n"
        "try:\n"
        f"    martlet.utils.plot_model(model, {str(tmp_path / 'model.png')!r})\n"
        "except ImportError as error:\n"
        "    print(error)"
    )
    result = run(code)
    assert result.stdout == (
        "plot_model writes .svg files by itself; other formats need matplotlib: "
        'pip install "martlet[viz]"\n'
    ), result.stderr


def test_png_has_the_size_that_dpi_says(tmp_path):
    pytest.importorskip("matplotlib")
    path = tmp_path / "model.png"
    drawing = plot_model(residual(), path, dpi=96)
    header = path.read_bytes()[:24]
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (16, 20))
    assert abs(width - drawing.width) <= 1 and abs(height - drawing.height) <= 1


def test_mistakes_are_named(tmp_path):
    with pytest.raises(ValueError, match="rankdir must be one of .*, got 'TD'"):
        plot_model(chain(), to_file=None, rankdir="TD")
    with pytest.raises(ValueError, match="model 'empty' is not built, so it has no graph"):
        plot_model(martlet.Sequential(name="empty"), to_file=None)
    pytest.importorskip("matplotlib")
    with pytest.raises(ValueError, match="not supported"):
        plot_model(chain(), tmp_path / "model.abc")


def test_a_drawing_tells_what_it_is():
    drawing = plot_model(chain(), to_file=None)
    assert repr(drawing).startswith("<Drawing of model 'chain': ")


# ---- Layout ----------------------------------------------------------------------------------


MODELS = [chain, residual, inception]


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
@pytest.mark.parametrize("make", MODELS)
def test_boxes_do_not_overlap_and_lie_within(make, rankdir):
    drawing = plot_model(make(), to_file=None, rankdir=rankdir, show_shapes=True)
    boxes = [drawing._corner(index) for index in range(len(drawing._boxes))]
    for (x0, y0, w0, h0), (x1, y1, w1, h1) in itertools.combinations(boxes, 2):
        apart_x = x0 + w0 <= x1 or x1 + w1 <= x0
        apart_y = y0 + h0 <= y1 or y1 + h1 <= y0
        assert apart_x or apart_y
    for x, y, width, height in boxes:
        assert x >= 0 and y >= 0
        assert x + width <= drawing.width and y + height <= drawing.height
    for line in drawing._lines:
        assert all(0 <= x <= drawing.width and 0 <= y <= drawing.height for x, y in line)


@pytest.mark.parametrize("make", MODELS)
def test_lines_pass_beside_boxes(make):
    drawing = plot_model(make(), to_file=None, show_shapes=True)
    boxes = [drawing._corner(index) for index in range(len(drawing._boxes))]
    for line in drawing._lines:
        for x, y in line[1:-1]:
            for left, top, width, height in boxes:
                inside = left < x < left + width and top < y < top + height
                assert not inside


def test_data_flows_where_rankdir_says():
    for rankdir, axis, sign in [("TB", 1, 1), ("BT", 1, -1), ("LR", 0, 1), ("RL", 0, -1)]:
        drawing = plot_model(residual(), to_file=None, rankdir=rankdir)
        for line in drawing._lines:
            assert sign * (line[-1][axis] - line[0][axis]) > 0


def test_the_trunk_of_a_residual_network_is_straight():
    drawing = plot_model(residual(3), to_file=None)
    columns = {round(x) for x, _ in drawing._centres}
    assert len(columns) == 1
    # And every shortcut is one straight line beside it.
    for line in drawing._lines:
        passing = {round(x) for x, _ in line[1:-1]}
        assert len(passing) <= 1


def test_branches_stand_side_by_side_and_even():
    layout = layered([Size(50, 20)] * 5, [(0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4)], space=10)
    (top, *branches, bottom) = layout.centres
    assert [x for x, _ in branches] == [25, 85, 145]
    assert top[0] == bottom[0] == 85
    assert len({y for _, y in branches}) == 1
    assert (layout.across, layout.along) == (170, 3 * 20 + 2 * 34)


def test_lines_that_can_do_not_cross():
    # Given crosswise, and one that passes a rank.
    edges = [(0, 4), (1, 3), (2, 5), (3, 6), (4, 7), (5, 7), (0, 7)]
    layout = layered([Size(40, 20)] * 8, edges)
    assert layout.centres[3][0] > layout.centres[4][0] or layout.centres[0] > layout.centres[1]
    places = [layout.centres[each][0] for each in range(8)]
    crossings = sum(
        (places[a] - places[c]) * (places[b] - places[d]) < 0
        for (a, b), (c, d) in itertools.combinations(edges[:3], 2)
    )
    assert crossings == 0


def test_inputs_stand_right_above_their_first_user():
    layout = layered([Size(10, 10)] * 4, [(0, 1), (1, 2), (3, 2)], gap=5)
    assert layout.centres[3][1] == layout.centres[1][1]
