import MartletKernelTable

var softmaxKernels: SoftmaxKernels {
  SoftmaxKernels(forward: softmax, backward: softmaxBackward, loss: loss)
}

/// The greatest of `count` values; NaN may or may not show.
@inline(__always) func maximum(_ x: Source, _ count: Int) -> Float {
  var best = splat(-.infinity)
  visit(count) { at in best = greater(best, at(x, fill: -.infinity)) }
  return laneMaximum(best)
}

/// e^(x − shift) of one row into `y`, and their sum. A NaN in `x` makes the sum NaN.
///
/// A loop written out: as the body of `visit` the exponential stayed a call for every vector, which
/// took twice the time.
func exponentials(_ x: Source, shift: Float, into y: Target, _ count: Int) -> Float {
  let shift = splat(shift)
  var total = splat(0)
  var i = 0
  while i + vectorWidth <= count {
    let e = exponential(load(x + i) - shift)
    store(e, y + i)
    total += e
    i += vectorWidth
  }
  if i < count {
    // The lanes beyond the rest hold e^−∞, which is exactly 0.
    let e = exponential(loadPartial(x + i, count - i, fill: -.infinity) - shift)
    storePartial(e, y + i, count - i)
    total += e
  }
  return laneSum(total)
}

/// The same sum without the row.
func sumOfExponentials(_ x: Source, shift: Float, _ count: Int) -> Float {
  let shift = splat(shift)
  var total = splat(0)
  var i = 0
  while i + vectorWidth <= count {
    total += exponential(load(x + i) - shift)
    i += vectorWidth
  }
  if i < count {
    total += exponential(loadPartial(x + i, count - i, fill: -.infinity) - shift)
  }
  return laneSum(total)
}

private func softmax(_ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int) {
  if inner > 1 {
    softmaxOfColumns(x, y, outer, size, inner)
  } else if size <= vectorWidth {
    softmaxOfShortRows(x, y, outer, size)
  } else {
    softmaxOfRows(x, y, outer, size)
  }
}

private func softmaxOfRows(_ x: Source, _ y: Target, _ rows: Int, _ size: Int) {
  var row = 0
  while row < rows {
    let from = x + row * size
    let to = y + row * size
    let total = exponentials(from, shift: maximum(from, size), into: to, size)
    let factor = splat(1 / total)
    fill(to, size) { at in at(to) * factor }
    row += 1
  }
}

/// The usual classifier: a row stays in one register.
private func softmaxOfShortRows(_ x: Source, _ y: Target, _ rows: Int, _ size: Int) {
  let at = Stretch(at: 0, rest: size & (vectorWidth - 1))
  var row = 0
  while row < rows {
    let v = at(x + row * size, fill: -.infinity)
    let e = exponential(v - splat(laneMaximum(v)))
    at.put(e * splat(1 / laneSum(e)), y + row * size)
    row += 1
  }
}

/// Neighbouring lanes are neighbouring columns, so nothing is added across lanes.
private func softmaxOfColumns(
  _ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int
) {
  var block = 0
  while block < outer {
    let from = x + block * size * inner
    let to = y + block * size * inner
    visit(inner) { at in
      var best = at(from)
      var i = 1
      while i < size {
        best = greater(best, at(from + i * inner))
        i += 1
      }
      var total = splat(0)
      i = 0
      while i < size {
        let e = exponential(at(from + i * inner) - best)
        at.put(e, to + i * inner)
        total += e
        i += 1
      }
      let factor = splat(1) / total
      i = 0
      while i < size {
        at.put(at(to + i * inner) * factor, to + i * inner)
        i += 1
      }
    }
    block += 1
  }
}

private func softmaxBackward(
  _ y: Source, _ dy: Source, _ dx: Target, _ outer: Int, _ size: Int, _ inner: Int
) {
  var block = 0
  while block < outer {
    let start = block * size * inner
    let result = y + start
    let slope = dy + start
    let target = dx + start
    if inner == 1 {
      var total = splat(0)
      visit(size) { at in total = multiplyAdd(at(result), at(slope), total) }
      let dot = splat(laneSum(total))
      fill(target, size) { at in at(result) * (at(slope) - dot) }
    } else {
      visit(inner) { at in
        var dot = splat(0)
        var i = 0
        while i < size {
          dot = multiplyAdd(at(result + i * inner), at(slope + i * inner), dot)
          i += 1
        }
        i = 0
        while i < size {
          at.put(
            at(result + i * inner) * (at(slope + i * inner) - dot), target + i * inner)
          i += 1
        }
      }
    }
    block += 1
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  package enum PlainSoftmax {
    /// Along the middle axis of [outer, size, inner].
    package static func forward<T: BinaryFloatingPoint>(
      _ x: [T], outer: Int, size: Int, inner: Int
    ) -> [T] {
      var y = x
      for block in 0..<outer {
        for column in 0..<inner {
          let indices = (0..<size).map { (block * size + $0) * inner + column }
          let greatest = indices.map { x[$0] }.max() ?? 0
          var total: T = 0
          for i in indices {
            y[i] = T(exp(Double(x[i] - greatest)))
            total += y[i]
          }
          for i in indices { y[i] /= total }
        }
      }
      return y
    }
  }
#endif
