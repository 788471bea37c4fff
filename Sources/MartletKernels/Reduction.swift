import MartletKernelTable

var reductionKernels: ReductionKernels {
  ReductionKernels(
    columnSums: columnSums, sumParts: sumParts, sumOfSquares: sumOfSquares, isFinite: isFinite,
    argmax: argmax)
}

/// The sum of `count` floats: four running vectors, then by halves.
@inline(__always) func sum(_ x: Source, _ count: Int) -> Float {
  var a = splat(0)
  var b = splat(0)
  var c = splat(0)
  var d = splat(0)
  var i = 0
  while i + 4 * vectorWidth <= count {
    a += load(x + i)
    b += load(x + i + vectorWidth)
    c += load(x + i + 2 * vectorWidth)
    d += load(x + i + 3 * vectorWidth)
    i += 4 * vectorWidth
  }
  a = (a + b) + (c + d)
  let rest = x + i
  visit(count - i) { at in a += at(rest) }
  return laneSum(a)
}

private func sumOfSquares(_ x: Source, _ count: Int) -> Float {
  var a = splat(0)
  var b = splat(0)
  var i = 0
  while i + 2 * vectorWidth <= count {
    let first = load(x + i)
    let second = load(x + i + vectorWidth)
    a = multiplyAdd(first, first, a)
    b = multiplyAdd(second, second, b)
    i += 2 * vectorWidth
  }
  let rest = x + i
  visit(count - i) { at in a = multiplyAdd(at(rest), at(rest), a) }
  return laneSum(a + b)
}

// MARK: - Columns

private func columnSums(
  _ x: Source, _ rowStep: Int, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target,
  _ accumulates: Bool
) {
  if rowStep == columns && rowsFillVectors(columns) {
    sumShortRows(x, rows, columns, scale, y, accumulates)
    return
  }
  let factor = splat(scale)
  var column = 0
  // Four vectors side by side read the rows in long runs and keep four chains of additions going.
  while column + 4 * vectorWidth <= columns {
    var a = splat(0)
    var b = splat(0)
    var c = splat(0)
    var d = splat(0)
    var p = x + column
    var row = 0
    while row < rows {
      a += load(p)
      b += load(p + vectorWidth)
      c += load(p + 2 * vectorWidth)
      d += load(p + 3 * vectorWidth)
      p += rowStep
      row += 1
    }
    let target = y + column
    if accumulates {
      store(multiplyAdd(a, factor, load(target)), target)
      store(multiplyAdd(b, factor, load(target + vectorWidth)), target + vectorWidth)
      store(multiplyAdd(c, factor, load(target + 2 * vectorWidth)), target + 2 * vectorWidth)
      store(multiplyAdd(d, factor, load(target + 3 * vectorWidth)), target + 3 * vectorWidth)
    } else {
      store(a * factor, target)
      store(b * factor, target + vectorWidth)
      store(c * factor, target + 2 * vectorWidth)
      store(d * factor, target + 3 * vectorWidth)
    }
    column += 4 * vectorWidth
  }
  let rest = x + column
  let target = y + column
  visit(columns - column) { at in
    let total = columnSum(rest, rowStep, rows, at) * factor
    at.put(accumulates ? at(target) + total : total, target)
  }
}

/// The sum over rows of one vector of columns, rows 0, 4, 8… first, then 1, 5, 9… and so on.
@inline(__always)
private func columnSum(_ x: Source, _ rowStep: Int, _ rows: Int, _ at: Stretch) -> Vector {
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
  return (a + b) + (c + d)
}

/// Rows of 1, 2, 4… columns that fill vectors together: adds vectors, then the lanes of a column.
private func sumShortRows(
  _ x: Source, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target, _ accumulates: Bool
) {
  let count = rows * columns
  let vectors = count / vectorWidth
  let lanes = columnSum(x, vectorWidth, vectors, Stretch(at: 0))
  let done = vectors * vectorWidth
  var column = 0
  while column < columns {
    var total: Float = 0
    var lane = column
    while lane < vectorWidth {
      total += lanes[lane]
      lane += columns
    }
    var i = done + column
    while i < count {
      total += x[i]
      i += columns
    }
    y[column] = accumulates ? y[column] + total * scale : total * scale
    column += 1
  }
}

private func sumParts(_ x: Source, _ partStep: Int, _ parts: Int, _ y: Target, _ count: Int) {
  var i = 0
  while i + 4 * vectorWidth <= count {
    var p = x + i
    var a = splat(0)
    var b = splat(0)
    var c = splat(0)
    var d = splat(0)
    var part = 0
    while part < parts {
      a += load(p)
      b += load(p + vectorWidth)
      c += load(p + 2 * vectorWidth)
      d += load(p + 3 * vectorWidth)
      p += partStep
      part += 1
    }
    store(a, y + i)
    store(b, y + i + vectorWidth)
    store(c, y + i + 2 * vectorWidth)
    store(d, y + i + 3 * vectorWidth)
    i += 4 * vectorWidth
  }
  let rest = x + i
  let target = y + i
  visit(count - i) { at in
    var total = splat(0)
    var p = rest
    var part = 0
    while part < parts {
      total += at(p)
      p += partStep
      part += 1
    }
    at.put(total, target)
  }
}

// MARK: - Questions about all elements

/// 0 · x is 0 for finite numbers and NaN for others, so one multiply-add tests a vector.
private func isFinite(_ x: Source, _ count: Int) -> Bool {
  var a = splat(0)
  var b = splat(0)
  let zero = splat(0)
  var i = 0
  while i + 2 * vectorWidth <= count {
    a = multiplyAdd(load(x + i), zero, a)
    b = multiplyAdd(load(x + i + vectorWidth), zero, b)
    i += 2 * vectorWidth
  }
  let rest = x + i
  visit(count - i) { at in a = multiplyAdd(at(rest), zero, a) }
  return laneSum(a + b) == 0
}

private func argmax(_ x: Source, _ count: Int) -> Int {
  var best = splat(-.infinity)
  // Turns NaN with the first NaN seen and stays so.
  var check = splat(0)
  visit(count) { at in
    let v = at(x, fill: -.infinity)
    best = greater(best, v)
    check += select(v .== v, splat(0), v)
  }
  let sum = laneSum(check)
  let wantsNaN = sum != sum
  let greatest = laneMaximum(best)
  var i = 0
  while i < count {
    if wantsNaN ? x[i] != x[i] : x[i] == greatest { return i }
    i += 1
  }
  return 0
}
