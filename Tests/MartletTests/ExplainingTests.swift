import Martlet
import Testing

@Suite(.serialized) struct ExplainingTests {
  /// Against differences of predictions.
  @Test func gradientsOfInputs() throws {
    Library.setRandomSeed(2)
    let model = try smallNetwork()
    let (x, _) = try squares(3)
    let factors = try Tensor(shape: [3, 2], scalars: [1, 0, 0, 1, 1, -1] as [Float])
    let gradients = try model.inputGradients(x, factors: factors, batchSize: 2)
    #expect(gradients.shape == x.shape)
    func value(_ x: Tensor<Float>) throws -> Double {
      let output = try model.predict(x).scalars.map(Double.init)
      return zip(output, factors.scalars).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    let distance: Float = 2e-3
    for point in [0, 5, 21, 40] {
      var moved = x.scalars
      moved[point] += distance
      let above = try value(Tensor(shape: x.shape, scalars: moved))
      moved[point] -= 2 * distance
      let below = try value(Tensor(shape: x.shape, scalars: moved))
      let slope = (above - below) / Double(2 * distance)
      // Predictions are floats: a few roundings of 6e-8 over the distance.
      #expect((slope - Double(gradients.scalars[point])).magnitude < 1e-4)
    }
  }

  /// A score's gradient is that of the output of the same network without its softmax.
  @Test func gradientsOfScores() throws {
    let input = Input(3)
    let scores = try Dense(units: 2, name: "scores")(input)
    let model = try Model(inputs: input, outputs: Activation(.softmax)(scores))
    let x = try Tensor(shape: [2, 3], scalars: [1, 2, 3, 4, 5, 6] as [Float])
    let factors = try Tensor(shape: [2, 2], scalars: [1, 0, 0, 1] as [Float])
    let kernel = try model.weights[0].values.scalars
    let found = try model.inputGradients(x, factors: factors, ofScores: true).scalars
    #expect(found == [kernel[0], kernel[2], kernel[4], kernel[1], kernel[3], kernel[5]])
  }

  @Test func severalInputs() throws {
    let (a, b) = (Input(2, name: "a"), Input(2, name: "b"))
    let model = try Model(inputs: a, b, outputs: Multiply()(a, b))
    let x = try Tensor(shape: [1, 2], scalars: [2, 3] as [Float])
    let y = try Tensor(shape: [1, 2], scalars: [5, 7] as [Float])
    let one = try Tensor(shape: [1, 2], repeating: Float(1))
    let gradients = try model.inputGradients([x, y], factors: [one])
    #expect(gradients.map(\.scalars) == [[5, 7], [2, 3]])
    #expect(
      message { _ = try model.inputGradients(x, factors: one) }?.contains("has 2 inputs") == true)
    #expect(
      message { _ = try model.inputGradients([x, y], factors: [x, y]) }?
        .contains("1 outputs, got 2 arrays of factors") == true)
  }

  @Test func profiles() throws {
    let model = try smallNetwork()
    let (x, y) = try squares(24)
    let prediction = try model.profile(predicting: x, batchSize: 8)
    #expect(!prediction.isTraining && prediction.batchSize == 8 && prediction.batchCount >= 3)
    #expect(message { _ = try model.profile(Samples(x, y)) }?.contains("not compiled") == true)
    try model.compile(loss: .sparseCategoricalCrossentropy())
    let before = try bits(model)
    let training = try model.profile(Samples(x, y), batchSize: 8)
    #expect(try bits(model) == before)
    #expect(training.isTraining && training.threadCount == Library.threadCount)
    #expect(
      Set(training.rows.map(\.pass)).isSuperset(of: ["forward", "loss", "backward", "update"]))
    #expect((training.rows.reduce(0) { $0 + $1.share } - 1).magnitude < 1e-9)
    #expect(training.rows.contains { $0.layer == "dense" || $0.layer.hasPrefix("dense_") })
    let lines = training.description.split(separator: "\n")
    #expect(lines[0].hasPrefix("One training step of 8 samples takes "))
    #expect(lines.count == training.rows.count + 5)
    #expect(Set(lines.dropFirst().map(\.count)).count == 1)
    #expect(message { _ = try model.profile(predicting: y) } != nil)
  }
}
