import MartletKernelTable
import MartletKernels
import MartletTensors

/// The matrix product of two tensors: `(…, m, k)` and `(…, k, n)` → `(…, m, n)`, matrix by matrix; or
/// all rows of `(…, k)` by one matrix `(k, n)`.
package struct TensorProductOp: Operation {
  package init() {}
  package var label: String { "matrix product" }

  /// Extents of the product of two shapes: so many products of (m, k) and (k, n).
  private struct Extents {
    let products: Int, rows: Int, depth: Int, columns: Int

    init?(_ a: Shape, _ b: Shape) {
      guard b.rank >= 2, let last = a.last, b[b.rank - 2] == last else { return nil }
      depth = last
      columns = b[b.rank - 1]
      products = b.rank == 2 ? 1 : b.count / (depth * columns)
      rows = a.count / (depth * products)
      guard b.rank > 2 else { return }
      guard a.rank == b.rank, a.extents.dropLast(2) == b.extents.dropLast(2) else { return nil }
    }

    init(_ setting: Setting) {
      guard let extents = Extents(setting.inputShapes[0], setting.inputShapes[1]) else {
        preconditionFailure("the shape rule was asked")
      }
      self = extents
    }
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 2 else {
      throw .invalidArgument("a matrix product expects 2 inputs, got \(inputs.count)")
    }
    guard let extents = Extents(inputs[0], inputs[1]) else {
      throw .invalidArgument(
        "a matrix product expects (batch, …, m, k) and (batch, …, k, n), or a matrix (k, n) for the "
          + "second, got " + inputs.map(\.batchDescription).joined(separator: " and "))
    }
    return try Shape(inputs[0].extents.dropLast() + [extents.columns])
  }

  package func cost(_ setting: Setting) -> Cost {
    let e = Extents(setting)
    let shapes = setting.inputShapes + [setting.outputShape]
    return Cost(
      multiplyAdds: e.products * e.rows * e.depth * e.columns,
      bytes: shapes.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride)
  }

  package func needs(_ setting: Setting) -> Needs {
    let e = Extents(setting)
    var needs = Needs()
    needs.backwardReadsInputs = true
    if setting.isTraining {
      needs.scratchCount = setting.kernels.product.packedCount(depth: e.columns, columns: e.depth)
    }
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let e = Extents(site.setting)
    let kernels = site.kernels.product
    let zero = OffsetTable([0])
    return [
      .samples { sample, task in
        let (a, b, y) = (
          site.inputs[0].floats(sample, task), site.inputs[1].floats(sample, task),
          site.output.floats(sample, task)
        )
        for index in 0..<e.products {
          var product = Product(
            a: Source(a) + index * e.rows * e.depth, runOffsets: zero.pointer,
            b: Source(b) + index * e.depth * e.columns, c: y + index * e.rows * e.columns)
          product.aRowStep = e.depth
          product.runLength = e.depth
          product.bPanelStep = kernels.panelWidth
          product.bDepthStep = e.columns
          product.cRowStep = e.columns
          product.rows = e.rows
          product.columns = e.columns
          kernels.multiply(product)
        }
      }
    ]
  }

  /// da = dy · bᵀ and db = aᵀ · dy.
  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let e = Extents(site.setting)
    let kernels = site.kernels.product
    let width = kernels.packedWidth(e.depth)
    let zero = OffsetTable([0])
    return [
      .samples { sample, task in
        let (a, b, dy) = (
          Source(site.inputs[0].floats(sample, task)),
          Source(site.inputs[1].floats(sample, task)), Source(dOutput.floats(sample, task))
        )
        for index in 0..<e.products {
          let dyPart = dy + index * e.rows * e.columns
          if let dA = site.dInputs[0]?.floats(sample, task) {
            kernels.pack(
              b + index * e.depth * e.columns, 1, e.columns, e.columns, e.depth, task.scratch,
              width, e.columns * width)
            var product = Product(
              a: dyPart, runOffsets: zero.pointer, b: Source(task.scratch),
              c: dA + index * e.rows * e.depth)
            product.aRowStep = e.columns
            product.runLength = e.columns
            product.bIsPacked = true
            product.bPanelStep = e.columns * width
            product.bDepthStep = width
            product.cRowStep = e.depth
            product.rows = e.rows
            product.columns = e.depth
            kernels.multiply(product)
          }
          if let dB = site.dInputs[1]?.floats(sample, task) {
            var product = Product(
              a: a + index * e.rows * e.depth, runOffsets: zero.pointer, b: dyPart,
              c: dB + index * e.depth * e.columns)
            product.aRowStep = 1
            product.aDepthStep = e.depth
            product.runLength = e.rows
            product.bPanelStep = kernels.panelWidth
            product.bDepthStep = e.columns
            product.cRowStep = e.columns
            product.rows = e.depth
            product.columns = e.columns
            kernels.multiply(product)
          }
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    guard let e = Extents(setting.inputShapes[0], setting.inputShapes[1]) else { return [] }
    let aCount = e.rows * e.depth
    let bCount = e.depth * e.columns
    var y: [Double] = []
    for index in 0..<(setting.batch * e.products) {
      let a = Array(inputs[0][(index * aCount)..<((index + 1) * aCount)])
      let b = Array(inputs[1][(index * bCount)..<((index + 1) * bCount)])
      y += PlainProduct.multiply(a, b, rows: e.rows, depth: e.depth, columns: e.columns)
    }
    return y
  }
}
