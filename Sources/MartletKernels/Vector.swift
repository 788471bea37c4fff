/// The SIMD vocabulary of the kernels. Width and masks of the instruction-set level hide here; the
/// kernels are written once against these names.
///
/// Everything is inlined: the module is compiled three times with different instructions, and a
/// function that stayed out of line under a name shared by the three could be merged by the linker.

import MartletKernelTable

#if MARTLET_AVX512
  let levelName = "avx512"
  typealias Vector = SIMD16<Float>
  typealias Integers = SIMD16<Int32>
  typealias Words = SIMD16<UInt32>
  typealias Shorts = SIMD16<UInt16>
  typealias Longs = SIMD8<UInt64>
#elseif MARTLET_AVX2
  let levelName = "avx2"
  typealias Vector = SIMD8<Float>
  typealias Integers = SIMD8<Int32>
  typealias Words = SIMD8<UInt32>
  typealias Shorts = SIMD8<UInt16>
  typealias Longs = SIMD4<UInt64>
#else
  let levelName = "portable"
  typealias Vector = SIMD4<Float>
  typealias Integers = SIMD4<Int32>
  typealias Words = SIMD4<UInt32>
  typealias Shorts = SIMD4<UInt16>
  typealias Longs = SIMD2<UInt64>
#endif

/// The result of comparing two vectors.
typealias Mask = SIMDMask<Integers>

/// Floats in one vector.
@inline(__always) var vectorWidth: Int { MemoryLayout<Vector>.size / MemoryLayout<Float>.size }

/// The `vectorWidth` floats at `source`, which needs no alignment.
@inline(__always) func load(_ source: Source) -> Vector {
  UnsafeRawPointer(source).loadUnaligned(as: Vector.self)
}

@inline(__always) func store(_ value: Vector, _ target: Target) {
  UnsafeMutableRawPointer(target).storeBytes(of: value, as: Vector.self)
}

/// One number in every lane.
@inline(__always) func splat(_ value: Float) -> Vector { Vector(repeating: value) }

/// a·b + c, rounded once where the level has the instruction. Elsewhere LLVM would call `fmaf` for
/// every lane, so there it is rounded twice.
@inline(__always) func multiplyAdd(_ a: Vector, _ b: Vector, _ c: Vector) -> Vector {
  #if MARTLET_AVX512 || MARTLET_AVX2 || arch(arm64)
    c.addingProduct(a, b)
  #else
    a * b + c
  #endif
}

/// `yes` where the mask is set, else `no`.
@inline(__always) func select(_ mask: Mask, _ yes: Vector, _ no: Vector) -> Vector {
  no.replacing(with: yes, where: mask)
}

/// The greater of the two, `a` where that is NaN: one instruction, unlike IEEE 754's maximum.
@inline(__always) func greater(_ a: Vector, _ b: Vector) -> Vector { select(b .> a, b, a) }

/// The lesser of the two, `a` where that is NaN.
@inline(__always) func lesser(_ a: Vector, _ b: Vector) -> Vector { select(b .< a, b, a) }

@inline(__always) func bits(_ value: Vector) -> Words { unsafeBitCast(value, to: Words.self) }

@inline(__always) func floats(_ bits: Words) -> Vector { unsafeBitCast(bits, to: Vector.self) }

@inline(__always) func magnitude(_ value: Vector) -> Vector {
  floats(bits(value) & Words(repeating: 0x7fff_ffff))
}

// MARK: Tails

/// The first `count` floats at `source`, `0 ..< vectorWidth` of them, and `fill` in the other lanes.
///
/// Put together in registers from halves: passing through memory would make the load wait for
/// several narrower stores.
@inline(__always) func loadPartial(_ source: Source, _ count: Int, fill: Float = 0) -> Vector {
  var rest = SIMD4<Float>(repeating: fill)
  let last = source + (count & ~3)
  if count & 3 > 0 { rest[0] = last[0] }
  if count & 3 > 1 { rest[1] = last[1] }
  if count & 3 > 2 { rest[2] = last[2] }
  #if MARTLET_AVX512 || MARTLET_AVX2
    let none = SIMD4<Float>(repeating: fill)
    var eight = SIMD8(lowHalf: rest, highHalf: none)
    if count & 4 != 0 {
      let four = UnsafeRawPointer(source + (count & ~7)).loadUnaligned(as: SIMD4<Float>.self)
      eight = SIMD8(lowHalf: four, highHalf: rest)
    }
    #if MARTLET_AVX512
      if count & 8 == 0 {
        return Vector(lowHalf: eight, highHalf: SIMD8(repeating: fill))
      }
      return Vector(
        lowHalf: UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self), highHalf: eight)
    #else
      return eight
    #endif
  #else
    return rest
  #endif
}

