import MartletKernelTable

var normalizationKernels: NormalizationKernels {
  NormalizationKernels(
    moments: moments, mergeMoments: mergeMoments, scaleShift: scaleShift,
    backwardSums: backwardSums, clampedBackwardSums: clampedBackwardSums,
    backwardInput: backwardInput, scaleRows: scaleRows, scaleRowsBackward: scaleRowsBackward)
}

/// Mean and sum of squared deviations of a few numbers, in every lane.
private struct Moments {
  var mean: Vector
  var deviations: Vector

  /// Takes in the moments of more numbers (Chan, Golub & LeVeque 1979, eq. 1.5): `share` is their
  /// part of all numbers, `weight` the product of both counts over the sum of them.
  @inline(__always) mutating func merge(_ other: Moments, share: Float, weight: Float) {
    let difference = other.mean - mean
    mean = multiplyAdd(difference, splat(share), mean)
    deviations += multiplyAdd(difference * difference, splat(weight), other.deviations)
  }
}

/// Rows gone through twice while they are in the first-level cache: 16 KB of them.
@inline(__always) private func rowsInCache(_ channels: Int) -> Int {
  max(8, min(256, 4096 / channels))
}

// MARK: - Moments

private func moments(
  _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target, _ deviations: Target
) {
  if inner > 1 {
    planeMoments(x, rows, channels, inner, mean, deviations)
  } else if rowsFillVectors(channels) && rows * channels >= vectorWidth {
    shortRowMoments(x, rows, channels, mean, deviations)
  } else {
    rowMoments(x, rows, channels, mean, deviations)
  }
}

/// Channels last: the lanes are neighbouring channels. `mean` and `deviations` hold what is merged
/// so far.
private func rowMoments(
  _ x: Source, _ rows: Int, _ channels: Int, _ mean: Target, _ deviations: Target
) {
  let blockRows = rowsInCache(channels)
  var row = 0
  while row < rows {
    let count = min(blockRows, rows - row)
    let block = x + row * channels
    let share = Float(count) / Float(row + count)
    let weight = share * Float(row)
    visit(channels) { at in
      let part = blockMoments(block, channels, count, at)
      if row == 0 {
        at.put(part.mean, mean)
        at.put(part.deviations, deviations)
      } else {
        var all = Moments(mean: at(mean), deviations: at(deviations))
        all.merge(part, share: share, weight: weight)
        at.put(all.mean, mean)
        at.put(all.deviations, deviations)
      }
    }
    row += count
  }
}

/// Two passes over a few rows: accurate whatever the mean. Four chains of additions each, rows
/// 0, 4, 8… first.
@inline(__always)
private func blockMoments(_ x: Source, _ rowStep: Int, _ rows: Int, _ at: Stretch) -> Moments {
  var a = splat(0)
  var b = splat(0)
  var c = splat(0)
  var d = splat(0)
  var p = x
  var row = 0
  while row + 4 <= rows {
    a += at(p)
    b += at(p + rowStep)
    c += at(p + 2 * rowStep)
    d += at(p + 3 * rowStep)
    p += 4 * rowStep
    row += 4
  }
  while row < rows {
    a += at(p)
    p += rowStep
    row += 1
  }
  let mean = ((a + b) + (c + d)) * splat(1 / Float(rows))
  a = splat(0)
  b = splat(0)
  c = splat(0)
  d = splat(0)
  p = x
  row = 0
  while row + 4 <= rows {
    a = addingSquare(at(p) - mean, to: a)
    b = addingSquare(at(p + rowStep) - mean, to: b)
    c = addingSquare(at(p + 2 * rowStep) - mean, to: c)
    d = addingSquare(at(p + 3 * rowStep) - mean, to: d)
    p += 4 * rowStep
    row += 4
  }
  while row < rows {
    a = addingSquare(at(p) - mean, to: a)
    p += rowStep
    row += 1
  }
  return Moments(mean: mean, deviations: (a + b) + (c + d))
}

