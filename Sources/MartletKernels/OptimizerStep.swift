import MartletKernelTable

var optimizerKernels: OptimizerKernels {
  OptimizerKernels(
    sgd: sgd, momentum: momentum, rmsprop: rmsprop, adam: adam, adamax: adamax, nadam: nadam,
    adagrad: adagrad, adadelta: adadelta, lion: lion, ftrl: ftrl, shrink: shrink, scale: scale,
    clip: clip, average: average)
}

private func sgd(_ w: Target, _ g: Source, _ rate: Float, _ count: Int) {
  let step = splat(-rate)
  fill(w, count) { at in multiplyAdd(at(g), step, at(w)) }
}

private func momentum(
  _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ momentum: Float, _ nesterov: Bool,
  _ count: Int
) {
  let step = splat(-rate)
  let keep = splat(momentum)
  if nesterov {
    visit(count) { at in
      let push = at(g) * step
      let velocity = multiplyAdd(at(m), keep, push)
      at.put(velocity, m)
      at.put(at(w) + multiplyAdd(velocity, keep, push), w)
    }
  } else {
    visit(count) { at in
      let velocity = multiplyAdd(at(m), keep, at(g) * step)
      at.put(velocity, m)
      at.put(at(w) + velocity, w)
    }
  }
}

private func rmsprop(
  _ w: Target, _ g: Source, _ v: Target, _ velocity: Target?, _ mean: Target?, _ rate: Float,
  _ rho: Float, _ momentum: Float, _ epsilon: Float, _ count: Int
) {
  let rate = splat(rate)
  let take = splat(1 - rho)
  let keep = splat(momentum)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let oldV = at(v)
    let newV = multiplyAdd(multiplyAdd(gradient, gradient, -oldV), take, oldV)
    at.put(newV, v)
    var spread = newV
    if let mean {
      let oldMean = at(mean)
      let newMean = multiplyAdd(gradient - oldMean, take, oldMean)
      at.put(newMean, mean)
      spread = multiplyAdd(-newMean, newMean, newV)
    }
    var push = rate * gradient / squareRoot(spread + epsilon)
    if let velocity {
      push = multiplyAdd(at(velocity), keep, push)
      at.put(push, velocity)
    }
    at.put(at(w) - push, w)
  }
}

// MARK: The Adam family

/// Moves the mean in `m` towards `value` and gives the new one.
@inline(__always)
private func moved(_ m: Target, to value: Vector, _ take: Vector, _ at: Stretch) -> Vector {
  let old = at(m)
  let new = multiplyAdd(value - old, take, old)
  at.put(new, m)
  return new
}

/// The same for the mean of squares.
@inline(__always)
private func moved(_ v: Target, toSquareOf value: Vector, _ take: Vector, _ at: Stretch) -> Vector {
  let old = at(v)
  let new = multiplyAdd(multiplyAdd(value, value, -old), take, old)
  at.put(new, v)
  return new
}

private func adam(
  _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ greatest: Target?, _ alpha: Float,
  _ beta1: Float, _ beta2: Float, _ epsilon: Float, _ count: Int
) {
  let alpha = splat(alpha)
  let take1 = splat(1 - beta1)
  let take2 = splat(1 - beta2)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let mean = moved(m, to: gradient, take1, at)
    var square = moved(v, toSquareOf: gradient, take2, at)
    if let greatest {
      square = greater(at(greatest), square)
      at.put(square, greatest)
    }
    at.put(at(w) - mean * alpha / (squareRoot(square) + epsilon), w)
  }
}

private func adamax(
  _ w: Target, _ g: Source, _ m: Target, _ norm: Target, _ alpha: Float, _ beta1: Float,
  _ beta2: Float, _ epsilon: Float, _ count: Int
) {
  let alpha = splat(alpha)
  let take = splat(1 - beta1)
  let keep = splat(beta2)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let mean = moved(m, to: gradient, take, at)
    let newNorm = greater(at(norm) * keep, magnitude(gradient))
    at.put(newNorm, norm)
    at.put(at(w) - mean * alpha / (newNorm + epsilon), w)
  }
}

