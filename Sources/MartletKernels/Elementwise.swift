import MartletKernelTable

var elementwiseKernels: ElementwiseKernels {
  ElementwiseKernels(
    activate: activate, activateBackward: activateBackward, add: add, addAndClamp: addAndClamp,
    scaleOffset: scaleOffset, addBias: addBias, copyRows: copyRows, repeatRow: repeatRow,
    addBroadcast: addBroadcast, reduceBroadcast: reduceBroadcast,
    reduceSquares: reduceSquares, reduceExtreme: reduceExtreme,
    multiplyBroadcast: multiplyBroadcast,
    extreme: extreme, claim: claim, parametricRelu: parametricRelu,
    parametricReluBackward: parametricReluBackward)
}

// MARK: - Activations

/// NaN passes through every activation: no comparison holds for it, and the other branch keeps it.
private func activate(_ function: Activation, _ x: Source, _ y: Target, _ count: Int) {
  let zero = splat(0)
  switch function {
  case .linear:
    if UnsafePointer(y) != x { fill(y, count) { at in at(x) } }
  case .relu:
    fill(y, count) { at in greater(at(x), zero) }
  case .leakyRelu(let slope):
    let slope = splat(slope)
    fill(y, count) { at in
      let v = at(x)
      return select(v .> zero, v, v * slope)
    }
  case .elu(let alpha):
    exponentialLinear(x, splat(alpha), y, count)
  case .sigmoid:
    sigmoids(x, y, count)
  case .tanh:
    hyperbolicTangents(x, y, count)
  case .boundedRelu(let slope, let maximum, let threshold):
    let slope = splat(slope)
    let maximum = splat(maximum)
    let threshold = splat(threshold)
    // Not −∞, which a slope of 0 would turn into NaN.
    let lowest = splat(-.greatestFiniteMagnitude)
    fill(y, count) { at in
      let v = at(x)
      let below = slope * greater(v - threshold, lowest)
      return select(v .>= maximum, maximum, select(v .> threshold, v, below))
    }
  case .clipped(let minimum, let maximum):
    let minimum = splat(minimum)
    let maximum = splat(maximum)
    fill(y, count) { at in lesser(greater(at(x), minimum), maximum) }
  case .selu: scaledExponentialLinear(x, y, count)
  case .gelu: gaussianLinear(x, y, count)
  case .geluByTanh: gaussianLinearByTanh(x, y, count)
  case .silu: sigmoidLinear(x, y, count)
  case .hardSigmoid:
    fill(y, count) { at in hardSigmoid(at(x)) }
  case .hardSilu:
    fill(y, count) { at in
      let v = at(x)
      return v * hardSigmoid(v)
    }
  case .softplus: softplus(x, y, count)
  case .softsign:
    let one = splat(1)
    fill(y, count) { at in
      let v = at(x)
      return v / (one + magnitude(v))
    }
  case .exponential: exponentials(x, y, count)
  case .mish: mish(x, y, count)
  case .logSigmoid: logSigmoid(x, y, count)
  case .square:
    fill(y, count) { at in
      let v = at(x)
      return v * v
    }
  case .squareRoot:
    fill(y, count) { at in at(x).squareRoot() }
  case .reciprocal:
    let one = splat(1)
    fill(y, count) { at in one / at(x) }
  case .magnitude:
    fill(y, count) { at in magnitude(at(x)) }
  case .logarithm: logarithms(x, y, count)
  case .sign:
    fill(y, count) { at in
      let v = at(x)
      return select(v .== v, sign(v), v)
    }
  }
}

// The longer functions are transparent, that is always inlined: `fill` applies its argument in three
// places, and the inliner would leave a long closure as a call for every vector, at three times the
// cost of the work itself.

private func exponentialLinear(_ x: Source, _ alpha: Vector, _ y: Target, _ count: Int) {
  let zero = splat(0)
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return select(v .> zero, v, alpha * exponentialMinusOne(lesser(v, zero)))
  }
  fill(y, count, value)
}

