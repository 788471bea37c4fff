import MartletKernelTable
import MartletKernels
import MartletTensors

/// Product of the last axis with a matrix, and what is fused onto it: y = f(x · w + b).
///
/// x `[…, K]`, w `[K, N]`, b `[N]`, y `[…, N]`. All samples of the batch, and all positions before
/// the last axis, are rows of one matrix. The work is divided by groups of samples where the matrix
/// is small (`MatrixBlocks.areGroups`), else by blocks of the result. The gradient of the matrix is
/// divided by blocks always, because a copy of it per group would cost more than the product.
package struct MatrixProductOp: LinearOperation {
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
    needs.defersGradients = true
    needs.preparedCount = FoldedWeights.count(
      normalization, weights: blocks.depth * units, channels: units)
    needs.preparedCount += blocks.packedCount(setting.kernels)
    if setting.givesInputGradient {
      needs.preparedCount += product.packedCount(depth: units, columns: blocks.depth)
    }
    return needs
  }
}

/// How the three products of a dense layer are cut into tasks: by sizes alone.
private struct MatrixBlocks {
  /// K, N and rows per sample.
  let depth: Int, units: Int, rowsPerSample: Int
  let rowCapacity: Int
  /// Whether output and input gradient are worked out group by group, without waiting for others.
  let areGroups: Bool
  /// Whether a matrix that has to be rounded is, whenever it has changed, before it is read; else on the way.
  let isPacked: Bool
  /// Rows and columns of one task of the product itself, and columns of one task of the gradients.
  let rowBlock: Int, columnBlock: Int
  let gradientColumnBlock: Int

  /// Elements of the matrix per row of a group, up to which groups read all of it: 256 KB where a
  /// group has 16 rows, 32 KB for two. To bring it near is then little beside the products.
  private static let elementsPerRow = 4096

  init(_ operation: MatrixProductOp, _ setting: Setting) {
    let panel = setting.kernels.product.panelWidth
    depth = setting.inputShapes[0].extents.last ?? 1
    units = operation.units
    rowsPerSample = setting.inputShapes[0].count / depth
    rowCapacity = rowsPerSample * setting.capacity
    let product = setting.kernels.product
    let isRounded = product.precision != .float32
    let isSmall =
      depth * units <= MatrixBlocks.elementsPerRow * rowsPerSample * setting.groupSize
    // A large matrix that every step changes is read but once or twice: rounded on the way, it need not be
    // written to memory and read again. Rounded numbers come in pairs along the depth.
    isPacked = isRounded && depth % 2 == 0 && (isSmall || !setting.isTraining)
    // Without its copy every group would round the matrix for itself; tiles want more rows than a group has.
    areGroups = isSmall && (!isRounded || (isPacked && product.speed <= 2))
    // A block of rows should stay in the second cache level while it meets its panels. A batch of
    // images is a single block or two, so columns make the tasks; the depth is long enough.
    rowBlock = 112
    columnBlock = rowCapacity <= rowBlock ? panel : 4 * panel
    gradientColumnBlock = 4 * panel
  }

  /// Floats of the packed matrix.
  func packedCount(_ kernels: Kernels) -> Int {
    isPacked ? kernels.product.packedCount(depth: depth, columns: units) : 0
  }

  static func count(_ extent: Int, of size: Int) -> Int { (extent + size - 1) / size }

  /// A stage that treats all rows of the batch, divided into groups or into blocks of rows and of
  /// `columns`.
  func stage(
    columns: Int, _ columnBlock: Int, _ body: @escaping (Rows, Range<Int>, borrowing Task) -> Void
  ) -> Stage {
    if areGroups {
      return .groups { task in
        body(
          Rows(task.samples.lowerBound, 0, task.samples.count * rowsPerSample), 0..<columns, task)
      }
    }
    let columnTasks = MatrixBlocks.count(columns, of: columnBlock)
    return .batch(tasks: MatrixBlocks.count(rowCapacity, of: rowBlock) * columnTasks) {
      index, task in
      let first = index / columnTasks * rowBlock
      let count = min(rowBlock, task.batchCount * rowsPerSample - first)
      let column = index % columnTasks * columnBlock
      guard count > 0 else { return }
      body(Rows(0, first, count), column..<min(column + columnBlock, columns), task)
    }
  }

  /// Some rows, from the first one of a sample on.
  struct Rows {
    let sample: Int, first: Int, count: Int

    init(_ sample: Int, _ first: Int, _ count: Int) {
      self.sample = sample
      self.first = first
      self.count = count
    }

    /// The first of them in a tensor with rows of so many elements.
    func start(in place: Place, _ length: Int, _ task: borrowing Task) -> Target {
      place.floats(sample, task) + first * length
    }
  }
}

extension MatrixProductOp {
  private func weights(_ site: Site) -> FoldedWeights {
    FoldedWeights(
      normalization, hasBias: hasBias, channels: units, site.variables, in: site.prepared)
  }

