import Foundation
import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct OptimizerStepTests {
  /// One weight of 1 and three gradients, against Keras 3.15.1.
  @Test(arguments: KernelSelection.available)
  func weightsOfKeras(_ kernels: Kernels) {
    let gradients: [Float] = [0.5, -0.2, 0.3]
    let w = GuardedFloats([1])
    for g in gradients { kernels.optimizer.sgd(w.pointer, GuardedFloats([g]).source, 0.1, 1) }
    expectClose(w.values, [0.93999994], absolute: 2e-7, "SGD")

    for (nesterov, expected) in [(false, 0.87250000), (true, 0.82524997)] {
      let w = GuardedFloats([1])
      let m = GuardedFloats([0])
      for g in gradients {
        kernels.optimizer.momentum(
          w.pointer, GuardedFloats([g]).source, m.pointer, 0.1, 0.9, nesterov, 1)
      }
      expectClose(w.values, [expected], absolute: 2e-7, "momentum, nesterov \(nesterov)")
    }

    let a = GuardedFloats([1])
    let m = GuardedFloats([0])
    let v = GuardedFloats([0])
    for (step, g) in gradients.enumerated() {
      let t = Double(step + 1)
      // From the rates the kernel gets: 1 − β₂ of the float nearest to 0.999 is 1e-5 off, which
      // cancels as long as both sides have it.
      let beta1 = Double(Float(0.9))
      let beta2 = Double(Float(0.999))
      let alpha = 0.1 * (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t))
      kernels.optimizer.adam(
        a.pointer, GuardedFloats([g]).source, m.pointer, v.pointer, Float(alpha), 0.9, 0.999,
        1e-7, 1)
    }
    // Keras works 1 − β₂ᵗ out in float, which costs it 2e-6.
    expectClose(a.values, [0.81099772], absolute: 2e-6, "Adam")

    for (isFull, expected) in [(false, 0.64111078), (true, 0.15996799)] {
      let w = GuardedFloats([1])
      let state = GuardedFloats([0, 0, 0])
      for g in gradients {
        kernels.optimizer.rmsprop(
          w.pointer, GuardedFloats([g]).source, state.pointer, isFull ? state.pointer + 1 : nil,
          isFull ? state.pointer + 2 : nil, 0.1, 0.9, 0.9, 1e-7, 1)
      }
      expectClose(w.values, [expected], absolute: 1e-6, "RMSprop, centered momentum \(isFull)")
    }
  }

  @Test(arguments: KernelSelection.available)
  func stepsEqualTheirTwins(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let weights = generator.floats(count)
      let g = generator.floats(count)
      let velocity = generator.floats(count)
      let squares = generator.floats(count, in: 0.01...1)
      let slope = GuardedFloats(g)
      // All state is of order 1, so a few roundings are a few ulps.
      let tolerance = 4 * ulp

      let w = GuardedFloats(weights)
      var twin = weights.doubles
      kernels.optimizer.sgd(w.pointer, slope.source, 0.1, count)
      for i in 0..<count {
        PlainOptimizerStep.sgd(&twin[i], Double(g[i]), rate: Double(Float(0.1)))
      }
      expectClose(w.values, twin, absolute: tolerance, "SGD, seed \(count)")
      w.expectGuards()

      for nesterov in [false, true] {
        let w = GuardedFloats(weights)
        let m = GuardedFloats(velocity)
        var twin = weights.doubles
        var twinM = velocity.doubles
        kernels.optimizer.momentum(
          w.pointer, slope.source, m.pointer, 0.1, 0.9, nesterov, count)
        for i in 0..<count {
          PlainOptimizerStep.momentum(
            &twin[i], Double(g[i]), &twinM[i], rate: Double(Float(0.1)),
            momentum: Double(Float(0.9)), nesterov: nesterov)
        }
        expectClose(m.values, twinM, absolute: tolerance, "velocity, seed \(count)")
        expectClose(w.values, twin, absolute: tolerance, "momentum, seed \(count)")
        w.expectGuards()
        m.expectGuards()
      }

      let a = GuardedFloats(weights)
      let m = GuardedFloats(velocity)
      let v = GuardedFloats(squares)
      twin = weights.doubles
      var twinM = velocity.doubles
      var twinV = squares.doubles
      kernels.optimizer.adam(
        a.pointer, slope.source, m.pointer, v.pointer, 0.01, 0.9, 0.999, 1e-7, count)
      for i in 0..<count {
        PlainOptimizerStep.adam(
          &twin[i], Double(g[i]), &twinM[i], &twinV[i], alpha: Double(Float(0.01)),
          beta1: Double(Float(0.9)), beta2: Double(Float(0.999)), epsilon: Double(Float(1e-7)))
      }
      expectClose(m.values, twinM, absolute: tolerance, "first moment, seed \(count)")
      // 1 − β₂ is rounded to float by the kernel: 6e-8 of a value below 1.
      expectClose(v.values, twinV, absolute: tolerance, "second moment, seed \(count)")
      expectClose(a.values, twin, absolute: tolerance, "Adam, seed \(count)")
      for buffer in [a, m, v] { buffer.expectGuards() }

      for (hasVelocity, hasMean) in [(false, false), (true, false), (false, true), (true, true)] {
        let w = GuardedFloats(weights)
        let v = GuardedFloats(squares)
        let push = GuardedFloats(velocity)
        // The square of a mean is below the mean of squares.
        let mean = GuardedFloats(squares.map { 0.5 * $0 })
        kernels.optimizer.rmsprop(
          w.pointer, slope.source, v.pointer, hasVelocity ? push.pointer : nil,
          hasMean ? mean.pointer : nil, 0.01, 0.9, 0.5, 1e-3, count)
        var expected = weights.doubles
        for i in 0..<count {
          var v = Double(squares[i])
          var push = hasVelocity ? Double(velocity[i]) : nil
          var mean = hasMean ? 0.5 * Double(squares[i]) : nil
          PlainOptimizerStep.rmsprop(
            &expected[i], Double(g[i]), &v, &push, &mean, rate: Double(Float(0.01)),
            rho: Double(Float(0.9)), momentum: 0.5, epsilon: Double(Float(1e-3)))
        }
        // Centered, the root is of a difference, which magnifies the roundings some ten times.
        expectClose(w.values, expected, absolute: 10 * tolerance, "RMSprop, seed \(count)")
        for buffer in [w, v, push, mean] { buffer.expectGuards() }
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func adamLeavesWeightsWithoutGradientAlone(_ kernels: Kernels) {
    let w = GuardedFloats([0.25, -3])
    let m = GuardedFloats([0, 0])
    let v = GuardedFloats([0, 0])
    kernels.optimizer.adam(
      w.pointer, GuardedFloats([0, 0]).source, m.pointer, v.pointer, 0.1, 0.9, 0.999, 1e-7, 2)
    #expect(w.values == [0.25, -3])
  }
}
