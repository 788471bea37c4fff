import MartletGraph
import MartletTensors
import MartletTestSupport
import MartletTraining
import Testing

/// A pass whose data comes in parts is the pass over the whole, bit for bit.
@Suite(.serialized) struct ContinuedPassTests {
  private static let layers = [
    ("Dense", #"{"units": 5, "activation": "relu"}"#), ("Dropout", #"{"rate": 0.2, "seed": 4}"#),
    ("Dense", #"{"units": 3, "activation": "softmax"}"#),
  ]
  private static let configuration =
    "{\"optimizer\": \"Adam\", \"losses\": [\"sparse_categorical_crossentropy\"], "
    + "\"metrics\": [[\"accuracy\"]]}"

  private let x: [Float]
  private let y: [Float]

  init() {
    var numbers = SeededGenerator(seed: 9)
    x = numbers.floats(10 * 2)
    y = (0..<10).map { Float($0 % 3) }
  }

  private func session() throws -> Session {
    RandomSeeds.shared.set(3)
    return try makeSession(
      input: [2], ContinuedPassTests.layers, compile: ContinuedPassTests.configuration)
  }

  /// Calls `body` with the samples in parts of four.
  private func inParts(_ body: (TrainingData, PassOptions) throws -> Void) throws {
    for start in stride(from: 0, to: 10, by: 4) {
      let end = min(start + 4, 10)
      let part = try TestArray(Array(x[(2 * start)..<(2 * end)]), [end - start, 2])
      let targets = try TestArray(Array(y[start..<end]), [end - start])
      var options = PassOptions()
      options.continues = start > 0
      try withExtendedLifetime((part, targets)) {
        try body(trainingData(part, targets), options)
      }
    }
  }

  @Test func givesTheSameBits() throws {
    let whole = try session()
    let inPieces = try session()
    let (allX, allY) = (try TestArray(x, [10, 2]), try TestArray(y, [10]))
    defer { withExtendedLifetime((allX, allY)) {} }
    let all = trainingData(allX, allY)
    var batchesOfFour = PassOptions()
    batchesOfFour.batchSize = 4
    for _ in 0..<2 {
      let expected = try whole.train(all, batchesOfFour)
      var found: [Double] = []
      try inParts { data, options in
        found = try inPieces.train(data, options)
        // An evaluation in between is a pass of its own.
        _ = try inPieces.evaluate(all, batchesOfFour)
      }
      #expect(found == expected)
      #expect(weights(inPieces) == weights(whole))
    }
    let expected = try whole.evaluate(all, batchesOfFour)
    var found: [Double] = []
    try inParts { data, options in found = try inPieces.evaluate(data, options) }
    #expect(found == expected)
    // One plan has done for batches of four and the last one of two.
    #expect(inPieces.plans.count == whole.plans.count)
  }

  @Test func takesWeightsBackToItsBeginning() throws {
    let session = try session()
    let before = weights(session)
    var count = 0
    let error = message {
      try inParts { data, options in
        count += 1
        var options = options
        options.nonFinitePolicy = .restore
        var data = data
        let wrong = try TestArray([.nan, 1, 1, 1], [2, 2])
        if count == 3 { data.x = [wrong.view] }
        try withExtendedLifetime(wrong) { _ = try session.train(data, options) }
      }
    }
    #expect(
      error?.hasPrefix(
        "the loss became NaN in batch 3; weights and optimizer are as they were before this epoch")
        == true, "\(error ?? "nothing")")
    #expect(weights(session) == before)
  }
}