private func sigmoids(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { sigmoid(at(x)) }
  fill(y, count, value)
}

private func hyperbolicTangents(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { hyperbolicTangent(at(x)) }
  fill(y, count, value)
}

private func scaledExponentialLinear(_ x: Source, _ y: Target, _ count: Int) {
  let zero = splat(0)
  let scale = splat(Float(Activation.seluScale))
  let alpha = splat(Float(Activation.seluScale * Activation.seluAlpha))
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return select(v .> zero, v * scale, alpha * exponentialMinusOne(lesser(v, zero)))
  }
  fill(y, count, value)
}

private func gaussianLinear(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return v * normalDistribution(v).below
  }
  fill(y, count, value)
}

/// 2·√(2/π)(x + 0.044715 x³): the approximate gelu is x times the sigmoid of it.
@_transparent private func gaussianAngle(_ x: Vector) -> Vector {
  multiplyAdd(x * x, splat(0.044715 * 1.5957691216), splat(1.5957691216)) * x
}

private func gaussianLinearByTanh(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return v * sigmoid(gaussianAngle(v))
  }
  fill(y, count, value)
}

private func sigmoidLinear(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return v * sigmoid(v)
  }
  fill(y, count, value)
}

@inline(__always) private func hardSigmoid(_ x: Vector) -> Vector {
  let line = multiplyAdd(x, splat(1 / 6), splat(0.5))
  return lesser(greater(line, splat(0)), splat(1))
}

/// log(1 + eˣ) without overflow: max(x, 0) + log(1 + e^−|x|).
@_transparent private func softplus(_ x: Vector) -> Vector {
  greater(x, splat(0)) + logarithmOfOnePlus(exponential(-magnitude(x)))
}

private func softplus(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { softplus(at(x)) }
  fill(y, count, value)
}

private func logSigmoid(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { -softplus(-at(x)) }
  fill(y, count, value)
}

private func exponentials(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { exponential(at(x)) }
  fill(y, count, value)
}

private func logarithms(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector { logarithm(at(x)) }
  fill(y, count, value)
}

/// tanh(softplus(x)) = p / (p + 2) with p = eˣ(eˣ + 2), and eˣ. From 30 on the quotient is 1, and p
/// far from overflow.
@_transparent private func mishFactor(_ x: Vector) -> (factor: Vector, exponential: Vector) {
  let e = exponential(lesser(x, splat(30)))
  let p = multiplyAdd(e, e, e + e)
  return (p / (p + splat(2)), e)
}

private func mish(_ x: Source, _ y: Target, _ count: Int) {
  @_transparent func value(_ at: Stretch) -> Vector {
    let v = at(x)
    return v * mishFactor(v).factor
  }
  fill(y, count, value)
}

