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
  if size == 1, let targets {
    switch function {
    case .binaryCrossentropy(let fromLogits, let smoothing):
      let smoothing = Smoothing(smoothing, classes: 2)
      if fromLogits {
        singleLosses(prediction, targets, weights, rows, losses, gradient, gradientScale) {
          binaryFromLogit($0, smoothing($1))
        }
      } else {
        singleLosses(prediction, targets, weights, rows, losses, gradient, gradientScale) {
          binaryFromProbability($0, smoothing($1))
        }
      }
      return
    case .meanSquaredError:
      singleLosses(prediction, targets, weights, rows, losses, gradient, gradientScale) {
        squaredError($0, $1)
      }
      return
    default:
      break
    }
  }
  var row = 0
  while row < rows {
    let weight = weights.map { $0[row] } ?? 1
    let x = prediction + row * size
    let dx = gradient.map { $0 + row * size }
    let scale = weight * gradientScale
    // The table's contract: labels go with the sparse loss, targets with all others.
    switch function {
    case .sparseCategoricalCrossentropy(let fromLogits):
      let label = Int(labels.unsafelyUnwrapped[row])
      losses[row] =
        weight
        * (fromLogits
          ? sparseFromLogits(x, label, size, dx, scale)
          : sparseFromProbabilities(x, label, size, dx, scale))
    case .categoricalCrossentropy(let fromLogits, let smoothing):
      let t = targets.unsafelyUnwrapped + row * size
      let smoothing = Smoothing(smoothing, classes: size)
      losses[row] =
        weight
        * (fromLogits
          ? categoricalFromLogits(x, t, smoothing, size, dx, scale)
          : categoricalFromProbabilities(x, t, smoothing, size, dx, scale))
    case .binaryCrossentropy(let fromLogits, let smoothing):
      let t = targets.unsafelyUnwrapped + row * size
      let smoothing = Smoothing(smoothing, classes: 2)
      losses[row] =
        weight
        * (fromLogits
          ? meanLoss(x, t, size, dx, scale) { binaryFromLogit($0, smoothing($1)) }
          : meanLoss(x, t, size, dx, scale) { binaryFromProbability($0, smoothing($1)) })
    case .meanSquaredError:
      let t = targets.unsafelyUnwrapped + row * size
      losses[row] = weight * meanLoss(x, t, size, dx, scale) { squaredError($0, $1) }
    }
    row += 1
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

// MARK: - Element by element

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

@inline(__always) private func squaredError(_ x: Vector, _ t: Vector) -> Sloped {
  let difference = x - t
  return Sloped(value: difference * difference, slope: difference + difference)
}

/// The mean of a loss over one row.
@inline(__always)
private func meanLoss(
  _ x: Source, _ t: Source, _ size: Int, _ dx: Target?, _ scale: Float,
  _ f: (Vector, Vector) -> Sloped
) -> Float {
  let scale = splat(scale / Float(size))
  var total = splat(0)
  visit(size) { at in
    let element = f(at(x), at(t))
    total += at.only(element.value)
    if let dx { at.put(element.slope * scale, dx) }
  }
  return laneSum(total) / Float(size)
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
      func clip(_ p: T) -> T { min(max(p, T(lowestProbability)), T(highestProbability)) }
      func logSumExp(_ x: [T]) -> T {
        let greatest = x.max() ?? 0
        return greatest + ln(x.reduce(0) { $0 + T(exp(Double($1 - greatest))) })
      }
      let count = T(x.count)
      switch function {
      case .sparseCategoricalCrossentropy(let fromLogits):
        let logits = fromLogits ? x : x.map { ln(clip($0)) }
        return logSumExp(logits) - logits[Int(target[0])]
      case .categoricalCrossentropy(let fromLogits, let smoothing):
        let t = target.map { $0 * (1 - T(smoothing)) + T(smoothing) / count }
        if fromLogits {
          let normalizer = logSumExp(x)
          return zip(x, t).reduce(0) { $0 + $1.1 * (normalizer - $1.0) }
        }
        let total = x.reduce(0, +)
        return zip(x, t).reduce(0) { $0 - $1.1 * ln(clip($1.0 / total)) }
      case .binaryCrossentropy(let fromLogits, let smoothing):
        let losses = zip(x, target).map { (x: T, target: T) -> T in
          let t = target * (1 - T(smoothing)) + T(smoothing) / 2
          if fromLogits {
            return max(x, 0) - x * t + T(log1p(exp(-Double(abs(x)))))
          }
          let p = clip(x)
          return -t * ln(p) - (1 - t) * ln(1 - p)
        }
        return losses.reduce(0, +) / count
      case .meanSquaredError:
        return zip(x, target).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / count
      }
    }
  }
#endif
