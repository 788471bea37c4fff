import MartletKernelTable

var penaltyKernels: PenaltyKernels {
  PenaltyKernels(value: penalty, addGradient: addPenaltyGradient)
}

private func penalty(_ x: Source, _ l1: Float, _ l2: Float, _ count: Int) -> Float {
  // Two chains of additions for each sum.
  var sizes0 = splat(0)
  var sizes1 = splat(0)
  var squares0 = splat(0)
  var squares1 = splat(0)
  var i = 0
  while i + 2 * vectorWidth <= count {
    let a = load(x + i)
    let b = load(x + i + vectorWidth)
    sizes0 += magnitude(a)
    sizes1 += magnitude(b)
    squares0 = multiplyAdd(a, a, squares0)
    squares1 = multiplyAdd(b, b, squares1)
    i += 2 * vectorWidth
  }
  let rest = x + i
  visit(count - i) { at in
    let a = at(rest)
    sizes0 += magnitude(a)
    squares0 = multiplyAdd(a, a, squares0)
  }
  return l1 * laneSum(sizes0 + sizes1) + l2 * laneSum(squares0 + squares1)
}

private func addPenaltyGradient(
  _ x: Source, _ l1: Float, _ l2: Float, _ scale: Float, _ dx: Target, _ count: Int
) {
  let zero = splat(0)
  let up = splat(scale * l1)
  let down = splat(-scale * l1)
  let slope = splat(2 * scale * l2)
  fill(dx, count) { at in
    let v = at(x)
    let sign = select(v .> zero, up, select(v .< zero, down, zero))
    return at(dx) + multiplyAdd(v, slope, sign)
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainPenalty {
    package static func value<T: BinaryFloatingPoint>(_ x: [T], l1: T, l2: T) -> T {
      x.reduce(0) { $0 + l1 * abs($1) + l2 * $1 * $1 }
    }
  }
#endif
