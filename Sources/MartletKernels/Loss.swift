import MartletKernelTable

// Losses by row with their gradients, as Keras 3 defines them on its TensorFlow backend: logits go
// through the stable formulas; probabilities are clipped to [1e-7, 1 − 1e-7] first, and where the
// clip holds a value its gradient is 0.

/// Keras's `epsilon()` and the greatest probability it leaves, both rounded to float as there.
private let lowestProbability: Float = 1e-7
private let highestProbability: Float = 0x1.fffffcp-1

func loss(
  _ function: LossFunction, _ prediction: Source, _ labels: UnsafePointer<Int32>?,
  _ targets: Source?, _ weights: Source?, _ rows: Int, _ size: Int, _ losses: Target,
  _ gradient: Target?, _ gradientScale: Float
) {
  let rows = Rows(
    prediction: prediction, targets: targets, weights: weights, count: rows, size: size,
    losses: losses, gradient: gradient, gradientScale: gradientScale)
  switch function {
  case .sparseCategoricalCrossentropy(let fromLogits):
    // The table's contract: labels go with the sparse loss, targets with all others.
    let labels = labels.unsafelyUnwrapped
    if fromLogits {
      rows.each { row, x, dx, scale in sparseFromLogits(x, Int(labels[row]), size, dx, scale) }
    } else {
      rows.each { row, x, dx, scale in
        sparseFromProbabilities(x, Int(labels[row]), size, dx, scale)
      }
    }
  case .categoricalCrossentropy(let fromLogits, let smoothing):
    let smoothing = Smoothing(smoothing, classes: size)
    if fromLogits {
      rows.each { categoricalFromLogits($1, rows.target($0), smoothing, size, $2, $3) }
    } else {
      rows.each { categoricalFromProbabilities($1, rows.target($0), smoothing, size, $2, $3) }
    }
  case .categoricalFocalCrossentropy(let focus):
    rows.each { categoricalFocal($1, rows.target($0), focus, size, $2, $3) }
  case .binaryCrossentropy(let fromLogits, let smoothing):
    let smoothing = Smoothing(smoothing, classes: 2)
    if fromLogits {
      rows.elements { binaryFromLogit($0, smoothing($1)) }
    } else {
      rows.elements { binaryFromProbability($0, smoothing($1)) }
    }
  case .binaryFocalCrossentropy(let focus):
    let smoothing = Smoothing(focus.labelSmoothing, classes: 2)
    if focus.fromLogits {
      rows.elements { x, t in
        let p = sigmoid(x)
        let element = binaryFocal(p, smoothing(t), focus)
        return Sloped(value: element.value, slope: element.slope * p * (splat(1) - p))
      }
    } else {
      rows.elements { binaryFocal($0, smoothing($1), focus) }
    }
  case .klDivergence: rows.elements(sums: true) { divergence($0, $1) }
  case .meanSquaredError: rows.elements { squaredError($0, $1) }
  case .meanAbsoluteError: rows.elements { absoluteError($0, $1) }
  case .meanAbsolutePercentageError: rows.elements { percentageError($0, $1) }
  case .meanSquaredLogarithmicError: rows.elements { logarithmicError($0, $1) }
  case .huber(let delta): rows.elements { huber($0, $1, splat(delta)) }
  case .logCosh: rows.elements { logCosh($0, $1) }
  case .poisson: rows.elements { poisson($0, $1) }
  case .hinge: rows.elements { hinge($0, $1) }
  case .squaredHinge:
    rows.elements { x, t in
      let element = hinge(x, t)
      return Sloped(
        value: element.value * element.value,
        slope: (element.value + element.value) * element.slope)
    }
  case .categoricalHinge: rows.each { categoricalHinge($1, rows.target($0), size, $2, $3) }
  case .cosineSimilarity: rows.each { cosine($1, rows.target($0), size, $2, $3) }
  case .overlap(let overlap):
    rows.each { overlapLoss($1, rows.target($0), overlap, size, $2, $3) }
  case .given: rows.each { _, x, dx, scale in meanOfValues(x, size, dx, scale) }
  }
}

/// What a call is about, and the two ways to go through it.
private struct Rows {
  let prediction: Source
  let targets: Source?
  let weights: Source?
  let count: Int
  let size: Int
  let losses: Target
  let gradient: Target?
  let gradientScale: Float

  @inline(__always) func target(_ row: Int) -> Source {
    targets.unsafelyUnwrapped + row * size
  }

