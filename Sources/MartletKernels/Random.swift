import CMartletVectors
import MartletKernelTable

// Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, doi:10.1145/2063384.2063405): ten rounds of two
// 32 × 32 → 64 bit multiplications turn a 128-bit counter into four random words.

var randomKernels: RandomKernels {
  RandomKernels(uniform: uniform, normal: normal, dropout: dropout)
}

/// Blocks worked on together, one in each lane; their words fill two vectors.
@inline(__always) private var blockCount: Int { vectorWidth / 2 }
@inline(__always) private var wordCount: Int { 2 * vectorWidth }

private struct Philox {
  let key0: UInt64, key1: UInt64
  let stream0: UInt64, stream1: UInt64

  @inline(__always) init(key: UInt64, stream: UInt64) {
    key0 = key & 0xffff_ffff
    key1 = key >> 32
    stream0 = stream & 0xffff_ffff
    stream1 = stream >> 32
  }

  /// The words of blocks `block ..< block + blockCount`, in the order of the elements.
  @inline(__always) func words(_ block: UInt64) -> (low: Words, high: Words) {
    let mask = Longs(repeating: 0xffff_ffff)
    let shift = Longs(repeating: 32)
    let index = Longs(repeating: block) &+ blockNumbers
    var c0 = index & mask
    var c1 = index &>> shift
    var c2 = Longs(repeating: stream0)
    var c3 = Longs(repeating: stream1)
    var k0 = key0
    var k1 = key1
    var round = 0
    while round < 10 {
      // The mask makes each product one 32-bit multiplication, which reads low halves only; so
      // whatever stands in the high halves meanwhile does no harm.
      let p0 = (c0 & mask) &* Longs(repeating: 0xD251_1F53)
      let p1 = (c2 & mask) &* Longs(repeating: 0xCD9E_8D57)
      c0 = (p1 &>> shift) ^ c1 ^ Longs(repeating: k0)
      c1 = p1
      c2 = (p0 &>> shift) ^ c3 ^ Longs(repeating: k1)
      c3 = p0
      // Weyl sequences of the golden ratio and √3 − 1.
      k0 = (k0 &+ 0x9E37_79B9) & 0xffff_ffff
      k1 = (k1 &+ 0xBB67_AE85) & 0xffff_ffff
      round += 1
    }
    let even = (c0 & mask) | (c1 &<< shift)
    let odd = (c2 & mask) | (c3 &<< shift)
    return (
      unsafeBitCast(martlet_low_long_turns(even, odd), to: Words.self),
      unsafeBitCast(martlet_high_long_turns(even, odd), to: Words.self)
    )
  }
}

#if MARTLET_AVX512
  @inline(__always) private var blockNumbers: Longs { Longs(0, 1, 2, 3, 4, 5, 6, 7) }
#elseif MARTLET_AVX2
  @inline(__always) private var blockNumbers: Longs { Longs(0, 1, 2, 3) }
#else
  @inline(__always) private var blockNumbers: Longs { Longs(0, 1) }
#endif

/// The 24 high bits over 2²⁴.
@inline(__always) private func fraction(_ words: Words) -> Vector {
  let high = words &>> Words(repeating: 8)
  return converted(unsafeBitCast(high, to: Integers.self)) * splat(0x1p-24)
}

/// Calls `body` with the numbers of elements `first ..< first + count`, `wordCount` of them at a
/// time from the start of a block on: `offset` is where the first of them goes (negative if the
/// stretch starts inside), `isWhole` whether all are wanted.
@inline(__always)
private func forEachPair(
  _ key: UInt64, _ stream: UInt64, _ first: Int, _ count: Int,
  _ make: (Words, Words) -> (Vector, Vector),
  _ body: (_ offset: Int, _ isWhole: Bool, _ low: Vector, _ high: Vector) -> Void
) {
  let philox = Philox(key: key, stream: stream)
  var offset = -(first & 3)
  while offset < count {
    let words = philox.words(UInt64(truncatingIfNeeded: (first + offset) >> 2))
    let numbers = make(words.low, words.high)
    body(offset, offset >= 0 && offset + wordCount <= count, numbers.0, numbers.1)
    offset += wordCount
  }
}

@inline(__always) private func fractions(_ low: Words, _ high: Words) -> (Vector, Vector) {
  (fraction(low), fraction(high))
}

private func uniform(_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) {
  forEachPair(key, stream, first, count, fractions) { offset, isWhole, low, high in
    put(low, high, y, offset, count, isWhole)
  }
}

private func normal(_ key: UInt64, _ stream: UInt64, _ first: Int, _ y: Target, _ count: Int) {
  forEachPair(key, stream, first, count, boxMuller) { offset, isWhole, low, high in
    put(low, high, y, offset, count, isWhole)
  }
}

