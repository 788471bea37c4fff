import MartletKernelTable
import MartletKernels
import MartletTensors

/// Product of the last axis with a matrix, and what is fused onto it: y = f(x · w + b).
///
/// x `[…, K]`, w `[K, N]`, b `[N]`, y `[…, N]`. All samples of the batch, and all positions before
/// the last axis, are rows of one matrix; the work is divided by blocks of the result, because a
/// copy of the gradient of a wide matrix per group of samples would cost more than the product.
package struct MatrixProductOp: Operation {
  package let units: Int
  package var hasBias = false
  /// By moving averages, along the units, where no variable of both has a gradient: part of w and b.
  package var normalization: BatchNormalizationOp?
  package var activation = Activation.linear

  /// What a layer's policy asks for; `nil` for what the plan does.
  package let precision: ProductPrecision?

  package init(units: Int, precision: ProductPrecision? = nil) {
    self.units = units
    self.precision = precision
  }

  package var label: String {
    "matrix product" + (hasBias ? " + bias" : "")
      + (normalization == nil ? "" : " + batch normalization")
      + (activation == .linear ? "" : " + activation")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 1, inputs[0].rank >= 1 else {
      throw .invalidArgument(
        "matrix product expects an input of at least one axis beside the batch, "
          + "got \(inputs.map(\.batchDescription).joined(separator: ", "))")
    }
    return try Shape(inputs[0].extents.dropLast() + [units])
  }

  /// bfloat16 numbers come in pairs of units for the input's gradient. A few of them would not fill
  /// the registers.
  package func productPrecision(_ wanted: ProductPrecision, inputs: [Shape]) -> ProductPrecision {
    units % 2 == 0 && units >= 8 ? precision ?? wanted : .float32
  }

  package func needs(_ setting: Setting) -> Needs {
    let blocks = MatrixBlocks(self, setting)
    let product = setting.kernels.product
    var needs = Needs()
    needs.scratchCount = max(
      product.workCount(depth: blocks.depth, columns: blocks.columnBlock),
      setting.isTraining
        ? product.workCount(depth: blocks.rowCapacity, columns: blocks.gradientColumnBlock) : 0)
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear
    needs.gradientSums = [0: .batch, 1: .batch]
    needs.preparedCount = FoldedWeights.count(
      normalization, weights: blocks.depth * units, channels: units)
    if setting.givesInputGradient {
      needs.preparedCount += product.packedCount(depth: units, columns: blocks.depth)
    }
    if setting.isTraining, activation != .linear {
      needs.savedBytesPerBatch =
        blocks.rowCapacity * units * MemoryLayout<Float>.stride + Buffer.slack
    }
    return needs
  }
}

/// How the three products of a dense layer are cut into tasks: by sizes alone.
private struct MatrixBlocks {
  /// K, N and rows per sample.
  let depth: Int, units: Int, rowsPerSample: Int
  let rowCapacity: Int
  /// Rows and columns of one task of the product itself, and columns of one task of the gradients.
  let rowBlock: Int, columnBlock: Int
  let gradientColumnBlock: Int

  init(_ operation: MatrixProductOp, _ setting: Setting) {
    let panel = setting.kernels.product.panelWidth
    depth = setting.inputShapes[0].extents.last ?? 1
    units = operation.units
    rowsPerSample = setting.inputShapes[0].count / depth
    rowCapacity = rowsPerSample * setting.capacity
    // A block of rows should stay in the second cache level while it meets its panels. A batch of
    // images is a single block or two, so columns make the tasks; the depth is long enough.
    rowBlock = 112
    columnBlock = rowCapacity <= rowBlock ? panel : 4 * panel
    gradientColumnBlock = 4 * panel
  }

  static func blocks(_ count: Int, of size: Int) -> Int { (count + size - 1) / size }
}

extension MatrixProductOp {
  private func weights(_ site: Site) -> FoldedWeights {
    FoldedWeights(normalization, hasBias: hasBias, site.variables, in: site.prepared)
  }

  package func prepare(_ site: Site) -> [Stage] {
    let weights = weights(site)
    // The forward product reads the matrix in place; its transpose is for the input's gradient.
    guard site.setting.givesInputGradient else { return weights.stages }
    let blocks = MatrixBlocks(self, site.setting)
    let kernels = site.kernels
    let panel = kernels.product.panelWidth
    let width = kernels.product.packedWidth(blocks.depth)
    let (matrix, prepared) = (weights.weights, weights.prepared)
    let units = units
    return weights.stages + [
      .batch(tasks: MatrixBlocks.blocks(blocks.depth, of: 4 * panel)) { index, _ in
        let first = index * 4 * panel
        kernels.product.pack(
          matrix + first * units, 1, units, units, min(4 * panel, blocks.depth - first),
          prepared + first * units, width, units * width)
      }
    ]
  }

