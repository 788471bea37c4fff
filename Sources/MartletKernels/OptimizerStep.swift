import MartletKernelTable

var optimizerKernels: OptimizerKernels {
  OptimizerKernels(sgd: sgd, momentum: momentum, adam: adam, rmsprop: rmsprop)
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

private func adam(
  _ w: Target, _ g: Source, _ m: Target, _ v: Target, _ alpha: Float, _ beta1: Float,
  _ beta2: Float, _ epsilon: Float, _ count: Int
) {
  let alpha = splat(alpha)
  let take1 = splat(1 - beta1)
  let take2 = splat(1 - beta2)
  let epsilon = splat(epsilon)
  visit(count) { at in
    let gradient = at(g)
    let oldM = at(m)
    let oldV = at(v)
    let newM = multiplyAdd(gradient - oldM, take1, oldM)
    let newV = multiplyAdd(multiplyAdd(gradient, gradient, -oldV), take2, oldV)
    at.put(newM, m)
    at.put(newV, v)
    at.put(at(w) - newM * alpha / (squareRoot(newV) + epsilon), w)
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

// MARK: - Plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
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

    package static func adam<T: BinaryFloatingPoint>(
      _ w: inout T, _ g: T, _ m: inout T, _ v: inout T, alpha: T, beta1: T, beta2: T, epsilon: T
    ) {
      m += (g - m) * (1 - beta1)
      v += (g * g - v) * (1 - beta2)
      w -= m * alpha / (v.squareRoot() + epsilon)
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
