import MartletGraph
import MartletTensors
import MartletTraining
import Testing

/// Every operation's gradient of its input is held to central differences in `ProgramCheck`. Here are
/// the ends: what is asked for, and of which value.
@Suite(.serialized) struct InputGradientsTests {
  /// Two numbers to one: 3 · a − 2 · b + 0.5, then a sigmoid.
  private func session() throws -> Session {
    let session = try makeSession(
      input: [2],
      [
        ("Dropout", #"{"rate": 0.5, "seed": 1}"#),
        ("Dense", #"{"units": 1, "activation": "sigmoid", "name": "answer"}"#),
      ])
    for (variable, numbers) in zip(session.model.variables, [[3, -2], [0.5]] as [[Float]]) {
      variable.mutableValues().update(from: numbers, count: numbers.count)
    }
    return session
  }

  private func gradients(
    _ session: Session, x: [Float], factors: [Float], ofScores: Bool, batchSize: Int = 32
  ) throws -> [Float] {
    let count = factors.count
    let x = try TestArray(x, [count, 2])
    let factors = try TestArray(factors, [count, 1])
    let result = try Buffer(floatCount: 2 * count)
    var options = PassOptions()
    options.batchSize = batchSize
    try session.inputGradients(
      [x.view], factors: [factors.view], ofScores: ofScores, options, into: [result.floats])
    return (0..<(2 * count)).map { result.floats[$0] }
  }

  @Test func scoresAreWhatTheSigmoidIsGiven() throws {
    let found = try gradients(
      session(), x: [1, 2, 0, 0, -1, 1], factors: [1, 2, 0], ofScores: true, batchSize: 2)
    #expect(found == [3, -2, 6, -4, 0, 0])
  }

  @Test func probabilitiesAreWhatItMakesOfThem() throws {
    // The score of (0.5, 1) is 0, and there σ' = 1 / 4.
    let found = try gradients(session(), x: [0.5, 1], factors: [1], ofScores: false)
    #expect(abs(found[0] - 0.75) < 1e-6 && abs(found[1] + 0.5) < 1e-6)
  }

  @Test func severalInputsAndOutputsAddUp() throws {
    let a = try Layer.input(Shape([3]), name: "a")
    let b = try Layer.input(Shape([3]), name: "b")
    let unused = try Layer.input(Shape([2]), name: "unused")
    let sum = try LayerRegistry.make("Add", [:]).call([a, b])[0]
    // An output that is an input, one that is a sum, and one that is asked for twice.
    let session = Session(try Model(inputs: [a, b, unused], outputs: [a, sum, sum]))
    let x = try TestArray([1, 2, 3], [1, 3])
    let two = try TestArray([1, 2], [1, 2])
    let factors = try ([[1, 0, 0], [0, 10, 0], [0, 0, 100]] as [[Float]]).map {
      try TestArray($0, [1, 3])
    }
    let places = try (0..<3).map { _ in try Buffer(floatCount: 3) }
    places[2].floats.update(repeating: .nan, count: 2)
    // A view does not hold its array.
    try withExtendedLifetime((x, two, factors)) {
      try session.inputGradients(
        [x.view, x.view, two.view], factors: factors.map(\.view), ofScores: true, PassOptions(),
        into: places.map(\.floats))
    }
    #expect((0..<3).map { places[0].floats[$0] } == [1, 10, 100])
    #expect((0..<3).map { places[1].floats[$0] } == [0, 10, 100])
    #expect((0..<2).map { places[2].floats[$0] } == [0, 0])
  }

  @Test func nothingOfTheModelChanges() throws {
    let session = try makeSession(
      input: [4, 4, 1],
      [
        ("Conv2D", #"{"filters": 2, "kernel_size": 3}"#), ("BatchNormalization", "{}"),
        ("Flatten", "{}"), ("Dense", #"{"units": 1}"#),
      ])
    let before = weights(session)
    let x = try TestArray((0..<16).map { Float($0) }, [1, 4, 4, 1])
    let factors = try TestArray([1], [1, 1])
    let result = try Buffer(floatCount: 16)
    try session.inputGradients(
      [x.view], factors: [factors.view], ofScores: true, PassOptions(), into: [result.floats])
    #expect(weights(session) == before)
    #expect((0..<16).contains { result.floats[$0] != 0 })
  }

  @Test func mistakesAreNamed() throws {
    let session = try session()
    let x = try TestArray([1, 2], [1, 2])
    let wide = try TestArray([1, 2], [1, 2])
    let one = try TestArray([1], [1, 1])
    let place = try Buffer(floatCount: 2)
    func failure(_ x: [ArrayView], _ factors: [ArrayView], places: Int = 1) -> String? {
      message {
        try session.inputGradients(
          x, factors: factors, ofScores: true, PassOptions(),
          into: (0..<places).map { _ in place.floats })
      }
    }
    #expect(
      failure([x.view], [wide.view])
        == "factors[0] has shape (1, 2), but output 'answer' of 1 samples has (1, 1)")
    #expect(failure([x.view], []) == "the model has 1 outputs, got 0 arrays of factors")
    #expect(
      failure([x.view], [one.view], places: 2)
        == "the model has 1 inputs, got 2 places for their gradients")
    #expect(
      failure([one.view], [one.view])?.hasPrefix("x has shape (1, 1), but input 'image'") == true)
  }

  @Test func progressMayStop() throws {
    let x = try TestArray([1, 2, 3, 4], [2, 2])
    let factors = try TestArray([1, 1], [2, 1])
    let result = try Buffer(floatCount: 4)
    var options = PassOptions()
    options.batchSize = 1
    options.progress = { done, _, _ in done == 1 }
    let session = try session()
    #expect(
      message {
        try session.inputGradients(
          [x.view], factors: [factors.view], ofScores: true, options, into: [result.floats])
      } == "stopped after batch 1 of 2")
  }
}
