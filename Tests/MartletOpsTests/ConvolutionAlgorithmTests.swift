import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// One way to work out a convolution against another, at sizes that take more than one block.
@Suite struct ConvolutionAlgorithmTests {
  /// What a convolution and its gradients come to for several samples.
  private struct Results {
    let outputs: [Float], kernelGradient: [Float], inputGradients: [Float]
  }

  private func run(
    _ algorithm: some ConvolutionAlgorithm, _ g: ConvolutionGeometry, _ kernels: Kernels,
    samples: Int
  ) throws -> Results {
    var numbers = SeededGenerator(seed: 3)
    let kernel = try Variable(name: "kernel", shape: Shape(g.kernelExtents))
    let weights = numbers.floats(kernel.count)
    kernel.mutableValues().update(from: weights, count: kernel.count)
    let imageCount = g.vertical.input * g.horizontal.input * g.channels
    let outputCount = g.outputExtents.reduce(1, *)
    let images = GuardedFloats(numbers.floats(samples * imageCount))
    let gradients = GuardedFloats(numbers.floats(samples * outputCount))
    let bias = GuardedFloats(numbers.floats(g.filters))

    let prepared = try Buffer(floatCount: algorithm.preparedCount(forInputGradient: true))
    let work = try Buffer(floatCount: algorithm.workCount(isTraining: true))
    // What was there before must not matter.
    work.floats.update(repeating: .nan, count: algorithm.workCount(isTraining: true))
    for stage in algorithm.prepare(
      kernel.values, into: prepared.floats, forInputGradient: true)
    {
      guard case .batch(let tasks, let body) = stage else { continue }
      let task = Task(
        batchCount: 0, samples: 0..<0, group: 0, step: 0, scratch: work.floats,
        local: work.bytes, slab: work.floats, feed: Unmanaged.passUnretained(Feed()))
      for index in 0..<tasks { body(index, task) }
    }

    func planes(_ plane: Plane, _ values: GuardedFloats, _ count: Int) throws -> Buffer {
      let buffer = try Buffer(floatCount: samples * plane.count)
      for sample in 0..<samples {
        plane.fill(
          buffer.floats + sample * plane.count, with: values.source + sample * count, kernels)
      }
      return buffer
    }
    let imagePlanes = try planes(algorithm.imagePlane, images, imageCount)
    let gradientPlanes = try planes(algorithm.gradientPlane, gradients, outputCount)
    let outputs = GuardedFloats(count: samples * outputCount)
    let inputGradients = GuardedFloats(count: samples * imageCount)
    let kernelGradient = GuardedFloats(weights)
    for first in stride(from: 0, to: samples, by: algorithm.chunkSize) {
      let count = min(algorithm.chunkSize, samples - first)
      let chunk = Planes(
        first: Source(imagePlanes.floats) + first * algorithm.imagePlane.count,
        step: algorithm.imagePlane.count)
      algorithm.forward(
        ConvolutionForward(
          count: count, images: chunk,
          outputs: Planes(first: outputs.pointer + first * outputCount, step: outputCount),
          bias: bias.source, clampsAtZero: true, prepared: Source(prepared.floats),
          work: work.floats))
    }
    for first in stride(from: 0, to: samples, by: algorithm.chunkSize) {
      let count = min(algorithm.chunkSize, samples - first)
      algorithm.backward(
        ConvolutionBackward(
          count: count,
          images: Planes(
            first: Source(imagePlanes.floats) + first * algorithm.imagePlane.count,
            step: algorithm.imagePlane.count),
          gradients: Planes(
            first: Source(gradientPlanes.floats) + first * algorithm.gradientPlane.count,
            step: algorithm.gradientPlane.count),
          kernelGradient: kernelGradient.pointer,
          inputGradients: Planes(
            first: inputGradients.pointer + first * imageCount, step: imageCount),
          prepared: Source(prepared.floats), work: work.floats, isFirst: first == 0,
          isLast: first + count == samples))
    }
    for memory in [outputs, inputGradients, kernelGradient] { memory.expectGuards() }
    withExtendedLifetime((prepared, work, imagePlanes, gradientPlanes)) {}
    return Results(
      outputs: outputs.values, kernelGradient: kernelGradient.values,
      inputGradients: inputGradients.values)
  }

  @Test(
    arguments: KernelSelection.available,
    [
      // Several blocks to a sample, the last one lower; several samples to a block, the last block
      // with fewer.
      OperationTests.ConvolutionCase(size: (36, 45), channels: 64, filters: 64, padding: .same),
      OperationTests.ConvolutionCase(size: (9, 7), channels: 40, filters: 24),
      OperationTests.ConvolutionCase(
        size: (40, 40), channels: 17, filters: 96, kernel: (4, 4), padding: .same),
      OperationTests.ConvolutionCase(size: (21, 30), channels: 48, filters: 33, kernel: (5, 5)),
    ])
  func minimalFilteringIsTheDirectSum(
    _ kernels: Kernels, _ c: OperationTests.ConvolutionCase
  ) throws {
    let geometry = try OperationTests.geometry(c)
    let samples = 7
    let direct = try run(
      DirectConvolution(geometry, kernels), geometry, kernels, samples: samples)
    let winograd = try #require(WinogradConvolution(geometry, kernels, groupSize: 3))
    let fast = try run(winograd, geometry, kernels, samples: samples)
    // Measured 2 · 10⁻⁶ of the largest value and less, of which the direct sum has a part.
    for (found, expected) in [
      (fast.outputs, direct.outputs), (fast.kernelGradient, direct.kernelGradient),
      (fast.inputGradients, direct.inputGradients),
    ] {
      let scale = expected.map(abs).max() ?? 1
      expectClose(found, expected.doubles, absolute: 5e-6 * Double(scale))
    }
  }