@inline(__always) private func addingSquare(_ v: Vector, to sum: Vector) -> Vector {
  multiplyAdd(v, v, sum)
}

/// 1, 2, 4… channels: a vector is a few rows. Lanes are merged into channels at the end, with the
/// rows that fill no vector.
private func shortRowMoments(
  _ x: Source, _ rows: Int, _ channels: Int, _ mean: Target, _ deviations: Target
) {
  let vectors = rows * channels / vectorWidth
  let blockVectors = rowsInCache(vectorWidth)
  var lanes = Moments(mean: splat(0), deviations: splat(0))
  var done = 0
  while done < vectors {
    let count = min(blockVectors, vectors - done)
    let part = blockMoments(x + done * vectorWidth, vectorWidth, count, Stretch(at: 0))
    let share = Float(count) / Float(done + count)
    lanes.merge(part, share: share, weight: share * Float(done))
    done += count
  }
  var channel = 0
  while channel < channels {
    var count: Float = 0
    var m: Float = 0
    var s: Float = 0
    var lane = channel
    while lane < vectorWidth {
      count += Float(vectors)
      let difference = lanes.mean[lane] - m
      m += difference * (Float(vectors) / count)
      s +=
        lanes.deviations[lane]
        + difference * difference * (Float(vectors) * (count - Float(vectors)) / count)
      lane += channels
    }
    var i = vectors * vectorWidth + channel
    while i < rows * channels {
      count += 1
      let difference = x[i] - m
      m += difference / count
      s += difference * difference * ((count - 1) / count)
      i += channels
    }
    mean[channel] = m
    deviations[channel] = s
    channel += 1
  }
}

/// Channels first: planes of `inner` neighbouring numbers, merged in the order of the rows.
private func planeMoments(
  _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target, _ deviations: Target
) {
  var channel = 0
  while channel < channels {
    var m: Float = 0
    var s: Float = 0
    var row = 0
    while row < rows {
      let plane = x + (row * channels + channel) * inner
      let planeMean = sum(plane, inner) / Float(inner)
      let center = splat(planeMean)
      var total = splat(0)
      visit(inner) { at in total = addingSquare(at(plane, fill: planeMean) - center, to: total) }
      let difference = planeMean - m
      let share = 1 / Float(row + 1)
      m += difference * share
      s += laneSum(total) + difference * difference * (Float(row) * Float(inner) * share)
      row += 1
    }
    mean[channel] = m
    deviations[channel] = s
    channel += 1
  }
}

private func mergeMoments(
  _ means: Source, _ deviations: Source, _ counts: UnsafePointer<Int>, _ parts: Int,
  _ channels: Int, _ mean: Target, _ deviation: Target
) {
  visit(channels) { at in
    var all = Moments(mean: splat(0), deviations: splat(0))
    var count = 0
    var part = 0
    while part < parts {
      let more = counts[part]
      if more > 0 {
        let share = Float(more) / Float(count + more)
        let new = Moments(
          mean: at(means + part * channels), deviations: at(deviations + part * channels))
        all.merge(new, share: share, weight: share * Float(count))
        count += more
      }
      part += 1
    }
    at.put(all.mean, mean)
    at.put(all.deviations, deviation)
  }
}

// MARK: - Scale and shift

/// Calls `body` for each vector of channels of a few rows, `first ..< end`: what belongs to the
/// channels is loaded once for all of them, and memory is still gone through in order.
@_transparent
private func visitRows(
  _ rows: Int, _ channels: Int, _ body: (_ at: Stretch, _ first: Int, _ end: Int) -> Void
) {
  var row = 0
  while row < rows {
    let end = min(row + 8, rows)
    var channel = 0
    while channel + vectorWidth <= channels {
      body(Stretch(at: channel), row, end)
      channel += vectorWidth
    }
    if channel < channels { body(Stretch(at: channel, rest: channels - channel), row, end) }
    row = end
  }
}

