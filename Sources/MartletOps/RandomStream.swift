#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The stream of random numbers of one operation in one step: a layer that is called twice in one
/// model draws different numbers in each call.
func randomStream(_ step: UInt64, _ index: Int) -> UInt64 {
  step &* 0x1_0000 &+ UInt64(truncatingIfNeeded: index)
}

func sineAndCosine(turns: Double) -> (sine: Double, cosine: Double) {
  (sin(2 * .pi * turns), cos(2 * .pi * turns))
}