/// Writes those of the numbers that fall into `0 ..< count`.
@inline(__always)
private func put(
  _ low: Vector, _ high: Vector, _ y: Target, _ offset: Int, _ count: Int, _ isWhole: Bool
) {
  if isWhole {
    store(low, y + offset)
    store(high, y + offset + vectorWidth)
    return
  }
  var lane = 0
  while lane < vectorWidth {
    let i = offset + lane
    if i >= 0 && i < count { y[i] = low[lane] }
    if i + vectorWidth >= 0 && i + vectorWidth < count { y[i + vectorWidth] = high[lane] }
    lane += 1
  }
}

/// √(−2 ln u) · (cos 2πv, sin 2πv) for neighbouring words u, v (Box & Muller 1958,
/// doi:10.1214/aoms/1177706645). u is taken from (0, 1], whose logarithm is finite.
@inline(__always) private func boxMuller(_ low: Words, _ high: Words) -> (Vector, Vector) {
  let a = fraction(low)
  let b = fraction(high)
  let u = martlet_even_lanes(a, b) + splat(0x1p-24)
  let v = martlet_odd_lanes(a, b)
  let radius = squareRoot(splat(-2) * logarithm(u))
  let direction = sineAndCosine(turns: v)
  let x = radius * direction.cosine
  let y = radius * direction.sine
  return (martlet_low_turns(x, y), martlet_high_turns(x, y))
}

private func dropout(
  _ x: Source, _ y: Target, _ count: Int, _ rate: Float, _ key: UInt64, _ stream: UInt64,
  _ first: Int
) {
  let scale = 1 / (1 - rate)
  let threshold = splat(rate)
  let kept = splat(scale)
  forEachPair(key, stream, first, count, fractions) { offset, isWhole, low, high in
    if isWhole {
      let a = load(x + offset)
      let b = load(x + offset + vectorWidth)
      store(select(low .>= threshold, a * kept, splat(0)), y + offset)
      store(select(high .>= threshold, b * kept, splat(0)), y + offset + vectorWidth)
      return
    }
    var lane = 0
    while lane < wordCount {
      let i = offset + lane
      if i >= 0 && i < count {
        let u = lane < vectorWidth ? low[lane] : high[lane - vectorWidth]
        y[i] = u >= rate ? x[i] * scale : 0
      }
      lane += 1
    }
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  package enum PlainRandom {
    /// One block as the paper writes it: four words from counter and key.
    package static func philox(counter: [UInt32], key: [UInt32]) -> [UInt32] {
      var c = counter
      var k = key
      for _ in 0..<10 {
        let p0 = UInt64(c[0]) * 0xD251_1F53
        let p1 = UInt64(c[2]) * 0xCD9E_8D57
        c = [
          UInt32(p1 >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: p1),
          UInt32(p0 >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: p0),
        ]
        k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
      }
      return c
    }

    /// The word of element `index`.
    private static func word(_ key: UInt64, _ stream: UInt64, _ index: Int) -> UInt32 {
      func words(_ value: UInt64) -> [UInt32] {
        [UInt32(truncatingIfNeeded: value), UInt32(value >> 32)]
      }
      return philox(counter: words(UInt64(index / 4)) + words(stream), key: words(key))[index % 4]
    }

    package static func uniform<T: BinaryFloatingPoint>(
      key: UInt64, stream: UInt64, first: Int, count: Int, as: T.Type = T.self
    ) -> [T] {
      (0..<count).map { T(word(key, stream, first + $0) >> 8) / 0x1000000 }
    }

    /// Both normal numbers of a pair of uniform ones.
    package static func boxMuller(_ u: Double, _ v: Double) -> [Double] {
      let radius = (-2 * log(u + 0x1p-24)).squareRoot()
      return [radius * cos(2 * .pi * v), radius * sin(2 * .pi * v)]
    }

    package static func normal(key: UInt64, stream: UInt64, count: Int) -> [Double] {
      let uniform: [Double] = uniform(key: key, stream: stream, first: 0, count: count + count % 2)
      let pairs = stride(from: 0, to: count, by: 2).flatMap {
        boxMuller(uniform[$0], uniform[$0 + 1])
      }
      return Array(pairs.prefix(count))
    }

    package static func dropout<T: BinaryFloatingPoint>(
      _ x: [T], rate: Float, key: UInt64, stream: UInt64, first: Int
    ) -> [T] {
      let numbers: [Float] = uniform(key: key, stream: stream, first: first, count: x.count)
      return zip(x, numbers).map { $1 >= rate ? $0 / (1 - T(rate)) : 0 }
    }
  }
#endif