private func activateBackward(
  _ function: Activation, _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ count: Int
) {
  let zero = splat(0)
  switch function {
  case .linear:
    if UnsafePointer(dx) != dy { fill(dx, count) { at in at(dy) } }
  case .relu:
    fill(dx, count) { at in select(at(y) .> zero, at(dy), zero) }
  case .leakyRelu(let slope):
    // With a negative slope every result but 0 is positive, and only the input tells the side.
    let side = slope < 0 ? x : y
    let slope = splat(slope)
    fill(dx, count) { at in
      let d = at(dy)
      return select(at(side) .> zero, d, d * slope)
    }
  case .elu(let alpha):
    let side = alpha < 0 ? x : y
    let alpha = splat(alpha)
    fill(dx, count) { at in
      let d = at(dy)
      // alpha·eˣ = y + alpha.
      return select(at(side) .> zero, d, d * (at(y) + alpha))
    }
  case .sigmoid:
    sigmoidBackward(y, dy, dx, count)
  case .tanh:
    hyperbolicTangentBackward(y, dy, dx, count)
  case .boundedRelu(let slope, let maximum, let threshold):
    let slope = splat(slope)
    let maximum = splat(maximum)
    let threshold = splat(threshold)
    fill(dx, count) { at in
      let v = at(x)
      let d = at(dy)
      // At the threshold, where it may jump, as Keras has it: none.
      let below = select(v .< threshold, d * slope, zero)
      return select(v .>= maximum, zero, select(v .> threshold, d, below))
    }
  case .clipped(let minimum, let maximum):
    let minimum = splat(minimum)
    let maximum = splat(maximum)
    fill(dx, count) { at in
      let v = at(y)
      return select((v .> minimum) .& (v .< maximum), at(dy), zero)
    }
  case .selu:
    let scale = splat(Float(Activation.seluScale))
    let alpha = splat(Float(Activation.seluScale * Activation.seluAlpha))
    fill(dx, count) { at in
      let v = at(y)
      return at(dy) * select(v .> zero, scale, v + alpha)
    }
  case .gelu: gaussianLinearBackward(x, dy, dx, count)
  case .geluByTanh: gaussianLinearByTanhBackward(x, dy, dx, count)
  case .silu: sigmoidLinearBackward(x, dy, dx, count)
  case .hardSigmoid:
    let sixth = splat(1 / 6)
    fill(dx, count) { at in
      let v = at(y)
      return select((v .> zero) .& (v .< splat(1)), at(dy) * sixth, zero)
    }
  case .hardSilu:
    let third = splat(1 / 3)
    let half = splat(0.5)
    fill(dx, count) { at in
      let v = at(x)
      let d = at(dy)
      // x²/6 + x/2 between −3 and 3, 0 before it and x behind.
      let slope = d * multiplyAdd(v, third, half)
      return select(v .<= splat(-3), zero, select(v .>= splat(3), d, slope))
    }
  case .softplus: softplusBackward(y, dy, dx, count)
  case .softsign:
    let one = splat(1)
    fill(dx, count) { at in
      let rest = one - magnitude(at(y))
      return at(dy) * (rest * rest)
    }
  case .exponential:
    fill(dx, count) { at in at(dy) * at(y) }
  case .mish: mishBackward(x, dy, dx, count)
  case .logSigmoid: logSigmoidBackward(y, dy, dx, count)
  case .square:
    fill(dx, count) { at in
      let d = at(dy) * at(x)
      return d + d
    }
  case .squareRoot:
    let half = splat(0.5)
    fill(dx, count) { at in at(dy) * half / at(y) }
  case .reciprocal:
    fill(dx, count) { at in
      let v = at(y)
      return -at(dy) * (v * v)
    }
  case .magnitude:
    fill(dx, count) { at in
      let v = at(x)
      let d = at(dy)
      return select(v .> zero, d, select(v .< zero, -d, d * v))
    }
  case .logarithm:
    fill(dx, count) { at in at(dy) / at(x) }
  case .sign:
    fill(dx, count) { _ in zero }
  }
}

/// Φ(x) + x · φ(x).
private func gaussianLinearBackward(_ x: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(x)
    let distribution = normalDistribution(v)
    return at(dy) * multiplyAdd(v, distribution.density, distribution.below)
  }
  fill(dx, count, slope)
}

/// With s the sigmoid of the angle u: s + x · s(1 − s) · u′.
private func gaussianLinearByTanhBackward(_ x: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  let one = splat(1)
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(x)
    let s = sigmoid(gaussianAngle(v))
    let turn = multiplyAdd(v * v, splat(3 * 0.044715 * 1.5957691216), splat(1.5957691216))
    return at(dy) * multiplyAdd(v * turn, s * (one - s), s)
  }
  fill(dx, count, slope)
}

/// s + x · s(1 − s).
private func sigmoidLinearBackward(_ x: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  let one = splat(1)
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(x)
    let s = sigmoid(v)
    return at(dy) * multiplyAdd(v, s * (one - s), s)
  }
  fill(dx, count, slope)
}

/// sigmoid(x) = 1 − e⁻ʸ.
private func softplusBackward(_ y: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  @_transparent func slope(_ at: Stretch) -> Vector { -at(dy) * exponentialMinusOne(-at(y)) }
  fill(dx, count, slope)
}