  package func forward(_ site: Site) -> [Stage] {
    let blocks = MatrixBlocks(self, site.setting)
    let kernels = site.kernels
    let weights = weights(site)
    let clamps = activation == .relu
    let activatesAfterwards = activation != .linear && !clamps
    let columnTasks = MatrixBlocks.blocks(units, of: blocks.columnBlock)
    let rowTasks = MatrixBlocks.blocks(blocks.rowCapacity, of: blocks.rowBlock)
    let zero = OffsetTable([0])
    return [
      .batch(tasks: rowTasks * columnTasks) { index, task in
        let row = index / columnTasks * blocks.rowBlock
        let column = index % columnTasks * blocks.columnBlock
        let rows = min(blocks.rowBlock, task.batchCount * blocks.rowsPerSample - row)
        guard rows > 0 else { return }
        let columns = min(blocks.columnBlock, units - column)
        let y = site.output.floats(0, task) + (row * units + column)
        var product = Product(
          a: Source(site.inputs[0].floats(0, task)) + row * blocks.depth,
          runOffsets: zero.pointer, b: weights.weights + column, c: y)
        product.aRowStep = blocks.depth
        product.runLength = blocks.depth
        product.bPanelStep = kernels.product.panelWidth
        product.bDepthStep = units
        product.work = task.scratch
        product.cRowStep = units
        product.rows = rows
        product.columns = columns
        product.bias = weights.bias.map { $0 + column }
        product.clampsAtZero = clamps
        kernels.product.multiply(product)
        if activatesAfterwards {
          for row in 0..<rows {
            kernels.elementwise.activate(
              activation, Source(y + row * units), y + row * units, columns)
          }
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let blocks = MatrixBlocks(self, site.setting)
    let kernels = site.kernels
    let (depth, units) = (blocks.depth, units)
    let dz = site.batchSaved.assumingMemoryBound(to: Float.self)
    let isLinear = activation == .linear
    let dInput = site.dInputs[0]
    let matrixGradient = site.gradients[0]?.model
    let biasGradient = hasBias ? site.gradients[1]?.model : nil
    let zero = OffsetTable([0])

    var stages: [Stage] = []
    if !isLinear {
      stages.append(
        .batch(tasks: MatrixBlocks.blocks(blocks.rowCapacity, of: blocks.rowBlock)) { index, task in
          let row = index * blocks.rowBlock
          let rows = min(blocks.rowBlock, task.batchCount * blocks.rowsPerSample - row)
          guard rows > 0 else { return }
          let y = Source(site.output.floats(0, task)) + row * units
          let dy = Source(dOutput.floats(0, task)) + row * units
          kernels.elementwise.activateBackward(activation, y, y, dy, dz + row * units, rows * units)
        })
    }

    // Input gradient, matrix gradient and bias gradient do not wait for each other: one stage.
    let columnTasks = MatrixBlocks.blocks(units, of: blocks.gradientColumnBlock)
    let matrixTasks =
      matrixGradient == nil ? 0 : MatrixBlocks.blocks(depth, of: blocks.rowBlock) * columnTasks
    let inputColumnTasks = MatrixBlocks.blocks(depth, of: blocks.gradientColumnBlock)
    let inputTasks =
      dInput == nil
      ? 0 : MatrixBlocks.blocks(blocks.rowCapacity, of: blocks.rowBlock) * inputColumnTasks
    let width = kernels.product.packedWidth(depth)
    let prepared = Source(weights(site).prepared)

    stages.append(
      .batch(tasks: inputTasks + matrixTasks + (biasGradient == nil ? 0 : 1)) { index, task in
        let gradient = isLinear ? Source(dOutput.floats(0, task)) : Source(dz)
        let rowCount = task.batchCount * blocks.rowsPerSample
        if index < inputTasks, let dInput {
          // dx = dz · wᵀ
          let row = index / inputColumnTasks * blocks.rowBlock
          let column = index % inputColumnTasks * blocks.gradientColumnBlock
          let rows = min(blocks.rowBlock, rowCount - row)
          guard rows > 0 else { return }
          var product = Product(
            a: gradient + row * units, runOffsets: zero.pointer,
            b: prepared + column * units,
            c: dInput.floats(0, task) + (row * depth + column))
          product.aRowStep = units
          product.runLength = units
          product.bIsPacked = true
          product.bPanelStep = units * width
          product.bDepthStep = width
          product.work = task.scratch
          product.cRowStep = depth
          product.rows = rows
          product.columns = min(blocks.gradientColumnBlock, depth - column)
          kernels.product.multiply(product)
        } else if index < inputTasks + matrixTasks, let matrixGradient {
          // dw = xᵀ · dz
          let block = index - inputTasks
          let row = block / columnTasks * blocks.rowBlock
          let column = block % columnTasks * blocks.gradientColumnBlock
          var product = Product(
            a: Source(site.inputs[0].floats(0, task)) + row, runOffsets: zero.pointer,
            b: gradient + column, c: matrixGradient.pointer + (row * units + column))
          product.aRowStep = 1
          product.aDepthStep = depth
          product.runLength = rowCount
          product.bPanelStep = kernels.product.panelWidth
          product.bDepthStep = units
          product.work = task.scratch
          product.cRowStep = units
          product.rows = min(blocks.rowBlock, depth - row)
          product.columns = min(blocks.gradientColumnBlock, units - column)
          product.accumulates = matrixGradient.accumulates
          kernels.product.multiply(product)
        } else if let biasGradient {
          kernels.reduction.columnSums(
            gradient, units, rowCount, units, 1, biasGradient.pointer, biasGradient.accumulates)
        }
      })
    return stages
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let depth = setting.inputShapes[0].extents.last ?? 1
    var y = PlainProduct.multiply(
      inputs[0], variables[0], rows: inputs[0].count / depth, depth: depth, columns: units)
    if hasBias { for index in y.indices { y[index] += variables[1][index % units] } }
    if let normalization {
      y = normalization.normalized(
        y, channels: units, Array(variables[(hasBias ? 2 : 1)...]))
    }
    return y.map { PlainElementwise.activate(activation, $0) }
  }
}
