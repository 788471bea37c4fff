import MartletKernelTable

var imageKernels: ImageKernels {
  ImageKernels(
    resample: resample, resampleBackward: resampleBackward, adjust: adjust,
    keepWithinBounds: keepWithinBounds)
}

// MARK: - Resampling

/// Two neighbours along an axis, or one of them twice; −1 for a point that takes the fill value.
private struct Neighbours {
  var first: Int, second: Int
  /// Share of the second one.
  var share: Float

  /// Neither takes the fill value.
  @inline(__always) var isInside: Bool { first >= 0 && second >= 0 }

  @inline(__always) init(_ position: Double, _ size: Int, _ isBilinear: Bool, _ fill: ImageFill) {
    if isBilinear {
      let lower = position.rounded(.down)
      let index = Int(lower)
      first = placed(index, size, fill)
      second = placed(index + 1, size, fill)
      share = Float(position - lower)
    } else {
      first = placed(Int(position.rounded(.toNearestOrAwayFromZero)), size, fill)
      second = first
      share = 0
    }
  }
}

/// The index inside the image that an index stands for.
@inline(__always) private func placed(_ index: Int, _ size: Int, _ fill: ImageFill) -> Int {
  if index >= 0 && index < size { return index }
  switch fill {
  case .constant: return -1
  case .nearest: return index < 0 ? 0 : size - 1
  case .wrap:
    let rest = index % size
    return rest < 0 ? rest + size : rest
  case .reflect:
    let period = 2 * size
    let rest = index % period
    let position = rest < 0 ? rest + period : rest
    return position < size ? position : period - 1 - position
  }
}

/// Calls `body` for every point: where its result stands, and its neighbours.
@inline(__always)
private func forEachPoint(
  _ map: borrowing Resampling,
  _ body: (_ output: Int, _ rows: Neighbours, _ columns: Neighbours) -> Void
) {
  let isBilinear = map.isBilinear
  let rowFill = map.rowFill
  let columnFill = map.columnFill
  var output = 0
  var p = 0
  while p < map.outputHeight {
    let row = map.rowStart + map.rowPerRow * Double(p)
    let column = map.columnStart + map.columnPerRow * Double(p)
    var rows = Neighbours(row, map.height, isBilinear, rowFill)
    var q = 0
    while q < map.outputWidth {
      if map.rowPerColumn != 0 {
        rows = Neighbours(row + map.rowPerColumn * Double(q), map.height, isBilinear, rowFill)
      }
      body(
        output, rows,
        Neighbours(column + map.columnPerColumn * Double(q), map.width, isBilinear, columnFill))
      output += map.channels
      q += 1
    }
    p += 1
  }
}

private func resample(_ x: Source, _ y: Target, _ map: borrowing Resampling) {
  let channels = map.channels
  let rowStep = map.rowStep
  let fillValue = map.fillValue
  @inline(__always) func value(_ row: Int, _ column: Int, _ channel: Int) -> Float {
    row < 0 || column < 0 ? fillValue : x[row * rowStep + column * channels + channel]
  }
  // Whole vectors of channels, but for points that take the fill value.
  let isWide = channels >= vectorWidth
  if map.isBilinear {
    forEachPoint(map) { output, rows, columns in
      if isWide && rows.isInside && columns.isInside {
        let upper = x + rows.first * rowStep
        let lower = x + rows.second * rowStep
        let (left, right) = (columns.first * channels, columns.second * channels)
        let share = splat(columns.share)
        let rest = splat(1 - columns.share)
        let below = splat(rows.share)
        let above = splat(1 - rows.share)
        fill(y + output, channels) { at in
          let top = rest * at(upper + left) + share * at(upper + right)
          let bottom = rest * at(lower + left) + share * at(lower + right)
          return above * top + below * bottom
        }
        return
      }
      var channel = 0
      while channel < channels {
        let top =
          (1 - columns.share) * value(rows.first, columns.first, channel)
          + columns.share * value(rows.first, columns.second, channel)
        let bottom =
          (1 - columns.share) * value(rows.second, columns.first, channel)
          + columns.share * value(rows.second, columns.second, channel)
        y[output + channel] = (1 - rows.share) * top + rows.share * bottom
        channel += 1
      }
    }
  } else {
    forEachPoint(map) { output, rows, columns in
      if isWide && rows.isInside && columns.isInside {
        let point = x + (rows.first * rowStep + columns.first * channels)
        fill(y + output, channels) { at in at(point) }
        return
      }
      var channel = 0
      while channel < channels {
        y[output + channel] = value(rows.first, columns.first, channel)
        channel += 1
      }
    }
  }
}

