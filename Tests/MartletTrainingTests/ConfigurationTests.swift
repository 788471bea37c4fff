import MartletGraph
import MartletTensors
import MartletTraining
import Testing

@Suite struct ConfigurationTests {
  private func complaint(_ configuration: String, units: Int = 3) throws -> String? {
    let session = try makeSession(
      input: [4], [("Dense", "{\"units\": \(units), \"name\": \"out\"}")])
    let error = message { try session.compile(object(configuration)) }
    #expect(session.isCompiled == (error == nil))
    return error
  }

  @Test func namesInAllTheirSpellings() throws {
    for loss in [
      "mse", "MSE", "mean_squared_error", "MeanSquaredError", "sparse_categorical_crossentropy",
      "CategoricalCrossentropy", "binary_crossentropy", "bce", "kld", "Huber", "huber", "MAE",
      "dice",
      "BinaryFocalCrossentropy", "categorical_focal_crossentropy", "cosine_similarity", "msle",
    ] {
      #expect(try complaint("{\"optimizer\": \"adam\", \"losses\": [\"\(loss)\"]}") == nil)
    }
    for optimizer in [
      "sgd", "SGD", "Adam", "adam", "AdamW", "rmsprop", "Adamax", "Nadam", "adagrad", "Adadelta",
      "lion", "FTRL",
    ] {
      #expect(try complaint("{\"optimizer\": \"\(optimizer)\", \"losses\": [\"mse\"]}") == nil)
    }
  }

  @Test(arguments: [
    (
      "{\"optimizer\": \"adm\", \"losses\": [\"mse\"]}",
      "unknown optimizer 'adm'; did you mean 'Adam'?"
    ),
    (
      "{\"optimizer\": \"sgd\", \"losses\": [\"sparse_categorical_crosentropy\"]}",
      "layer 'out': unknown loss 'sparse_categorical_crosentropy'; did you mean "
        + "'sparse_categorical_crossentropy'?"
    ),
    (
      "{\"optimizer\": \"sgd\", \"losses\": [\"mse\"], \"metrics\": [[\"acuracy\"]]}",
      "layer 'out': unknown metric 'acuracy'; did you mean 'accuracy'?"
    ),
    ("{\"optimizer\": \"sgd\"}", "compile: \"losses\" is missing: one loss per output"),
    (
      "{\"optimizer\": \"sgd\", \"losses\": [\"mse\", \"mse\"]}",
      "compile: \"losses\" has 2 entries for a model of 1 outputs"
    ),
    (
      "{\"optimizer\": \"sgd\", \"losses\": \"mse\"}", "compile: \"losses\" is a list, got \"mse\""
    ),
    (
      "{\"optimiser\": \"sgd\", \"losses\": [\"mse\"]}",
      "unknown key of the configuration 'optimiser'; did you mean 'optimizer'?"
    ),
    (
      "{\"optimizer\": 3, \"losses\": [\"mse\"]}",
      "optimizer: expected a name or {\"class_name\": …, \"config\": {…}}, got 3"
    ),
  ])
  func mistakes(_ configuration: String, _ expected: String) throws {
    #expect(try complaint(configuration) == expected)
  }

