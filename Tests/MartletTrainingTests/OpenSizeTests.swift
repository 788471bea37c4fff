import MartletGraph
import MartletKernelTable
import MartletTensors
import MartletTraining
import Testing

/// A model whose images may have any size does with each what a model for that size does.
@Suite(.serialized) struct OpenSizeTests {
  private static let layers = [
    ("Conv2D", #"{"filters": 3, "kernel_size": 3, "activation": "relu"}"#),
    ("BatchNormalization", "{}"), ("GlobalAveragePooling2D", "{}"),
    ("Dense", #"{"units": 2, "activation": "softmax"}"#),
  ]
  private static let configuration = """
    {"optimizer": "Adam", "losses": ["sparse_categorical_crossentropy"], "metrics": [["accuracy"]]}
    """

  private func session(_ extents: [Int?], compile configuration: String? = configuration)
    throws -> Session
  {
    let image = try Layer.input(OpenShape(extents), name: "image")
    var x = image
    for (className, arguments) in OpenSizeTests.layers {
      x = try LayerRegistry.make(className, object(arguments)).call([x])[0]
    }
    let session = Session(try Model(inputs: [image], outputs: [x]))
    if let configuration { try session.compile(object(configuration)) }
    return session
  }

  private func copyWeights(from source: Session, to target: Session) {
    for (from, to) in zip(source.model.variables, target.model.variables) {
      to.mutableValues().update(from: from.values, count: from.count)
    }
  }

  private func images(_ height: Int, _ width: Int) throws -> TestArray {
    try TestArray(
      (0..<(5 * height * width)).map { Float($0 * 37 % 101) / 101 }, [5, height, width, 1])
  }

  private func predictions(_ session: Session, _ x: TestArray) throws -> [Float] {
    var result = [Float](repeating: 0, count: 10)
    try result.withUnsafeMutableBufferPointer {
      try session.predict([x.view], isTraining: false, PassOptions(), into: [$0.baseAddress!])
    }
    return result
  }

  @Test func predictionsAreThoseOfAModelForTheSize() throws {
    let open = try session([nil, nil, 1], compile: nil)
    for (height, width) in [(6, 7), (9, 5), (6, 7), (3, 3), (4, 4), (5, 5), (6, 6), (9, 5)] {
      let closed = try session([height, width, 1], compile: nil)
      copyWeights(from: open, to: closed)
      let x = try images(height, width)
      #expect(try predictions(open, x) == predictions(closed, x))
      #expect(try open.outputShapes(for: [x.view]).map(\.extents) == [[2]])
    }
  }

  @Test func trainingIsThatOfAModelForTheSize() throws {
    let open = try session([nil, nil, 1])
    let y = try TestArray([0, 1, 1, 0, 1], [5])
    #expect(open.resultNames == ["loss", "accuracy"])
    var options = PassOptions()
    options.batchSize = 2
    for (height, width) in [(6, 7), (9, 5), (6, 7)] {
      let closed = try session([height, width, 1], compile: OpenSizeTests.sgd)
      let same = try session([nil, nil, 1], compile: OpenSizeTests.sgd)
      copyWeights(from: open, to: closed)
      copyWeights(from: open, to: same)
      let x = try images(height, width)
      let data = trainingData(x, y)
      try same.check(data)
      #expect(try same.train(data, options) == closed.train(data, options))
      #expect(weights(same) == weights(closed))
      #expect(try same.evaluate(data, options) == closed.evaluate(data, options))
      // And goes on with one optimizer from size to size.
      _ = try open.train(data, options)
    }
    #expect(try open.optimizerValue("iterations") == 9)
  }

  private static let sgd = """
    {"optimizer": "SGD", "losses": ["sparse_categorical_crossentropy"], "metrics": [["accuracy"]]}
    """

  /// One pass over batches of several sizes reports the means over all.
  @Test func aPassGoesOnWithAnotherSize() throws {
    let session = try session([nil, nil, 1])
    let y = try TestArray([0, 1, 1, 0, 1], [5])
    var options = PassOptions()
    let x = try [images(6, 7), images(9, 5)]
    let parts = x.map { trainingData($0, y) }
    let alone = try parts.map { try session.evaluate($0, options)[0] }
    _ = try session.evaluate(parts[0], options)
    options.continues = true
    let both = try session.evaluate(parts[1], options)[0]
    #expect(abs(both - (alone[0] + alone[1]) / 2) < 1e-6)
  }

  /// The loss "crossentropy" is chosen by the first targets, for all sizes.
  @Test func lossesAreChosenOnce() throws {
    let session = try session(
      [nil, nil, 1], compile: #"{"optimizer": "SGD", "losses": ["crossentropy"]}"#)
    let y = try TestArray([0, 1, 1, 0, 1], [5])
    let options = PassOptions()
    for x in [try images(6, 7), try images(9, 5)] {
      #expect(try session.train(trainingData(x, y), options).allSatisfy(\.isFinite))
    }
    #expect(try session.optimizerValue("iterations") == 2)
  }

  @Test func onlyTheLatestSizesAreKept() throws {
    let session = try session([nil, nil, 1], compile: nil)
    for size in 3..<20 { _ = try predictions(session, images(size, size)) }
    // Of the size in use; others are dropped whole.
    #expect(session.plans.count == 1)
  }

  @Test func freezingTakesEffectForAllSizes() throws {
    let open = try session([nil, nil, 1])
    let x = try images(6, 7)
    let before = try predictions(open, x)
    open.model.layers[1].isTrainable = false
    try open.compile(object(OpenSizeTests.configuration))
    let (other, y) = (try images(9, 5), try TestArray([0, 1, 1, 0, 1], [5]))
    let data = trainingData(other, y)
    let kernel = weights(open)[0]
    _ = try open.train(data, PassOptions())
    #expect(weights(open)[0] == kernel)
    #expect(try predictions(open, x) != before)
  }

  @Test func dataThatDoesNotFitIsRefused() throws {
    let session = try session([nil, nil, 1])
    let wrong = try TestArray([Float](repeating: 0, count: 5 * 6 * 7 * 2), [5, 6, 7, 2])
    #expect(
      message { _ = try predictions(session, wrong) }
        == "x has shape (5, 6, 7, 2), but input 'image' expects (None, None, None, 1)")
    let small = try images(2, 7)
    #expect(
      message { _ = try predictions(session, small) }?.contains("does not fit into an input")
        == true)
    let (x, y) = (try images(6, 7), try TestArray([0, 1], [2]))
    #expect(
      message { try session.check(trainingData(x, y)) }
        == "x has 5 samples, y has 2: every sample needs its target")
    // Nothing is left of them.
    _ = try predictions(session, images(6, 7))
  }
}
