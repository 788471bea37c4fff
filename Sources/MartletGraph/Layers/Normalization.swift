import MartletOps
import MartletTensors

/// (x − mean) / √variance with numbers for each position along `axis`: given, or the weights `mean`
/// and `variance`, which Python's `adapt` sets from data. `invert` goes back.
package struct Normalization: ConfigurableLayerKind {
  package static let className = "Normalization"
  /// As Keras counts; none for one number for all values.
  private let axes: [Int]
  private let givenMean: JSONValue
  private let givenVariance: JSONValue
  private let moments: (mean: [Double], variance: [Double])?
  private let inverts: Bool

  package init(_ attributes: inout Attributes) throws(MartletError) {
    if let given = attributes.value("axis"), case .array = given {
      axes = try attributes.integers("axis")
    } else {
      axes = [try attributes.integer("axis", default: -1)]
    }
    inverts = try attributes.flag("invert", default: false)
    givenMean = attributes.value("mean") ?? .null
    givenVariance = attributes.value("variance") ?? .null
    guard givenMean.isNull == givenVariance.isNull else {
      throw .invalidArgument(
        "Normalization: mean and variance must be given both or neither, received mean "
          + "\(givenMean.excerpt()) and variance \(givenVariance.excerpt())")
    }
    guard !givenMean.isNull else {
      moments = nil
      return
    }
    let expected = "a number or a list of numbers"
    let mean = try attributes.numbers("mean", givenMean, expected: expected)
    let variance = try attributes.numbers("variance", givenVariance, expected: expected)
    guard mean.count == variance.count else {
      throw .invalidArgument(
        "Normalization: mean has \(mean.count) numbers and variance \(variance.count); "
          + "they must be equally many")
    }
    guard variance.allSatisfy({ $0 >= 0 }) else {
      throw attributes.invalid("variance", expected: "numbers of at least 0", givenVariance)
    }
    moments = (mean, variance)
  }

  package var configuration: JSONObject {
    [
      "axis": .integers(axes), "invert": .boolean(inverts), "mean": givenMean,
      "variance": givenVariance,
    ]
  }

  package var hasWeights: Bool { moments == nil }
  package var weightAxis: Int { axes.last ?? -1 }

  private func keptAxes(of input: Shape) throws(MartletError) -> [Int] {
    var kept: Set<Int> = []
    for axis in axes { kept.insert(try sampleAxis(axis, of: input)) }
    return kept.sorted()
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    let extents = try keptAxes(of: input).map { input[$0] }
    guard let moments else {
      return [
        try WeightRequest("mean", extents, try Initializer("zeros"), isTrainable: false),
        try WeightRequest("variance", extents, try Initializer("ones"), isTrainable: false),
        try WeightRequest("count", [], try Initializer("zeros"), isTrainable: false),
      ]
    }
    guard [1, extents.reduce(1, *)].contains(moments.mean.count) else {
      throw .invalidArgument(
        "mean and variance have \(moments.mean.count) numbers, but an input of shape "
          + "\(input.batchDescription) has \(extents.reduce(1, *)) positions along "
          + "axis \(Shape.text(axes))")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let input = program.shapes[call.inputs[0]]
    let kept = try keptAxes(of: input)
    let count = kept.reduce(1) { $0 * input[$1] }
    func spread(_ numbers: [Double]) -> [Float] {
      let floats = numbers.map { Float($0) }
      return floats.count == count ? floats : [Float](repeating: floats[0], count: count)
    }
    let operation = StandardizeOp(
      keptAxes: kept, inverts: inverts,
      moments: moments.map { (spread($0.mean), spread($0.variance)) })
    return [
      try program.apply(
        operation, to: call.inputs, variables: Array(call.variables.prefix(2)), layer: call.layer)
    ]
  }
}
