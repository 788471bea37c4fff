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
        a.pointer, GuardedFloats([g]).source, m.pointer, v.pointer, nil, Float(alpha), 0.9, 0.999,
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

  /// Weights, a gradient and two slots of `count` elements, and their twins in double precision. The
  /// second slot holds what is never negative.
  private struct Problem {
    let w, g, m, v: GuardedFloats
    var weights, first, second: [Double]
    let slope: [Double]
    let seed: Int

    init(count: Int, firstSlotFrom least: Float = -1) {
      var generator = SeededGenerator(seed: count)
      w = GuardedFloats(generator.floats(count))
      g = GuardedFloats(generator.floats(count))
      m = GuardedFloats(generator.floats(count, in: least...1))
      v = GuardedFloats(generator.floats(count, in: 0.01...1))
      (weights, slope, first, second) = (w.doubles, g.doubles, m.doubles, v.doubles)
      seed = count
    }

    mutating func twin(
      _ step: (_ w: inout Double, _ g: Double, _ m: inout Double, _ v: inout Double) -> Void
    ) {
      for i in slope.indices { step(&weights[i], slope[i], &first[i], &second[i]) }
    }

    /// All numbers are of order 1, so a few roundings are a few ulps.
    func check(_ name: String, ulps: Double = 4, sourceLocation: SourceLocation = #_sourceLocation)
    {
      for (found, expected, what) in [
        (w, weights, "weights"), (m, first, "first slot"), (v, second, "second slot"),
      ] {
        expectClose(
          found.values, expected, absolute: ulps * ulp, "\(name), \(what), seed \(seed)",
          sourceLocation: sourceLocation)
        found.expectGuards(name, sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func theAdamFamilyEqualsItsTwins(_ kernels: Kernels) {
    let (beta1, beta2, epsilon) = (Float(0.9), Float(0.999), Float(1e-7))
    let (wide1, wide2, tiny) = (Double(beta1), Double(beta2), Double(epsilon))
    let rate = Float(0.01)
    for count in awkwardCounts(kernels) {
      // 1 − β₂ is rounded to float by the kernel: 6e-8 of a value below 1.
      for hasGreatest in [false, true] {
        var adam = Problem(count: count)
        var generator = SeededGenerator(seed: -count)
        let before = generator.floats(count, in: 0.01...1)
        let greatest = GuardedFloats(before)
        kernels.optimizer.adam(
          adam.w.pointer, adam.g.source, adam.m.pointer, adam.v.pointer,
          hasGreatest ? greatest.pointer : nil, rate, beta1, beta2, epsilon, count)
        var expected = before.doubles
        var index = 0
        adam.twin { w, g, m, v in
          var top = hasGreatest ? expected[index] : nil
          PlainOptimizerStep.adam(
            &w, g, &m, &v, &top, alpha: Double(rate), beta1: wide1, beta2: wide2, epsilon: tiny)
          if let top { expected[index] = top }
          index += 1
        }
        adam.check("Adam, AMSGrad \(hasGreatest)")
        expectClose(greatest.values, expected, absolute: 4 * ulp, "greatest, seed \(count)")
        greatest.expectGuards()
      }

      var adamax = Problem(count: count)
      kernels.optimizer.adamax(
        adamax.w.pointer, adamax.g.source, adamax.m.pointer, adamax.v.pointer, rate, beta1, beta2,
        0.1, count)
      adamax.twin { w, g, m, norm in
        PlainOptimizerStep.adamax(
          &w, g, &m, &norm, alpha: Double(rate), beta1: wide1, beta2: wide2,
          epsilon: Double(Float(0.1)))
      }
      adamax.check("Adamax")

      var nadam = Problem(count: count)
      kernels.optimizer.nadam(
        nadam.w.pointer, nadam.g.source, nadam.m.pointer, nadam.v.pointer, 0.25, 0.125, 2, beta1,
        beta2, 0.5, count)
      nadam.twin { w, g, m, v in
        PlainOptimizerStep.nadam(
          &w, g, &m, &v, meanRate: 0.25, gradientRate: 0.125, squareScale: 2, beta1: wide1,
          beta2: wide2, epsilon: 0.5)
      }
      nadam.check("Nadam")
    }
  }

  @Test(arguments: KernelSelection.available)
  func otherRulesEqualTheirTwins(_ kernels: Kernels) {
    let rate = Float(0.01)
    for count in awkwardCounts(kernels) {
      var adagrad = Problem(count: count)
      kernels.optimizer.adagrad(
        adagrad.w.pointer, adagrad.g.source, adagrad.v.pointer, rate, 0.125, count)
      adagrad.twin { w, g, _, sum in
        PlainOptimizerStep.adagrad(&w, g, &sum, rate: Double(rate), epsilon: 0.125)
      }
      adagrad.check("Adagrad")

      var adadelta = Problem(count: count, firstSlotFrom: 0.01)
      kernels.optimizer.adadelta(
        adadelta.w.pointer, adadelta.g.source, adadelta.v.pointer, adadelta.m.pointer, rate, 0.75,
        0.125, count)
      adadelta.twin { w, g, moves, v in
        PlainOptimizerStep.adadelta(
          &w, g, &v, &moves, rate: Double(rate), rho: 0.75, epsilon: 0.125)
      }
      adadelta.check("Adadelta")

      var lion = Problem(count: count)
      kernels.optimizer.lion(
        lion.w.pointer, lion.g.source, lion.m.pointer, rate, 0.75, 0.875, count)
      lion.twin { w, g, m, _ in
        PlainOptimizerStep.lion(&w, g, &m, rate: Double(rate), beta1: 0.75, beta2: 0.875)
      }
      lion.check("Lion")

      for power in [0, 0.5, 0.75] as [Float] {
        var ftrl = Problem(count: count)
        kernels.optimizer.ftrl(
          ftrl.w.pointer, ftrl.g.source, ftrl.v.pointer, ftrl.m.pointer, 0.5, power, 0.125, 0.25,
          0.5, count)
        ftrl.twin { w, g, linear, sum in
          PlainOptimizerStep.ftrl(
            &w, g, &sum, &linear, rate: 0.5, power: Double(power), l1: 0.125, l2: 0.25,
            shrinkage: 0.5)
        }
        // A power from the logarithm is a few ulps off, and a weight 4 at most.
        ftrl.check("Ftrl, power \(power)", ulps: 16)
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func signsOfNothingStayWhatTheyAre(_ kernels: Kernels) {
    let w = GuardedFloats([1, 1, 1, 1])
    let g = GuardedFloats([0, .nan, 2, -2])
    let m = GuardedFloats([0, 0, 0, 0])
    kernels.optimizer.lion(w.pointer, g.source, m.pointer, 0.25, 0.5, 0.5, 4)
    #expect(w.values[0] == 1 && w.values[1].isNaN && w.values[2] == 0.75 && w.values[3] == 1.25)
  }

  @Test(arguments: KernelSelection.available)
  func whatGoesWithEveryRule(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let values = generator.floats(count)
      let shrunk = GuardedFloats(values)
      kernels.optimizer.shrink(shrunk.pointer, 0.125, count)
      expectClose(shrunk.values, values.map { Double($0) * 0.875 }, absolute: ulp, "shrink")
      let scaled = GuardedFloats(values)
      kernels.optimizer.scale(scaled.pointer, 0.3, count)
      #expect(scaled.values == values.map { $0 * 0.3 })
      let clipped = GuardedFloats(values)
      kernels.optimizer.clip(clipped.pointer, 0.25, count)
      #expect(clipped.values == values.map { min(max($0, -0.25), 0.25) })
      for overwrites in [false, true] {
        let w = GuardedFloats(values)
        let average = GuardedFloats(generator.floats(count))
        var (twinW, twinAverage) = (w.doubles, average.doubles)
        kernels.optimizer.average(w.pointer, average.pointer, 0.75, overwrites, count)
        for i in 0..<count {
          PlainOptimizerStep.average(
            &twinW[i], &twinAverage[i], momentum: 0.75, overwrites: overwrites)
        }
        expectClose(average.values, twinAverage, absolute: ulp, "average, seed \(count)")
        expectClose(w.values, twinW, absolute: ulp, "averaged weights, seed \(count)")
        for buffer in [w, average] { buffer.expectGuards() }
      }
      for buffer in [shrunk, scaled, clipped] { buffer.expectGuards() }
    }
    let odd = GuardedFloats([.nan, .infinity, -.infinity])
    kernels.optimizer.clip(odd.pointer, 2, 3)
    #expect(odd.values[0].isNaN && odd.values[1] == 2 && odd.values[2] == -2)
  }

  @Test(arguments: KernelSelection.available)
  func adamLeavesWeightsWithoutGradientAlone(_ kernels: Kernels) {
    let w = GuardedFloats([0.25, -3])
    let m = GuardedFloats([0, 0])
    let v = GuardedFloats([0, 0])
    kernels.optimizer.adam(
      w.pointer, GuardedFloats([0, 0]).source, m.pointer, v.pointer, nil, 0.1, 0.9, 0.999, 1e-7,
      2)
    #expect(w.values == [0.25, -3])
  }
}