private func scaleShift(
  _ x: Source, _ scaling: Scaling, _ addend: Source?, _ clampsAtZero: Bool, _ y: Target,
  _ rows: Int, _ channels: Int, _ inner: Int
) {
  // Nothing is below −∞: the maximum hides behind the loads, so there is one loop for both.
  let lowest = splat(clampsAtZero ? 0 : -.infinity)
  if let addend {
    scaleShift(x, scaling, y, rows, channels, inner) { value, offset, at in
      greater(value + at(addend + offset), lowest)
    }
  } else {
    scaleShift(x, scaling, y, rows, channels, inner) { value, _, _ in greater(value, lowest) }
  }
}

/// - Parameter finish: Gets the scaled and shifted vector, and where it stands: `at`, `offset`
///   elements on.
@_transparent
private func scaleShift(
  _ x: Source, _ scaling: Scaling, _ y: Target, _ rows: Int, _ channels: Int, _ inner: Int,
  _ finish: (_ value: Vector, _ offset: Int, _ at: Stretch) -> Vector
) {
  if inner > 1 {
    var plane = 0
    while plane < rows * channels {
      let start = plane * inner
      let scale = splat(scaling.scale[plane % channels])
      let shift = splat(scaling.shift[plane % channels])
      fill(y + start, inner) { at in finish(multiplyAdd(at(x + start), scale, shift), start, at) }
      plane += 1
    }
  } else if rowsFillVectors(channels) {
    let scale = repeated(scaling.scale, channels)
    let shift = repeated(scaling.shift, channels)
    fill(y, rows * channels) { at in finish(multiplyAdd(at(x), scale, shift), 0, at) }
  } else {
    visitRows(rows, channels) { at, first, end in
      let scale = at(scaling.scale)
      let shift = at(scaling.shift)
      var row = first
      while row < end {
        let start = row * channels
        at.put(finish(multiplyAdd(at(x + start), scale, shift), start, at), y + start)
        row += 1
      }
    }
  }
}

// MARK: - Backward

/// What a relu behind the normalization lets through of the gradient.
private enum Gate {
  /// There is none.
  case open
  /// Where x·scale + shift > 0.
  case scaled(Scaling)
  /// Where y > 0; the gradient becomes 0 elsewhere.
  case result(y: Source, dy: Target)

  /// The gate at a vector of channels, at one channel, and at all of them repeated over a vector.
  @_transparent func columns(_ at: Stretch) -> ColumnGate {
    switch self {
    case .open: .open
    case .scaled(let scaling): .scaled(scale: at(scaling.scale), shift: at(scaling.shift))
    case .result(let y, let dy): .result(y: y, dy: dy)
    }
  }

  @_transparent func column(_ channel: Int) -> ColumnGate {
    switch self {
    case .open: .open
    case .scaled(let scaling):
      .scaled(scale: splat(scaling.scale[channel]), shift: splat(scaling.shift[channel]))
    case .result(let y, let dy): .result(y: y, dy: dy)
    }
  }

  @_transparent func repeatedColumns(_ channels: Int) -> ColumnGate {
    switch self {
    case .open: .open
    case .scaled(let scaling):
      .scaled(scale: repeated(scaling.scale, channels), shift: repeated(scaling.shift, channels))
    case .result(let y, let dy): .result(y: y, dy: dy)
    }
  }
}

/// A gate at the channels of one vector.
private enum ColumnGate {
  case open
  case scaled(scale: Vector, shift: Vector)
  case result(y: Source, dy: Target)

  /// - Parameters:
  ///   - dy: The gradient.
  ///   - x: What was normalized.
  ///   - at: Where both stand, `offset` elements on.
  @_transparent
  func callAsFunction(_ dy: Vector, _ x: Vector, _ offset: Int, _ at: Stretch) -> Vector {
    switch self {
    case .open: return dy
    case .scaled(let scale, let shift):
      return select(multiplyAdd(x, scale, shift) .> splat(0), dy, splat(0))
    case .result(let y, let target):
      let passed = select(at(y + offset) .> splat(0), dy, splat(0))
      at.put(passed, target + offset)
      return passed
    }
  }
}