  @Test(
    arguments: KernelSelection.available,
    [
      // Groups that a vector has several of, that it cuts, and that are few; more filters than
      // channels, and fewer; every kind of border.
      OperationTests.ConvolutionCase(
        size: (9, 11), channels: 32, filters: 32, padding: .same, groups: 16),
      OperationTests.ConvolutionCase(
        size: (8, 7), channels: 40, filters: 40, stride: (2, 2), padding: .same, groups: 5),
      OperationTests.ConvolutionCase(
        size: (9, 8), channels: 33, filters: 33, kernel: (2, 5), stride: (1, 3), groups: 11),
      OperationTests.ConvolutionCase(
        size: (6, 9), channels: 12, filters: 30, kernel: (4, 2), padding: .same, groups: 6),
      OperationTests.ConvolutionCase(
        size: (7, 6), channels: 24, filters: 4, kernel: (1, 1), stride: (3, 2), groups: 4),
      OperationTests.ConvolutionCase(
        size: (3, 4), channels: 9, filters: 18, kernel: (5, 6), padding: .same, groups: 9),
      OperationTests.ConvolutionCase(
        size: (9, 9), channels: 20, filters: 20, dilation: (2, 1), padding: .same, groups: 5),
    ])
  func groupsOfFewChannelsAreTheDirectSum(
    _ kernels: Kernels, _ c: OperationTests.ConvolutionCase
  ) throws {
    let geometry = try OperationTests.geometry(c)
    let direct = try run(DirectConvolution(geometry, kernels), geometry, kernels, samples: 2)
    let grouped = try #require(GroupedConvolution(geometry, kernels))
    let found = try run(grouped, geometry, kernels, samples: 2)
    for (found, expected) in [
      (found.outputs, direct.outputs), (found.kernelGradient, direct.kernelGradient),
      (found.inputGradients, direct.inputGradients),
    ] {
      // Sums of at most 300 numbers below 1.
      expectClose(found, expected.doubles, absolute: 512 * ulp)
    }
  }

  /// What is left to other algorithms: one group, groups that fill tiles, and taps that are not
  /// neighbours.
  @Test(arguments: [
    OperationTests.ConvolutionCase(channels: 4, filters: 4),
    OperationTests.ConvolutionCase(channels: 32, filters: 32, groups: 2),
    OperationTests.ConvolutionCase(channels: 8, filters: 8, dilation: (1, 2), groups: 4),
  ]) func groupsForOthers(_ c: OperationTests.ConvolutionCase) throws {
    #expect(
      GroupedConvolution(
        try OperationTests.geometry(c), try #require(KernelSelection.available.last)) == nil)
  }

  /// Every algorithm with products of bfloat16 numbers against floats.
  @Test(
    arguments: [ProductPrecision.split, .bfloat16],
    [
      OperationTests.ConvolutionCase(size: (9, 11), channels: 18, filters: 34, padding: .same),
      OperationTests.ConvolutionCase(
        size: (9, 8), channels: 10, filters: 16, stride: (2, 2), padding: .same),
      OperationTests.ConvolutionCase(
        size: (7, 7), channels: 16, filters: 8, kernel: (1, 1), stride: (2, 2)),
      OperationTests.ConvolutionCase(
        size: (20, 19), channels: 32, filters: 40, kernel: (2, 2), padding: .same),
    ])
  func roundedAgainstFloats(
    _ precision: ProductPrecision, _ c: OperationTests.ConvolutionCase
  ) throws {
    let geometry = try OperationTests.geometry(c)
    let floats = try #require(KernelSelection.available.last)
    let expected = try run(DirectConvolution(geometry, floats), geometry, floats, samples: 3)
    func compare(_ found: Results, _ tolerance: Double, _ what: String) {
      for (name, found, expected) in [
        ("outputs", found.outputs, expected.outputs),
        ("kernel gradient", found.kernelGradient, expected.kernelGradient),
        ("input gradients", found.inputGradients, expected.inputGradients),
      ] {
        let scale = Double(expected.map(abs).max() ?? 1)
        expectClose(found, expected.doubles, absolute: tolerance * scale, "\(what) \(name)")
      }
    }
    for level in bfloat16Levels where precision == .bfloat16 || level.bfloat16?.split != nil {
      let kernels = level.with(precision)
      compare(
        try run(DirectConvolution(geometry, kernels), geometry, kernels, samples: 3),
        precision == .split ? 1e-5 : 1e-2, "\(level.name), direct")
      if let winograd = WinogradConvolution(geometry, kernels, groupSize: 2) {
        compare(try run(winograd, geometry, kernels, samples: 3), 5e-5, "\(level.name), winograd")
      }
    }
  }
}
