import MartletKernelTable
import MartletOps
import MartletTensors

/// How points between those of an image are found.
enum ImageInterpolation: String, CaseIterable {
  case nearest, bilinear
}

/// What layers that move images do with the points in between and beyond.
struct ImageSampling: Sendable {
  let interpolation: ImageInterpolation
  let fill: ImageFill
  let fillValue: Double
  let format: DataFormat

  init(_ attributes: inout Attributes) throws(MartletError) {
    fill = try attributes.choice("fill_mode", default: .reflect)
    interpolation = try attributes.choice("interpolation", default: .bilinear)
    fillValue = try attributes.number("fill_value", default: 0)
    format = try attributes.imageFormat()
  }

  var configuration: JSONObject {
    [
      "fill_mode": .text(fill.rawValue), "interpolation": .text(interpolation.rawValue),
      "fill_value": .number(fillValue), "data_format": .text(format.rawValue),
    ]
  }

  func operation(_ motion: RandomMotionOp.Motion, seed: RandomKey) -> RandomMotionOp {
    RandomMotionOp(
      motion, isBilinear: interpolation == .bilinear, fill: fill, fillValue: Float(fillValue),
      seed: seed)
  }
}

/// A range of random factors, and how it was said.
struct RandomFactor: Sendable {
  let range: ClosedRange<Double>
  let given: JSONValue
}

extension Attributes {
  /// A factor that prints as it was given; see `factor`.
  mutating func randomFactor(
    _ name: String, excludesLower: Bool = false
  ) throws(MartletError) -> RandomFactor {
    RandomFactor(
      range: try factor(name, excludesLower: excludesLower), given: value(name) ?? .null)
  }

  /// The range a random factor is drawn from: `[-0.1, 0.3]`, or `0.2` for `[-0.2, 0.2]`.
  ///
  /// - Parameter excludesLower: Whether the lower bound itself is out of range.
  mutating func factor(
    _ name: String, in bounds: ClosedRange<Double> = -1...1, excludesLower: Bool = false
  ) throws(MartletError) -> ClosedRange<Double> {
    guard let given = value(name) else {
      throw MartletError(.invalidType, "\(className): missing the required argument '\(name)'")
    }
    let expected =
      "a number or two from \(bounds.lowerBound) to \(bounds.upperBound)"
      + (excludesLower ? ", the first of which is excluded" : "")
    let numbers = try numbers(name, given, expected: expected)
    guard numbers.count <= 2,
      numbers.allSatisfy({
        bounds.contains($0) && !(excludesLower && $0 == bounds.lowerBound)
      })
    else {
      throw invalid(name, expected: expected, given)
    }
    if numbers.count == 2 {
      return min(numbers[0], numbers[1])...max(numbers[0], numbers[1])
    }
    return max(-abs(numbers[0]), bounds.lowerBound)...abs(numbers[0])
  }

  /// The range of the values of pixels.
  mutating func valueRange() throws(MartletError) -> ClosedRange<Float> {
    guard let given = value("value_range") else { return 0...255 }
    let expected = "two numbers, the lesser one first"
    let numbers = try numbers("value_range", given, expected: expected).map { Float($0) }
    guard numbers.count == 2, numbers[0] < numbers[1], numbers.allSatisfy(\.isFinite) else {
      throw invalid("value_range", expected: expected, given)
    }
    return numbers[0]...numbers[1]
  }

  /// A number or a list of them, however deep.
  func numbers(
    _ name: String, _ given: JSONValue, expected: String
  ) throws(MartletError) -> [Double] {
    if let number = given.double { return [number] }
    guard case .array(let elements) = given, !elements.isEmpty else {
      throw invalid(name, expected: expected, given)
    }
    var result: [Double] = []
    for element in elements { result += try numbers(name, element, expected: expected) }
    return result
  }
}

extension ClosedRange<Double> {
  var configuration: JSONValue { .array([.number(lowerBound), .number(upperBound)]) }
}

extension ClosedRange<Float> {
  var configuration: JSONValue {
    .array([.number(short: lowerBound), .number(short: upperBound)])
  }
}