/// sigmoid(−x) = 1 − eʸ.
private func logSigmoidBackward(_ y: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  @_transparent func slope(_ at: Stretch) -> Vector { -at(dy) * exponentialMinusOne(at(y)) }
  fill(dx, count, slope)
}

/// With t = tanh(softplus(x)), whose slope is (1 − t²) · sigmoid(x): t + x · (1 − t²) · sigmoid(x).
private func mishBackward(_ x: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  let one = splat(1)
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(x)
    let (t, e) = mishFactor(v)
    return at(dy) * multiplyAdd(v * (one - t * t), e / (one + e), t)
  }
  fill(dx, count, slope)
}

private func parametricRelu(_ x: Source, _ slopes: Source, _ y: Target, _ count: Int) {
  let zero = splat(0)
  fill(y, count) { at in
    let v = at(x)
    return select(v .> zero, v, v * at(slopes))
  }
}

private func parametricReluBackward(
  _ x: Source, _ slopes: Source, _ dy: Source, _ dx: Target?, _ dSlopes: Target, _ count: Int
) {
  let zero = splat(0)
  fill(dSlopes, count) { at in at(dy) * lesser(at(x), zero) }
  guard let dx else { return }
  fill(dx, count) { at in
    let v = at(x)
    let d = at(dy)
    return select(v .> zero, d, select(v .< zero, d * at(slopes), zero))
  }
}

private func sigmoidBackward(_ y: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  let one = splat(1)
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(y)
    return at(dy) * (v * (one - v))
  }
  fill(dx, count, slope)
}

private func hyperbolicTangentBackward(_ y: Source, _ dy: Source, _ dx: Target, _ count: Int) {
  let one = splat(1)
  @_transparent func slope(_ at: Stretch) -> Vector {
    let v = at(y)
    return at(dy) * (one - v * v)
  }
  fill(dx, count, slope)
}

// MARK: - Sums and copies

private func add(_ a: Source, _ b: Source, _ y: Target, _ count: Int) {
  fill(y, count) { at in at(a) + at(b) }
}

private func addAndClamp(_ a: Source, _ b: Source, _ y: Target, _ count: Int) {
  let zero = splat(0)
  fill(y, count) { at in greater(at(a) + at(b), zero) }
}

private func scaleOffset(
  _ x: Source, _ scale: Float, _ offset: Float, _ y: Target, _ count: Int
) {
  let scale = splat(scale)
  let offset = splat(offset)
  fill(y, count) { at in multiplyAdd(at(x), scale, offset) }
}

private func addBias(_ x: Source, _ bias: Source, _ y: Target, _ rows: Int, _ columns: Int) {
  if rowsFillVectors(columns) {
    let repeatedBias = repeated(bias, columns)
    // Every vector starts at a row, the overlapping last one too: `columns` divides both the count
    // and the width.
    fill(y, rows * columns) { at in at(x) + repeatedBias }
    return
  }
  var row = 0
  while row < rows {
    let start = row * columns
    fill(y + start, columns) { at in at(x + start) + at(bias) }
    row += 1
  }
}

private func copyRows(
  _ x: Source, _ xRowStep: Int, _ y: Target, _ yRowStep: Int, _ rows: Int, _ columns: Int
) {
  if xRowStep == columns && yRowStep == columns {
    fill(y, rows * columns) { at in at(x) }
    return
  }
  var row = 0
  while row < rows {
    let from = x + row * xRowStep
    fill(y + row * yRowStep, columns) { at in at(from) }
    row += 1
  }
}

private func repeatRow(_ x: Source, _ scale: Float, _ y: Target, _ rows: Int, _ columns: Int) {
  let scale = splat(scale)
  if rowsFillVectors(columns) {
    let value = repeated(x, columns) * scale
    fill(y, rows * columns) { _ in value }
    return
  }
  var row = 0
  while row < rows {
    fill(y + row * columns, columns) { at in at(x) * scale }
    row += 1
  }
}