private func resampleBackward(_ dy: Source, _ dx: Target, _ map: borrowing Resampling) {
  let channels = map.channels
  let isWide = channels >= vectorWidth
  let rowStep = map.rowStep
  @inline(__always) func add(_ row: Int, _ column: Int, _ share: Float, _ output: Int) {
    if row < 0 || column < 0 || share == 0 { return }
    let target = dx + (row * rowStep + column * channels)
    if isWide {
      let slope = dy + output
      let factor = splat(share)
      fill(target, channels) { at in at(target) + factor * at(slope) }
      return
    }
    var channel = 0
    while channel < channels {
      target[channel] += share * dy[output + channel]
      channel += 1
    }
  }
  forEachPoint(map) { output, rows, columns in
    add(rows.first, columns.first, (1 - rows.share) * (1 - columns.share), output)
    add(rows.first, columns.second, (1 - rows.share) * columns.share, output)
    add(rows.second, columns.first, rows.share * (1 - columns.share), output)
    add(rows.second, columns.second, rows.share * columns.share, output)
  }
}

// MARK: - Adjusting

private func adjust(
  _ x: Source, _ y: Target, _ rows: Int, _ columns: Int, _ adjustment: borrowing ColumnAdjustment
) {
  let center = adjustment.center
  let factor = adjustment.factor
  let shift = adjustment.shift
  let lower = splat(adjustment.lower)
  let upper = splat(adjustment.upper)
  var row = 0
  while row < rows {
    let source = x + row * columns
    fill(y + row * columns, columns) { at in
      lesser(greater((at(source) - at(center)) * at(factor) + at(shift), lower), upper)
    }
    row += 1
  }
}

private func keepWithinBounds(
  _ x: Source, _ dy: Source, _ dx: Target, _ rows: Int, _ columns: Int,
  _ adjustment: borrowing ColumnAdjustment
) {
  let center = adjustment.center
  let factor = adjustment.factor
  let shift = adjustment.shift
  let lower = splat(adjustment.lower)
  let upper = splat(adjustment.upper)
  var row = 0
  while row < rows {
    let source = x + row * columns
    let gradient = dy + row * columns
    fill(dx + row * columns, columns) { at in
      let v = (at(source) - at(center)) * at(factor) + at(shift)
      return select((v .>= lower) .& (v .<= upper), at(gradient), splat(0))
    }
    row += 1
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainImage {
    /// Index of the point inside that an index stands for; `nil` for the fill value.
    static func placed(_ index: Int, _ size: Int, _ fill: ImageFill) -> Int? {
      switch fill {
      case .constant: return (0..<size).contains(index) ? index : nil
      case .nearest: return min(max(index, 0), size - 1)
      case .wrap: return (index % size + size) % size
      case .reflect:
        let mirrored = Array(0..<size) + (0..<size).reversed()
        return mirrored[(index % (2 * size) + 2 * size) % (2 * size)]
      }
    }

    /// The points that an output point takes, with their shares; `nil` for the fill value.
    static func sources(_ p: Int, _ q: Int, _ map: Resampling) -> [(index: Int?, share: Double)] {
      func axis(_ position: Double, _ size: Int, _ fill: ImageFill) -> [(Int?, Double)] {
        guard map.isBilinear else {
          return [(placed(Int(position.rounded()), size, fill), 1)]
        }
        let lower = Int(position.rounded(.down))
        let share = position - Double(lower)
        return [
          (placed(lower, size, fill), 1 - share), (placed(lower + 1, size, fill), share),
        ]
      }
      let rows = axis(
        map.rowStart + Double(p) * map.rowPerRow + Double(q) * map.rowPerColumn, map.height,
        map.rowFill)
      let columns = axis(
        map.columnStart + Double(p) * map.columnPerRow + Double(q) * map.columnPerColumn,
        map.width, map.columnFill)
      return rows.flatMap { row, rowShare in
        columns.map { column, columnShare in
          let index = row.flatMap { row in
            column.map { row * map.rowStep + $0 * map.channels }
          }
          return (index, rowShare * columnShare)
        }
      }
    }

    package static func resample(_ x: [Double], _ map: Resampling) -> [Double] {
      (0..<map.outputHeight).flatMap { p in
        (0..<map.outputWidth).flatMap { q in
          let sources = sources(p, q, map)
          return (0..<map.channels).map { channel in
            sources.reduce(0) { sum, source in
              sum + source.share * (source.index.map { x[$0 + channel] } ?? Double(map.fillValue))
            }
          }
        }
      }
    }

    package static func resampleBackward(
      _ dy: [Double], inputCount: Int, _ map: Resampling
    ) -> [Double] {
      var dx = [Double](repeating: 0, count: inputCount)
      for p in 0..<map.outputHeight {
        for q in 0..<map.outputWidth {
          for source in sources(p, q, map) {
            guard let index = source.index else { continue }
            for channel in 0..<map.channels {
              dx[index + channel] +=
                source.share * dy[(p * map.outputWidth + q) * map.channels + channel]
            }
          }
        }
      }
      return dx
    }

    package static func adjust(
      _ x: Double, center: Double, factor: Double, shift: Double, lower: Float, upper: Float
    ) -> Double {
      min(max((x - center) * factor + shift, Double(lower)), Double(upper))
    }
  }
#endif
