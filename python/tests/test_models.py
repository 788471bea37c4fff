"""Models: putting together, structure, weights, calls."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import martlet
from martlet import Input, Model, Sequential
from martlet.layers import (
    Add,
    Concatenate,
    Conv2D,
    Dense,
    Flatten,
    InputLayer,
    MaxPooling2D,
)

DENSE = np.ones((2, 4), np.float32)


def two_headed() -> Model:
    left, right = Input((4,), name="left"), Input((3,), name="right")
    joined = Concatenate()([Dense(2, name="a")(left), right])
    return Model([left, right], [Dense(1, name="first")(joined), Dense(2, name="second")(joined)])


class TestSequential:
    def test_from_a_list_and_by_add(self):
        whole = Sequential([Input((4,)), Dense(3), Dense(2)])
        grown = Sequential()
        grown.add(Input((4,)))
        grown.add(Dense(3))
        assert grown.output_shape == (None, 3)
        grown.add(Dense(2))
        for model in (whole, grown):
            assert model.built
            assert model.input_shape == (None, 4)
            assert model.output_shape == (None, 2)
            assert [type(layer) for layer in model.layers] == [Dense, Dense]
            assert model.count_params() == 23

    @pytest.mark.parametrize("option", [{"input_shape": (4,)}, {"input_dim": 4}])
    def test_the_first_layer_may_say_the_shape(self, option):
        model = Sequential([Dense(3, **option), Dense(2)])
        assert model.built
        assert model.input_shape == (None, 4)

    def test_an_input_layer_may_stand_first(self):
        assert Sequential([InputLayer((4,)), Dense(3)]).output_shape == (None, 3)

    def test_the_first_data_may_say_the_shape(self):
        model = Sequential([Dense(3), Dense(2)])
        assert not model.built
        assert model.get_weights() == []
        with pytest.raises(ValueError, match="model 'sequential' is not built"):
            model.count_params()
        assert model.predict(DENSE, verbose=0).shape == (2, 2)
        assert model.input_shape == (None, 4)

    def test_build_and_fit_say_the_shape(self):
        model = Sequential([Dense(3)])
        model.build((None, 4))
        assert model.built
        model = Sequential([Dense(3)])
        model.compile("sgd", "mse")
        model.fit(DENSE, np.ones((2, 3)), verbose=0)
        assert model.optimizer.iterations == 1

    def test_pop(self):
        model = Sequential([Input((4,)), Dense(3), Dense(2, name="last")])
        assert model.pop().name == "last"
        assert model.output_shape == (None, 3)
        assert len(model.layers) == 1
        model.add(Dense(7))
        assert model.predict(DENSE, verbose=0).shape == (2, 7)

    def test_growing_keeps_weights_and_compilation(self):
        model = Sequential([Input((4,)), Dense(3)])
        model.compile("sgd", "mse")
        kernel = model.layers[0].kernel.numpy()
        model.add(Dense(2))
        assert model.layers[0].kernel.numpy().tolist() == kernel.tolist()
        model.fit(DENSE, np.ones((2, 2)), verbose=0)

    def test_a_failed_add_changes_nothing(self):
        model = Sequential([Input((4, 4, 1)), Conv2D(2, 3)])
        with pytest.raises(ValueError, match="layer 'large'"):
            model.add(Conv2D(2, 9, name="large"))
        assert len(model.layers) == 1
        assert model.output_shape == (None, 2, 2, 2)

    @pytest.mark.parametrize(
        ("wrong", "kind", "message"),
        [
            (Dense, TypeError, r"got Dense; say Dense\(\)"),
            ("dense", TypeError, "got 'dense'"),
            (lambda: 0, TypeError, "takes layers"),
        ],
    )
    def test_what_is_no_layer(self, wrong, kind, message):
        with pytest.raises(kind, match=message):
            Sequential([wrong])

    def test_names_must_be_unique(self):
        with pytest.raises(ValueError, match="already has a layer named 'same'"):
            Sequential([Input((4,)), Dense(3, name="same"), Dense(3, name="same")])

    def test_an_input_only_first(self):
        with pytest.raises(ValueError, match="can only stand first"):
            Sequential([Input((4,)), Dense(3), Input((4,))])

    def test_a_shape_that_pooling_brings_to_zero(self):
        with pytest.raises(ValueError, match="layer 'third'"):
            Sequential(
                [
                    Input((4, 4, 1)),
                    MaxPooling2D(),
                    MaxPooling2D(),
                    MaxPooling2D(name="third"),
                ]
            )

    def test_representation(self):
        model = Sequential([Input((4,)), Dense(3, name="d")], name="small")
        assert repr(model) == (
            "Sequential([\n"
            "    Input((4,)),\n"
            "    Dense(3, name='d'),  # 15 parameters\n"
            "], name='small')  # 15 parameters"
        )
        assert repr(Sequential()) == "Sequential([])"


class TestFunctional:
    def test_several_inputs_and_outputs(self):
        model = two_headed()
        assert model.input_names == ["left", "right"]
        assert model.output_names == ["first", "second"]
        assert model.input_shape == [(None, 4), (None, 3)]
        assert model.output_shape == [(None, 1), (None, 2)]
        x = [np.ones((5, 4)), np.ones((5, 3))]
        first, second = model.predict(x, verbose=0)
        assert first.shape == (5, 1)
        assert second.shape == (5, 2)
        named = model.predict({"right": x[1], "left": x[0]}, verbose=0)
        assert named[0].tolist() == first.tolist()

    def test_dicts(self):
        a = Input((4,), name="a")
        model = Model({"a": a}, {"double": Dense(2)(a), "triple": Dense(3)(a)})
        out = model.predict({"a": DENSE}, verbose=0)
        assert {key: value.shape for key, value in out.items()} == {
            "double": (2, 2),
            "triple": (2, 3),
        }

    def test_shared_layers_share_weights(self):
        shared = Dense(3, name="shared")
        a, b = Input((4,)), Input((4,))
        model = Model([a, b], Add()([shared(a), shared(b)]))
        assert model.count_params() == 15
        assert len(model.weights) == 2
        x = np.random.default_rng(0).normal(size=(2, 4))
        expected = 2 * shared(x)
        assert model.predict([x, x], verbose=0) == pytest.approx(expected, abs=1e-6)

    def test_models_inside_models(self):
        inner = Sequential([Input((4,)), Dense(3)], name="inner")
        source = Input((4,))
        outer = Model(source, Dense(1)(inner(source)))
        assert [layer.name for layer in outer.layers] == ["input_layer_1", "inner", "dense_1"]
        assert outer.count_params() == 19
        assert len(outer.get_weights()) == 4
        chained = Sequential([inner, Dense(2)])
        assert chained.input_shape == (None, 4)
        inner.set_weights([np.ones((4, 3)), np.zeros(3)])
        assert outer.get_weights()[0].tolist() == np.ones((4, 3)).tolist()
        assert chained.get_weights()[0].tolist() == np.ones((4, 3)).tolist()

    def test_a_model_with_several_outputs_inside_another(self):
        inner = two_headed()
        left, right = Input((4,)), Input((3,))
        first, second = inner([left, right])
        outer = Model([left, right], Concatenate()([first, second]))
        assert outer.output_shape == (None, 3)

    def test_a_model_may_end_or_begin_in_the_middle_of_another(self):
        model = Sequential([Input((4,)), Dense(3), Dense(2), Dense(1)])
        features = Model(model.inputs, model.layers[1].output)
        assert features.predict(DENSE, verbose=0).shape == (2, 2)
        rest = Model(model.layers[1].output, model.outputs)
        whole = rest.predict(features.predict(DENSE, verbose=0), verbose=0)
        assert whole == pytest.approx(model.predict(DENSE, verbose=0), abs=1e-6)
        assert [type(layer) for layer in rest.layers] == [InputLayer, Dense]

    def test_graph_that_does_not_connect(self):
        other = Input((4,), name="other")
        with pytest.raises(ValueError, match="other"):
            Model(Input((4,)), Dense(2)(other))

    def test_what_is_no_symbol(self):
        with pytest.raises(TypeError, match="outputs must be symbols"):
            Model(Input((4,)), Dense(2))
        with pytest.raises(TypeError, match=r"Model\(inputs, outputs\)"):
            Model()

    def test_a_class_of_ones_own_without_a_call(self):
        class Custom(Model):
            pass

        with pytest.raises(TypeError, match=r"Model takes inputs and outputs"):
            Custom()

    def test_get_layer(self):
        model = two_headed()
        assert model.get_layer("first").name == "first"
        assert model.get_layer(index=0).name == model.layers[0].name
        with pytest.raises(ValueError, match="'frist'; did you mean 'first'"):
            model.get_layer("frist")
        with pytest.raises(ValueError, match="index 99 is out of range"):
            model.get_layer(index=99)
        with pytest.raises(ValueError, match="a name or an index"):
            model.get_layer()

    def test_representation(self):
        model = Model(a := Input((4,), name="x"), Dense(2, name="d")(a), name="m")
        assert repr(model) == "Model(x(None, 4), d(None, 2), name='m')  # 10 parameters"


class TestWeights:
    def test_get_and_set(self):
        a, b = (Sequential([Input((4,)), Dense(3), Dense(2)]) for _ in range(2))
        assert a.predict(DENSE, verbose=0).tolist() != b.predict(DENSE, verbose=0).tolist()
        b.set_weights(a.get_weights())
        assert a.predict(DENSE, verbose=0).tolist() == b.predict(DENSE, verbose=0).tolist()

    def test_what_get_weights_gives_is_a_copy(self):
        model = Sequential([Input((4,)), Dense(3)])
        model.get_weights()[0][:] = 7
        assert model.get_weights()[0].max() < 7

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda weights: weights[:-1], "3"),
            (lambda weights: [*weights, weights[0]], "5"),
            (lambda weights: [*weights[:2], weights[2].T, weights[3]], "second"),
        ],
    )
    def test_wrong_weights_change_nothing(self, change, message):
        model = Sequential([Input((4,)), Dense(3), Dense(2, name="second")])
        before = model.get_weights()
        wrong = change([weight + 1 for weight in before])
        with pytest.raises(ValueError, match=message):
            model.set_weights(wrong)
        for now, then in zip(model.get_weights(), before, strict=True):
            assert now.tolist() == then.tolist()

    def test_freezing(self):
        model = Sequential([Input((4,)), Dense(3), Dense(2)])
        model.layers[0].trainable = False
        assert len(model.trainable_weights) == 2
        assert len(model.non_trainable_weights) == 2
        model.compile("sgd", "mse")
        before = model.get_weights()
        model.fit(DENSE, np.ones((2, 2)), verbose=0)
        after = model.get_weights()
        assert after[0].tolist() == before[0].tolist()
        assert after[2].tolist() != before[2].tolist()
        model.trainable = False
        assert model.trainable_weights == []
        assert not model.layers[1].trainable
        assert Sequential([Input((4,)), Dense(3)], trainable=False).trainable_weights == []


class TestCalls:
    def test_on_arrays(self):
        model = Sequential([Input((4,)), Dense(3)])
        assert model(DENSE).tolist() == model.predict(DENSE, verbose=0).tolist()
        assert isinstance(model(DENSE), np.ndarray)
        assert model(DENSE, training=True).shape == (2, 3)

    def test_predict_on_batch(self):
        model = two_headed()
        first, second = model.predict_on_batch([np.ones((5, 4)), np.ones((5, 3))])
        assert first.shape == (5, 1)
        assert second.shape == (5, 2)

    @pytest.mark.parametrize("count", [1, 31, 32, 33, 100])
    def test_batches_do_not_show(self, count):
        model = Sequential([Input((4,)), Dense(3)])
        x = np.random.default_rng(0).normal(size=(count, 4))
        whole = model.predict(x, batch_size=count, verbose=0)
        assert model.predict(x, verbose=0).tolist() == whole.tolist()
        assert whole.shape == (count, 3)

    def test_a_missing_channel_axis_is_added(self):
        model = Sequential([Input((6, 6, 1)), Conv2D(2, 3), Flatten()])
        x = np.random.default_rng(0).normal(size=(3, 6, 6))
        assert (
            model.predict(x, verbose=0).tolist() == model.predict(x[..., None], verbose=0).tolist()
        )


def test_models_go_when_nobody_holds_them():
    model = Sequential([Input((4,)), Dense(3), Dense(2)])
    model.compile("adam", "mse")
    model.fit(DENSE, np.ones((2, 2)), verbose=0)
    model(DENSE)
    gone = weakref.ref(model)
    layer_gone = weakref.ref(model.layers[0])
    gc.disable()
    try:
        del model
        assert gone() is None
        assert layer_gone() is None
    finally:
        gc.enable()


def test_history_does_not_hold_the_model():
    model = Sequential([Input((4,)), Dense(2)])
    model.compile("adam", "mse")
    history = model.fit(DENSE, np.ones((2, 2)), verbose=0)
    gone = weakref.ref(model)
    del model
    assert gone() is None
    assert len(history.epoch) == 1


# ---- What layers within give -----------------------------------------------------------------


def picture_chain(module):
    return module.Sequential(
        [
            module.Input((8, 8, 1)),
            module.layers.Conv2D(4, 3, activation="relu"),
            module.layers.BatchNormalization(),
            module.layers.MaxPooling2D(),
            module.layers.Flatten(),
            module.layers.Dense(3, activation="softmax"),
        ]
    )


def test_models_up_to_each_layer_give_what_keras_gives():
    keras = pytest.importorskip("keras")
    ours, theirs = picture_chain(martlet), picture_chain(keras)
    theirs.set_weights(ours.get_weights())
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype(np.float32)
    for index in range(len(ours.layers)):
        part = martlet.Model(inputs=ours.input, outputs=ours.layers[index].output)
        expected = keras.Model(inputs=theirs.inputs[0], outputs=theirs.layers[index].output)(x)
        # Sums of up to 36 terms in float32.
        assert np.allclose(part.predict(x, verbose=0), np.asarray(expected), atol=2e-6)


def test_all_layers_at_once_and_weights_shared():
    model = picture_chain(martlet)
    everything = martlet.Model(model.inputs, [layer.output for layer in model.layers])
    x = np.random.default_rng(0).normal(size=(5, 8, 8, 1)).astype(np.float32)
    before = everything.predict(x, verbose=0)
    assert np.array_equal(before[-1], model.predict(x, verbose=0))
    model.compile("sgd", "sparse_categorical_crossentropy")
    model.fit(x, np.arange(5) % 3, verbose=0)
    after = everything.predict(x, verbose=0)
    assert not np.array_equal(before[0], after[0])
    assert np.array_equal(after[-1], model.predict(x, verbose=0))
    assert everything.layers[1] is model.layers[0]


def test_a_part_that_ends_within_a_functional_model():
    source = martlet.Input((6,))
    hidden = martlet.layers.Dense(5, activation="relu", name="hidden")(source)
    sum_ = martlet.layers.Add(name="sum")([hidden, martlet.layers.Dense(5)(hidden)])
    model = martlet.Model(source, martlet.layers.Dense(2)(sum_))
    x = np.ones((3, 6), np.float32)
    part = martlet.Model(model.input, model.get_layer("sum").output)
    rest = martlet.Model(model.get_layer("sum").output, model.output)
    assert np.array_equal(
        rest.predict(part.predict(x, verbose=0), verbose=0), model.predict(x, verbose=0)
    )
    both = martlet.Model(model.input, {"hidden": hidden, "end": model.output})
    assert set(both.predict(x, verbose=0)) == {"hidden", "end"}


def test_a_model_built_by_data_has_parts():
    model = martlet.Sequential([martlet.layers.Dense(4), martlet.layers.Dense(2)], name="later")
    with pytest.raises(AttributeError) as caught:
        _ = model.input
    assert str(caught.value) == (
        "model 'later' is not built, so it has no input yet; start it with an Input, or call fit, "
        "predict or build first"
    )
    with pytest.raises(AttributeError, match="so it has no output yet"):
        _ = model.output
    x = np.ones((3, 6), np.float32)
    model(x)
    part = martlet.Model(model.input, model.layers[0].output)
    assert np.array_equal(part(x), model.layers[0](x))
