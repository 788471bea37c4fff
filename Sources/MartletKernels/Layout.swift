import MartletKernelTable

var layoutKernels: LayoutKernels { LayoutKernels(permute: permute) }

/// Rows and columns of a matrix that are turned together: 16 floats are a cache line.
@inline(__always) private var tileSize: Int { 16 }

private func permute(
  _ x: Source, _ xSteps: UnsafePointer<Int>, _ y: Target, _ extents: UnsafePointer<Int>,
  _ rank: Int
) {
  // The innermost axes of y that are one walk through x.
  var inner = rank
  var columns = 1
  var columnStep = 1
  while inner > 0 {
    let extent = extents[inner - 1]
    if extent != 1 {
      if columns == 1 {
        columnStep = xSteps[inner - 1]
      } else if xSteps[inner - 1] != columnStep * columns {
        break
      }
      columns *= extent
    }
    inner -= 1
  }
  // The axis along which x is contiguous: with the innermost ones it makes a matrix to be turned.
  var rowAxis = -1
  if columnStep != 1 {
    var axis = 0
    while axis < inner {
      if xSteps[axis] == 1 && extents[axis] > 1 { rowAxis = axis }
      axis += 1
    }
  }
  let walk = PermutedWalk(
    xSteps: xSteps, extents: extents, inner: inner, columns: columns, columnStep: columnStep,
    rowAxis: rowAxis)
  var count = columns
  var axis = 0
  while axis < inner {
    count *= extents[axis]
    axis += 1
  }
  permute(x, y, walk, axis: 0, count: count, rowStep: 0)
}

private struct PermutedWalk {
  let xSteps: UnsafePointer<Int>
  let extents: UnsafePointer<Int>
  /// Axes before the innermost run.
  let inner: Int
  let columns: Int
  let columnStep: Int
  /// −1 where rows are copied as they are.
  let rowAxis: Int
}

/// - Parameters:
///   - count: Elements of y from `axis` on.
///   - rowStep: Elements of y from one row of the matrix to the next, once its axis has been passed.
private func permute(
  _ x: Source, _ y: Target, _ walk: borrowing PermutedWalk, axis: Int, count: Int, rowStep: Int
) {
  if axis == walk.inner {
    if walk.rowAxis >= 0 {
      turn(x, walk.columnStep, y, rowStep, walk.extents[walk.rowAxis], walk.columns)
    } else if walk.columnStep == 1 {
      fill(y, walk.columns) { at in at(x) }
    } else {
      turn(x, walk.columnStep, y, walk.columns, 1, walk.columns)
    }
    return
  }
  let step = count / walk.extents[axis]
  if axis == walk.rowAxis {
    permute(x, y, walk, axis: axis + 1, count: step, rowStep: step)
    return
  }
  var i = 0
  while i < walk.extents[axis] {
    permute(
      x + i * walk.xSteps[axis], y + i * step, walk, axis: axis + 1, count: step, rowStep: rowStep)
    i += 1
  }
}

/// y[row, column] = x[column, row], tile by tile, so that the cache lines of both are used whole.
private func turn(
  _ x: Source, _ xStep: Int, _ y: Target, _ yStep: Int, _ rows: Int, _ columns: Int
) {
  var top = 0
  while top < rows {
    let bottom = min(top + tileSize, rows)
    var left = 0
    while left < columns {
      let right = min(left + tileSize, columns)
      var row = top
      while row < bottom {
        let target = y + row * yStep
        let source = x + row
        var column = left
        while column < right {
          target[column] = source[column * xStep]
          column += 1
        }
        row += 1
      }
      left = right
    }
    top = bottom
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainLayout {
    /// The axes of x `[extents]` in another order: axis i of the result is axis `order[i]` of x.
    package static func permute<T>(_ x: [T], extents: [Int], order: [Int]) -> [T] {
      var steps = [Int](repeating: 1, count: extents.count)
      for axis in extents.indices.dropLast().reversed() {
        steps[axis] = steps[axis + 1] * extents[axis + 1]
      }
      return x.indices.map { index in
        var rest = index
        var at = 0
        for axis in order.reversed() {
          at += rest % extents[axis] * steps[axis]
          rest /= extents[axis]
        }
        return x[at]
      }
    }
  }
#endif
