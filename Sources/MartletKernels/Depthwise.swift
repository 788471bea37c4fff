import CMartletVectors
import MartletKernelTable

var depthwiseKernels: DepthwiseKernels {
  DepthwiseKernels(
    correlate: correlate, addWeightGradient: addWeightGradient, spread: spread)
}

/// The taps of an output that lie inside the image.
private struct Taps {
  let first: Int
  let end: Int
  /// Where the first of them reads, in points.
  let start: Int

  @inline(__always) init(_ axis: DepthwiseAxis, _ output: Int) {
    let corner = axis.first + output * axis.stride
    if corner >= 0 && corner + (axis.taps - 1) * axis.tapStep < axis.input {
      (first, end) = (0, axis.taps)
    } else {
      let lower = corner < 0 ? min((axis.tapStep - 1 - corner) / axis.tapStep, axis.taps) : 0
      let upper =
        corner < axis.input ? min((axis.input - 1 - corner) / axis.tapStep + 1, axis.taps) : 0
      (first, end) = (lower, max(lower, upper))
    }
    start = corner + first * axis.tapStep
  }

  @inline(__always) var count: Int { end - first }
}

// MARK: - Correlation

/// The sums of points that have the same taps, rows × columns of them, `step` elements apart.
private struct Window {
  let x: Source
  let xStep: Int
  let rows: Int, columns: Int
  let rowStep: Int, columnStep: Int
  let bias: Source
  /// Of the first tap.
  let weights: Source
  let weightRowStep: Int, weightStep: Int
  let yStep: Int
  let channels: Int
  let lowest: Float, highest: Float

  @inline(__always) func clamped(_ value: Vector) -> Vector {
    lesser(greater(value, splat(lowest)), splat(highest))
  }

  /// One point, `offset` elements behind the first.
  func point(_ offset: Int, _ y: Target) {
    let corner = x + offset
    visit(channels) { at in
      var a = at(bias)
      var r = 0
      while r < rows {
        var point = corner + r * rowStep
        var tap = weights + r * weightRowStep
        var s = 0
        while s < columns {
          a = multiplyAdd(at(point), at(tap), a)
          point += columnStep
          tap += weightStep
          s += 1
        }
        r += 1
      }
      at.put(clamped(a), y)
    }
  }

  /// Four points at once: a weight is loaded once for all of them. Their windows are whole rows of taps.
  @inline(__always) func fourPoints(_ offset: Int, _ y: Target) {
    let corner = x + offset
    let taps = rows * columns
    // From the last tap of a row to the first of the next one.
    let nextRow = rowStep - (columns - 1) * columnStep
    visit(channels) { at in
      let start = at(bias)
      var a = start
      var b = start
      var c = start
      var d = start
      var point = corner
      var tap = weights
      var rest = columns
      var t = 0
      // One loop over all taps: loops of three, unrolled or begun anew for each row, were slower.
      while t < taps {
        let weight = at(tap)
        a = multiplyAdd(at(point), weight, a)
        b = multiplyAdd(at(point + xStep), weight, b)
        c = multiplyAdd(at(point + 2 * xStep), weight, c)
        d = multiplyAdd(at(point + 3 * xStep), weight, d)
        tap += weightStep
        rest -= 1
        point += rest == 0 ? nextRow : columnStep
        rest = rest == 0 ? columns : rest
        t += 1
      }
      at.put(clamped(a), y)
      at.put(clamped(b), y + yStep)
      at.put(clamped(c), y + 2 * yStep)
      at.put(clamped(d), y + 3 * yStep)
    }
  }

  /// The last four overlap those before them: an element worked out twice has the same bits.
  func points(_ count: Int, _ y: Target) {
    var point = 0
    if count >= 4 {
      while point < count {
        let first = min(point, count - 4)
        fourPoints(first * xStep, y + first * yStep)
        point += 4
      }
    } else {
      while point < count {
        self.point(point * xStep, y + point * yStep)
        point += 1
      }
    }
  }
}

private func correlate(
  _ x: Source, _ weights: Source, _ bias: Source, _ y: Target, _ lowest: Float,
  _ highest: Float, _ plane: borrowing DepthwisePlane
) {
  let (v, h) = (plane.vertical, plane.horizontal)
  let (rowStep, pointStep) = (plane.rowStep, plane.pointStep)
  let channels = plane.channels
  let weightStep = plane.weightStep
  let inner = h.innerEnd - h.innerFirst
  let repeats = inner >= plane.repeats ? plane.repeats : 1
  var p = 0
  while p < v.output {
    let rows = Taps(v, p)
    let image = x + rows.start * h.input * channels
    let rowTaps = weights + rows.first * h.taps * weightStep
    let target = y + p * rowStep

    @inline(__always) func window(_ columns: Taps, _ points: Int) -> Window {
      Window(
        x: image + columns.start * channels, xStep: points * h.stride * channels,
        rows: rows.count, columns: columns.count,
        rowStep: v.tapStep * h.input * channels, columnStep: h.tapStep * channels,
        bias: bias, weights: rowTaps + columns.first * weightStep,
        weightRowStep: h.taps * weightStep, weightStep: weightStep,
        yStep: points * pointStep, channels: points * channels, lowest: lowest,
        highest: highest)
    }
    @inline(__always) func edge(_ from: Int, _ to: Int) {
      var q = from
      while q < to {
        window(Taps(h, q), 1).point(0, target + q * pointStep)
        q += 1
      }
    }
    edge(0, h.innerFirst)
    if inner > 0 {
      let blocks = inner / repeats
      let first = window(Taps(h, h.innerFirst), repeats)
      first.points(blocks, target + h.innerFirst * pointStep)
      if blocks * repeats < inner {
        // As the last vector of a row does, the last block overlaps the one before it.
        let last = inner - repeats
        first.point(last * channels, target + (h.innerFirst + last) * pointStep)
      }
    }
    edge(h.innerEnd, h.output)
    p += 1
  }
}