private func nadam(
  _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ meanRate: Float, _ gradientRate: Float,
  _ squareScale: Float, _ beta1: Float, _ beta2: Float, _ epsilon: Float, _ count: Int
) {
  let meanRate = splat(meanRate)
  let gradientRate = splat(gradientRate)
  let squareScale = splat(squareScale)
  let take1 = splat(1 - beta1)
  let take2 = splat(1 - beta2)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let mean = moved(m, to: gradient, take1, at)
    let square = moved(v, toSquareOf: gradient, take2, at)
    let push = multiplyAdd(mean, meanRate, gradient * gradientRate)
    at.put(at(w) - push / (squareRoot(square * squareScale) + epsilon), w)
  }
}

// MARK: Other rules

private func adagrad(
  _ w: Target, _ g: Source, _ sum: Target, _ rate: Float, _ epsilon: Float, _ count: Int
) {
  let rate = splat(rate)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let newSum = multiplyAdd(gradient, gradient, at(sum))
    at.put(newSum, sum)
    at.put(at(w) - rate * gradient / squareRoot(newSum + epsilon), w)
  }
}

private func adadelta(
  _ w: Target, _ g: Source, _ v: Target, _ moves: Target, _ rate: Float, _ rho: Float,
  _ epsilon: Float, _ count: Int
) {
  let rate = splat(-rate)
  let take = splat(1 - rho)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let square = moved(v, toSquareOf: gradient, take, at)
    let move = squareRoot(at(moves) + epsilon) * gradient / squareRoot(square + epsilon)
    _ = moved(moves, toSquareOf: move, take, at)
    at.put(multiplyAdd(move, rate, at(w)), w)
  }
}

private func lion(
  _ w: Target, _ g: Source, _ m: Target, _ rate: Float, _ beta1: Float, _ beta2: Float,
  _ count: Int
) {
  let rate = splat(-rate)
  let take1 = splat(1 - beta1)
  let take2 = splat(1 - beta2)
  visit(count) { at in
    let gradient = at(g)
    let old = at(m)
    let course = multiplyAdd(gradient - old, take1, old)
    // What is neither above nor below zero, zero and NaN, stays what it is.
    let sign = select(course .> splat(0), splat(1), select(course .< splat(0), splat(-1), course))
    at.put(multiplyAdd(sign, rate, at(w)), w)
    at.put(multiplyAdd(gradient - old, take2, old), m)
  }
}

/// xᵖ for x and p from 0 up.
@inline(__always) private func power(_ x: Vector, _ p: Float) -> Vector {
  if p == 0.5 { return squareRoot(x) }
  return p == 0 ? splat(1) : exponential(splat(p) * logarithm(x))
}

private func ftrl(
  _ w: Target, _ g: Source, _ sum: Target, _ linear: Target, _ rate: Float, _ p: Float,
  _ l1: Float, _ l2: Float, _ shrinkage: Float, _ count: Int
) {
  let rate = splat(rate)
  let shrinkage = splat(2 * shrinkage)
  visit(count) { at in
    let gradient = at(g)
    let weight = at(w)
    let oldSum = at(sum)
    let newSum = multiplyAdd(gradient, gradient, oldSum)
    let newPower = power(newSum, p)
    let growth = (newPower - power(oldSum, p)) / rate
    let newLinear = at(linear) + (multiplyAdd(shrinkage, weight, gradient) - growth * weight)
    let clipped = lesser(greater(newLinear, splat(-l1)), splat(l1))
    at.put(newSum, sum)
    at.put(newLinear, linear)
    at.put((clipped - newLinear) / (newPower / rate + splat(2 * l2)), w)
  }
}

// MARK: What goes with every rule

private func shrink(_ x: Target, _ factor: Float, _ count: Int) {
  let factor = splat(-factor)
  fill(x, count) { at in multiplyAdd(at(x), factor, at(x)) }
}

private func scale(_ x: Target, _ factor: Float, _ count: Int) {
  let factor = splat(factor)
  fill(x, count) { at in at(x) * factor }
}

private func clip(_ x: Target, _ limit: Float, _ count: Int) {
  fill(x, count) { at in lesser(greater(at(x), splat(-limit)), splat(limit)) }
}