  /// - Parameter f: The loss of a row, which also writes scale · gradient where a place is given.
  @inline(__always)
  func each(_ f: (_ row: Int, _ x: Source, _ dx: Target?, _ scale: Float) -> Float) {
    var row = 0
    while row < count {
      let weight = weights.map { $0[row] } ?? 1
      let dx = gradient.map { $0 + row * size }
      losses[row] = weight * f(row, prediction + row * size, dx, weight * gradientScale)
      row += 1
    }
  }

  /// - Parameters:
  ///   - sums: Whether the loss of a row is the sum of its elements' and not their mean.
  ///   - f: Of single elements.
  @inline(__always)
  func elements(sums: Bool = false, _ f: (Vector, Vector) -> Sloped) {
    if size == 1 {
      singleLosses(
        prediction, targets.unsafelyUnwrapped, weights, count, losses, gradient, gradientScale, f)
    } else {
      let divisor = sums ? 1 : Float(size)
      each { row, x, dx, scale in
        sumOfLosses(x, target(row), size, dx, scale / divisor, f) / divisor
      }
    }
  }
}

/// t · (1 − amount) + amount / classes.
private struct Smoothing {
  let keep: Vector
  let share: Vector

  @inline(__always) init(_ amount: Float, classes: Int) {
    keep = splat(1 - amount)
    share = splat(amount / Float(classes))
  }

  @inline(__always) func callAsFunction(_ t: Vector) -> Vector { multiplyAdd(t, keep, share) }
}

/// Losses of single elements and their derivatives.
private struct Sloped {
  var value: Vector
  var slope: Vector
}

// MARK: - No targets

private func meanOfValues(_ x: Source, _ size: Int, _ dx: Target?, _ scale: Float) -> Float {
  if let dx {
    let slope = splat(scale / Float(size))
    fill(dx, size) { _ in slope }
  }
  return sum(x, size) / Float(size)
}

// MARK: - One class per row

/// log Σ eˣ − x[label]; the gradient is softmax(x) less 1 at the label.
private func sparseFromLogits(
  _ x: Source, _ label: Int, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  let greatest = maximum(x, size)
  let total: Float
  if let dx {
    total = exponentials(x, shift: greatest, into: dx, size)
    let factor = splat(scale / total)
    fill(dx, size) { at in at(dx) * factor }
    dx[label] -= scale
  } else {
    total = sumOfExponentials(x, shift: greatest, size)
  }
  return logarithm(splat(total))[0] - (x[label] - greatest)
}

/// Keras takes the clipped probabilities' logarithms for logits, so the loss is log Σ q − log q[label].
private func sparseFromProbabilities(
  _ x: Source, _ label: Int, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  var totals = splat(0)
  visit(size) { at in
    // Lanes beyond the rest must add 0, not the least probability.
    totals += at.rest == 0 ? clipped(at(x)) : at.only(clipped(at(x)))
  }
  let total = laneSum(totals)
  let own = x[label]
  let q = clipped(splat(own))[0]
  if let dx {
    let share = splat(scale / total)
    fill(dx, size) { at in insideClip(at(x), share) }
    if own >= lowestProbability && own <= highestProbability { dx[label] -= scale / q }
  }
  return logarithm(splat(total / q))[0]
}

// MARK: - A distribution per row

/// Σ t · (log Σ eˣ − x). Its derivative is softmax(x) · Σt − t; TensorFlow takes Σt for 1 there.
private func categoricalFromLogits(
  _ x: Source, _ t: Source, _ smoothing: Smoothing, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  let greatest = maximum(x, size)
  let shift = splat(greatest)
  var targetSums = splat(0)
  var products = splat(0)
  visit(size) { at in
    let target = at.only(smoothing(at(t)))
    targetSums += target
    products = multiplyAdd(target, at(x, fill: greatest) - shift, products)
  }
  let targetSum = laneSum(targetSums)
  let total: Float
  if let dx {
    total = exponentials(x, shift: greatest, into: dx, size)
    let factor = splat(scale * targetSum / total)
    let scale = splat(scale)
    fill(dx, size) { at in at(dx) * factor - smoothing(at(t)) * scale }
  } else {
    total = sumOfExponentials(x, shift: greatest, size)
  }
  return logarithm(splat(total))[0] * targetSum - laneSum(products)
}

