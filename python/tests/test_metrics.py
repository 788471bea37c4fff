"""Metrics by themselves and in training: Keras's numbers, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import martlet
from martlet import Input, Sequential, layers, metrics

keras = pytest.importorskip("keras")

pytestmark = pytest.mark.filterwarnings("ignore")  # the peer's own

# Keras adds in single precision, Martlet in double.
TOLERANCE = 2e-6

RANDOM = np.random.default_rng(5)
LOGITS = RANDOM.normal(size=(40, 4)).astype(np.float32)
PROBABILITIES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
SIGMOIDS = (1 / (1 + np.exp(-LOGITS))).astype(np.float32)
LABELS = RANDOM.integers(0, 4, 40)
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
BITS = (RANDOM.uniform(size=(40, 4)) < SIGMOIDS).astype(np.float32)
VALUES = RANDOM.normal(size=(40, 4)).astype(np.float32)
DISTRIBUTIONS = RANDOM.dirichlet(np.ones(4), 40).astype(np.float32)
GUESSES = RANDOM.integers(0, 4, 40)
WEIGHTS = RANDOM.integers(0, 4, 40).astype(np.float32)

# Class name, arguments, targets, predictions.
CASES = [
    ("Accuracy", {}, LABELS, GUESSES),
    ("BinaryAccuracy", {}, BITS, SIGMOIDS),
    ("BinaryAccuracy", {"threshold": 0.7}, BITS[:, 0], SIGMOIDS[:, 0]),
    ("CategoricalAccuracy", {}, ONE_HOT, PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, LABELS, PROBABILITIES),
    ("SparseCategoricalAccuracy", {}, LABELS[:, None], PROBABILITIES),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, PROBABILITIES),
    ("SparseTopKCategoricalAccuracy", {"k": 3}, LABELS, PROBABILITIES),
    ("TruePositives", {}, BITS, SIGMOIDS),
    ("FalsePositives", {"thresholds": [0.8, 0.2]}, BITS, SIGMOIDS),
    ("TrueNegatives", {"thresholds": 0.4}, BITS, SIGMOIDS),
    ("FalseNegatives", {"thresholds": [0, 0.5, 1]}, BITS, SIGMOIDS),
    ("Precision", {}, BITS, SIGMOIDS),
    ("Precision", {"thresholds": [0.1, 0.9, 0.5], "class_id": 2}, BITS, SIGMOIDS),
    ("Precision", {"top_k": 2}, BITS, SIGMOIDS),
    ("Recall", {}, BITS[:, 1], SIGMOIDS[:, 1]),
    ("Recall", {"top_k": 3, "class_id": 1}, BITS, SIGMOIDS),
    ("PrecisionAtRecall", {"recall": 0.6}, BITS, SIGMOIDS),
    ("RecallAtPrecision", {"precision": 0.6}, BITS, SIGMOIDS),
    ("SensitivityAtSpecificity", {"specificity": 0.6}, BITS, SIGMOIDS),
    ("SpecificityAtSensitivity", {"sensitivity": 0.6, "num_thresholds": 9}, BITS, SIGMOIDS),
    ("AUC", {}, BITS, SIGMOIDS),
    ("AUC", {"num_thresholds": 11, "summation_method": "minoring"}, BITS, SIGMOIDS),
    ("AUC", {"num_thresholds": 11, "summation_method": "majoring"}, BITS, SIGMOIDS),
    ("AUC", {"thresholds": [0.2, 0.3, 0.35, 0.7]}, BITS, SIGMOIDS),
    ("AUC", {"curve": "PR"}, BITS, SIGMOIDS),
    ("AUC", {"curve": "PR", "summation_method": "majoring"}, BITS, SIGMOIDS),
    ("AUC", {"curve": "PRGAIN"}, BITS, SIGMOIDS),
    ("AUC", {"multi_label": True}, BITS, SIGMOIDS),
    ("AUC", {"multi_label": True, "label_weights": [1.0, 2.0, 0.0, 0.5]}, BITS, SIGMOIDS),
    ("AUC", {"from_logits": True}, BITS, LOGITS),
    ("F1Score", {}, ONE_HOT, PROBABILITIES),
    ("F1Score", {"average": "micro", "threshold": 0.4}, BITS, SIGMOIDS),
    ("F1Score", {"average": "macro"}, ONE_HOT, PROBABILITIES),
    ("F1Score", {"average": "weighted"}, ONE_HOT, PROBABILITIES),
    ("FBetaScore", {"beta": 2.0, "threshold": 0.5}, BITS, SIGMOIDS),
    ("MeanIoU", {"num_classes": 4}, LABELS, GUESSES),
    ("MeanIoU", {"num_classes": 4, "ignore_class": 1}, LABELS, GUESSES),
    ("MeanIoU", {"num_classes": 3}, LABELS, GUESSES),
    ("MeanIoU", {"num_classes": 4, "sparse_y_pred": False}, LABELS, PROBABILITIES),
    ("IoU", {"num_classes": 4, "target_class_ids": [1, 3]}, LABELS, GUESSES),
    ("OneHotMeanIoU", {"num_classes": 4}, ONE_HOT, PROBABILITIES),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0]}, ONE_HOT, PROBABILITIES),
    ("BinaryIoU", {"threshold": 0.3}, BITS, SIGMOIDS),
    ("RootMeanSquaredError", {}, VALUES, LOGITS),
    ("R2Score", {}, VALUES, LOGITS),
    ("R2Score", {"class_aggregation": None}, VALUES, LOGITS),
    ("R2Score", {"class_aggregation": "variance_weighted_average"}, VALUES, LOGITS),
    ("R2Score", {"num_regressors": 3}, VALUES, LOGITS),
    ("MeanSquaredError", {}, VALUES, LOGITS),
    ("MeanAbsoluteError", {}, VALUES, LOGITS),
    ("MeanAbsolutePercentageError", {}, DISTRIBUTIONS, PROBABILITIES),
    ("MeanSquaredLogarithmicError", {}, DISTRIBUTIONS, PROBABILITIES),
    ("LogCoshError", {}, VALUES, LOGITS),
    ("CosineSimilarity", {}, VALUES, LOGITS),
    ("KLDivergence", {}, DISTRIBUTIONS, PROBABILITIES),
    ("Poisson", {}, DISTRIBUTIONS, PROBABILITIES),
    ("Hinge", {}, BITS, LOGITS),
    ("SquaredHinge", {}, BITS, LOGITS),
    ("CategoricalHinge", {}, ONE_HOT, LOGITS),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, BITS, SIGMOIDS),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, LOGITS),
    ("SparseCategoricalCrossentropy", {}, LABELS, PROBABILITIES),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, LABELS, PROBABILITIES),
]


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("index", range(len(CASES)), ids=[case[0] for case in CASES])
def test_metrics_alone_give_what_keras_gives(index, weighted):
    name, arguments, y_true, y_pred = CASES[index]
    if weighted and name == "BinaryIoU":
        pytest.skip("Keras takes a weight for each value there")
    results = []
    for library in (martlet, keras):
        metric = getattr(library.metrics, name)(**arguments)
        for part in (slice(0, 25), slice(25, 40)):
            weights = {"sample_weight": WEIGHTS[part]} if weighted else {}
            metric.update_state(y_true[part], y_pred[part], **weights)
        results.append(np.asarray(metric.result()))
        metric.reset_state()
        results[-1] = np.append(results[-1].ravel(), metric(y_true[:9], y_pred[:9]))
    # Percentages and counts are large.
    assert results[0] == pytest.approx(results[1], abs=TOLERANCE, rel=TOLERANCE)


@pytest.mark.parametrize(
    "metric, y_true, y_pred, expected",
    [
        (metrics.Precision(), [0, 1, 1, 1], [1, 0, 1, 0.5], 0.5),
        (metrics.Recall(), [0, 1, 1, 1], [1, 0, 1, 0.5], 0.3333333),
        (metrics.AUC(), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], 0.75),
        (metrics.MeanIoU(2), [0, 0, 1, 1], [0, 1, 0, 1], 0.3333333),
        (metrics.R2Score(), [[1], [2]], [[1.5], [2]], 0.5),
        (metrics.RootMeanSquaredError(), [1, 2], [2, 4], 1.5811388),
        (
            metrics.F1Score(threshold=0.5),
            [[1, 1, 1], [1, 0, 0], [1, 1, 0]],
            [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0]],
            [0.5, 0.8, 0.6666666],
        ),
    ],
)
def test_measured_values(metric, y_true, y_pred, expected):
    assert metric(y_true, y_pred) == pytest.approx(expected, abs=2e-7)


def test_means_and_sums_of_values():
    for name in ("Mean", "Sum"):
        ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
        for metric in (ours, theirs):
            metric.update_state([1.0, 2.0, 6.0])
            metric.update_state([[1.0, 3.0], [2.0, 2.0]], sample_weight=[0.5, 2.0])
            metric.update_state(4.0)
        assert ours.result() == pytest.approx(float(theirs.result()))
    mean = metrics.Mean()
    assert mean.result() == 0
    assert repr(mean) == "Mean(name='mean')"


# ---- Training ---------------------------------------------------------------------------------


def compiled(library, loss, units, activation, given, weighted=None):
    model = library.Sequential(
        [library.Input((3,)), library.layers.Dense(units, activation=activation)]
    )
    random = np.random.default_rng(3)
    model.set_weights([random.normal(size=each.shape) for each in model.get_weights()])
    model.compile(
        library.optimizers.SGD(0.05),
        loss,
        metrics=given(library.metrics),
        weighted_metrics=weighted and weighted(library.metrics),
    )
    return model


X = np.random.default_rng(8).normal(size=(40, 3)).astype(np.float32)

TRAINED = {
    "sigmoid": (
        "binary_crossentropy",
        BITS,
        lambda m: [
            m.Precision(name="precision"),
            m.Recall(thresholds=[0.3, 0.6], name="recall"),
            m.AUC(name="auc"),
            m.AUC(curve="PR", name="pr"),
            m.TruePositives(name="tp"),
            m.FalseNegatives(name="fn"),
            "accuracy",
            "mae",
            m.F1Score(threshold=0.5, name="f1"),
        ],
    ),
    "softmax": (
        "sparse_categorical_crossentropy",
        LABELS,
        lambda m: [
            "accuracy",
            m.SparseTopKCategoricalAccuracy(2, name="top2"),
            "sparse_categorical_crossentropy",
            m.MeanIoU(4, sparse_y_pred=False, name="iou"),
        ],
    ),
    None: (
        "mse",
        VALUES,
        lambda m: [
            m.RootMeanSquaredError(name="rmse"),
            "mse",
            m.CosineSimilarity(name="cosine"),
            m.R2Score(name="r2"),
            "mean_absolute_error",
        ],
    ),
}


@pytest.mark.parametrize("activation", TRAINED)
def test_metrics_in_training_follow_keras(activation):
    loss, y, given = TRAINED[activation]
    histories = []
    for library in (martlet, keras):
        model = compiled(library, loss, 4, activation, given, given)
        history = model.fit(
            X,
            y,
            batch_size=7,
            epochs=2,
            shuffle=False,
            sample_weight=WEIGHTS,
            validation_data=(X[:9], y[:9]),
            verbose=0,
        ).history
        evaluated = model.evaluate(X, y, batch_size=16, verbose=0, return_dict=True)
        histories.append((history, evaluated))
    (ours, our_values), (theirs, their_values) = histories
    assert list(ours) == list(theirs)
    assert list(our_values) == list(their_values)
    for key in ours:
        # Keras's counts of true positives weigh in whole units.
        assert np.array(ours[key]) == pytest.approx(np.array(theirs[key]), abs=1e-5), key
    for key, value in our_values.items():
        assert value == pytest.approx(np.asarray(their_values[key]), abs=1e-5), key


def test_class_weights_weigh_weighted_metrics_only():
    results = []
    for library in (martlet, keras):
        model = compiled(
            library,
            "sparse_categorical_crossentropy",
            4,
            "softmax",
            lambda m: ["accuracy"],
            lambda m: ["accuracy"],
        )
        history = model.fit(
            X, LABELS, class_weight={0: 3.0, 2: 0.5}, shuffle=False, verbose=0
        ).history
        results.append(history)
    assert list(results[0]) == list(results[1]) == ["accuracy", "loss", "weighted_accuracy"]
    for key in results[0]:
        assert results[0][key] == pytest.approx(results[1][key], abs=1e-6)


def test_results_do_not_depend_on_threads():
    found = []
    for threads in (1, 2, 3):
        martlet.config.set_num_threads(threads)
        try:
            _, y, given = TRAINED["sigmoid"]
            model = compiled(martlet, "binary_crossentropy", 4, "sigmoid", given, given)
            history = model.fit(
                np.tile(X, (50, 1)),
                np.tile(y, (50, 1)),
                batch_size=2000,
                sample_weight=np.linspace(0.1, 1.7, 2000),
                shuffle=False,
                verbose=0,
            ).history
        finally:
            martlet.config.set_num_threads(0)
        found.append({key: np.array(value).tolist() for key, value in history.items()})
    assert found[0] == found[1] == found[2]


def test_objects_tell_the_result_of_the_last_pass():
    auc = metrics.AUC()
    model = compiled(martlet, "binary_crossentropy", 4, "sigmoid", lambda m: [auc])
    history = model.fit(X, BITS, validation_split=0.5, verbose=0).history
    assert auc.result() == history["val_auc"][0]
    _, value = model.evaluate(X, BITS, verbose=0)
    assert auc.result() == value
    # What comes by hand starts afresh.
    auc.update_state([0, 1], [0.1, 0.9])
    assert auc.result() == 1


def test_several_outputs():
    inputs = Input((3,))
    a = layers.Dense(4, activation="softmax", name="a")(inputs)
    b = layers.Dense(4, activation="sigmoid", name="b")(inputs)
    model = martlet.Model(inputs, [a, b])
    model.compile(
        "sgd",
        ["sparse_categorical_crossentropy", "binary_crossentropy"],
        metrics=[["accuracy"], [metrics.F1Score(), metrics.Precision()]],
        weighted_metrics={"b": [metrics.Precision()]},
    )
    assert model.metrics_names == [
        "loss",
        "a_loss",
        "b_loss",
        "a_accuracy",
        "b_f1_score",
        "b_precision",
        "b_weighted_precision",
    ]
    values = model.evaluate(X, [LABELS, BITS], verbose=0)
    assert [np.shape(each) for each in values] == [(), (), (), (), (4,), (), ()]
    assert values[5] == values[6]


def test_the_line_shows_numbers_and_short_rows(capsys):
    confusion = metrics.ConfusionMatrix()
    model = compiled(
        martlet, "binary_crossentropy", 2, "sigmoid", lambda m: [m.F1Score(), confusion, m.AUC()]
    )
    model.evaluate(X, BITS[:, :2], verbose=2)
    line = capsys.readouterr().out
    scores = model.evaluate(X, BITS[:, :2], verbose=0)[1]
    assert f" - f1_score: [{scores[0]:.4f} {scores[1]:.4f}]" in line
    assert " - auc: 0." in line
    assert "confusion" in line  # four numbers are few enough


# ---- The confusion matrix ---------------------------------------------------------------------


def test_confusion_matrix_counts():
    expected = np.zeros((4, 4), int)
    np.add.at(expected, (LABELS, PROBABILITIES.argmax(-1)), 1)
    for y_true, y_pred in (
        (LABELS, PROBABILITIES),
        (ONE_HOT, PROBABILITIES),
        (LABELS, PROBABILITIES.argmax(-1)),
        (LABELS[:, None], PROBABILITIES.argmax(-1)),
    ):
        matrix = metrics.ConfusionMatrix(num_classes=4)
        assert (matrix(y_true, y_pred) == expected).all()
        assert matrix.result().dtype == np.int64
    weighted = metrics.ConfusionMatrix()
    weighted.update_state(LABELS, PROBABILITIES, sample_weight=WEIGHTS / 2)
    assert weighted.result().sum() == WEIGHTS.sum() / 2
    single = metrics.ConfusionMatrix()
    assert single([0, 1, 1], [0.2, 0.5, 0.7]).tolist() == [[1, 0], [1, 1]]


@pytest.mark.parametrize("one_hot", [False, True])
def test_confusion_matrix_of_a_model(one_hot):
    loss = "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
    matrix = metrics.ConfusionMatrix(class_names=["a", "b", "c", "d"])
    model = compiled(martlet, loss, 4, "softmax", lambda m: ["accuracy", matrix])
    y = ONE_HOT if one_hot else LABELS
    history = model.fit(X, y, batch_size=16, verbose=0).history
    assert history["confusion_matrix"][0].shape == (4, 4)
    values = model.evaluate(X, y, verbose=0)
    counts = matrix.result()
    assert (values[2] == counts).all()
    assert counts.sum() == 40
    assert np.trace(counts) / 40 == pytest.approx(values[1])
    assert (counts.sum(1) == np.bincount(LABELS)).all()


def test_confusion_matrix_as_text():
    matrix = metrics.ConfusionMatrix(2)
    matrix.update_state([0, 1, 1], [0, 1, 0], sample_weight=[100, 1, 0.25])
    assert str(matrix).splitlines() == [
        "     predicted",
        "true      0    1",
        "   0    100    0",
        "   1   0.25    1",
    ]
    assert repr(matrix) == "ConfusionMatrix(name='confusion_matrix', num_classes=2)"


def test_confusion_matrix_as_a_picture():
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot

    matrix = metrics.ConfusionMatrix(class_names=["cat", "dog"])
    matrix.update_state([0, 1, 1], [0, 1, 0])
    axes = matrix.plot()
    assert [text.get_text() for text in axes.texts] == ["1", "1", "1"]
    assert axes.get_title() == "2 of 3 right (66.7 %)"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["cat", "dog"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    _, given = pyplot.subplots()
    assert matrix.plot(given, cmap="Greens") is given
    assert given.images[0].get_cmap().name == "Greens"
    pyplot.close("all")


def test_pictures_of_weighted_samples_and_of_none():
    pytest.importorskip("matplotlib").use("agg")
    matrix = metrics.ConfusionMatrix(2)
    with pytest.raises(ValueError, match="has no result yet: call update_state"):
        matrix.plot()
    matrix.update_state([0], [1], sample_weight=[0])
    assert matrix.plot().get_title() == "no samples"
    matrix.reset_state()
    matrix.update_state([0, 1, 1], [0, 1, 0], sample_weight=[1200, 1, 0.25])
    axes = matrix.plot()
    assert [text.get_text() for text in axes.texts] == ["1,200", "0.25", "1"]
    assert axes.get_title() == "1,201 of 1,201 right (100.0 %)"
    np.testing.assert_allclose(axes.images[0].get_array(), [[1, 0], [0.2, 0.8]])


def test_a_picture_needs_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from martlet.metrics import ConfusionMatrix\n"
        "matrix = ConfusionMatrix(2); matrix.update_state([0, 1], [0, 1])\n"
        "matrix.plot()"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert 'matplotlib, which is not installed: pip install "martlet[viz]"' in run.stderr


# ---- Refusals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: metrics.get("precission"),
            "unknown metric 'precission'; did you mean 'precision'",
        ),
        (lambda: metrics.get("mean_io_u"), "metric 'mean_io_u' needs arguments: give an object"),
        (
            lambda: metrics.Precision(thresholds=2)([0], [1]),
            "Precision: invalid value for argument 'thresholds': expected numbers from 0 to 1",
        ),
        (
            lambda: metrics.Precision(class_id=4)(BITS, SIGMOIDS),
            "metric 'precision' has class_id=4, but the prediction has 4 values, numbered from 0",
        ),
        (
            lambda: metrics.F1Score()(np.zeros((2, 3, 4)), np.zeros((2, 3, 4))),
            "metric 'f1_score' needs predictions of shape (samples, classes); y_pred has shape "
            "(2, 3, 4)",
        ),
        (
            lambda: metrics.AUC()(LABELS, PROBABILITIES),
            "metric 'auc': y_true has shape (40,), expected (40, 4) for predictions of shape "
            "(40, 4)",
        ),
        (
            lambda: metrics.SparseCategoricalAccuracy()(ONE_HOT, PROBABILITIES),
            "metric 'sparse_categorical_accuracy': y_true has shape (40, 4), expected class "
            "numbers of shape (40,) for predictions of shape (40, 4)",
        ),
        (
            lambda: metrics.AUC()(BITS, SIGMOIDS, [1.0, 2.0]),
            "sample_weight: expected shape (40,), one weight per sample, got (2,)",
        ),
        (
            lambda: metrics.get(martlet.losses.cosine_similarity),
            "losses.cosine_similarity is the negative of the cosine; for the cosine itself say",
        ),
        (lambda: metrics.get("f_betta_score"), "did you mean 'f_beta_score'"),
        (lambda: metrics.F1Score().result(), "metric 'f1_score' has no result yet"),
        (
            lambda: metrics.ConfusionMatrix()(LABELS, GUESSES),
            "metric 'confusion_matrix': predictions that are class numbers do not tell how many "
            "classes there are; give num_classes",
        ),
        (
            lambda: metrics.ConfusionMatrix(3, class_names=["a"]),
            "ConfusionMatrix: 1 class_names for num_classes=3",
        ),
        (
            lambda: metrics.ConfusionMatrix(2)(LABELS, PROBABILITIES),
            "metric 'confusion_matrix' has num_classes=2, but the prediction has 4 values for "
            "classes",
        ),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value)


def test_functions_of_losses_are_metrics_too():
    metric = metrics.get(martlet.losses.mean_absolute_error)
    assert isinstance(metric, metrics.MeanAbsoluteError)
    assert metric.name == "mean_absolute_error"
    assert metrics.mae is martlet.losses.mae is metrics.mean_absolute_error
    described = metrics.get({"class_name": "Precision", "config": {"thresholds": 0.3}})
    assert described.get_config()["thresholds"] == 0.3
    again = metrics.AUC.from_config(metrics.AUC(curve="PR").get_config())
    assert again.get_config() == metrics.AUC(curve="PR").get_config()


@pytest.mark.parametrize("name", ["huber", "log_cosh", "categorical_focal_crossentropy"])
def test_functions_without_a_class_are_metrics_of_keras(name):
    import keras

    values = []
    for library in (martlet, keras):
        model = compiled(
            library, "categorical_crossentropy", 4, "softmax", lambda m, n=name: [getattr(m, n)]
        )
        values.append(model.evaluate(X, ONE_HOT, verbose=0, return_dict=True))
    assert values[0].keys() == values[1].keys() == {name, "loss"}
    assert values[0][name] == pytest.approx(values[1][name], rel=1e-5)


FIELDS = np.random.default_rng(9)
MAPS = FIELDS.integers(0, 4, (40, 3, 2))
OUTPUTS = {
    # Units, activation, loss, targets.
    "one output": (1, "sigmoid", "binary_crossentropy", LABELS % 2),
    "one output with its axis": (1, "sigmoid", "binary_crossentropy", LABELS[:, None] % 2),
    "one output, distances": (1, None, "mse", LABELS / 4),
    "several of yes or no": (4, "sigmoid", "binary_crossentropy", BITS),
    "several distances": (4, None, "mse", PROBABILITIES),
    "class numbers": (4, "softmax", "sparse_categorical_crossentropy", LABELS),
    "class numbers with an axis": (
        4,
        "softmax",
        "sparse_categorical_crossentropy",
        LABELS[:, None],
    ),
    "one-hot": (4, "softmax", "categorical_crossentropy", ONE_HOT),
    "maps": (4, "softmax", "sparse_categorical_crossentropy", MAPS),
    "maps with an axis": (4, "softmax", "sparse_categorical_crossentropy", MAPS[..., None]),
    "one-hot maps": (4, "softmax", "categorical_crossentropy", np.eye(4)[MAPS]),
    "maps of yes or no": (1, "sigmoid", "binary_crossentropy", MAPS[..., None] % 2),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_accuracy_is_the_one_that_keras_chooses(name):
    import keras

    units, activation, loss, y = OUTPUTS[name]
    shape = (3, 2, 3) if "maps" in name else (3,)
    x = np.random.default_rng(8).normal(size=(40, *shape)).astype(np.float32)
    values = []
    for library in (martlet, keras):
        model = library.Sequential(
            [library.Input(shape), library.layers.Dense(units, activation=activation)]
        )
        random = np.random.default_rng(3)
        model.set_weights([random.normal(size=each.shape) for each in model.get_weights()])
        model.compile("sgd", loss, metrics=["acc"])
        values.append(model.evaluate(x, y, batch_size=16, verbose=0, return_dict=True))
    assert values[0].keys() == values[1].keys()
    # Shares of 40 samples, or of 240 points.
    assert values[0]["acc"] == pytest.approx(values[1]["acc"], abs=1e-6)


def test_the_score_by_keras_name():
    assert isinstance(metrics.get("f_beta_score"), metrics.FBetaScore)


def test_a_state_is_of_one_shape():
    metric = metrics.F1Score()
    metric.update_state(BITS, SIGMOIDS)
    with pytest.raises(ValueError, match="has seen predictions of 4 values, now there are 2"):
        metric.update_state(BITS[:, :2], SIGMOIDS[:, :2])
    metric.reset_state()
    metric.update_state(BITS[:, :2], SIGMOIDS[:, :2])
    assert metric.result().shape == (2,)


def test_what_is_no_metric_is_refused():
    model = Sequential([Input((2,)), layers.Dense(1)])
    with pytest.raises(TypeError, match="metrics must be names, metrics of martlet.metrics or"):
        model.compile("sgd", "mse", metrics=[3])


def test_metrics_that_do_not_suit_the_loss_are_refused_in_compile():
    model = Sequential([Input((2,)), layers.Dense(3, activation="softmax", name="out")])
    with pytest.raises(ValueError, match="'precision' expects a value for every output"):
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["precision"])
    with pytest.raises(ValueError, match="use 'accuracy', which follows the loss"):
        model.compile("sgd", "categorical_crossentropy", metrics=["sparse_categorical_accuracy"])
    with pytest.raises(ValueError, match="metrics' .*one list|expected weighted_metrics for"):
        martlet.Model(model.inputs, [model.output, model.output]).compile(
            "sgd", "mse", weighted_metrics=[["mae"]] * 3
        )
