/// The SIMD vocabulary of the kernels. Width and masks of the instruction-set level hide here; the
/// kernels are written once against these names.
///
/// All of it is inlined. A function that stayed out of line would cost a call for every vector, and
/// if it came from another module, generic code of the standard library above all, the modules of
/// all levels would have it under one name and the linker would keep one of them. So what Swift
/// lacks is in `CMartletVectors`, whose functions are private to each object file.

import CMartletVectors
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
@_transparent func load(_ source: Source) -> Vector { martlet_load(source) }

@_transparent func store(_ value: Vector, _ target: Target) { martlet_store(value, target) }

/// The first `count` floats at `source`, `0 ..< vectorWidth` of them, and `fill` in the other lanes.
@_transparent func loadPartial(_ source: Source, _ count: Int, fill: Float = 0) -> Vector {
  martlet_load_partial(source, count, fill)
}

/// Writes the first `count` lanes, `0 ..< vectorWidth` of them, and nothing else.
@_transparent func storePartial(_ value: Vector, _ target: Target, _ count: Int) {
  martlet_store_partial(value, target, count)
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

@inline(__always) func equal(_ a: Words, _ b: Words) -> Mask {
  unsafeBitCast(a, to: Integers.self) .== unsafeBitCast(b, to: Integers.self)
}

/// `yes` where the mask is set, else `no`.
@inline(__always) func select(_ mask: Mask, _ yes: Words, _ no: Words) -> Words {
  bits(select(mask, floats(yes), floats(no)))
}

/// −1, 0 or 1; 0 of NaN.
@_transparent func sign(_ x: Vector) -> Vector {
  select(x .> splat(0), splat(1), select(x .< splat(0), splat(-1), splat(0)))
}

@inline(__always) func magnitude(_ value: Vector) -> Vector {
  floats(bits(value) & Words(repeating: 0x7fff_ffff))
}

@_transparent func squareRoot(_ v: Vector) -> Vector { martlet_square_root(v) }

/// The nearest floats.
@_transparent func converted(_ v: Integers) -> Vector { martlet_converted(v) }

/// The sum of the lanes, by halves: one order at each width.
@_transparent func laneSum(_ v: Vector) -> Float { martlet_lane_sum(v) }

/// The greatest lane. NaN may or may not show; callers that care test for it.
@_transparent func laneMaximum(_ v: Vector) -> Float { martlet_lane_maximum(v) }

#if MARTLET_AVX512
  @inline(__always) var laneNumbers: Vector {
    Vector(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
  }
#elseif MARTLET_AVX2
  @inline(__always) var laneNumbers: Vector { Vector(0, 1, 2, 3, 4, 5, 6, 7) }
#else
  @inline(__always) var laneNumbers: Vector { Vector(0, 1, 2, 3) }
#endif

// MARK: Rows

/// Where a loop over a row stands: at a whole vector, or at the rest that is shorter than one.
struct Stretch {
  let offset: Int
  /// Lanes in use, or 0 for all of them.
  let rest: Int

  @inline(__always) init(at offset: Int, rest: Int = 0) {
    self.offset = offset
    self.rest = rest
  }

  /// The floats of `row` that stand here, and `fill` in the lanes beyond the rest.
  @inline(__always) func callAsFunction(_ row: Source, fill: Float = 0) -> Vector {
    rest == 0 ? load(row + offset) : loadPartial(row + offset, rest, fill: fill)
  }

  @inline(__always) func callAsFunction(_ row: Target, fill: Float = 0) -> Vector {
    self(Source(row), fill: fill)
  }

  /// `value` with zeros in the lanes beyond the rest.
  @inline(__always) func only(_ value: Vector) -> Vector {
    if rest == 0 { return value }
    let isUsed = laneNumbers .< splat(Float(rest))
    return select(isUsed, value, splat(0))
  }

  @inline(__always) func put(_ value: Vector, _ row: Target) {
    if rest == 0 {
      store(value, row + offset)
    } else {
      storePartial(value, row + offset, rest)
    }
  }
}

/// Small whole numbers that go with the floats of a row.
extension Stretch {
  @inline(__always) func callAsFunction(_ row: UnsafePointer<UInt16>) -> Words {
    martlet_widened(
      rest == 0
        ? martlet_load_shorts(row + offset) : martlet_load_partial_shorts(row + offset, rest))
  }

  /// Writes the low 16 bits of every lane.
  @inline(__always) func put(_ value: Words, _ row: UnsafeMutablePointer<UInt16>) {
    if rest == 0 {
      martlet_store_shorts(martlet_narrowed(value), row + offset)
    } else {
      martlet_store_partial_shorts(martlet_narrowed(value), row + offset, rest)
    }
  }
}

/// Calls `body` for `count` elements: vector by vector, then once for the rest.
@inline(__always) func visit(_ count: Int, _ body: (Stretch) -> Void) {
  var i = 0
  while i + vectorWidth <= count {
    body(Stretch(at: i))
    i += vectorWidth
  }
  if i < count { body(Stretch(at: i, rest: count - i)) }
}

/// y[i] = f(i) for `count` elements, where `f` reads other rows, or `y` itself, at the same place.
///
/// The last vector overlaps the one before it. It is worked out before anything is written, so in
/// place no element passes through `f` twice.
@inline(__always) func fill(_ y: Target, _ count: Int, _ f: (Stretch) -> Vector) {
  if count < vectorWidth {
    if count > 0 { storePartial(f(Stretch(at: 0, rest: count)), y, count) }
    return
  }
  let last = count - vectorWidth
  let tail = f(Stretch(at: last))
  var i = 0
  while i < last {
    store(f(Stretch(at: i)), y + i)
    i += vectorWidth
  }
  store(tail, y + last)
}

/// Whether one or a few whole rows of `columns` floats make one vector, so that a matrix with contiguous
/// rows may be gone through as one long row.
@inline(__always) func rowsFillVectors(_ columns: Int) -> Bool {
  columns <= vectorWidth && vectorWidth % columns == 0
}

/// `row` repeated over the lanes; `columns` divides `vectorWidth`.
@inline(__always) func repeated(_ row: Source, _ columns: Int) -> Vector {
  var result = Vector()
  var lane = 0
  while lane < vectorWidth {
    result[lane] = row[lane & (columns - 1)]
    lane += 1
  }
  return result
}