/// −Σ t · log q with q the clip of x / Σx.
private func categoricalFromProbabilities(
  _ x: Source, _ t: Source, _ smoothing: Smoothing, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  let inverse = splat(1) / splat(sum(x, size))
  var losses = splat(0)
  // Σ g·p, where g is the derivative by q: the part of the gradient that goes through Σx.
  var common = splat(0)
  visit(size) { at in
    let target = at.only(smoothing(at(t)))
    let p = at(x) * inverse
    let q = clipped(p)
    losses -= target * logarithm(q)
    common -= insideClip(p, target / q * p)
  }
  if let dx {
    let shared = splat(laneSum(common))
    let scale = splat(scale)
    fill(dx, size) { at in
      let p = at(x) * inverse
      let g = splat(0) - insideClip(p, smoothing(at(t)) / clipped(p))
      return (g - shared) * inverse * scale
    }
  }
  return laneSum(losses)
}

/// −Σ α·(1 − q)^γ · t·log q with q the clip of p = x / Σx, or of softmax(x).
@inline(__always)
private func categoricalFocal(
  _ x: Source, _ t: Source, _ focus: CategoricalFocus, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  let smoothing = Smoothing(focus.labelSmoothing, classes: size)
  let fromLogits = focus.fromLogits
  let greatest = maximum(x, size)
  let total = fromLogits ? sumOfExponentials(x, shift: greatest, size) : sum(x, size)
  let inverse = splat(1) / splat(total)
  @inline(__always) func probability(_ at: Stretch) -> Vector {
    fromLogits
      ? exponential(at(x, fill: greatest) - splat(greatest)) * inverse : at(x) * inverse
  }
  /// The loss of a class, and its derivative by p.
  @inline(__always) func element(_ p: Vector, _ target: Vector) -> Sloped {
    let q = clipped(p)
    let rest = splat(1) - q
    let target = target * splat(focus.alpha)
    let factor = power(rest, focus.gamma)
    let log = logarithm(q)
    let slope = target * (derivative(rest, focus.gamma) * log - factor / q)
    return Sloped(value: splat(0) - target * factor * log, slope: insideClip(p, slope))
  }
  var losses = splat(0)
  // Σ g·p, the part of the gradient that goes through the sum.
  var common = splat(0)
  visit(size) { at in
    let p = probability(at)
    let each = element(p, smoothing(at(t)))
    losses += at.only(each.value)
    common += at.only(each.slope * p)
  }
  if let dx {
    let shared = splat(laneSum(common))
    let scale = splat(scale)
    fill(dx, size) { at in
      let p = probability(at)
      let g = element(p, smoothing(at(t))).slope - shared
      return g * (fromLogits ? p : inverse) * scale
    }
  }
  return laneSum(losses)
}

// MARK: - Whole rows

/// max(0, 1 − Σ t·x + max (1 − t)·x).
private func categoricalHinge(
  _ x: Source, _ t: Source, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  var products = splat(0)
  var others = splat(-.infinity)
  visit(size) { at in
    let target = at(t)
    products = multiplyAdd(target, at(x), products)
    // Beyond the rest: −∞ times 1.
    others = greater(others, (splat(1) - target) * at(x, fill: -.infinity))
  }
  let greatest = laneMaximum(others)
  let margin = 1 - laneSum(products) + greatest
  let isWithin = margin <= 0
  if let dx {
    let slope = splat(isWithin ? 0 : -scale)
    fill(dx, size) { at in at(t) * slope }
    var i = 0
    while !isWithin && i < size {
      if (1 - t[i]) * x[i] == greatest {
        dx[i] += (1 - t[i]) * scale
        break
      }
      i += 1
    }
  }
  return isWithin ? 0 : margin
}

/// −Σ x·t / (|x|·|t|), lengths being 1e-7 at least.
private func cosine(
  _ x: Source, _ t: Source, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  var squares = splat(0)
  var targetSquares = splat(0)
  var products = splat(0)
  visit(size) { at in
    let (value, target) = (at(x), at(t))
    squares = multiplyAdd(value, value, squares)
    targetSquares = multiplyAdd(target, target, targetSquares)
    products = multiplyAdd(value, target, products)
  }
  let most = splat(1 / lowestProbability)
  let square = splat(laneSum(squares))
  let inverse = lesser(splat(1) / squareRoot(square), most)
  let both = inverse * lesser(splat(1) / squareRoot(splat(laneSum(targetSquares))), most)
  let product = splat(laneSum(products))
  if let dx {
    // A length that is held has no slope.
    let along = select(inverse .< most, product * inverse * inverse, splat(0))
    let scale = both * splat(scale)
    fill(dx, size) { at in (at(x) * along - at(t)) * scale }
  }
  return -(product * both)[0]
}

