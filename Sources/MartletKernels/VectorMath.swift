// Elementary functions on vectors, by range reduction and the minimax polynomials of Cephes
// (Moshier, single precision). Each costs 10 to 25 instructions a vector and has no branches.

/// 1.5 · 2²³: adding it leaves the nearest integer in the low bits of the sum.
private let roundingShift: Float = 0x1.8p23

/// The reduced argument of an exponential: eˣ = 2ⁿ · (1 + tail).
private struct Exponential {
  /// e^(x − n·ln 2) − 1.
  var tail: Vector
  /// n as it stands in the low bits of a float moved by `roundingShift`.
  var shifted: Vector

  @_transparent init(_ x: Vector) {
    shifted = multiplyAdd(x, splat(0x1.715476p0), splat(roundingShift))
    let n = shifted - splat(roundingShift)
    // ln 2 in two parts; the product with the first is exact without a fused multiply-add too.
    var r = multiplyAdd(n, splat(-0x1.63p-1), x)
    r = multiplyAdd(n, splat(2.12194440e-4), r)
    var p = multiplyAdd(r, splat(1.9875691500e-4), splat(1.3981999507e-3))
    p = multiplyAdd(p, r, splat(8.3334519073e-3))
    p = multiplyAdd(p, r, splat(4.1665795894e-2))
    p = multiplyAdd(p, r, splat(1.6666665459e-1))
    p = multiplyAdd(p, r, splat(5.0000001201e-1))
    tail = multiplyAdd(p, r * r, r)
  }

  /// 2ⁿ⁻¹ for −126 < n ≤ 128, and 0 for n = −126: half the scale, since 2¹²⁸ is not a float.
  @_transparent var halfScale: Vector {
    floats((bits(shifted) &+ Words(repeating: 126)) &<< Words(repeating: 23))
  }
}

/// eˣ within 1 ulp; infinite from 88.73 on, 0 below −87, NaN for NaN.
@_transparent func exponential(_ x: Vector) -> Vector {
  // From 89 on the last product overflows to infinity, as it should.
  let e = Exponential(lesser(greater(x, splat(-87.3)), splat(89)))
  let scale = e.halfScale
  let y = multiplyAdd(e.tail, scale, scale)
  return y + y
}

/// eˣ − 1 for x ≤ 0, without the cancellation of `exponential(x) - 1` near 0; NaN for NaN.
@_transparent func exponentialMinusOne(_ x: Vector) -> Vector {
  let e = Exponential(greater(x, splat(-87.3)))
  let scale = e.halfScale + e.halfScale
  return multiplyAdd(e.tail, scale, scale - splat(1))
}

/// The natural logarithm within 1 ulp; −∞ for ±0, NaN for what is below, ∞ for ∞.
@_transparent func logarithm(_ x: Vector) -> Vector {
  // Subnormal numbers have no exponent of their own: scale them up first.
  let isTiny = x .< splat(0x1p-126)
  let normal = select(isTiny, x * splat(0x1p25), x)
  let b = bits(normal)
  // Split at √½, so that the mantissa lies in [√½, √2) and its logarithm is small on both sides.
  let moved = b &- Words(repeating: 0x3f35_04f3)
  let exponent = unsafeBitCast(moved, to: Integers.self) &>> Integers(repeating: 23)
  let mantissa = floats((moved & Words(repeating: 0x007f_ffff)) &+ Words(repeating: 0x3f35_04f3))
  let n = converted(exponent) - select(isTiny, splat(25), splat(0))
  let r = mantissa - splat(1)
  var p = multiplyAdd(r, splat(7.0376836292e-2), splat(-1.1514610310e-1))
  p = multiplyAdd(p, r, splat(1.1676998740e-1))
  p = multiplyAdd(p, r, splat(-1.2420140846e-1))
  p = multiplyAdd(p, r, splat(1.4249322787e-1))
  p = multiplyAdd(p, r, splat(-1.6668057665e-1))
  p = multiplyAdd(p, r, splat(2.0000714765e-1))
  p = multiplyAdd(p, r, splat(-2.4999993993e-1))
  p = multiplyAdd(p, r, splat(3.3333331174e-1))
  let square = r * r
  var y = p * r * square
  y = multiplyAdd(n, splat(-2.12194440e-4), y)
  y = multiplyAdd(square, splat(-0.5), y)
  y = multiplyAdd(n, splat(0x1.63p-1), r + y)
  y = select(x .== splat(.infinity), x, y)
  y = select(x .== splat(0), splat(-.infinity), y)
  // Also catches NaN, for which no comparison holds.
  return select(x .>= splat(0), y, splat(.nan))
}