private func extreme(_ a: Source, _ b: Source, _ isMinimum: Bool, _ y: Target, _ count: Int) {
  fill(y, count) { at in
    let left = at(a)
    let right = at(b)
    let wins = isMinimum ? right .< left : right .> left
    return select(wins .| (right .!= right), right, left)
  }
}

private func claim(_ x: Source, _ y: Source, _ rest: Target, _ part: Target, _ count: Int) {
  let zero = splat(0)
  visit(count) { at in
    let isEqual = at(x) .== at(y)
    let gradient = at(rest)
    at.put(select(isEqual, gradient, zero), part)
    at.put(select(isEqual, zero, gradient), rest)
  }
}

// MARK: - Broadcasting

/// The innermost axes that every operand walks with one step: `axis` is the first of them.
///
/// Neighbouring axes count as one where stepping over the outer is walking on along the inner, so
/// that the loop over vectors is as long as the layout allows.
private struct InnerRun {
  var axis: Int
  var count: Int
  var stepA: Int
  var stepB: Int

  @inline(__always)
  init(
    _ aSteps: UnsafePointer<Int>, _ bSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
    _ rank: Int
  ) {
    axis = rank
    count = 1
    stepA = 1
    stepB = 1
    while axis > 0 {
      let extent = extents[axis - 1]
      if extent != 1 {
        if count == 1 {
          stepA = aSteps[axis - 1]
          stepB = bSteps[axis - 1]
        } else if aSteps[axis - 1] != stepA * count || bSteps[axis - 1] != stepB * count {
          return
        }
        count *= extent
      }
      axis -= 1
    }
  }
}

private func addBroadcast(
  _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
  _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
) {
  var y = y
  let run = InnerRun(aSteps, bSteps, extents, rank)
  broadcast(a, aSteps, b, bSteps, &y, extents, axis: 0, run, multiplies: false)
}

private func multiplyBroadcast(
  _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
  _ y: Target, _ extents: UnsafePointer<Int>, _ rank: Int
) {
  var y = y
  let run = InnerRun(aSteps, bSteps, extents, rank)
  broadcast(a, aSteps, b, bSteps, &y, extents, axis: 0, run, multiplies: true)
}

private func broadcast(
  _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
  _ y: inout Target, _ extents: UnsafePointer<Int>, axis: Int, _ run: InnerRun, multiplies: Bool
) {
  if axis < run.axis {
    var i = 0
    while i < extents[axis] {
      broadcast(
        a + i * aSteps[axis], aSteps, b + i * bSteps[axis], bSteps, &y, extents, axis: axis + 1,
        run, multiplies: multiplies)
      i += 1
    }
    return
  }
  if multiplies {
    multiplyRun(a, b, y, run)
  } else {
    addRun(a, b, y, run)
  }
  y += run.count
}

@inline(__always)
private func addRun(_ a: Source, _ b: Source, _ y: Target, _ run: InnerRun) {
  combineRun(a, b, y, run, { $0 + $1 }, { $0 + $1 })
}

@inline(__always)
private func multiplyRun(_ a: Source, _ b: Source, _ y: Target, _ run: InnerRun) {
  combineRun(a, b, y, run, { $0 * $1 }, { $0 * $1 })
}

@inline(__always)
private func combineRun(
  _ a: Source, _ b: Source, _ y: Target, _ run: InnerRun, _ vectors: (Vector, Vector) -> Vector,
  _ numbers: (Float, Float) -> Float
) {
  switch (run.stepA, run.stepB) {
  case (1, 1):
    fill(y, run.count) { at in vectors(at(a), at(b)) }
  case (1, 0):
    let b = splat(b[0])
    fill(y, run.count) { at in vectors(at(a), b) }
  case (0, 1):
    let a = splat(a[0])
    fill(y, run.count) { at in vectors(a, at(b)) }
  default:
    var i = 0
    while i < run.count {
      y[i] = numbers(a[i * run.stepA], b[i * run.stepB])
      i += 1
    }
  }
}

