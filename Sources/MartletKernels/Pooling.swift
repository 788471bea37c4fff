import MartletKernelTable

var poolingKernels: PoolingKernels {
  PoolingKernels(
    maximum: maximumPooling, maximumBackward: maximumPoolingBackward, average: averagePooling,
    averageBackward: averagePoolingBackward, columnMaxima: columnMaxima,
    columnMaximaBackward: columnMaximaBackward)
}

/// The part of a window that lies inside the image.
private struct Taps {
  /// First tap inside and the one after the last, by row and by column.
  var top: Int, bottom: Int, left: Int, right: Int
  /// Offset in the image of the tap (`top`, `left`).
  var start: Int

  @inline(__always) init(_ window: borrowing PoolingWindow, _ p: Int, _ q: Int) {
    let y = p * window.strideHeight - window.padTop
    let x = q * window.strideWidth - window.padLeft
    top = max(0, -y)
    bottom = min(window.poolHeight, window.height - y)
    left = max(0, -x)
    right = min(window.poolWidth, window.width - x)
    start = (y + top) * window.rowStep + (x + left) * window.pointStep
  }

  @inline(__always) var count: Int { (bottom - top) * (right - left) }
}

/// Calls `body` for every window: its taps, and where its result stands.
@inline(__always)
private func forEachWindow(
  _ window: borrowing PoolingWindow, _ body: (_ taps: Taps, _ output: Int) -> Void
) {
  var p = 0
  while p < window.outputHeight {
    var q = 0
    while q < window.outputWidth {
      body(Taps(window, p, q), p * window.outputRowStep + q * window.outputPointStep)
      q += 1
    }
    p += 1
  }
}

// MARK: - Maximum

private func maximumPooling(
  _ x: Source, _ y: Target, _ taps: UnsafeMutablePointer<UInt16>?,
  _ window: borrowing PoolingWindow
) {
  let rowStep = window.rowStep
  let pointStep = window.pointStep
  let channels = window.channels
  let poolWidth = window.poolWidth
  forEachWindow(window) { inside, output in
    visit(channels) { at in
      let first = x + inside.start
      var best = at(first)
      let firstTap = inside.top * poolWidth + inside.left
      if let taps {
        var winner = Words(repeating: UInt32(truncatingIfNeeded: firstTap))
        // The first tap is in `best` already.
        var s = inside.left + 1
        var r = inside.top
        while r < inside.bottom {
          let row = first + (r - inside.top) * rowStep
          while s < inside.right {
            let v = at(row + (s - inside.left) * pointStep)
            let wins = exceeds(v, best)
            best = select(wins, v, best)
            let tap = Words(repeating: UInt32(truncatingIfNeeded: r * poolWidth + s))
            winner = select(wins, tap, winner)
            s += 1
          }
          s = inside.left
          r += 1
        }
        at.put(winner, taps + output)
      } else {
        var s = inside.left + 1
        var r = inside.top
        while r < inside.bottom {
          let row = first + (r - inside.top) * rowStep
          while s < inside.right {
            let v = at(row + (s - inside.left) * pointStep)
            best = select(exceeds(v, best), v, best)
            s += 1
          }
          s = inside.left
          r += 1
        }
      }
      at.put(best, y + output)
    }
  }
}

/// Whether `v` takes the place of `best`: where it is greater, or NaN.
@inline(__always) private func exceeds(_ v: Vector, _ best: Vector) -> Mask {
  (v .> best) .| (v .!= v)
}

private func maximumPoolingBackward(
  _ dy: Source, _ taps: UnsafePointer<UInt16>, _ dx: Target, _ window: borrowing PoolingWindow
) {
  let rowStep = window.rowStep
  let pointStep = window.pointStep
  let channels = window.channels
  let poolWidth = window.poolWidth
  // Vectors go through all taps of a window, single channels only to the winner: beyond a few taps
  // that is less work.
  if window.poolHeight * poolWidth <= 9 {
    forEachWindow(window) { inside, output in
      visit(channels) { at in
        let d = at(dy + output)
        let winner = at(taps + output)
        var r = inside.top
        while r < inside.bottom {
          let row = dx + (inside.start + (r - inside.top) * rowStep)
          var s = inside.left
          while s < inside.right {
            let target = row + (s - inside.left) * pointStep
            let tap = Words(repeating: UInt32(truncatingIfNeeded: r * poolWidth + s))
            let old = at(target)
            at.put(select(equal(winner, tap), old + d, old), target)
            s += 1
          }
          r += 1
        }
      }
    }
  } else {
    forEachWindow(window) { inside, output in
      let corner = inside.start - inside.top * rowStep - inside.left * pointStep
      var channel = 0
      while channel < channels {
        let tap = Int(taps[output + channel])
        let r = tap / poolWidth
        dx[corner + r * rowStep + (tap - r * poolWidth) * pointStep + channel] +=
          dy[output + channel]
        channel += 1
      }
    }
  }
}

