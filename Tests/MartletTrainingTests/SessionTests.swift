import MartletDispatch
import MartletEngine
import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import MartletTraining
import Testing

@Suite(.serialized) struct SessionTests {
  static let crossentropy = "\"losses\": [\"sparse_categorical_crossentropy\"]"

  /// The training run of the Keras surface notes: Conv2D, BatchNormalization, MaxPooling2D, Flatten
  /// and Dense from given weights, three epochs of five samples in batches of two. The numbers are
  /// Keras 3.15's on TensorFlow, printed to six decimals, hence the tolerance.
  @Test(arguments: [
    (
      "{\"class_name\": \"SGD\", \"config\": {\"learning_rate\": 0.1}}",
      [1.290040, 0.978165, 0.815338], [0.0, 0.4, 0.6], [0.953492, 0.8], [0.009184, 0.015466],
      [0.916210, 0.917918], [0.422498, 0.314689, 0.262813]
    ),
    (
      "{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": 0.01}}",
      [1.160811, 1.052363, 0.983493], [0.2, 0.6, 0.6], [1.048907, 0.6], [0.011717, 0.019091],
      [0.916824, 0.918821], [0.369032, 0.332030, 0.298938]
    ),
    (
      "{\"class_name\": \"RMSprop\", \"config\": {\"learning_rate\": 0.01}}",
      [1.216418, 1.041586, 0.961854], [0.0, 0.6, 0.6], [1.021518, 0.6], [0.013997, 0.022752],
      [0.917550, 0.919777], [0.385076, 0.327261, 0.287663]
    ),
  ])
  func runOfKeras(
    _ optimizer: String, _ losses: [Double], _ accuracies: [Double], _ evaluation: [Double],
    _ movingMean: [Double], _ movingVariance: [Double], _ prediction: [Double]
  ) throws {
    let session = try makeSession(
      input: [4, 4, 1],
      [
        ("Conv2D", #"{"filters": 2, "kernel_size": 3, "activation": "relu", "padding": "same"}"#),
        ("BatchNormalization", "{}"), ("MaxPooling2D", "{}"), ("Flatten", "{}"),
        ("Dense", #"{"units": 3, "activation": "softmax"}"#),
      ],
      compile: "{\"optimizer\": \(optimizer), \(SessionTests.crossentropy), "
        + "\"metrics\": [[\"accuracy\"]]}")
    for (index, range) in [(0, -0.5...0.5), (6, -0.3...0.3)] {
      let variable = session.model.variables[index]
      let values = variable.mutableValues()
      for element in 0..<variable.count {
        let step = (range.upperBound - range.lowerBound) / Double(variable.count - 1)
        values[element] = Float(range.lowerBound + step * Double(element))
      }
    }
    let x = try TestArray((0..<80).map { Float(Double($0 % 7) / 7) }, [5, 4, 4, 1])
    let y = try TestArray([0, 1, 2, 1, 0], [5])
    var options = PassOptions()
    options.batchSize = 2
    let data = trainingData(x, y)
    try session.check(data)
    #expect(session.resultNames == ["loss", "accuracy"])
    for epoch in 0..<3 {
      let results = try session.train(data, options)
      #expect(abs(results[0] - losses[epoch]) < 3e-6)
      #expect(abs(results[1] - accuracies[epoch]) < 1e-6)
    }
    let results = try session.evaluate(data, options)
    #expect(abs(results[0] - evaluation[0]) < 3e-6)
    #expect(abs(results[1] - evaluation[1]) < 1e-6)
    let trained = weights(session)
    for (found, expected) in zip(trained[4] + trained[5], movingMean + movingVariance) {
      #expect(abs(Double(found) - expected) < 2e-6)
    }
    let outputs = try Buffer(floatCount: 15)
    try session.predict([x.view], isTraining: false, options, into: [outputs.floats])
    for (index, expected) in prediction.enumerated() {
      #expect(abs(Double(outputs.floats[index]) - expected) < 3e-6)
    }
  }

  /// Large enough for every part of a step to be worth sharing.
  private static let everything = [
    ("Conv2D", #"{"filters": 33, "kernel_size": 3, "padding": "same"}"#),
    ("BatchNormalization", "{}"), ("Activation", #"{"activation": "relu"}"#),
    ("MaxPooling2D", "{}"), ("Dropout", #"{"rate": 0.3, "seed": 5}"#), ("Flatten", "{}"),
    ("Dense", #"{"units": 65, "activation": "tanh"}"#),
    ("Dense", #"{"units": 4, "activation": "softmax"}"#),
  ]

  /// Residual blocks with batch normalization: passes over the whole batch between groups, sums
  /// whose gradients share memory.
  private static func residualSession(compile configuration: String) throws -> Session {
    func apply(
      _ className: String, _ arguments: String = "{}", to inputs: Symbol...
    ) throws -> Symbol {
      try LayerRegistry.make(className, object(arguments)).call(inputs)[0]
    }
    func normalized(_ x: Symbol, filters: Int, strides: Int = 1) throws -> Symbol {
      let convolved = try apply(
        "Conv2D",
        "{\"filters\": \(filters), \"kernel_size\": 3, \"strides\": \(strides), "
          + "\"padding\": \"same\", \"use_bias\": false}", to: x)
      return try apply("BatchNormalization", to: convolved)
    }
    let input = try Layer.input(Shape([20, 20, 4]), name: "image")
    var x = try apply("ReLU", to: normalized(input, filters: 8))
    for (filters, strides) in [(8, 1), (19, 2)] {
      var y = try apply("ReLU", to: normalized(x, filters: filters, strides: strides))
      y = try normalized(y, filters: filters)
      let shortcut = strides == 1 ? x : try normalized(x, filters: filters, strides: strides)
      x = try apply("ReLU", to: apply("Add", to: shortcut, y))
    }
    x = try apply("GlobalAveragePooling2D", to: x)
    x = try apply("Dense", #"{"units": 4, "activation": "softmax"}"#, to: x)
    let session = Session(try Model(inputs: [input], outputs: [x]))
    try session.compile(object(configuration))
    return session
  }

  /// The promise: same seed, same bits, whatever the number of threads.
  @Test(arguments: [false, true])
  func sameBitsForEveryThreadCount(_ isResidual: Bool) throws {
    defer { ThreadPool.setThreadCount(0) }
    var numbers = SeededGenerator(seed: 11)
    let x = try TestArray(numbers.floats(50 * 20 * 20 * 4), [50, 20, 20, 4])
    let y = try TestArray((0..<50).map { Float($0 * 7 % 4) }, [50])
    var first: (weights: [[Float]], results: [Double])?
    for threads in [1, 2, 3, 5] {
      ThreadPool.setThreadCount(threads)
      RandomSeeds.shared.set(17)
      let configuration = "{\"optimizer\": \"Adam\", \(SessionTests.crossentropy)}"
      let session =
        try isResidual
        ? SessionTests.residualSession(compile: configuration)
        : makeSession(input: [20, 20, 4], SessionTests.everything, compile: configuration)
      var options = PassOptions()
      options.batchSize = 20
      options.shuffles = true
      var results: [Double] = []
      for _ in 0..<3 { results += try session.train(trainingData(x, y), options) }
      results += try session.evaluate(trainingData(x, y), options)
      let found = (weights: weights(session), results: results)
      if let first {
        #expect(found.weights == first.weights, "\(threads) threads")
        #expect(found.results == first.results, "\(threads) threads")
      } else {
        first = found
      }
    }
    #expect(areFinite(try #require(first).weights))
  }

  @Test func seedsChangeTheRun() throws {
    func initial(_ seed: UInt64) throws -> [[Float]] {
      RandomSeeds.shared.set(seed)
      return weights(try makeSession(input: [20, 20, 4], SessionTests.everything))
    }
    #expect(try initial(1) == initial(1))
    #expect(try initial(1) != initial(2))
  }

  @Test func severalOutputsAreNamed() throws {
    let input = try Layer.input(Shape([6]), name: "x")
    let a = try LayerRegistry.make("Dense", object(#"{"units": 3, "name": "a"}"#)).call([input])[0]
    let b = try LayerRegistry.make("Dense", object(#"{"units": 1, "name": "b"}"#)).call([input])[0]
    let session = Session(try Model(inputs: [input], outputs: [a, b]))
    try session.compile(
      object(
        """
        {"optimizer": "SGD", "losses": [
           {"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": true}}, "mse"],
         "loss_weights": [1, 0.5], "metrics": [["acc"], ["mse"]]}
        """))
    #expect(session.resultNames == ["loss", "a_loss", "b_loss", "a_acc", "b_mse"])
    let x = try TestArray((0..<24).map { Float($0) / 24 }, [4, 6])
    var data = TrainingData()
    data.x = [x.view]
    let labels = try TestArray([0, 1, 2, 0], [4, 1])
    let values = try TestArray([1, 2, 3, 4], [4])
    data.y = [labels.view, values.view]
    let results = try session.evaluate(data, PassOptions())
    #expect(abs(results[0] - (results[1] + 0.5 * results[2])) < 1e-6)
    #expect(results[2] == results[4])
  }

  @Test func sampleAndClassWeights() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 1, "kernel_initializer": "zeros"}"#)],
      compile: #"{"optimizer": "SGD", "losses": ["mse"], "metrics": [["mse"]]}"#)
    let x = try TestArray([0, 0, 0, 0], [2, 2])
    let y = try TestArray([1, 2], [2])
    var data = trainingData(x, y)
    let sampleWeights = try TestArray([1, 3], [2])
    data.sampleWeights = [sampleWeights.view]
    // Keras: values 1 and 4 with weights 1 and 3 are 6.5 as loss, the plain mean 2.5 as metric.
    #expect(try session.evaluate(data, PassOptions()) == [6.5, 2.5])
    data.sampleWeights = []
    data.classWeights = [2: 0.5]
    #expect(try session.evaluate(data, PassOptions()) == [1.5, 2.5])
  }

  // MARK: What is kept from call to call

  /// The program of a model is kept, yet freezing a layer, here or through another model that shares
  /// it, and changing weights show in the next prediction.
  @Test func predictionsFollowLayersAndWeights() throws {
    let input = try Layer.input(Shape([2]), name: "x")
    let normalization = try LayerRegistry.make("BatchNormalization", object("{}"))
    let session = Session(
      try Model(inputs: [input], outputs: try normalization.call([input])))
    let other = try Layer.input(Shape([2]), name: "other")
    let sharing = try Model(inputs: [other], outputs: try normalization.call([other]))
    let x = try TestArray([1, 2, 5, 4], [2, 2])
    func predict() throws -> [Float] {
      let outputs = try Buffer(floatCount: 4)
      try session.predict([x.view], isTraining: true, PassOptions(), into: [outputs.floats])
      return (0..<4).map { outputs.floats[$0] }
    }
    let byBatch = try predict()
    #expect(abs(byBatch[0] + 1) < 1e-3)
    #expect(try predict() == byBatch)
    sharing.isTrainable = false
    // The moving averages are 0 and 1.
    let byAverages = try predict()
    #expect(abs(byAverages[0] - 1) < 1e-3)
    sharing.isTrainable = true
    #expect(try predict() == byBatch)
    normalization.isTrainable = false
    #expect(try predict() == byAverages)
    session.model.variables[1].mutableValues()[0] = 3
    #expect(try predict()[0] == byAverages[0] + 3)
  }

  // MARK: Stopping

  @Test func progressMayStop() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 1}"#)],
      compile: #"{"optimizer": "SGD", "losses": ["mse"]}"#)
    let x = try TestArray([Float](repeating: 1, count: 20), [10, 2])
    let y = try TestArray([Float](repeating: 1, count: 10), [10])
    var options = PassOptions()
    options.batchSize = 2
    var seen: [Int] = []
    options.progress = { done, total, means in
      #expect(total == 5 && means.count == 1)
      seen.append(done)
      return done == 3
    }
    let error = message { _ = try session.train(trainingData(x, y), options) }
    #expect(error == "stopped after batch 3 of 5")
    #expect(seen == [1, 2, 3])
    options.progress = nil
    #expect(try session.train(trainingData(x, y), options)[0].isFinite)
  }

  @Test func notANumberStopsBeforeTheWeights() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 1}"#), ("BatchNormalization", "{}")],
      compile: #"{"optimizer": "Adam", "losses": ["mse"]}"#)
    let x = try TestArray([1, 2, 3, 4, 1, 3, 2, 1, .nan, 1, 1, 1], [6, 2])
    let y = try TestArray([1, 2, 3, 4, 5, 6], [6])
    let data = trainingData(x, y)
    #expect(
      message { try session.check(data) }
        == "x holds NaN, infinity or a number beyond single precision, first in sample 4; clean the "
        + "data, for instance with numpy.nan_to_num")
    var options = PassOptions()
    options.batchSize = 2
    let before = weights(session)
    let error = try #require(message { _ = try session.train(data, options) })
    #expect(error.hasPrefix("the loss became NaN in batch 3 of 3; the batch has changed no weight"))
    #expect(areFinite(weights(session)))
    #expect(weights(session) != before)

    let middle = weights(session)
    options.nonFinitePolicy = .restore
    let restored = try #require(message { _ = try session.train(data, options) })
    #expect(restored.contains("weights and optimizer are as they were before this epoch"))
    #expect(weights(session) == middle)
    #expect(try session.optimizerValue("iterations") == 2)

    options.nonFinitePolicy = .ignore
    #expect(try session.train(data, options)[0].isNaN)
    #expect(!areFinite(weights(session)))
  }

  @Test func trainsOnAfterAnError() throws {
    let session = try makeSession(
      input: [2], [("Dense", #"{"units": 2, "activation": "softmax"}"#)],
      compile: "{\"optimizer\": \"SGD\", \(SessionTests.crossentropy)}")
    let x = try TestArray([1, 2, 3, 4], [2, 2])
    let wrong = try TestArray([0, 2], [2])
    let right = try TestArray([0, 1], [2])
    let before = weights(session)
    #expect(message { try session.check(trainingData(x, wrong)) } != nil)
    #expect(weights(session) == before)
    _ = try session.train(trainingData(x, right), PassOptions())
    #expect(weights(session) != before)
  }

  /// Plans for one precision only are kept: of every purpose, and whichever call comes next.
  @Test func anotherPrecisionMakesOtherPlans() throws {
    defer { MatmulPrecision.current = .highest }
    let session = try makeSession(
      input: [8], [("Dense", #"{"units": 8, "activation": "softmax"}"#)],
      compile: "{\(SessionTests.crossentropy)}")
    let x = try TestArray((0..<32).map { Float($0 % 5) }, [4, 8])
    let data = trainingData(x, try TestArray([0, 7, 2, 3], [4]))
    let outputs = try Buffer(floatCount: 32)
    func predict() throws {
      try session.predict([x.view], isTraining: false, PassOptions(), into: [outputs.floats])
    }
    func evaluate() throws { _ = try session.evaluate(data, PassOptions()) }
    func train() throws { _ = try session.train(data, PassOptions()) }
    for (index, first) in [predict, evaluate, train].enumerated() {
      MatmulPrecision.current = index.isMultiple(of: 2) ? .high : .highest
      try first()
      #expect(session.plans.precision == (index.isMultiple(of: 2) ? .split : .float32))
      #expect(session.plans.count == 1)
      for each in [predict, evaluate, train] { try each() }
      #expect(session.plans.count == 3)
    }
    try session.compile(object("{\(SessionTests.crossentropy)}"))
    #expect(session.plans.count == 0)
  }
}
