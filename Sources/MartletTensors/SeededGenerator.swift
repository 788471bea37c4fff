/// SplitMix64 (Steele, Lea & Flood 2014, doi:10.1145/2660193.2660195), whose every state is as good a
/// start as any other. For seeds and for the order of samples; what fills tensors is counter-based.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  package private(set) var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Below `bound`, from 1 up, by Lemire's multiplication (2019, doi:10.1145/3230636). Its bias of at
  /// most bound / 2⁶⁴ is left in.
  package mutating func next(below bound: UInt64) -> UInt64 {
    next().multipliedFullWidth(by: bound).high
  }
}