private func backwardSums(
  _ x: Source, _ dy: Source, _ relu: Scaling?, _ mean: Source, _ inverseDeviation: Source,
  _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
) {
  if let relu {
    backwardSums(
      x, dy, .scaled(relu), mean, inverseDeviation, rows, channels, inner, dGamma, dBeta)
  } else {
    backwardSums(x, dy, .open, mean, inverseDeviation, rows, channels, inner, dGamma, dBeta)
  }
}

private func clampedBackwardSums(
  _ x: Source, _ y: Source, _ dy: Target, _ mean: Source, _ inverseDeviation: Source,
  _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
) {
  backwardSums(
    x, Source(dy), .result(y: y, dy: dy), mean, inverseDeviation, rows, channels, inner, dGamma,
    dBeta)
}

@_transparent
private func backwardSums(
  _ x: Source, _ dy: Source, _ gate: Gate, _ mean: Source, _ inverseDeviation: Source,
  _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
) {
  if inner > 1 {
    var channel = 0
    while channel < channels {
      let passed = gate.column(channel)
      let center = splat(mean[channel])
      var products = splat(0)
      var sums = splat(0)
      var row = 0
      while row < rows {
        let start = (row * channels + channel) * inner
        visit(inner) { at in
          let v = at(x + start)
          let d = passed(at(dy + start), v, start, at)
          products = multiplyAdd(d, v - center, products)
          sums += d
        }
        row += 1
      }
      dGamma[channel] = laneSum(products) * inverseDeviation[channel]
      dBeta[channel] = laneSum(sums)
      channel += 1
    }
  } else if rowsFillVectors(channels) {
    // A vector is a few rows. Lanes are added up to channels at the end.
    let count = rows * channels
    let whole = count / vectorWidth
    let passed = gate.repeatedColumns(channels)
    let center = repeated(mean, channels)
    var sums = columnProducts(x, dy, passed, center, vectorWidth, 0..<whole, Stretch(at: 0))
    let rest = count - whole * vectorWidth
    if rest > 0 {
      let more = columnProducts(
        x, dy, passed, center, vectorWidth, 0..<1, Stretch(at: whole * vectorWidth, rest: rest))
      sums.products += more.products
      sums.slopes += more.slopes
    }
    var channel = 0
    while channel < channels {
      var gamma: Float = 0
      var beta: Float = 0
      var lane = channel
      while lane < vectorWidth {
        gamma += sums.products[lane]
        beta += sums.slopes[lane]
        lane += channels
      }
      dGamma[channel] = gamma * inverseDeviation[channel]
      dBeta[channel] = beta
      channel += 1
    }
  } else {
    @_transparent func add(_ at: Stretch, _ first: Int, _ end: Int) {
      var sums = columnProducts(
        x, dy, gate.columns(at), at(mean), channels, first..<end, at)
      if first > 0 {
        sums.products += at(dGamma)
        sums.slopes += at(dBeta)
      }
      at.put(sums.products, dGamma)
      at.put(sums.slopes, dBeta)
    }
    visitRows(rows, channels, add)
    visit(channels) { at in at.put(at(dGamma) * at(inverseDeviation), dGamma) }
  }
}

