import MartletOps
import MartletTensors

/// The seed of a layer that is random in training: the argument `seed`, or one of its own.
struct LayerSeed: Sendable {
  private let given: Int?
  /// Of the random numbers.
  let key: RandomKey

  init(_ attributes: inout Attributes) throws(MartletError) {
    given = try attributes.seed()
    key = RandomKey(given.map { UInt64(bitPattern: Int64($0)) } ?? RandomSeeds.shared.next())
  }

  var configuration: JSONValue { given.map { .integer($0) } ?? .null }
}
