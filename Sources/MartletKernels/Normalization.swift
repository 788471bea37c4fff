import MartletKernelTable

var normalizationKernels: NormalizationKernels {
  NormalizationKernels(
    moments: moments, mergeMoments: mergeMoments, scaleShift: scaleShift,
    backwardSums: backwardSums, backwardInput: backwardInput)
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

private func scaleShift(
  _ x: Source, _ scale: Source, _ shift: Source, _ y: Target, _ rows: Int, _ channels: Int,
  _ inner: Int
) {
  if inner > 1 {
    var plane = 0
    while plane < rows * channels {
      let from = x + plane * inner
      let factor = splat(scale[plane % channels])
      let offset = splat(shift[plane % channels])
      fill(y + plane * inner, inner) { at in multiplyAdd(at(from), factor, offset) }
      plane += 1
    }
  } else if rowsFillVectors(channels) {
    let factor = repeated(scale, channels)
    let offset = repeated(shift, channels)
    fill(y, rows * channels) { at in multiplyAdd(at(x), factor, offset) }
  } else {
    var row = 0
    while row < rows {
      let from = x + row * channels
      fill(y + row * channels, channels) { at in multiplyAdd(at(from), at(scale), at(shift)) }
      row += 1
    }
  }
}

// MARK: - Backward

private func backwardSums(
  _ x: Source, _ dy: Source, _ mean: Source, _ inverseDeviation: Source, _ rows: Int,
  _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
) {
  if inner > 1 {
    var channel = 0
    while channel < channels {
      let center = splat(mean[channel])
      var products = splat(0)
      var sums = splat(0)
      var row = 0
      while row < rows {
        let start = (row * channels + channel) * inner
        let plane = x + start
        let slopes = dy + start
        visit(inner) { at in
          let d = at(slopes)
          products = multiplyAdd(d, at(plane) - center, products)
          sums += d
        }
        row += 1
      }
      dGamma[channel] = laneSum(products) * inverseDeviation[channel]
      dBeta[channel] = laneSum(sums)
      channel += 1
    }
  } else if rowsFillVectors(channels) {
    let count = rows * channels
    let vectors = count / vectorWidth
    let sums = columnProducts(
      x, dy, repeated(mean, channels), vectorWidth, vectors, Stretch(at: 0))
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
      var i = vectors * vectorWidth + channel
      while i < count {
        gamma += dy[i] * (x[i] - mean[channel])
        beta += dy[i]
        i += channels
      }
      dGamma[channel] = gamma * inverseDeviation[channel]
      dBeta[channel] = beta
      channel += 1
    }
  } else {
    visit(channels) { at in
      let sums = columnProducts(x, dy, at(mean), channels, rows, at)
      at.put(sums.products * at(inverseDeviation), dGamma)
      at.put(sums.slopes, dBeta)
    }
  }
}

/// Σ dy·(x − mean) and Σ dy over rows for one vector of columns: even rows, then odd ones.
@inline(__always)
private func columnProducts(
  _ x: Source, _ dy: Source, _ mean: Vector, _ rowStep: Int, _ rows: Int, _ at: Stretch
) -> (products: Vector, slopes: Vector) {
  var products = splat(0)
  var otherProducts = splat(0)
  var slopes = splat(0)
  var otherSlopes = splat(0)
  var row = 0
  while row + 2 <= rows {
    let d = at(dy + row * rowStep)
    let e = at(dy + (row + 1) * rowStep)
    products = multiplyAdd(d, at(x + row * rowStep) - mean, products)
    otherProducts = multiplyAdd(e, at(x + (row + 1) * rowStep) - mean, otherProducts)
    slopes += d
    otherSlopes += e
    row += 2
  }
  if row < rows {
    let d = at(dy + row * rowStep)
    products = multiplyAdd(d, at(x + row * rowStep) - mean, products)
    slopes += d
  }
  return (products + otherProducts, slopes + otherSlopes)
}

private func backwardInput(
  _ x: Source, _ dy: Source, _ a: Source, _ b: Source, _ offset: Source, _ dx: Target,
  _ rows: Int, _ channels: Int, _ inner: Int
) {
  if inner > 1 {
    var plane = 0
    while plane < rows * channels {
      let channel = plane % channels
      let start = plane * inner
      let from = x + start
      let slopes = dy + start
      let a = splat(a[channel])
      let b = splat(b[channel])
      let c = splat(offset[channel])
      fill(dx + start, inner) { at in
        multiplyAdd(at(slopes), a, multiplyAdd(at(from), b, c))
      }
      plane += 1
    }
  } else if rowsFillVectors(channels) {
    let a = repeated(a, channels)
    let b = repeated(b, channels)
    let c = repeated(offset, channels)
    fill(dx, rows * channels) { at in multiplyAdd(at(dy), a, multiplyAdd(at(x), b, c)) }
  } else {
    var row = 0
    while row < rows {
      let from = x + row * channels
      let slopes = dy + row * channels
      fill(dx + row * channels, channels) { at in
        multiplyAdd(at(slopes), at(a), multiplyAdd(at(from), at(b), at(offset)))
      }
      row += 1
    }
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
