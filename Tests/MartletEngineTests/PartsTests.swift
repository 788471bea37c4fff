import MartletDispatch
import MartletEngine
import MartletKernelTable
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Forward passes of few samples, which are cut into parts, against those of many, which are not.
@Suite struct PartsTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var size: Int, channels: Int, filters: Int
    var kernel = 3, stride = 1, dilation = 1, groups = 1
    var padding = Padding.same
    var pool: (size: Int, stride: Int, padding: Padding)?
    var activation = Activation.relu
    /// Parts of a single sample.
    var parts: Int
    var testDescription: String {
      "\(size)² \(channels)→\(filters) kernel \(kernel) stride \(stride) dilation \(dilation) "
        + "groups \(groups) pool \(pool.map { "\($0)" } ?? "none"): \(parts) parts"
    }

    func geometry() throws -> ConvolutionGeometry {
      let axis = try #require(
        WindowAxis(
          input: size, kernel: kernel, stride: stride, dilation: dilation, padding: padding))
      return ConvolutionGeometry(
        vertical: axis, horizontal: axis, channels: channels, filters: filters, groups: groups)
    }

    func program() throws -> Program {
      let geometry = try geometry()
      var program = Program()
      var x = program.addInput(try Shape([size, size, channels]))
      let isDepthwise = groups == channels
      let operation: any Operation =
        isDepthwise
        ? DepthwiseConvolutionOp(geometry: geometry) : ConvolutionOp(geometry: geometry)
      let kernel = try Variable(name: "kernel", shape: Shape(geometry.kernelExtents))
      x = try program.apply(operation, to: [x], variables: [kernel], layer: "sum")
      let bias = try Variable(name: "bias", shape: Shape([filters]))
      x = try program.apply(BiasOp(), to: [x], variables: [bias], layer: "sum")
      x = try program.apply(ActivationOp(activation), to: [x], layer: "activation")
      if let pool {
        let axis = try #require(
          WindowAxis(
            input: geometry.vertical.output, kernel: pool.size, stride: pool.stride,
            padding: pool.padding))
        x = try program.apply(
          MaximumPoolingOp(
            geometry: PoolingGeometry(vertical: axis, horizontal: axis, channels: filters)),
          to: [x], layer: "pool")
      }
      program.outputs = [x]
      return program
    }
  }

  private func predict(
    _ program: Program, _ images: [Float], samples: Int, capacity: Int, _ kernels: Kernels,
    _ precision: ProductPrecision
  ) throws -> [Float] {
    let plan = try Plan(
      program, capacity: capacity, isTraining: false, kernels: kernels, precision: precision)
    let shape = program.shapes[program.inputs[0]]
    let outputCount = program.shapes[program.outputs[0]].count
    let result = GuardedFloats(count: samples * outputCount)
    let feed = Feed()
    for first in stride(from: 0, to: samples, by: capacity) {
      let count = min(capacity, samples - first)
      let batch = GuardedFloats(
        Array(images[(first * shape.count)..<((first + count) * shape.count)]))
      feed.predictions = [result.pointer + first * outputCount]
      feed.inputs = [
        ArrayView(
          data: UnsafeRawPointer(batch.pointer), elementType: .float32,
          extents: [count] + shape.extents)
      ]
      try plan.run(feed, count: count, step: 0)
    }
    result.expectGuards()
    return result.values
  }

  /// Tasks of the fused operation's forward pass, for a batch of so many samples.
  private func parts(
    _ program: Program, _ capacity: Int, _ kernels: Kernels, _ precision: ProductPrecision
  ) -> Int {
    let fused = program.fused(isTraining: false, computesGradients: false)
    let instruction = fused.instructions[0]
    let inputShapes = instruction.inputs.map { fused.shapes[$0] }
    let precision = instruction.operation.productPrecision(precision, inputs: inputShapes)
    let setting = Setting(
      kernels: kernels.with(precision), inputShapes: inputShapes,
      outputShape: fused.shapes[instruction.output], capacity: capacity, groupSize: 1,
      isTraining: false, givesInputGradient: false)
    let nowhere = GuardedFloats(count: 1)
    let place = Place(arena: UnsafeMutableRawPointer(nowhere.pointer), byteStride: 4)
    let stages = instruction.operation.forward(
      Site(
        setting: setting, inputs: [place], output: place, variables: instruction.variables,
        saved: place, batchSaved: UnsafeMutableRawPointer(nowhere.pointer),
        prepared: nowhere.pointer, index: 0, dOutput: nil, dInputs: [nil],
        gradients: instruction.variables.map { _ in nil }))
    guard stages.count == 1, case .batch(let tasks, _) = stages[0] else { return 1 }
    return tasks / capacity
  }

  private static let cases = [
    // By rows: the minimal filtering, the direct sum, with and without borders, strides, dilation.
    Case(size: 33, channels: 24, filters: 40, parts: 8),
    Case(size: 30, channels: 24, filters: 32, padding: .valid, parts: 5),
    Case(size: 29, channels: 40, filters: 48, kernel: 1, parts: 1),
    Case(size: 56, channels: 64, filters: 48, kernel: 1, stride: 2, parts: 2),
    Case(size: 40, channels: 32, filters: 48, stride: 2, parts: 5),
    Case(size: 40, channels: 16, filters: 48, dilation: 3, activation: .tanh, parts: 8),
    Case(size: 41, channels: 3, filters: 64, kernel: 7, padding: .valid, parts: 2),
    Case(size: 48, channels: 48, filters: 48, groups: 12, parts: 3),
    Case(size: 80, channels: 40, filters: 40, groups: 40, activation: .elu(alpha: 1), parts: 2),
    Case(size: 64, channels: 96, filters: 96, kernel: 5, stride: 2, groups: 96, parts: 2),
    // With pooling: windows side by side, and windows that overlap.
    Case(size: 36, channels: 24, filters: 32, pool: (2, 2, .valid), parts: 8),
    Case(size: 37, channels: 24, filters: 32, pool: (3, 2, .valid), activation: .tanh, parts: 8),
    Case(size: 36, channels: 24, filters: 32, pool: (3, 2, .same), parts: 8),
    // Zeros before the first row of windows.
    Case(size: 36, channels: 24, filters: 32, pool: (3, 1, .same), parts: 1),
    // By filters.
    Case(size: 7, channels: 160, filters: 192, parts: 6),
    Case(size: 7, channels: 512, filters: 320, kernel: 1, activation: .sigmoid, parts: 7),
    Case(size: 9, channels: 128, filters: 256, stride: 2, parts: 7),
    Case(size: 8, channels: 160, filters: 128, pool: (2, 2, .valid), parts: 4),
    // Panels that are cut.
    Case(size: 7, channels: 160, filters: 180, parts: 5),
    Case(size: 7, channels: 320, filters: 144, parts: 4),
  ]

  @Test(arguments: cases) func bitsOfTheWhole(_ c: Case) throws {
    let program = try c.program()
    var numbers = SeededGenerator(seed: c.size)
    for variable in program.variables {
      variable.mutableValues().update(from: numbers.floats(variable.count), count: variable.count)
    }
    let samples = 5
    let images = numbers.floats(samples * program.shapes[program.inputs[0]].count)
    for kernels in KernelSelection.available {
      for precision in [ProductPrecision.float32, .bfloat16] {
        let whole = try predict(program, images, samples: samples, capacity: 64, kernels, precision)
        for capacity in [1, 2, 3] {
          let found = try predict(
            program, images, samples: samples, capacity: capacity, kernels, precision)
          #expect(
            found.map(\.bitPattern) == whole.map(\.bitPattern),
            "\(kernels.name), \(precision), batches of \(capacity)")
        }
      }
    }
    let kernels = try #require(KernelSelection.available.last)
    if kernels.vectorWidth == 16 {
      #expect(parts(program, 1, kernels, .float32) == c.parts)
      #expect(parts(program, 4, kernels, .float32) == 1)
    }
  }
}
