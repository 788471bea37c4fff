import Martlet
import Testing

@Suite(.serialized) struct OwnValuesTests {
  private static let square = Loss.custom("square") { target, prediction in
    try (prediction - target).squared().mean(axes: -1)
  }

  private func regression(_ units: Int = 2) throws -> (Sequential, Tensor<Float>, Tensor<Float>) {
    Library.setRandomSeed(3)
    let model = try Sequential {
      Input(3)
      Dense(units: 4, activation: .tanh)
      Dense(units: units)
    }
    let x = (0..<30).map { Float($0 % 7) / 7 - 0.4 }
    let y = (0..<(10 * units)).map { Float($0 % 5) / 5 }
    return (
      model, try Tensor(shape: [10, 3], scalars: x), try Tensor(shape: [10, units], scalars: y)
    )
  }

  /// What a model gives that is nothing but a function of its input.
  private func values(
    _ x: [Float], _ function: (Symbol) throws -> Symbol
  ) throws -> Tensor<Float> {
    let input = try Input(x.count).symbol
    let model = try Model(inputs: input, outputs: function(input))
    return try model.predict(Tensor(shape: [1, x.count], scalars: x))
  }

  @Test func functions() throws {
    let x: [Float] = [-2, 0.25, 4]
    #expect(try values(x) { try $0.absolute() }.scalars == [2, 0.25, 4])
    #expect(try values(x) { try $0.sign() }.scalars == [-1, 1, 1])
    #expect(try values(x) { try $0.squared() }.scalars == [4, 0.0625, 16])
    #expect(try values(x) { try $0.reciprocal() }.scalars == [-0.5, 4, 0.25])
    #expect(try values([0.25, 4, 9]) { try $0.squareRoot() }.scalars == [0.5, 2, 3])
    #expect(try values([0, 1]) { try $0.exponential().logarithm() }.scalars == [0, 1])
    #expect(try values(x) { try $0.clipped(to: -1...3) }.scalars == [-1, 0.25, 3])
    #expect(try values(x) { try $0.sum() }.scalars == [2.25])
    #expect(try values(x) { try $0.mean(axes: -1) }.scalars == [0.75])
    #expect(try values(x) { try $0.maximum(axes: [1]) }.scalars == [4])
    let least = try values(x) { try $0.minimum(axes: 1, keepsAxes: true) }
    #expect(least.scalars == [-2] && least.shape == [1, 1])
    #expect(
      message { _ = try values(x) { try $0.sum(axes: 2) } }?.contains("axis 2") == true)
  }

  /// The built-in loss, written once more.
  @Test func aCustomLossTrainsAsTheBuiltInOne() throws {
    var found: [[Double]] = []
    for loss in [Loss.meanSquaredError(), OwnValuesTests.square] {
      let (model, x, y) = try regression()
      try model.compile(optimizer: .sgd(learningRate: 0.1), loss: loss)
      let history = try model.fit(x, y, epochs: 20, batchSize: 4)
      found.append(history["loss"])
    }
    for (builtIn, own) in zip(found[0], found[1]) { #expect((builtIn - own).magnitude < 1e-6) }
    #expect(found[1][19] < found[1][0])
  }

  @Test func sumsAndTargetsOfAnotherShape() throws {
    let (model, x, y) = try regression(1)
    let labels = y.scalars
    try model.compile(
      loss: .custom("distance", targetShape: [], reduction: .sum) { target, prediction in
        try (prediction.sum(axes: -1) - target).absolute()
      },
      metrics: [.custom("error", targetShape: []) { try ($1.sum(axes: -1) - $0).absolute() }])
    let results = try model.evaluate(x, labels)
    let predictions = try model.predict(x).scalars
    let expected = zip(predictions, labels).reduce(0) { $0 + Double(($1.0 - $1.1).magnitude) }
    #expect((results.loss - expected).magnitude < 1e-5)
    #expect((try #require(results["error"]) - expected / 10).magnitude < 1e-6)
    #expect(results.names == ["loss", "error"])
  }

  @Test func everyOutputHasItsOwn() throws {
    let input = Input(2)
    let model = try Model(
      inputs: input, outputs: Dense(units: 1, name: "a")(input), Dense(units: 3, name: "b")(input))
    let metric = Metric.custom("greatest") { _, prediction in try prediction.maximum(axes: -1) }
    try model.compile(loss: OwnValuesTests.square, metrics: [metric])
    #expect(
      model.resultNames == ["loss", "a_loss", "b_loss", "a_greatest", "b_greatest"])
  }

  @Test func mistakes() throws {
    let (model, x, y) = try regression()
    #expect(
      message {
        try model.compile(
          loss: .custom("odd") { target, prediction in try (target - prediction).sum(axes: 4) })
      }?.hasPrefix("'odd': ") == true)
    #expect(
      message { try model.compile(losses: [OwnValuesTests.square, OwnValuesTests.square]) }?
        .contains("2") == true)
    struct Unfit: Error {}
    #expect(
      message { try model.compile(loss: .custom("odd") { _, _ in throw Unfit() }) }
        == "'odd': its function threw Unfit()")
    let trained = Dense(units: 2, name: "judge")
    #expect(
      message {
        try model.compile(
          loss: .custom("judged") { try ($0 - trained($1)).squared() })
      }?.contains("'judged' uses the layer 'judge', whose weights training would change") == true)
    #expect(!model.isCompiled)
    try model.compile(loss: OwnValuesTests.square)
    #expect(
      message { try model.save(to: "own.safetensors") }?
        .hasPrefix("'square' is a loss or metric of the program's own") == true)
    let tooWide = try Tensor(shape: [10, 3], repeating: Float(0))
    #expect(
      message { try model.fit(x, tooWide) }?.hasSuffix("was put together for (None, 2)") == true)
    try model.fit(x, y)
  }
}
