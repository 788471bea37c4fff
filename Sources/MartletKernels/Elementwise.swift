import MartletKernelTable

var elementwiseKernels: ElementwiseKernels {
  ElementwiseKernels(
    activate: activate, activateBackward: activateBackward, add: add, addAndClamp: addAndClamp,
    scaleOffset: scaleOffset, addBias: addBias, copyRows: copyRows, repeatRow: repeatRow,
    addBroadcast: addBroadcast,
    reduceBroadcast: reduceBroadcast)
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
      return select(v .>= maximum, maximum, select(v .>= threshold, v, below))
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
      return select(v .>= maximum, zero, select(v .>= threshold, d, d * slope))
    }
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
  addBroadcast(a, aSteps, b, bSteps, &y, extents, axis: 0, run)
}

private func addBroadcast(
  _ a: Source, _ aSteps: UnsafePointer<Int>, _ b: Source, _ bSteps: UnsafePointer<Int>,
  _ y: inout Target, _ extents: UnsafePointer<Int>, axis: Int, _ run: InnerRun
) {
  if axis < run.axis {
    var i = 0
    while i < extents[axis] {
      addBroadcast(
        a + i * aSteps[axis], aSteps, b + i * bSteps[axis], bSteps, &y, extents, axis: axis + 1,
        run)
      i += 1
    }
    return
  }
  switch (run.stepA, run.stepB) {
  case (1, 1):
    fill(y, run.count) { at in at(a) + at(b) }
  case (1, 0):
    let b = splat(b[0])
    fill(y, run.count) { at in at(a) + b }
  case (0, 1):
    let a = splat(a[0])
    fill(y, run.count) { at in at(b) + a }
  default:
    var i = 0
    while i < run.count {
      y[i] = a[i * run.stepA] + b[i * run.stepB]
      i += 1
    }
  }
  y += run.count
}

private func reduceBroadcast(
  _ dy: Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>, _ extents: UnsafePointer<Int>,
  _ rank: Int
) {
  var dy = dy
  let run = InnerRun(dxSteps, dxSteps, extents, rank)
  reduceBroadcast(&dy, dx, dxSteps, extents, axis: 0, run)
}

private func reduceBroadcast(
  _ dy: inout Source, _ dx: Target, _ dxSteps: UnsafePointer<Int>,
  _ extents: UnsafePointer<Int>, axis: Int, _ run: InnerRun
) {
  if axis < run.axis {
    var i = 0
    while i < extents[axis] {
      reduceBroadcast(&dy, dx + i * dxSteps[axis], dxSteps, extents, axis: axis + 1, run)
      i += 1
    }
    return
  }
  let d = dy
  switch run.stepA {
  case 1:
    fill(dx, run.count) { at in at(dx) + at(d) }
  case 0:
    dx[0] += sum(d, run.count)
  default:
    var i = 0
    while i < run.count {
      dx[i * run.stepA] += d[i]
      i += 1
    }
  }
  dy += run.count
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
        x >= T(maximum) ? T(maximum) : x >= T(threshold) ? x : T(slope) * (x - T(threshold))
      }
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
        return a[indexA] + b[indexB]
      }
    }
  }
#endif