private func reduceBroadcast(
  _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
  _ rank: Int
) {
  var dy = dy
  let run = InnerRun(dxSteps, dxSteps, extents, rank)
  reduce(&dy, dx, dxSteps, extents, axis: 0, run, .sum)
}

private func reduceSquares(
  _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
  _ rank: Int
) {
  var dy = dy
  let run = InnerRun(dxSteps, dxSteps, extents, rank)
  reduce(&dy, dx, dxSteps, extents, axis: 0, run, .sumOfSquares)
}

private func reduceExtreme(
  _ x: Source, _ isMinimum: Bool, _ y: Target, _ ySteps: UnsafePointer<Int>,
  _ extents: UnsafePointer<Int>, _ rank: Int
) {
  var x = x
  let run = InnerRun(ySteps, ySteps, extents, rank)
  reduce(&x, y, ySteps, extents, axis: 0, run, isMinimum ? .least : .greatest)
}

/// What is made of the numbers that belong to one.
private enum Reduction {
  case sum, sumOfSquares, greatest, least
}

private func reduce(
  _ x: inout Source, _ y: Target, _ ySteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
  axis: Int, _ run: InnerRun, _ reduction: Reduction
) {
  if axis < run.axis {
    var i = 0
    while i < extents[axis] {
      reduce(&x, y + i * ySteps[axis], ySteps, extents, axis: axis + 1, run, reduction)
      i += 1
    }
    return
  }
  let from = x
  let count = run.count
  switch reduction {
  case .sum:
    reduceRun(from, y, run, { $0 + $1 }, { $0 + $1 }, { $0 + sum(from, count) })
  case .sumOfSquares:
    reduceRun(
      from, y, run, { multiplyAdd($1, $1, $0) }, { $0 + $1 * $1 },
      { $0 + sumOfSquares(from, count) })
  case .greatest:
    reduceRun(
      from, y, run, { greatest($0, $1) }, { $1 > $0 || $1 != $1 ? $1 : $0 },
      { greatest($0, from, count) })
  case .least:
    // The least number is the greatest of the negated ones, negated.
    reduceRun(
      from, y, run, { -greatest(-$0, -$1) }, { $1 < $0 || $1 != $1 ? $1 : $0 },
      { -greatest(-$0, from, count, negated: true) })
  }
  x += count
}

/// The innermost stretch: number by number where each has one of `y` to itself, else all into one.
@inline(__always)
private func reduceRun(
  _ x: Source, _ y: Target, _ run: InnerRun, _ vectors: (Vector, Vector) -> Vector,
  _ numbers: (Float, Float) -> Float, _ whole: (Float) -> Float
) {
  switch run.stepA {
  case 1:
    fill(y, run.count) { at in vectors(at(y), at(x)) }
  case 0:
    y[0] = whole(y[0])
  default:
    var i = 0
    while i < run.count {
      y[i * run.stepA] = numbers(y[i * run.stepA], x[i])
      i += 1
    }
  }
}

/// The greater number; NaN wins.
@inline(__always) private func greatest(_ a: Vector, _ b: Vector) -> Vector {
  select((b .> a) .| (b .!= b), b, a)
}

private func greatest(
  _ first: Float, _ x: Source, _ count: Int, negated: Bool = false
) -> Float {
  let sign = splat(negated ? -1 : 1)
  var total = splat(first)
  // 0, or NaN where a lane has been that.
  var nan = splat(0)
  var i = 0
  while i + vectorWidth <= count {
    let v = load(x + i) * sign
    total = greater(total, v)
    nan = select(v .!= v, v, nan)
    i += vectorWidth
  }
  var result = laneMaximum(total)
  while i < count {
    let v = negated ? -x[i] : x[i]
    if v > result || v != v { result = v }
    i += 1
  }
  return first != first ? first : result + laneSum(nan)
}