/// Writes the first `count` lanes, `0 ..< vectorWidth` of them, and nothing else.
@inline(__always) func storePartial(_ value: Vector, _ target: Target, _ count: Int) {
  #if MARTLET_AVX512
    var eight = value.lowHalf
    if count & 8 != 0 {
      UnsafeMutableRawPointer(target).storeBytes(of: eight, as: SIMD8<Float>.self)
      eight = value.highHalf
    }
  #elseif MARTLET_AVX2
    let eight = value
  #endif
  #if MARTLET_AVX512 || MARTLET_AVX2
    var rest = eight.lowHalf
    if count & 4 != 0 {
      UnsafeMutableRawPointer(target + (count & ~7)).storeBytes(of: rest, as: SIMD4<Float>.self)
      rest = eight.highHalf
    }
  #else
    let rest = value
  #endif
  let last = target + (count & ~3)
  if count & 3 > 0 { last[0] = rest[0] }
  if count & 3 > 1 { last[1] = rest[1] }
  if count & 3 > 2 { last[2] = rest[2] }
}

// MARK: Whole stretches

/// y = f(x) for `count` elements; `y` may be `x`.
///
/// The last vector overlaps the one before it. It is read before anything is written, so in place
/// no element passes through `f` twice.
@inline(__always)
func transform(_ x: Source, _ y: Target, _ count: Int, _ f: (Vector) -> Vector) {
  if count < vectorWidth {
    storePartial(f(loadPartial(x, count)), y, count)
    return
  }
  let last = count - vectorWidth
  let tail = load(x + last)
  var i = 0
  while i < last {
    store(f(load(x + i)), y + i)
    i += vectorWidth
  }
  store(f(tail), y + last)
}

/// y = f(a, b) for `count` elements; `y` may be `a` or `b`.
@inline(__always)
func transform(
  _ a: Source, _ b: Source, _ y: Target, _ count: Int, _ f: (Vector, Vector) -> Vector
) {
  if count < vectorWidth {
    storePartial(f(loadPartial(a, count), loadPartial(b, count)), y, count)
    return
  }
  let last = count - vectorWidth
  let tailA = load(a + last)
  let tailB = load(b + last)
  var i = 0
  while i < last {
    store(f(load(a + i), load(b + i)), y + i)
    i += vectorWidth
  }
  store(f(tailA, tailB), y + last)
}

// MARK: Across lanes

/// The sum of the lanes, by halves: one order at each width.
@inline(__always) func laneSum(_ value: Vector) -> Float {
  #if MARTLET_AVX512
    let eight = value.lowHalf + value.highHalf
    let four = eight.lowHalf + eight.highHalf
  #elseif MARTLET_AVX2
    let four = value.lowHalf + value.highHalf
  #else
    let four = value
  #endif
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// The greatest lane. NaN may or may not show; callers that care test for it.
@inline(__always) func laneMaximum(_ value: Vector) -> Float {
  #if MARTLET_AVX512
    let low = value.lowHalf
    let high = value.highHalf
    let eight = low.replacing(with: high, where: high .> low)
    let fourLow = eight.lowHalf
    let fourHigh = eight.highHalf
    let four = fourLow.replacing(with: fourHigh, where: fourHigh .> fourLow)
  #elseif MARTLET_AVX2
    let low = value.lowHalf
    let high = value.highHalf
    let four = low.replacing(with: high, where: high .> low)
  #else
    let four = value
  #endif
  let a = four[0] > four[1] ? four[0] : four[1]
  let b = four[2] > four[3] ? four[2] : four[3]
  return a > b ? a : b
}
