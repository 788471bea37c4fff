import MartletGraph
import MartletTensors
import MartletTraining
import Testing

/// Losses and metrics that are put together of layers.
@Suite struct ValueGraphTests {
  /// The squares of the differences, and what layers by class name and arguments make of them.
  private func graph(
    target: [Int], prediction: [Int], _ layers: [(String, String)] = []
  ) throws -> Model {
    let inputs = [try Layer.input(Shape(target)), try Layer.input(Shape(prediction))]
    var value = try LayerRegistry.make("Subtract").call(inputs)[0]
    for (className, arguments) in [("ElementFunction", #"{"function": "square"}"#)] + layers {
      value = try LayerRegistry.make(className, object(arguments)).call([value])[0]
    }
    return try Model(inputs: inputs, outputs: [value])
  }

  /// y = x · w, with w = 2 at first.
  private func session(_ units: Int = 1) throws -> Session {
    try makeSession(
      input: [1],
      [
        (
          "Dense",
          #"{"units": \#(units), "use_bias": false, "name": "line", "kernel_initializer": {"class_name": "Constant", "config": {"value": 2}}}"#
        )
      ])
  }

  private func configuration(
    _ loss: String = "", metrics: String = "[]", more: String = ""
  ) throws -> JSONObject {
    try object(
      #"{"optimizer": {"class_name": "SGD", "config": {"learning_rate": 0.1}}, "losses": [{"class_name": "Graph", "name": "mine", "config": {"graph": 0\#(loss)}}], "metrics": [\#(metrics)]\#(more)}"#
    )
  }

  private func data(_ y: [Float], _ extents: [Int]) throws -> (TestArray, TestArray) {
    let count = extents[0]
    return (try TestArray((1...count).map { Float($0) }, [count, 1]), try TestArray(y, extents))
  }

  @Test func valuesByHand() throws {
    let session = try session()
    let square = try graph(target: [1], prediction: [1])
    let (x, y) = try data([0, 0, 0], [3, 1])
    var options = PassOptions()
    options.batchSize = 2
    // 4, 16 and 36.
    for (loss, expected) in [
      ("", 56.0 / 3), (#", "reduction": "sum""#, 76.0 / 3),
    ] {
      try session.compile(configuration(loss), graphs: [square])
      let found = try session.evaluate(trainingData(x, y), options)[0]
      // A sum is one for each batch; the batches' sums are weighted by their samples.
      #expect(abs(found - expected) < 1e-5, "\(loss): \(found)")
    }
    // One step on all: the slope is 2 · Σ x · 2x / 3 = 56 / 3.
    options.batchSize = 3
    try session.compile(configuration(), graphs: [square])
    _ = try session.train(trainingData(x, y), options)
    #expect(abs(weights(session)[0][0] - (2 - 5.6 / 3)) < 1e-6)
  }

  /// What is of the whole batch counts once for each, and what the caller counts is 0.
  @Test func metrics() throws {
    let session = try session()
    let greatest = try graph(
      target: [1], prediction: [1], [("BatchReduction", #"{"function": "max"}"#)])
    let square = try graph(target: [1], prediction: [1])
    let metrics =
      #"[{"class_name": "Graph", "name": "greatest", "config": {"graph": 1, "of_batch": true}}, "#
      + #"{"class_name": "Graph", "name": "square", "config": {"graph": 0}}, "#
      + #"{"class_name": "Callers", "name": "own"}, {"class_name": "MeanAbsoluteError", "name": "mae"}]"#
    try session.compile(configuration(metrics: metrics), graphs: [square, greatest])
    #expect(session.resultNames == ["loss", "greatest", "square", "own", "mae"])
    let (x, y) = try data([0, 0, 0], [3, 1])
    var options = PassOptions()
    options.batchSize = 2
    let found = try session.evaluate(trainingData(x, y), options)
    for (value, expected) in zip(found, [56.0 / 3, 26, 56.0 / 3, 0, 4] as [Double]) {
      #expect(abs(value - expected) < 1e-5)
    }
  }

  @Test func theOptimizerStays() throws {
    let session = try session()
    let (x, y) = try data([0, 0, 0], [3, 1])
    let square = try graph(target: [1], prediction: [1])
    try session.compile(configuration(), graphs: [square])
    _ = try session.train(trainingData(x, y), PassOptions())
    try session.compile(configuration(more: #", "keeps_optimizer": true"#), graphs: [square])
    #expect(try session.optimizerValue("iterations") == 1)
    try session.compile(configuration(), graphs: [square])
    #expect(try session.optimizerValue("iterations") == 0)
  }

  @Test func mistakes() throws {
    let session = try session(3)
    let square = try graph(target: [3], prediction: [3])
    let (x, y) = try data([0, 0, 0, 0], [2, 2])
    let waiting = try object(
      #"{"losses": [{"class_name": "Graph", "name": "mine", "config": {}}], "metrics": [["accuracy"]]}"#
    )
    try session.compile(waiting)
    #expect(
      message { _ = try session.train(trainingData(x, y), PassOptions()) }
        == "'mine' has no graph yet: compile with graphs for the shape of the targets before fit()")
    try session.compile(configuration(), graphs: [square])
    #expect(
      message { try session.check(trainingData(x, y)) }
        == "y has shape (2, 2), but loss 'mine' of layer 'line' was put together for (None, 3)")
    #expect(
      message { try session.compile(configuration(#", "reduction": "none""#), graphs: [square]) }
        == "layer 'line': loss 'mine' has reduction='none', but training needs a single number; use "
        + "'sum_over_batch_size' or 'sum'")
    #expect(
      message { try session.compile(configuration(), graphs: []) }?.contains(
        "the number of one of 0 graphs") == true)
    #expect(
      message { try session.compile(configuration(#", "axis": 1"#), graphs: [square]) }?.contains(
        "'axis'") == true)
    #expect(
      message { try session.compile(configuration(), graphs: [session.model]) }
        == "layer 'line': loss 'mine': its graph must have two inputs, targets and predictions, and one "
        + "output")
    let other = try graph(target: [], prediction: [3])
    try session.compile(configuration(metrics: #"["accuracy"]"#), graphs: [other])
    let unlike = try graph(target: [1, 3], prediction: [3])
    #expect(
      message { try session.compile(configuration(metrics: #"["accuracy"]"#), graphs: [unlike]) }?
        .contains(
          "metric 'accuracy' cannot compare predictions of shape (None, 3) with the targets")
        == true)
    let learning = try graph(
      target: [3], prediction: [3], [("Dense", #"{"units": 1, "name": "inner"}"#)])
    #expect(
      message { try session.compile(configuration(), graphs: [learning]) }
        == "layer 'line': 'mine' uses the layer 'inner', whose weights training would change; set "
        + "trainable = False on it, or make it a part of the model")
  }

  @Test func targetsThatFollowFromPredictions() throws {
    let session = try session()
    let inputs = [try Layer.input(Shape([1])), try Layer.input(Shape([1]))]
    let loss = try LayerRegistry.make("LossValues", object(#"{"loss": "mse"}"#))
    let turned = try Model(inputs: inputs, outputs: loss.call([inputs[1], inputs[0]]))
    #expect(
      message { try session.compile(configuration(), graphs: [turned]) }?.contains(
        "y_true of a loss within it follows from the predictions") == true)
  }
}