private func average(
  _ w: Target, _ average: Target, _ momentum: Float, _ overwrites: Bool, _ count: Int
) {
  let keep = splat(momentum)
  let take = splat(1 - momentum)
  visit(count) { at in
    let new = multiplyAdd(at(average), keep, take * at(w))
    at.put(new, average)
    if overwrites { at.put(new, w) }
  }
}

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  #if canImport(Glibc)
    import Glibc
  #elseif canImport(Darwin)
    import Darwin
  #endif

  /// One element of each update rule, at any precision.
  package enum PlainOptimizerStep {
    package static func sgd<T: BinaryFloatingPoint>(_ w: inout T, _ g: T, rate: T) {
      w -= rate * g
    }

    package static func momentum<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, rate: T, momentum: T, nesterov: Bool
    ) {
      m = momentum * m - rate * g
      w += nesterov ? momentum * m - rate * g : m
    }

    /// `greatest` is `nil` without AMSGrad.
    package static func adam<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, _ v: inout T, _ greatest: inout T?, alpha: T, beta1: T,
      beta2: T, epsilon: T
    ) {
      m += (g - m) * (1 - beta1)
      v += (g * g - v) * (1 - beta2)
      if let old = greatest { greatest = max(old, v) }
      w -= m * alpha / ((greatest ?? v).squareRoot() + epsilon)
    }

    package static func adamax<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, _ norm: inout T, alpha: T, beta1: T, beta2: T, epsilon: T
    ) {
      m += (g - m) * (1 - beta1)
      norm = max(beta2 * norm, abs(g))
      w -= m * alpha / (norm + epsilon)
    }

    package static func nadam<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, _ v: inout T, meanRate: T, gradientRate: T,
      squareScale: T, beta1: T, beta2: T, epsilon: T
    ) {
      m += (g - m) * (1 - beta1)
      v += (g * g - v) * (1 - beta2)
      w -= (meanRate * m + gradientRate * g) / ((squareScale * v).squareRoot() + epsilon)
    }

    package static func adagrad<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ sum: inout T, rate: T, epsilon: T
    ) {
      sum += g * g
      w -= rate * g / (sum + epsilon).squareRoot()
    }

    package static func adadelta<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ v: inout T, _ moves: inout T, rate: T, rho: T, epsilon: T
    ) {
      v = rho * v + (1 - rho) * g * g
      let move = g * (moves + epsilon).squareRoot() / (v + epsilon).squareRoot()
      moves = rho * moves + (1 - rho) * move * move
      w -= rate * move
    }

    package static func lion<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, rate: T, beta1: T, beta2: T
    ) {
      let course = beta1 * m + (1 - beta1) * g
      w -= course == 0 ? 0 : course > 0 ? rate : -rate
      m = beta2 * m + (1 - beta2) * g
    }

    package static func ftrl(
      _ w: inout Double, _ g: Double, _ sum: inout Double, _ linear: inout Double, rate: Double,
      power: Double, l1: Double, l2: Double, shrinkage: Double
    ) {
      let old = pow(sum, power)
      sum += g * g
      let new = pow(sum, power)
      linear += g + 2 * shrinkage * w - (new - old) / rate * w
      w = (min(max(linear, -l1), l1) - linear) / (new / rate + 2 * l2)
    }

    package static func average<T: BinaryFloatingPoint>(
      _ w: inout T, _ average: inout T, momentum: T, overwrites: Bool
    ) {
      average = momentum * average + (1 - momentum) * w
      if overwrites { w = average }
    }

    /// `velocity` and `mean` are `nil` without momentum and where v is not centered.
    package static func rmsprop<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ v: inout T, _ velocity: inout T?, _ mean: inout T?, rate: T, rho: T,
      momentum: T, epsilon: T
    ) {
      v = rho * v + (1 - rho) * g * g
      var spread = v
      if let old = mean {
        let new = rho * old + (1 - rho) * g
        mean = new
        spread -= new * new
      }
      var push = rate * g / (spread + epsilon).squareRoot()
      if let old = velocity {
        push += momentum * old
        velocity = push
      }
      w -= push
    }
  }
#endif