// MARK: - Average

private func averagePooling(_ x: Source, _ y: Target, _ window: borrowing PoolingWindow) {
  let rowStep = window.rowStep
  let pointStep = window.pointStep
  let channels = window.channels
  forEachWindow(window) { inside, output in
    let factor = splat(1 / Float(inside.count))
    visit(channels) { at in
      var total = splat(0)
      var row = x + inside.start
      var r = inside.top
      while r < inside.bottom {
        var point = row
        var s = inside.left
        while s < inside.right {
          total += at(point)
          point += pointStep
          s += 1
        }
        row += rowStep
        r += 1
      }
      at.put(total * factor, y + output)
    }
  }
}

private func averagePoolingBackward(
  _ dy: Source, _ dx: Target, _ window: borrowing PoolingWindow
) {
  let rowStep = window.rowStep
  let pointStep = window.pointStep
  let channels = window.channels
  forEachWindow(window) { inside, output in
    let factor = splat(1 / Float(inside.count))
    visit(channels) { at in
      let share = at(dy + output) * factor
      var row = dx + inside.start
      var r = inside.top
      while r < inside.bottom {
        var point = row
        var s = inside.left
        while s < inside.right {
          at.put(at(point) + share, point)
          point += pointStep
          s += 1
        }
        row += rowStep
        r += 1
      }
    }
  }
}

// MARK: - Columns

private func columnMaxima(_ x: Source, _ y: Target, _ rows: Int, _ columns: Int) {
  visit(columns) { at in
    var best = at(x)
    var point = x + columns
    var row = 1
    while row < rows {
      let v = at(point)
      best = select(exceeds(v, best), v, best)
      point += columns
      row += 1
    }
    at.put(best, y)
  }
}

private func columnMaximaBackward(
  _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ rows: Int, _ columns: Int
) {
  let zero = splat(0)
  let one = splat(1)
  visit(columns) { at in
    let best = at(y)
    var winners = zero
    var offset = 0
    while offset < rows * columns {
      winners += select(at(x + offset) .== best, one, zero)
      offset += columns
    }
    let share = at(dy) / winners
    offset = 0
    while offset < rows * columns {
      at.put(select(at(x + offset) .== best, share, zero), dx + offset)
      offset += columns
    }
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainPooling {
    /// Calls `body` for each result and each tap inside the image, row-major.
    private static func forEachTap(
      _ w: PoolingWindow, _ body: (_ output: Int, _ tap: Int, _ input: Int) -> Void
    ) {
      for p in 0..<w.outputHeight {
        for q in 0..<w.outputWidth {
          for c in 0..<w.channels {
            for r in 0..<w.poolHeight {
              for s in 0..<w.poolWidth {
                let row = p * w.strideHeight - w.padTop + r
                let column = q * w.strideWidth - w.padLeft + s
                guard 0..<w.height ~= row, 0..<w.width ~= column else { continue }
                body(
                  p * w.outputRowStep + q * w.outputPointStep + c, r * w.poolWidth + s,
                  row * w.rowStep + column * w.pointStep + c)
              }
            }
          }
        }
      }
    }

    private static func outputCount(_ w: PoolingWindow) -> Int {
      (w.outputHeight - 1) * w.outputRowStep + (w.outputWidth - 1) * w.outputPointStep + w.channels
    }

    /// Results and winning taps in the layout of the window's output; 0 between its points.
    package static func maximum<T: BinaryFloatingPoint>(
      _ x: [T], _ window: PoolingWindow
    ) -> (y: [T], taps: [Int]) {
      var y = [T](repeating: 0, count: outputCount(window))
      var taps = [Int](repeating: -1, count: y.count)
      forEachTap(window) { output, tap, input in
        if taps[output] < 0 || x[input] > y[output] {
          y[output] = x[input]
          taps[output] = tap
        }
      }
      return (y, taps.map { max($0, 0) })
    }

    package static func columnMaxima<T: BinaryFloatingPoint>(_ x: [T], columns: Int) -> [T] {
      (0..<columns).map { column in
        stride(from: column, to: x.count, by: columns).reduce(-.infinity) { max($0, x[$1]) }
      }
    }

    package static func average<T: BinaryFloatingPoint>(
      _ x: [T], _ window: PoolingWindow
    ) -> [T] {
      var y = [T](repeating: 0, count: outputCount(window))
      var counts = [T](repeating: 0, count: y.count)
      forEachTap(window) { output, _, input in
        y[output] += x[input]
        counts[output] += 1
      }
      return zip(y, counts).map { $1 == 0 ? 0 : $0 / $1 }
    }
  }
#endif