private func sumOfSquares(_ x: Source, _ count: Int) -> Float {
  var total = splat(0)
  visit(count) { at in
    let v = at(x)
    total = multiplyAdd(v, v, total)
  }
  return laneSum(total)
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// The same in plain loops, at any precision: what the kernels and gradients are tested against.
  package enum PlainElementwise {
    package static func activate<T: BinaryFloatingPoint>(_ function: Activation, _ x: T) -> T {
      switch function {
      case .linear: x
      case .relu: x < 0 ? 0 : x
      case .leakyRelu(let slope): x > 0 ? x : T(slope) * x
      case .elu(let alpha): x > 0 ? x : T(alpha) * T(expm1(Double(x)))
      case .sigmoid: 1 / (1 + T(exp(-Double(x))))
      case .tanh: T(tanh(Double(x)))
      case .boundedRelu(let slope, let maximum, let threshold):
        x >= T(maximum) ? T(maximum) : x > T(threshold) ? x : T(slope) * (x - T(threshold))
      case .clipped(let minimum, let maximum): min(max(x, T(minimum)), T(maximum))
      case .selu:
        T(Activation.seluScale) * (x > 0 ? x : T(Activation.seluAlpha * expm1(Double(x))))
      case .gelu: x * T(erfc(-Double(x) / 2.0.squareRoot()) / 2)
      case .geluByTanh:
        x * T(1 + tanh((2 / Double.pi).squareRoot() * Double(x + 0.044715 * x * x * x))) / 2
      case .silu: x / (1 + T(exp(-Double(x))))
      case .hardSigmoid: min(max(x / 6 + 0.5, 0), 1)
      case .hardSilu: x * min(max(x / 6 + 0.5, 0), 1)
      case .softplus: T(softplus(Double(x)))
      case .softsign: x / (1 + abs(x))
      case .exponential: T(exp(Double(x)))
      case .mish: x * T(tanh(softplus(Double(x))))
      case .logSigmoid: T(-softplus(-Double(x)))
      case .square: x * x
      case .squareRoot: x.squareRoot()
      case .reciprocal: 1 / x
      case .magnitude: abs(x)
      case .logarithm: T(log(Double(x)))
      case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0
      }
    }

    private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

    package static func parametricRelu<T: BinaryFloatingPoint>(_ x: [T], slopes: [T]) -> [T] {
      zip(x, slopes).map { max($0, 0) + $1 * min($0, 0) }
    }

    package static func scaleOffset<T: BinaryFloatingPoint>(
      _ x: [T], scale: T, offset: T
    ) -> [T] {
      x.map { $0 * scale + offset }
    }

    /// Steps are in elements; 0 repeats an operand.
    package static func addBroadcast<T: BinaryFloatingPoint>(
      _ a: [T], steps aSteps: [Int], _ b: [T], steps bSteps: [Int], extents: [Int]
    ) -> [T] {
      broadcast(a, steps: aSteps, b, steps: bSteps, extents: extents, +)
    }

    package static func reduceExtreme(
      _ x: [Float], _ isMinimum: Bool, _ y: [Float], steps: [Int], extents: [Int]
    ) -> [Float] {
      var y = y
      for (index, value) in x.enumerated() {
        var rest = index
        var at = 0
        for axis in extents.indices.reversed() {
          at += rest % extents[axis] * steps[axis]
          rest /= extents[axis]
        }
        y[at] = isMinimum ? min(y[at], value) : max(y[at], value)
      }
      return y
    }

    /// Of any function of two numbers.
    package static func broadcast<T: BinaryFloatingPoint>(
      _ a: [T], steps aSteps: [Int], _ b: [T], steps bSteps: [Int], extents: [Int],
      _ combine: (T, T) -> T
    ) -> [T] {
      let count = extents.reduce(1, *)
      return (0..<count).map { index in
        var rest = index
        var indexA = 0
        var indexB = 0
        for axis in extents.indices.reversed() {
          let i = rest % extents[axis]
          rest /= extents[axis]
          indexA += i * aSteps[axis]
          indexB += i * bSteps[axis]
        }
        return combine(a[indexA], b[indexB])
      }
    }
  }
#endif