/// Σ dy·(x − mean) and Σ dy over some rows for one vector of columns: even rows, then odd ones.
@_transparent
private func columnProducts(
  _ x: Source, _ dy: Source, _ passed: ColumnGate, _ mean: Vector, _ rowStep: Int,
  _ rows: Range<Int>, _ at: Stretch
) -> (products: Vector, slopes: Vector) {
  var products = splat(0)
  var otherProducts = splat(0)
  var slopes = splat(0)
  var otherSlopes = splat(0)
  var row = rows.lowerBound
  while row + 2 <= rows.upperBound {
    let (one, two) = (row * rowStep, (row + 1) * rowStep)
    let (v, w) = (at(x + one), at(x + two))
    let d = passed(at(dy + one), v, one, at)
    let e = passed(at(dy + two), w, two, at)
    products = multiplyAdd(d, v - mean, products)
    otherProducts = multiplyAdd(e, w - mean, otherProducts)
    slopes += d
    otherSlopes += e
    row += 2
  }
  if row < rows.upperBound {
    let v = at(x + row * rowStep)
    let d = passed(at(dy + row * rowStep), v, row * rowStep, at)
    products = multiplyAdd(d, v - mean, products)
    slopes += d
  }
  return (products + otherProducts, slopes + otherSlopes)
}

private func backwardInput(
  _ x: Source, _ dy: Source, _ relu: Scaling?, _ a: Source, _ b: Source, _ offset: Source,
  _ dx: Target, _ rows: Int, _ channels: Int, _ inner: Int
) {
  if let relu {
    backwardInput(x, dy, .scaled(relu), a, b, offset, dx, rows, channels, inner)
  } else {
    backwardInput(x, dy, .open, a, b, offset, dx, rows, channels, inner)
  }
}

@_transparent
private func backwardInput(
  _ x: Source, _ dy: Source, _ gate: Gate, _ a: Source, _ b: Source, _ offset: Source,
  _ dx: Target, _ rows: Int, _ channels: Int, _ inner: Int
) {
  if inner > 1 {
    var plane = 0
    while plane < rows * channels {
      let channel = plane % channels
      let start = plane * inner
      let passed = gate.column(channel)
      let (a, b, c) = (splat(a[channel]), splat(b[channel]), splat(offset[channel]))
      fill(dx + start, inner) { at in
        let v = at(x + start)
        return multiplyAdd(passed(at(dy + start), v, start, at), a, multiplyAdd(v, b, c))
      }
      plane += 1
    }
  } else if rowsFillVectors(channels) {
    let passed = gate.repeatedColumns(channels)
    let (a, b, c) = (repeated(a, channels), repeated(b, channels), repeated(offset, channels))
    fill(dx, rows * channels) { at in
      let v = at(x)
      return multiplyAdd(passed(at(dy), v, 0, at), a, multiplyAdd(v, b, c))
    }
  } else {
    @_transparent func write(_ at: Stretch, _ first: Int, _ end: Int) {
      let passed = gate.columns(at)
      let (a, b, c) = (at(a), at(b), at(offset))
      var row = first
      while row < end {
        let start = row * channels
        let v = at(x + start)
        let slope = passed(at(dy + start), v, start, at)
        at.put(multiplyAdd(slope, a, multiplyAdd(v, b, c)), dx + start)
        row += 1
      }
    }
    visitRows(rows, channels, write)
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  /// Over [rows, channels, inner].
  package enum PlainNormalization {
    package static func moments<T: BinaryFloatingPoint>(
      _ x: [T], rows: Int, channels: Int, inner: Int
    ) -> (mean: [T], deviations: [T]) {
      var mean = [T](repeating: 0, count: channels)
      var deviations = mean
      let count = T(rows * inner)
      for index in x.indices { mean[index / inner % channels] += x[index] / count }
      for index in x.indices {
        let difference = x[index] - mean[index / inner % channels]
        deviations[index / inner % channels] += difference * difference
      }
      return (mean, deviations)
    }

    /// (x − mean) / √(variance + epsilon) · gamma + beta, with the population variance.
    package static func normalize<T: BinaryFloatingPoint>(
      _ x: [T], channels: Int, inner: Int, mean: [T], variance: [T], gamma: [T], beta: [T],
      epsilon: T
    ) -> [T] {
      x.indices.map { index in
        let c = index / inner % channels
        return (x[index] - mean[c]) / (variance[c] + epsilon).squareRoot() * gamma[c] + beta[c]
      }
    }
  }
#endif