private func overlapLoss(
  _ x: Source, _ t: Source, _ overlap: Overlap, _ size: Int, _ dx: Target?, _ scale: Float
) -> Float {
  var products = splat(0)
  visit(size) { at in products = multiplyAdd(at(x), at(t), products) }
  let sums = Overlap.Sums(
    shared: Double(laneSum(products)), target: Double(sum(t, size)),
    prediction: Double(sum(x, size)))
  if let dx {
    let derivative = overlap.derivative(sums)
    let slope = splat(Float(derivative.slope) * scale)
    let shift = splat(Float(derivative.shift) * scale)
    fill(dx, size) { at in multiplyAdd(at(t), slope, shift) }
  }
  return Float(overlap.loss(sums))
}

// MARK: - Element by element

/// x^exponent for 0 ≤ x ≤ 1.
@_transparent private func power(_ x: Vector, _ exponent: Float) -> Vector {
  if exponent == 0 { return splat(1) }
  if exponent == 1 { return x }
  if exponent == 2 { return x * x }
  return exponential(splat(exponent) * logarithm(x))
}

/// exponent · x^(exponent − 1), held at a small x where it would be infinite at 0.
@_transparent private func derivative(_ x: Vector, _ exponent: Float) -> Vector {
  splat(exponent) * power(greater(x, splat(lowestProbability)), exponent - 1)
}

@_transparent private func clipped(_ p: Vector) -> Vector {
  lesser(greater(p, splat(lowestProbability)), splat(highestProbability))
}

/// `value` where the clip lets the gradient of `p` pass, else 0.
@_transparent private func insideClip(_ p: Vector, _ value: Vector) -> Vector {
  select(
    p .< splat(lowestProbability), splat(0), select(p .> splat(highestProbability), splat(0), value)
  )
}

/// max(x, 0) − x·t + log(1 + e^−|x|), which is −t·log σ(x) − (1 − t)·log(1 − σ(x)) without overflow.
@_transparent private func binaryFromLogit(_ x: Vector, _ t: Vector) -> Sloped {
  let e = exponential(splat(0) - magnitude(x))
  let value = greater(x, splat(0)) - x * t + logarithmOfOnePlus(e)
  // σ(x) is 1/(1 + e) on the right side and e/(1 + e) on the left.
  let probability = select(x .< splat(0), e, splat(1)) / (splat(1) + e)
  // Where x is NaN no comparison holds, but e is NaN too.
  return Sloped(value: value, slope: probability - t)
}

@_transparent private func binaryFromProbability(_ p: Vector, _ t: Vector) -> Sloped {
  let one = splat(1)
  let q = clipped(p)
  let value = splat(0) - t * logarithm(q) - (one - t) * logarithm(one - q)
  return Sloped(value: value, slope: insideClip(p, (one - t) / (one - q) - t / q))
}

/// The binary crossentropy b times w·r^γ, where r = 1 − (t·p + (1 − t)·(1 − p)).
@inline(__always)
private func binaryFocal(_ p: Vector, _ t: Vector, _ focus: BinaryFocus) -> Sloped {
  let one = splat(1)
  let entropy = binaryFromProbability(p, t)
  let rest = one - (t * p + (one - t) * (one - p))
  let factor = power(rest, focus.gamma)
  // r falls with p at the rate of 2t − 1.
  let slope = derivative(rest, focus.gamma) * (one - t - t)
  let weight = t * splat(focus.positiveWeight) + (one - t) * splat(focus.negativeWeight)
  return Sloped(
    value: weight * factor * entropy.value,
    slope: weight * (slope * entropy.value + factor * entropy.slope))
}

/// t·log(t / p), both held in [1e-7, 1].
@inline(__always) private func divergence(_ p: Vector, _ t: Vector) -> Sloped {
  let (low, high) = (splat(lowestProbability), splat(1))
  let t = lesser(greater(t, low), high)
  let ratio = t / lesser(greater(p, low), high)
  let isHeld = select(p .< low, splat(0), select(p .> high, splat(0), high))
  return Sloped(value: t * logarithm(ratio), slope: splat(0) - isHeld * ratio)
}