/// log(1 + x) for 0 ≤ x ≤ 1, also where 1 + x rounds to 1 (Kahan's correction).
@_transparent func logarithmOfOnePlus(_ x: Vector) -> Vector {
  let u = x + splat(1)
  return logarithm(u) + (x - (u - splat(1))) / u
}

/// 1 / (1 + e⁻ˣ) within 2 ulp down to x = −87; NaN for NaN.
@_transparent func sigmoid(_ x: Vector) -> Vector {
  splat(1) / (splat(1) + exponential(-x))
}

/// The share of the normal distribution below x, within 4e-7 of itself for |x| < 5, and its density.
///
/// The tail is e^(−x²/2) times a polynomial in 1 / (1 + 0.35·|x|), the form of Hastings 1955, fitted
/// to erfc with a relative error of 3e-8; what is above x follows by symmetry.
@_transparent func normalDistribution(_ x: Vector) -> (below: Vector, density: Vector) {
  let size = magnitude(x)
  let e = exponential(size * size * splat(-0.5))
  let u = splat(1) / multiplyAdd(size, splat(0.35), splat(1))
  var p = multiplyAdd(u, splat(-0.029108993299911352), splat(0.1437885113256919))
  p = multiplyAdd(p, u, splat(-0.25532783657346436))
  p = multiplyAdd(p, u, splat(0.15872261529505446))
  p = multiplyAdd(p, u, splat(-0.02279113085964273))
  p = multiplyAdd(p, u, splat(0.1053693428361037))
  p = multiplyAdd(p, u, splat(0.11986905578333944))
  p = multiplyAdd(p, u, splat(0.13985670840936842))
  p = multiplyAdd(p, u, splat(0.13962171125817074))
  let tail = p * u * e
  return (select(x .> splat(0), splat(1) - tail, tail), e * splat(0.3989422804))
}

/// The hyperbolic tangent within 2 ulp; NaN for NaN.
@_transparent func hyperbolicTangent(_ x: Vector) -> Vector {
  let square = x * x
  var p = multiplyAdd(square, splat(-5.70498872745e-3), splat(2.06390887954e-2))
  p = multiplyAdd(p, square, splat(-5.37397155531e-2))
  p = multiplyAdd(p, square, splat(1.33314422036e-1))
  p = multiplyAdd(p, square, splat(-3.33332819422e-1))
  let near = multiplyAdd(p * square, x, x)
  let size = magnitude(x)
  let far = splat(1) - splat(2) / (exponential(size + size) + splat(1))
  let signed = floats(bits(far) | (bits(x) & Words(repeating: 0x8000_0000)))
  return select(size .< splat(0.625), near, signed)
}

/// sin 2πu and cos 2πu for 0 ≤ u < 1, with an absolute error of 1e-7.
@_transparent func sineAndCosine(turns u: Vector) -> (sine: Vector, cosine: Vector) {
  // The nearest quarter turn q is exact, and so is u − q/4, which lies in [−1/8, 1/8].
  let shifted = multiplyAdd(u, splat(4), splat(roundingShift))
  let quarter = shifted - splat(roundingShift)
  let angle = multiplyAdd(quarter, splat(-0.25), u) * splat(2 * .pi)
  let square = angle * angle
  var s = multiplyAdd(square, splat(-1.9515295891e-4), splat(8.3321608736e-3))
  s = multiplyAdd(s, square, splat(-1.6666654611e-1))
  let sine = multiplyAdd(s * square, angle, angle)
  var c = multiplyAdd(square, splat(2.443315711809948e-5), splat(-1.388731625493765e-3))
  c = multiplyAdd(c, square, splat(4.166664568298827e-2))
  let cosine = multiplyAdd(c, square * square, multiplyAdd(square, splat(-0.5), splat(1)))
  let q = bits(shifted)
  let isOdd = floats((q & Words(repeating: 1)) &<< Words(repeating: 23)) .!= splat(0)
  // Turning by a quarter takes (sin, cos) to (cos, −sin).
  let sineSign = (q & Words(repeating: 2)) &<< Words(repeating: 30)
  let cosineSign = ((q &+ Words(repeating: 1)) & Words(repeating: 2)) &<< Words(repeating: 30)
  return (
    floats(bits(select(isOdd, cosine, sine)) ^ sineSign),
    floats(bits(select(isOdd, sine, cosine)) ^ cosineSign)
  )
}