// MARK: - Gradient of the weights

/// dw[s, c] += Σ(q) x[q·xStep + s·tapStep + c] · dy[q·dyStep + c] for `taps` neighbouring taps.
@inline(__always)
private func addTaps(
  _ x: Source, _ xStep: Int, _ tapStep: Int, _ dy: Source, _ dyStep: Int, _ points: Int,
  _ dw: Target, _ dwStep: Int, _ taps: Int, _ channels: Int
) {
  visit(channels) { at in
    var s = 0
    // Three taps share a gradient; even and odd points are chains of their own, so that additions do
    // not wait for each other.
    while s + 3 <= taps {
      var point = x + s * tapStep
      var d = dy
      var a = splat(0)
      var b = splat(0)
      var c = splat(0)
      var a2 = splat(0)
      var b2 = splat(0)
      var c2 = splat(0)
      var q = 0
      while q + 2 <= points {
        let first = at(d)
        a = multiplyAdd(at(point), first, a)
        b = multiplyAdd(at(point + tapStep), first, b)
        c = multiplyAdd(at(point + 2 * tapStep), first, c)
        let second = at(d + dyStep)
        let next = point + xStep
        a2 = multiplyAdd(at(next), second, a2)
        b2 = multiplyAdd(at(next + tapStep), second, b2)
        c2 = multiplyAdd(at(next + 2 * tapStep), second, c2)
        point += 2 * xStep
        d += 2 * dyStep
        q += 2
      }
      if q < points {
        let first = at(d)
        a = multiplyAdd(at(point), first, a)
        b = multiplyAdd(at(point + tapStep), first, b)
        c = multiplyAdd(at(point + 2 * tapStep), first, c)
      }
      let target = dw + s * dwStep
      at.put(at(target) + (a + a2), target)
      at.put(at(target + dwStep) + (b + b2), target + dwStep)
      at.put(at(target + 2 * dwStep) + (c + c2), target + 2 * dwStep)
      s += 3
    }
    while s < taps {
      var point = x + s * tapStep
      var d = dy
      var a = splat(0)
      var q = 0
      while q < points {
        a = multiplyAdd(at(point), at(d), a)
        point += xStep
        d += dyStep
        q += 1
      }
      let target = dw + s * dwStep
      at.put(at(target) + a, target)
      s += 1
    }
  }
}

private func addWeightGradient(
  _ x: Source, _ dy: Source, _ dw: Target, _ plane: borrowing DepthwisePlane
) {
  let (v, h) = (plane.vertical, plane.horizontal)
  let (pointStep, repeats) = (plane.pointStep, plane.repeats)
  let channels = plane.channels
  let dwStep = plane.weightStep
  let inner = h.innerEnd - h.innerFirst
  let blocks = inner / repeats
  let blocked = h.innerFirst + blocks * repeats
  var p = 0
  while p < v.output {
    let rows = Taps(v, p)
    let gradient = dy + p * plane.rowStep
    var r = rows.first
    while r < rows.end {
      let image = x + (rows.start + (r - rows.first) * v.tapStep) * h.input * channels
      let target = dw + r * h.taps * dwStep
      @inline(__always) func points(_ from: Int, _ to: Int) {
        var q = from
        while q < to {
          let columns = Taps(h, q)
          addTaps(
            image + columns.start * channels, 0, h.tapStep * channels,
            gradient + q * pointStep, 0, 1, target + columns.first * dwStep, dwStep,
            columns.count, channels)
          q += 1
        }
      }
      points(0, h.innerFirst)
      if blocks > 0 {
        addTaps(
          image + (h.first + h.innerFirst * h.stride) * channels,
          repeats * h.stride * channels, h.tapStep * channels,
          gradient + h.innerFirst * pointStep, repeats * pointStep, blocks,
          target, dwStep, h.taps, repeats * channels)
      }
      points(blocked, h.output)
      r += 1
    }
    p += 1
  }
}

// MARK: - Groups of channels

/// Where the group of a filter begins.
@inline(__always)
private func channel(_ filter: Int, _ spread: borrowing ChannelSpread) -> Int {
  (spread.firstFilter + filter) / spread.filtersPerGroup * spread.channelsPerGroup
}