@inline(__always) private func absoluteError(_ x: Vector, _ t: Vector) -> Sloped {
  let difference = x - t
  return Sloped(value: magnitude(difference), slope: sign(difference))
}

@inline(__always) private func percentageError(_ x: Vector, _ t: Vector) -> Sloped {
  let error = absoluteError(x, t)
  let scale = splat(100) / greater(magnitude(t), splat(lowestProbability))
  return Sloped(value: error.value * scale, slope: error.slope * scale)
}

/// (log(1 + x) − log(1 + t))², both 1e-7 at least.
@inline(__always) private func logarithmicError(_ x: Vector, _ t: Vector) -> Sloped {
  let low = splat(lowestProbability)
  let raised = greater(x, low) + splat(1)
  let difference = logarithm(raised) - logarithm(greater(t, low) + splat(1))
  let slope = (difference + difference) / raised
  return Sloped(value: difference * difference, slope: select(x .< low, splat(0), slope))
}

/// Half the square up to `delta`, a line from there on.
@inline(__always) private func huber(_ x: Vector, _ t: Vector, _ delta: Vector) -> Sloped {
  let difference = x - t
  let size = magnitude(difference)
  let half = splat(0.5)
  let isFar = size .> delta
  return Sloped(
    value: select(isFar, delta * size - half * delta * delta, half * difference * difference),
    slope: select(isFar, delta * sign(difference), difference))
}

/// log cosh d = |d| + log(1 + e^−2|d|) − log 2.
@inline(__always) private func logCosh(_ x: Vector, _ t: Vector) -> Sloped {
  let difference = x - t
  let size = magnitude(difference)
  let value = size + logarithmOfOnePlus(exponential(splat(-2) * size)) - splat(0.693147181)
  return Sloped(value: value, slope: hyperbolicTangent(difference))
}

@inline(__always) private func poisson(_ x: Vector, _ t: Vector) -> Sloped {
  let raised = x + splat(lowestProbability)
  return Sloped(value: x - t * logarithm(raised), slope: splat(1) - t / raised)
}

/// max(0, 1 − t·x), where a target of 0 stands for −1.
@inline(__always) private func hinge(_ x: Vector, _ t: Vector) -> Sloped {
  let t = select(t .== splat(0), splat(-1), t)
  let margin = splat(1) - t * x
  let isWithin = margin .<= splat(0)
  return Sloped(
    value: select(isWithin, splat(0), margin), slope: select(isWithin, splat(0), splat(0) - t))
}

@inline(__always) private func squaredError(_ x: Vector, _ t: Vector) -> Sloped {
  let difference = x - t
  return Sloped(value: difference * difference, slope: difference + difference)
}

/// The sum of a loss over one row.
@inline(__always)
private func sumOfLosses(
  _ x: Source, _ t: Source, _ size: Int, _ dx: Target?, _ scale: Float,
  _ f: (Vector, Vector) -> Sloped
) -> Float {
  let scale = splat(scale)
  var total = splat(0)
  visit(size) { at in
    let element = f(at(x), at(t))
    total += at.only(element.value)
    if let dx { at.put(element.slope * scale, dx) }
  }
  return laneSum(total)
}