  package func prepare(_ site: Site) -> [Stage] {
    let blocks = MatrixBlocks(self, site.setting)
    let weights = weights(site)
    let matrix = weights.weights
    var stages = weights.stages
    if blocks.isPacked {
      stages.append(
        packing(
          matrix, depthStep: units, columnStep: 1, depth: blocks.depth, columns: units,
          into: weights.prepared, site.kernels))
    }
    // The transpose is for the input's gradient.
    if site.setting.givesInputGradient {
      stages.append(
        packing(
          matrix, depthStep: 1, columnStep: units, depth: units, columns: blocks.depth,
          into: weights.prepared + blocks.packedCount(site.kernels), site.kernels))
    }
    return stages
  }

  /// Lays a matrix out in panels, a few of them in each task.
  private func packing(
    _ matrix: Source, depthStep: Int, columnStep: Int, depth: Int, columns: Int,
    into target: Target, _ kernels: Kernels
  ) -> Stage {
    let block = 4 * kernels.product.panelWidth
    let width = kernels.product.packedWidth(columns)
    return .batch(tasks: MatrixBlocks.count(columns, of: block)) { index, _ in
      let first = index * block
      kernels.product.pack(
        matrix + first * columnStep, depthStep, columnStep, depth, min(block, columns - first),
        target + first * depth, width, depth * width)
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    let blocks = MatrixBlocks(self, site.setting)
    let kernels = site.kernels
    let weights = weights(site)
    let packed = Source(weights.prepared)
    let width = kernels.product.packedWidth(units)
    let clamps = activation == .relu
    let activatesAfterwards = activation != .linear && !clamps
    let (depth, units) = (blocks.depth, units)
    let zero = OffsetTable([0])
    return [
      blocks.stage(columns: units, blocks.columnBlock) { rows, columns, task in
        let first = columns.lowerBound
        let y = rows.start(in: site.output, units, task) + first
        var product = Product(
          a: Source(rows.start(in: site.inputs[0], depth, task)), runOffsets: zero.pointer,
          b: blocks.isPacked ? packed + first * depth : weights.weights + first, c: y)
        product.aRowStep = depth
        product.runLength = depth
        product.bIsPacked = blocks.isPacked
        product.bPanelStep = blocks.isPacked ? depth * width : kernels.product.panelWidth
        product.bDepthStep = blocks.isPacked ? width : units
        product.work = task.scratch
        product.cRowStep = units
        product.rows = rows.count
        product.columns = columns.count
        product.bias = weights.bias.map { $0 + first }
        product.clampsAtZero = clamps
        kernels.product.multiply(product)
        if activatesAfterwards {
          for row in 0..<rows.count {
            kernels.elementwise.activate(
              activation, Source(y + row * units), y + row * units, columns.count)
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
    var stages: [Stage] = []
    if activation != .linear {
      // From here on the place of dy holds dz.
      stages.append(
        blocks.stage(columns: units, units) { rows, _, task in
          let y = Source(rows.start(in: site.output, units, task))
          let dy = rows.start(in: dOutput, units, task)
          kernels.elementwise.activateBackward(
            activation, y, y, Source(dy), dy, rows.count * units)
        })
    }
    if let dInput = site.dInputs[0] {
      let width = kernels.product.packedWidth(depth)
      let prepared = Source(weights(site).prepared + blocks.packedCount(kernels))
      let zero = OffsetTable([0])
      stages.append(
        blocks.stage(columns: depth, blocks.gradientColumnBlock) { rows, columns, task in
          // dx = dz · wᵀ
          let first = columns.lowerBound
          var product = Product(
            a: Source(rows.start(in: dOutput, units, task)), runOffsets: zero.pointer,
            b: prepared + first * units, c: rows.start(in: dInput, depth, task) + first)
          product.aRowStep = units
          product.runLength = units
          product.bIsPacked = true
          product.bPanelStep = units * width
          product.bDepthStep = width
          product.work = task.scratch
          product.cRowStep = depth
          product.rows = rows.count
          product.columns = columns.count
          kernels.product.multiply(product)
        })
    }
    return stages
  }

  package func gradients(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let blocks = MatrixBlocks(self, site.setting)
    let kernels = site.kernels
    let (depth, units) = (blocks.depth, units)
    let matrixGradient = site.gradients[0]?.model
    let biasGradient = hasBias ? site.gradients[1]?.model : nil
    let columnTasks = MatrixBlocks.count(units, of: blocks.gradientColumnBlock)
    let matrixTasks =
      matrixGradient == nil ? 0 : MatrixBlocks.count(depth, of: blocks.rowBlock) * columnTasks
    let zero = OffsetTable([0])
    return [
      .batch(tasks: matrixTasks + (biasGradient == nil ? 0 : 1)) { index, task in
        let dz = Source(dOutput.floats(0, task))
        let rowCount = task.batchCount * blocks.rowsPerSample
        if index < matrixTasks, let matrixGradient {
          // dw = xᵀ · dz
          let row = index / columnTasks * blocks.rowBlock
          let column = index % columnTasks * blocks.gradientColumnBlock
          var product = Product(
            a: Source(site.inputs[0].floats(0, task)) + row, runOffsets: zero.pointer,
            b: dz + column, c: matrixGradient.pointer + (row * units + column))
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
            dz, units, rowCount, units, 1, biasGradient.pointer, biasGradient.accumulates)
        }
      }
    ]
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