  @Test(arguments: [
    (#""class_name": "SGD", "config": {"learning_rate": -1}"#, "learning_rate"),
    (#""class_name": "SGD", "config": {"momentum": 2}"#, "momentum"),
    (#""class_name": "SGD", "config": {"momentun": 0.9}"#, "did you mean 'momentum'"),
    (#""class_name": "Adam", "config": {"beta_1": 1}"#, "beta_1"),
    (#""class_name": "Adam", "config": {"amsgrad": 1}"#, "'amsgrad' must be true or false"),
    (
      #""class_name": "Adam", "config": {"clipnorm": 1, "clipvalue": 2}"#,
      "Adam: only one of 'clipnorm', 'global_clipnorm' and 'clipvalue' may be given, received "
        + "clipnorm=1.0 and clipvalue=2.0"
    ),
    (
      #""class_name": "SGD", "config": {"clipnorm": -1}"#,
      "'clipnorm': expected a number of at least 0"
    ),
    (#""class_name": "SGD", "config": {"ema_momentum": 1.5}"#, "ema_momentum"),
    (#""class_name": "SGD", "config": {"ema_overwrite_frequency": 0}"#, "of at least 1"),
    (
      #""class_name": "SGD", "config": {"gradient_accumulation_steps": 2}"#,
      "'gradient_accumulation_steps': expected null, as it is not part of this version"
    ),
    (#""class_name": "Lion", "config": {"beta_1": 0}"#, "'beta_1': expected a number above 0"),
    (#""class_name": "Ftrl", "config": {"learning_rate_power": 1}"#, "learning_rate_power"),
    (#""class_name": "Adagrad", "config": {"initial_accumulator_value": -1}"#, "initial_acc"),
    (
      #""class_name": "SGD", "config": {"learning_rate": {"class_name": "CosinDecay"}}"#,
      "SGD: learning_rate: unknown learning-rate schedule 'CosinDecay'; did you mean 'CosineDecay'?"
    ),
  ])
  func optimizerArguments(_ description: String, _ part: String) throws {
    let error = try #require(
      try complaint("{\"optimizer\": {\(description)}, \"losses\": [\"mse\"]}"))
    #expect(error.contains(part))
  }

  @Test func oneClassIsNoClass() throws {
    #expect(
      try complaint(
        "{\"optimizer\": \"sgd\", \"losses\": [\"categorical_crossentropy\"]}", units: 1)
        == "layer 'out': loss 'categorical_crossentropy' needs one output per class, but the output "
        + "has shape (None, 1); use 'binary_crossentropy', or one unit per class")
  }

  /// What belongs to the loss and what to the shape of the output is known before any data.
  @Test(arguments: [
    (
      "categorical_crossentropy", "\"sparse_categorical_accuracy\"",
      "metric 'sparse_categorical_accuracy' expects class numbers, but loss 'categorical_crossentropy' "
        + "takes a value for every class; use 'accuracy', which follows the loss"
    ),
    (
      "sparse_categorical_crossentropy", "\"precision\"",
      "metric 'precision' expects a value for every output, but loss 'sparse_categorical_crossentropy' "
        + "takes class numbers; use loss 'categorical_crossentropy' with one-hot targets "
        + "(utils.to_categorical)"
    ),
    (
      "sparse_categorical_crossentropy",
      #"{"class_name": "MeanIoU", "name": "iou", "config": {"num_classes": 3}}"#,
      "metric 'iou' expects a value for every output, but loss 'sparse_categorical_crossentropy' takes "
        + "class numbers; for predictions with a value for each class say sparse_y_pred=False"
    ),
    (
      "mse", #"{"class_name": "Precision", "config": {"class_id": 3}}"#,
      "metric 'Precision' has class_id=3, but the prediction has 3 values, numbered from 0, but the "
        + "output has shape (None, 3)"
    ),
    (
      "mse", #"{"class_name": "AUC", "config": {"curve": "rok"}}"#,
      "AUC: invalid value for argument 'curve': expected 'roc' or 'pr' or 'prgain', received \"rok\""
    ),
    (
      "mse", #"{"class_name": "Recall", "config": {"thresholds": [0.5, 2]}}"#,
      "Recall: invalid value for argument 'thresholds': expected numbers from 0 to 1, received "
        + "[0.5, 2]"
    ),
    (
      "mse", #"{"class_name": "MeanIoU"}"#, "MeanIoU: missing the required argument 'num_classes'"
    ),
    (
      "mse", "\"mean\"",
      "metric 'mean' has no use for targets, so it cannot be compiled: call it by itself"
    ),
  ])
  func metricsThatDoNotFit(_ loss: String, _ metric: String, _ expected: String) throws {
    #expect(
      try complaint("{\"losses\": [\"\(loss)\"], \"metrics\": [[\(metric)]]}")
        == "layer 'out': " + expected)
  }

  @Test(arguments: [
    (
      #"{"class_name": "Huber", "config": {"delta": -1}}"#,
      "Huber: invalid value for argument 'delta': expected a number of at least 0, received -1"
    ),
    (
      #"{"class_name": "Dice", "config": {"axis": 0}}"#,
      "Dice: invalid value for argument 'axis': expected null for the whole batch, or all axes but "
        + "that of the samples, received 0"
    ),
    (
      #"{"class_name": "MeanSquaredError", "config": {"reduction": "none"}}"#,
      "loss 'mean_squared_error' has reduction='none', but training needs a single number; use "
        + "'sum_over_batch_size' or 'sum'"
    ),
    (
      #"{"class_name": "MeanSquaredError", "config": {"reduction": "men"}}"#,
      "MeanSquaredError: invalid value for argument 'reduction': expected 'sum_over_batch_size', "
        + "'mean', 'sum' or 'none', received \"men\""
    ),
  ])
  func lossArguments(_ loss: String, _ expected: String) throws {
    #expect(try complaint("{\"losses\": [\(loss)]}") == "layer 'out': " + expected)
  }

  /// `crossentropy` waits for targets and then is what Keras would choose.
  @Test(arguments: [
    (3, [4], "SparseCategoricalCrossentropy"), (3, [4, 1], "SparseCategoricalCrossentropy"),
    (3, [4, 3], "CategoricalCrossentropy"), (1, [4], "BinaryCrossentropy"),
    (1, [4, 1], "BinaryCrossentropy"),
  ])
  func crossentropyIsChosenByTheTargets(_ units: Int, _ extents: [Int], _ expected: String) throws {
    let x = try TestArray((0..<8).map { Float($0) / 8 }, [4, 2])
    let y = try TestArray(
      (0..<extents.reduce(1, *)).map { Float($0 % (units == 1 ? 2 : units)) }, extents)
    func losses(_ name: String) throws -> [Double] {
      RandomSeeds.shared.set(3)
      let activation = units == 1 ? "sigmoid" : "softmax"
      let session = try makeSession(
        input: [2], [("Dense", "{\"units\": \(units), \"activation\": \"\(activation)\"}")],
        compile: #"{"optimizer": "Adam", "losses": ["\#(name)"], "metrics": [["acc"]]}"#)
      #expect(session.resultNames == ["loss", "acc"])
      try session.check(trainingData(x, y))
      return try (0..<3).flatMap { _ in try session.train(trainingData(x, y), PassOptions()) }
        + session.evaluate(trainingData(x, y), PassOptions())
    }
    let chosen = try losses("ce")
    #expect(try chosen == losses(expected))
    #expect(try chosen == losses("Crossentropy"))
  }

  @Test func crossentropyKeepsWhatWasSettled() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 3, "activation": "softmax"}"#)],
      compile: #"{"optimizer": "SGD", "losses": ["crossentropy"]}"#)
    let x = try TestArray([0, 1, 2, 3], [2, 2])
    let oneHot = try TestArray([0, 1, 0, 1, 0, 0], [2, 3])
    let labels = try TestArray([0, 2], [2])
    let wrong = try TestArray([0, 1, 0, 1], [2, 2])
    // Data that does not fit settles nothing.
    #expect(throws: MartletError.self) { try session.check(trainingData(x, wrong)) }
    try session.check(trainingData(x, labels))
    let error = #expect(throws: MartletError.self) { try session.check(trainingData(x, oneHot)) }
    #expect(
      error?.message.hasSuffix("y looks one-hot: use loss 'categorical_crossentropy'") == true)
  }

  /// A metric of class numbers goes with it before there are any.
  @Test func crossentropyFollowsItsMetrics() throws {
    for metric in ["sparse_categorical_accuracy", "categorical_accuracy"] {
      let loss = #"{"losses": ["crossentropy"], "metrics": [["\#(metric)"]]}"#
      #expect(try complaint(loss) == nil)
    }
  }

  @Test func resultsAreNamedAsKerasNamesThem() throws {
    let session = try makeSession(
      input: [4], [("Dense", #"{"units": 3, "name": "out"}"#)],
      compile: #"{"losses": ["mse"], "metrics": [["mae", "mae", "mae"]], "#
        + #""weighted_metrics": [["mae", "mae", {"class_name": "F1Score", "name": "f1"}]]}"#)
    #expect(
      session.resultNames
        == ["loss", "mae", "mae_1", "mae_2", "weighted_mae", "weighted_mae_1", "f1"])
    #expect(session.resultExtents == [[], [], [], [], [], [], [3]])
  }

  @Test func callsOutOfOrder() throws {
    let session = try makeSession(input: [4], [("Dense", #"{"units": 3}"#)])
    let x = try TestArray([0, 0, 0, 0], [1, 4])
    let y = try TestArray([0, 0, 0], [1, 3])
    let name = session.model.name
    #expect(
      message { _ = try session.train(trainingData(x, y), PassOptions()) }
        == "model '\(name)' is not compiled: call compile() before fit()")
    #expect(
      message { _ = try session.evaluate(trainingData(x, y), PassOptions()) }
        == "model '\(name)' is not compiled: call compile() before evaluate()")
    #expect(session.optimizerParameterCount == 0)
  }

  @Test func optimizerValues() throws {
    let session = try makeSession(
      input: [4], [("Dense", #"{"units": 3}"#)],
      compile: #"{"optimizer": "Adam", "losses": ["mse"]}"#)
    #expect(try session.optimizerValue("learning_rate") == 0.001)
    try session.setOptimizerValue("learning_rate", 0.5)
    #expect(try session.optimizerValue("learning_rate") == 0.5)
    #expect(session.optimizerParameterCount == 2 + 2 * 15)
    #expect(
      message { try session.setOptimizerValue("learning_rate", .nan) }
        == "learning_rate: expected a number from 0 up, got nan")
    #expect(
      message { _ = try session.optimizerValue("learning_rat") }
        == "unknown optimizer value 'learning_rat'; did you mean 'learning_rate'?")
    #expect(
      message { try session.setOptimizerValue("iterations", 1.5) }
        == "iterations: expected a whole number from 0 up, got 1.5")
  }
}