/// Rows of a single element, vectors of rows at a time.
@inline(__always)
private func singleLosses(
  _ x: Source, _ t: Source, _ weights: Source?, _ rows: Int, _ losses: Target,
  _ gradient: Target?, _ gradientScale: Float, _ f: (Vector, Vector) -> Sloped
) {
  let scale = splat(gradientScale)
  visit(rows) { at in
    let element = f(at(x), at(t))
    let weight = weights.map { at($0) } ?? splat(1)
    at.put(element.value * weight, losses)
    if let gradient { at.put(element.slope * (weight * scale), gradient) }
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  package enum PlainLoss {
    /// The loss of one row. `target` is a distribution, or values; for the sparse loss its only
    /// element is the class.
    package static func row<T: BinaryFloatingPoint>(
      _ function: LossFunction, prediction x: [T], target: [T]
    ) -> T {
      func ln(_ value: T) -> T { T(log(Double(value))) }
      func power(_ base: T, _ exponent: Float) -> T { T(pow(Double(base), Double(exponent))) }
      func clip(_ p: T) -> T { min(max(p, T(lowestProbability)), T(highestProbability)) }
      func logSumExp(_ x: [T]) -> T {
        let greatest = x.max() ?? 0
        return greatest + ln(x.reduce(0) { $0 + T(exp(Double($1 - greatest))) })
      }
      func dot(_ a: [T], _ b: [T]) -> T { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      let count = T(x.count)
      func mean(_ f: (_ x: T, _ t: T) -> T) -> T {
        zip(x, target).reduce(0) { $0 + f($1.0, $1.1) } / count
      }
      func smoothed(_ t: T, _ amount: Float, _ classes: T) -> T {
        t * (1 - T(amount)) + T(amount) / classes
      }
      func binary(_ p: T, _ t: T) -> T { -t * ln(clip(p)) - (1 - t) * ln(1 - clip(p)) }
      func signed(_ t: T) -> T { t == 0 ? -1 : t }
      let low = T(lowestProbability)
      switch function {
      case .sparseCategoricalCrossentropy(let fromLogits):
        let logits = fromLogits ? x : x.map { ln(clip($0)) }
        return logSumExp(logits) - logits[Int(target[0])]
      case .categoricalCrossentropy(let fromLogits, let smoothing):
        let t = target.map { smoothed($0, smoothing, count) }
        if fromLogits {
          let normalizer = logSumExp(x)
          return zip(x, t).reduce(0) { $0 + $1.1 * (normalizer - $1.0) }
        }
        let total = x.reduce(0, +)
        return zip(x, t).reduce(0) { $0 - $1.1 * ln(clip($1.0 / total)) }
      case .categoricalFocalCrossentropy(let focus):
        let logSum = logSumExp(x)
        let total = x.reduce(0, +)
        return zip(x, target).reduce(0) { sum, each in
          let q = clip(focus.fromLogits ? T(exp(Double(each.0 - logSum))) : each.0 / total)
          let t = smoothed(each.1, focus.labelSmoothing, count)
          return sum - T(focus.alpha) * power(1 - q, focus.gamma) * t * ln(q)
        }
      case .binaryCrossentropy(let fromLogits, let smoothing):
        return mean { x, target in
          let t = smoothed(target, smoothing, 2)
          guard fromLogits else { return binary(x, t) }
          return max(x, 0) - x * t + T(log1p(exp(-Double(abs(x)))))
        }
      case .binaryFocalCrossentropy(let focus):
        return mean { x, target in
          let t = smoothed(target, focus.labelSmoothing, 2)
          let p = focus.fromLogits ? 1 / (1 + T(exp(-Double(x)))) : x
          let weight = t * T(focus.positiveWeight) + (1 - t) * T(focus.negativeWeight)
          return weight * power(1 - t * p - (1 - t) * (1 - p), focus.gamma) * binary(p, t)
        }
      case .klDivergence:
        return count
          * mean { p, t in
            let t = min(max(t, low), 1)
            return t * ln(t / min(max(p, low), 1))
          }
      case .meanSquaredError: return mean { ($0 - $1) * ($0 - $1) }
      case .meanAbsoluteError: return mean { abs($0 - $1) }
      case .meanAbsolutePercentageError: return mean { 100 * abs($0 - $1) / max(abs($1), low) }
      case .meanSquaredLogarithmicError:
        return mean { x, t in
          let difference = ln(max(x, low) + 1) - ln(max(t, low) + 1)
          return difference * difference
        }
      case .huber(let delta):
        return mean { x, t in
          let size = abs(x - t)
          let delta = T(delta)
          return size <= delta ? size * size / 2 : delta * size - delta * delta / 2
        }
      case .logCosh: return mean { T(log(cosh(Double($0 - $1)))) }
      case .poisson: return mean { $0 - $1 * ln($0 + low) }
      case .cosineSimilarity:
        let lengths = (dot(x, x) * dot(target, target)).squareRoot()
        return -dot(x, target) / lengths
      case .hinge: return mean { max(0, 1 - $0 * signed($1)) }
      case .squaredHinge:
        return mean { x, t in
          let margin = max(0, 1 - x * signed(t))
          return margin * margin
        }
      case .categoricalHinge:
        let others = zip(x, target).map { (1 - $0.1) * $0.0 }.max() ?? 0
        return max(0, 1 - dot(x, target) + others)
      case .given: return x.reduce(0, +) / count
      case .overlap(let overlap):
        return T(
          overlap.loss(
            Overlap.Sums(
              shared: Double(dot(x, target)), target: Double(target.reduce(0, +)),
              prediction: Double(x.reduce(0, +)))))
      }
    }
  }
#endif