private func spread(_ x: Source, _ y: Target, _ spread: borrowing ChannelSpread) {
  let (channels, filters) = (spread.channelsPerGroup, spread.filters)
  let first = channel(0, spread)
  // What two vectors can hold of a point.
  let count = channel(filters - 1, spread) + channels - first
  guard filters <= vectorWidth, count <= 2 * vectorWidth else {
    return spreadOneByOne(x, y, spread)
  }
  var lanes = Integers()
  var lane = 0
  while lane < filters {
    lanes[lane] = Int32(truncatingIfNeeded: channel(lane, spread) - first)
    lane += 1
  }
  // Whole vectors reach into the next points, but not beyond the last one.
  let lastWhole = spread.points * spread.pointStep - 2 * vectorWidth
  var target = y
  var at = first
  var point = 0
  while point < spread.points {
    let low: Vector
    let high: Vector
    if at <= lastWhole {
      low = load(x + at)
      high = load(x + at + vectorWidth)
    } else {
      low = loadFirst(x + at, count)
      high = loadFirst(x + at + vectorWidth, count - vectorWidth)
    }
    var i = 0
    while i < channels {
      let offset = Integers(repeating: Int32(truncatingIfNeeded: i))
      store(martlet_picked(low, high, lanes &+ offset), target)
      target += filters
      i += 1
    }
    at += spread.pointStep
    point += 1
  }
}

/// The first `count` floats, as many of them as a vector holds; none of a negative count.
@inline(__always) private func loadFirst(_ source: Source, _ count: Int) -> Vector {
  count >= vectorWidth ? load(source) : count > 0 ? loadPartial(source, count) : splat(0)
}

private func spreadOneByOne(_ x: Source, _ y: Target, _ spread: borrowing ChannelSpread) {
  var target = y
  var point = 0
  while point < spread.points {
    var i = 0
    while i < spread.channelsPerGroup {
      let source = x + (point * spread.pointStep + i)
      var filter = 0
      while filter < spread.filters {
        target[filter] = source[channel(filter, spread)]
        filter += 1
      }
      target += spread.filters
      i += 1
    }
    point += 1
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainDepthwise {
    /// Calls `body` for each output, tap inside the image, and channel, in the order of the sums.
    private static func forEachTap(
      _ plane: DepthwisePlane,
      _ body: (_ output: Int, _ tap: Int, _ input: Int, _ channel: Int) -> Void
    ) {
      let (v, h) = (plane.vertical, plane.horizontal)
      for p in 0..<v.output {
        for q in 0..<h.output {
          for (r, s) in (0..<v.taps).flatMap({ r in (0..<h.taps).map { (r, $0) } }) {
            let row = v.first + p * v.stride + r * v.tapStep
            let column = h.first + q * h.stride + s * h.tapStep
            guard 0..<v.input ~= row, 0..<h.input ~= column else { continue }
            for c in 0..<plane.channels {
              body(
                p * plane.rowStep + q * plane.pointStep + c, r * h.taps + s,
                (row * h.input + column) * plane.channels + c, c)
            }
          }
        }
      }
    }

    /// `[points, channels of a group, filters]`.
    package static func spread<T>(_ x: [T], _ spread: ChannelSpread) -> [T] {
      (0..<spread.points).flatMap { point in
        (0..<spread.channelsPerGroup).flatMap { channel in
          (0..<spread.filters).map { filter in
            let group = (spread.firstFilter + filter) / spread.filtersPerGroup
            return x[point * spread.pointStep + group * spread.channelsPerGroup + channel]
          }
        }
      }
    }

    /// Elements from the first result to the last.
    package static func outputCount(_ plane: DepthwisePlane) -> Int {
      (plane.vertical.output - 1) * plane.rowStep
        + (plane.horizontal.output - 1) * plane.pointStep + plane.channels
    }

    /// - Parameters:
    ///   - weights: `[taps, channels]`, each once.
    ///   - y: What stands between the results, and stays.
    package static func correlate<T: BinaryFloatingPoint>(
      _ x: [T], _ weights: [T], bias: [T], into y: inout [T], _ plane: DepthwisePlane
    ) {
      for p in 0..<plane.vertical.output {
        for q in 0..<plane.horizontal.output {
          for c in 0..<plane.channels { y[p * plane.rowStep + q * plane.pointStep + c] = bias[c] }
        }
      }
      forEachTap(plane) { output, tap, input, channel in
        y[output] += x[input] * weights[tap * plane.channels + channel]
      }
    }

    /// `[taps, channels]`.
    package static func weightGradient<T: BinaryFloatingPoint>(
      _ x: [T], _ dy: [T], _ plane: DepthwisePlane
    ) -> [T] {
      var dw = [T](repeating: 0, count: plane.tapCount * plane.channels)
      forEachTap(plane) { output, tap, input, channel in
        dw[tap * plane.channels + channel] += x[input] * dy[output]
      }
      return dw
    }
  }
#endif
