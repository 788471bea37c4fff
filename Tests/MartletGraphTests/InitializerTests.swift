import MartletGraph
import MartletOps
import MartletTensors
import Testing

struct InitializerTests {
  private func fill(_ initializer: JSONValue, _ extents: [Int]) throws -> [Float] {
    let variable = try Variable(name: "w", shape: Shape(extents))
    try Initializer(initializer).fill(variable)
    return values(variable)
  }

  private func seeded(
    _ className: String, _ seed: Int, _ arguments: JSONObject = [:]
  ) -> JSONValue {
    [
      "class_name": .text(className),
      "config": .object(arguments.appending(["seed": .integer(seed)])),
    ]
  }

  private func moments(_ values: [Float]) -> (mean: Double, variance: Double) {
    let mean = values.reduce(0) { $0 + Double($1) } / Double(values.count)
    let squares = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, squares / Double(values.count))
  }

  @Test func constants() throws {
    #expect(try fill("zeros", [3]) == [0, 0, 0])
    #expect(try fill("Ones", [3]) == [1, 1, 1])
    #expect(
      try fill(["class_name": "Constant", "config": ["value": 0.5]], [2]) == [0.5, 0.5])
  }

  @Test(arguments: [
    ([], 1, 1), ([5], 5, 5), ([3, 4], 3, 4), ([3, 3, 16, 32], 144, 288), ([3, 3, 4, 2], 36, 18),
  ])
  func fansAreKeras(_ extents: [Int], _ input: Double, _ output: Double) throws {
    let fans = Initializer.fans(of: try Shape(extents))
    #expect(fans.input == input)
    #expect(fans.output == output)
  }

  /// keras_surface: the limit for (3, 3, 16, 32) is √(6 / (144 + 288)) = 0.11785.
  @Test func glorotUniformFillsItsRange() throws {
    let values = try fill(seeded("GlorotUniform", 1), [3, 3, 16, 32])
    let limit = Float((6.0 / 432).squareRoot())
    #expect(abs(limit - 0.11785) < 1e-5)
    #expect(values.allSatisfy { abs($0) <= limit })
    #expect(values.max()! > 0.99 * limit)
    #expect(values.min()! < -0.99 * limit)
    // The mean of 4608 uniform numbers has deviation limit / √(3·4608) = limit / 118.
    #expect(abs(moments(values).mean) < Double(limit) * 5 / 118)
  }

  /// Variance 2 / fan_in after the cut at two deviations of the uncut distribution.
  @Test(arguments: [
    ("HeNormal", 2.0 / 144), ("GlorotNormal", 2.0 / 432), ("LecunNormal", 1.0 / 144),
  ])
  func truncatedFamiliesHaveTheirVarianceAndCut(_ name: String, _ variance: Double) throws {
    let values = try fill(seeded(name, 2), [3, 3, 16, 32])
    let cut = Float(2 * variance.squareRoot() / 0.87962566103423978)
    #expect(values.allSatisfy { abs($0) <= cut * 1.000001 })
    #expect(values.max()! > 0.95 * cut)
    // Relative deviation of a variance of 4608 numbers: below √(2 / 4608) = 0.021.
    #expect(abs(moments(values).variance / variance - 1) < 5 * 0.021)
  }

  @Test(arguments: [("HeUniform", 6.0 / 144), ("LecunUniform", 3.0 / 144)])
  func uniformFamiliesHaveTheirLimit(_ name: String, _ squaredLimit: Double) throws {
    let values = try fill(seeded(name, 3), [3, 3, 16, 32])
    let limit = Float(squaredLimit.squareRoot())
    #expect(values.allSatisfy { abs($0) <= limit })
    #expect(values.max()! > 0.99 * limit)
  }

  @Test func randomNormalAndUniformFollowTheirArguments() throws {
    let normal = moments(try fill(seeded("RandomNormal", 4, ["mean": 3, "stddev": 0.5]), [10000]))
    #expect(abs(normal.mean - 3) < 5 * 0.5 / 100)
    #expect(abs(normal.variance / 0.25 - 1) < 5 * 0.0142)
    let uniform = try fill(seeded("RandomUniform", 4, ["minval": 2, "maxval": 3]), [10000])
    #expect(uniform.allSatisfy { $0 >= 2 && $0 <= 3 })
    #expect(abs(moments(uniform).mean - 2.5) < 5 * 0.00289)
    let cut = try fill(seeded("TruncatedNormal", 4, ["mean": 1, "stddev": 2]), [10000])
    #expect(cut.allSatisfy { abs($0 - 1) <= 4.000001 })
  }

  @Test func varianceScalingGeneralizesTheNamedOnes() throws {
    let general = seeded(
      "VarianceScaling", 5, ["scale": 2, "mode": "fan_in", "distribution": "truncated_normal"])
    #expect(try fill(general, [4, 6]) == fill(seeded("HeNormal", 5), [4, 6]))
  }

  @Test func theSameSeedGivesTheSameValues() throws {
    for name in ["GlorotUniform", "HeNormal", "RandomNormal", "TruncatedNormal"] {
      #expect(try fill(seeded(name, 6), [50]) == fill(seeded(name, 6), [50]))
      #expect(try fill(seeded(name, 6), [50]) != fill(seeded(name, 7), [50]))
      #expect(try fill(.text(name), [50]) != fill(.text(name), [50]))
    }
  }

  @Test func anElementDoesNotDependOnTheCount() throws {
    let long = try fill(seeded("TruncatedNormal", 8), [1000])
    let short = try fill(seeded("TruncatedNormal", 8), [999])
    #expect(Array(long.dropLast()) == short)
  }

  @Test func anInstanceIsDeterministic() throws {
    let initializer = try Initializer("glorot_uniform")
    let a = try Variable(name: "a", shape: Shape([20]))
    let b = try Variable(name: "b", shape: Shape([20]))
    initializer.fill(a)
    initializer.fill(b)
    #expect(values(a) == values(b))
  }

  @Test func configurationIsKeras() throws {
    #expect(
      try Initializer("he_normal").configuration.description
        == #"{"module": "keras.initializers", "class_name": "HeNormal", "#
        + #""config": {"seed": null}, "registered_name": null}"#)
    #expect(
      member(try Initializer(seeded("RandomNormal", 3)).configuration, "config")
        == ["seed": 3, "mean": 0.0, "stddev": 0.05])
    // Reading its own configuration, and Keras 3.15's with its two more keys.
    let again = try Initializer(Initializer(seeded("VarianceScaling", 3)).configuration)
    #expect(again.className == "VarianceScaling")
    _ = try Initializer(
      [
        "class_name": "GlorotUniform",
        "config": ["seed": .null, "input_axes": .null, "output_axes": .null],
      ])
  }

  @Test func errors() throws {
    #expect(
      message { _ = try Initializer("he_norml") }
        == "unknown initializer 'he_norml'; did you mean 'he_normal'?")
    #expect(
      message(of: .invalidType) { _ = try Initializer(3) }
        == "an initializer must be a name or an object with class_name and config, received 3")
    #expect(
      message(of: .invalidType) { _ = try Initializer(["config": [:]]) }
        == "an initializer object must have a class_name, received {\"config\": {}}")
    #expect(
      message(of: .invalidType) { _ = try Initializer(["class_name": "Ones", "config": 3]) }
        == "an initializer's config must be an object, received 3")
    #expect(
      message { _ = try Initializer(["class_name": "Ones", "config": ["value": 3]]) }
        .hasPrefix("Ones: unknown argument 'value'"))
    #expect(
      message {
        _ = try Initializer(["class_name": "RandomUniform", "config": ["minval": 3, "maxval": 2]])
      }
        == "RandomUniform: invalid value for argument 'maxval': expected at least minval, 3.0, "
        + "received 2.0")
    #expect(
      message { _ = try Initializer(["class_name": "RandomNormal", "config": ["stddev": -1]]) }
        == "RandomNormal: invalid value for argument 'stddev': expected a number of at least 0, "
        + "received -1")
    #expect(
      message { _ = try Initializer(["class_name": "VarianceScaling", "config": ["scale": 0]]) }
        == "VarianceScaling: invalid value for argument 'scale': expected a number above 0, "
        + "received 0.0")
    #expect(
      message { _ = try Initializer(["class_name": "VarianceScaling", "config": ["mode": "fan"]]) }
        == "VarianceScaling: invalid value for argument 'mode': expected 'fan_in' or 'fan_out' or "
        + "'fan_avg', received \"fan\"")
    #expect(
      message(of: .invalidType) {
        _ = try Initializer(["class_name": "Constant", "config": ["value": [1, 2]]])
      } == "Constant: argument 'value' must be a number, received [1, 2]")
  }
}
