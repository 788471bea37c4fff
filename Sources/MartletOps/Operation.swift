import MartletKernelTable
import MartletTensors

/// A primitive operation: the only things that have a forward and a backward pass.
///
/// An operation is a value that holds attributes only. At plan time it is bound to a `Site`, the
/// places of its tensors, and answers with `Stage`s that the executor calls for every batch.
/// Shapes are those of one sample; every tensor has the batch as an outermost axis.
package protocol Operation: Sendable {
  /// The field's name for it, for errors and profiles: `convolution`, `max pooling`.
  var label: String { get }

  /// The shape rule.
  ///
  /// - Throws: `invalidArgument` that says what was expected and what came. The graph adds the
  ///   layer's name.
  func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape

  /// Whether the output is the only input under another shape. Such an operation has no stages:
  /// both values share one place.
  func isIdentity(isTraining: Bool) -> Bool

  /// The operation that does always what this one does outside training.
  var outsideTraining: any Operation { get }

  /// How exactly the products of this operation are worked out, where the plan asks for `wanted`.
  /// Setting and site then have the kernels for it.
  func productPrecision(_ wanted: ProductPrecision, inputs: [Shape]) -> ProductPrecision

  /// Memory wanted beside inputs and output, and what the backward pass will read again.
  func needs(_ setting: Setting) -> Needs

  /// Arithmetic and memory traffic of the forward pass. The gradient of an input takes as much
  /// arithmetic again, and so does that of the variables.
  func cost(_ setting: Setting) -> Cost

  /// Lays out variables for the kernels. Runs when a variable has changed, one stage after the other.
  func prepare(_ site: Site) -> [Stage]
  func forward(_ site: Site) -> [Stage]
  /// Writes the output once more, from the inputs and what the forward pass kept, where that is less
  /// than to keep it until the backward pass (`Needs.repeatsOutput`). Only stages by groups.
  func forwardAgain(_ site: Site) -> [Stage]
  /// Writes `dInputs` and adds to (or writes) the gradients of the variables. `dOutput` is read by
  /// nobody else afterwards and may be overwritten.
  func backward(_ site: Site) -> [Stage]
  /// The gradients of the variables where `backward` leaves them out (`Needs.defersGradients`): a
  /// batch stage that no layer before this one waits for. Runs behind the whole backward pass, side
  /// by side with those of other operations; what `backward` could read is still there, `dOutput` as
  /// it was left.
  func gradients(_ site: Site) -> [Stage]

  /// Changes that a training step makes besides the optimizer's, moving averages for one. Runs
  /// after the backward pass, and only where the step is accepted (its loss is a number).
  func commit(_ site: Site) -> [Stage]

  /// The same forward pass in plain loops and double precision: the twin that the tests hold
  /// values and, by central differences, gradients against. Never called outside tests.
  func reference(_ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting) -> [Double]
}

extension Operation {
  package func isIdentity(isTraining: Bool) -> Bool { false }
  package var outsideTraining: any Operation { self }
  package func productPrecision(_ wanted: ProductPrecision, inputs: [Shape]) -> ProductPrecision {
    .float32
  }
  package func needs(_ setting: Setting) -> Needs { Needs() }
  package func prepare(_ site: Site) -> [Stage] { [] }
  package func forwardAgain(_ site: Site) -> [Stage] { [] }
  package func gradients(_ site: Site) -> [Stage] { [] }
  package func commit(_ site: Site) -> [Stage] { [] }
}

/// What an operation knows before anything has a place.
package struct Setting {
  package let kernels: Kernels
  package let inputShapes: [Shape]
  package let outputShape: Shape
  /// Most samples in one batch, and in one group of it.
  package let capacity: Int
  package let groupSize: Int
  package let isTraining: Bool
  /// Whether the backward pass will ask for the gradient of an input: not in a first layer.
  package let givesInputGradient: Bool

  package init(
    kernels: Kernels, inputShapes: [Shape], outputShape: Shape, capacity: Int, groupSize: Int,
    isTraining: Bool, givesInputGradient: Bool
  ) {
    self.kernels = kernels
    self.inputShapes = inputShapes
    self.outputShape = outputShape
    self.capacity = capacity
    self.groupSize = groupSize
    self.isTraining = isTraining
    self.givesInputGradient = givesInputGradient
  }

  package var groupCapacity: Int { (capacity + groupSize - 1) / groupSize }

  /// Multiply-adds that are worth a task of their own: some fifteen microseconds of work.
  private static let leastPartWork = 1 << 20

  /// Into how many tasks an operation may cut its forward pass of a sample that takes so many
  /// multiply-adds: there is work for several threads where a batch has few samples.
  package func parts(multiplyAdds: Int) -> Int {
    if isTraining || groupCapacity > 3 { return 1 }
    return max(1, min(8 / groupCapacity, multiplyAdds / Setting.leastPartWork))
  }
}

/// What the plain twins of random and batch-wide operations must know.
package struct ReferenceSetting {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let batch: Int
  package let isTraining: Bool
  package let step: UInt64
  /// Number of the instruction, as `Site.index`.
  package let index: Int

  package init(
    inputShapes: [Shape], outputShape: Shape, batch: Int, isTraining: Bool, step: UInt64, index: Int
  ) {
    self.index = index
    self.inputShapes = inputShapes
    self.outputShape = outputShape
    self.batch = batch
    self.isTraining = isTraining
    self.step = step
  }
}

package struct Needs {
  /// Kept from forward to backward for each sample, for instance the winners of max pooling.
  package var savedBytesPerSample = 0
  /// Kept for the batch, for instance its mean and variance.
  package var savedBytesPerBatch = 0
  /// Packed variables.
  package var preparedCount = 0
  /// Floats that a running stage may use and nobody reads afterwards.
  package var scratchCount = 0
  package var backwardReadsInputs = false
  package var backwardReadsOutput = false
  /// Whether the output is cheaper to work out again than to keep for those that read it in the
  /// backward pass. The backward pass must not read it itself, and must read the inputs.
  package var repeatsOutput = false
  /// Inputs whose gradient can be written over that of the output. The first of them that wants one
  /// gets the output's place for it.
  package var gradientsInPlace: [Int] = []
  /// Whether the gradients of the variables come from `gradients`.
  package var defersGradients = false
  /// Where the gradient of each variable is summed; `.groups` for those not named.
  package var gradientSums: [Int: GradientSum] = [:]

  package init() {}
}

/// How the gradient of a variable comes together from the samples of a batch.
package enum GradientSum: Equatable {
  /// A `.groups` stage adds each group's part to that group's own slab; the slabs are summed in
  /// order at the end of the step.
  case groups
  /// A `.batch` stage works it out for the whole batch: where a copy per group would be too much
  /// memory traffic, or where batch-wide sums are needed anyway.
  case batch
}

/// A part of a step. Its partition into tasks depends on the plan alone, never on the number of
/// threads, so every sum has one order.
package enum Stage {
  /// Called for each group of samples. Neighbouring stages of this kind run back to back on one
  /// group while its data is in cache.
  case groups((borrowing Task) -> Void)
  /// Called `tasks` times, after everything before it and before everything behind it.
  case batch(tasks: Int, (_ index: Int, borrowing Task) -> Void)

  /// A stage that treats parts of samples by themselves.
  package static func parts(
    _ count: Int, _ setting: Setting,
    _ body: @escaping (_ part: Int, _ sample: Int, borrowing Task) -> Void
  ) -> Stage {
    guard count > 1 else { return .samples { sample, task in body(0, sample, task) } }
    return .batch(tasks: setting.capacity * count) { index, task in
      let (sample, part) = index.quotientAndRemainder(dividingBy: count)
      if sample < task.batchCount { body(part, sample, task) }
    }
  }

  /// A `.groups` stage that treats each sample by itself.
  package static func samples(_ body: @escaping (_ sample: Int, borrowing Task) -> Void) -> Stage {
    .groups { task in
      for sample in task.samples { body(sample, task) }
    }
  }
}

/// What a stage gets when it runs.
package struct Task: ~Copyable {
  /// Samples in this batch.
  package let batchCount: Int
  /// The group's samples. For a `.batch` stage, all.
  package let samples: Range<Int>
  package let group: Int
  /// Number of optimizer steps done before this one: the counter of the random numbers.
  package let step: UInt64
  package let scratch: UnsafeMutablePointer<Float>
  /// Memory for values that live within one group.
  package let local: UnsafeMutableRawPointer
  /// This group's sums of gradients.
  package let slab: UnsafeMutablePointer<Float>
  /// The data of the batch.
  package let feed: Unmanaged<Feed>

  package init(
    batchCount: Int, samples: Range<Int>, group: Int, step: UInt64,
    scratch: UnsafeMutablePointer<Float>, local: UnsafeMutableRawPointer,
    slab: UnsafeMutablePointer<Float>, feed: Unmanaged<Feed>
  ) {
    self.batchCount = batchCount
    self.samples = samples
    self.group = group
    self.step = step
    self.scratch = scratch
    self.local = local
    self.slab = slab
    self.feed = feed
  }
}

/// Where a tensor lives: in the arena for the whole batch, or in the memory of the running group.
package struct Place: Equatable {
  private let arena: UnsafeMutableRawPointer?
  private let localOffset: Int
  /// Bytes from one sample to the next.
  package let byteStride: Int

  package init(arena: UnsafeMutableRawPointer, byteStride: Int) {
    self.arena = arena
    self.localOffset = 0
    self.byteStride = byteStride
  }

  /// - Parameter localOffset: Bytes into `Task.local`, where the group's first sample goes.
  package init(localOffset: Int, byteStride: Int) {
    self.arena = nil
    self.localOffset = localOffset
    self.byteStride = byteStride
  }

  package func bytes(_ sample: Int, _ task: borrowing Task) -> UnsafeMutableRawPointer {
    if let arena { return arena + sample * byteStride }
    return task.local + (localOffset + (sample - task.samples.lowerBound) * byteStride)
  }

  package func floats(_ sample: Int, _ task: borrowing Task) -> UnsafeMutablePointer<Float> {
    bytes(sample, task).assumingMemoryBound(to: Float.self)
  }
}

/// Where the gradient of a variable is written.
package struct GradientPlace {
  package enum Target {
    /// Floats into `Task.slab`, which holds zeros when the group starts: always add.
    case slab(offset: Int)
    /// In the gradient buffer of the model.
    case model(UnsafeMutablePointer<Float>, accumulates: Bool)
  }
  package let target: Target

  package init(_ target: Target) { self.target = target }

  package func slab(_ task: borrowing Task) -> UnsafeMutablePointer<Float> {
    guard case .slab(let offset) = target else {
      preconditionFailure("a group stage writes gradients to its slab")
    }
    return task.slab + offset
  }

  package var model: (pointer: UnsafeMutablePointer<Float>, accumulates: Bool) {
    guard case .model(let pointer, let accumulates) = target else {
      preconditionFailure("a batch stage writes gradients to the model's buffer")
    }
    return (pointer, accumulates)
  }
}

/// An operation's tensors, with their places.
package struct Site {
  package let setting: Setting
  package let inputs: [Place]
  package let output: Place
  package let variables: [Variable]
  package let saved: Place
  package let batchSaved: UnsafeMutableRawPointer
  package let prepared: UnsafeMutablePointer<Float>
  /// Number of the instruction: the stream of its random numbers.
  package let index: Int

  /// For the backward pass only. `nil` where no gradient is asked for.
  package let dOutput: Place?
  package let dInputs: [Place?]
  package let gradients: [GradientPlace?]

  package init(
    setting: Setting, inputs: [Place], output: Place, variables: [Variable], saved: Place,
    batchSaved: UnsafeMutableRawPointer, prepared: UnsafeMutablePointer<Float>, index: Int,
    dOutput: Place?, dInputs: [Place?], gradients: [GradientPlace?]
  ) {
    self.setting = setting
    self.inputs = inputs
    self.output = output
    self.variables = variables
    self.saved = saved
    self.batchSaved = batchSaved
    self.prepared = prepared
    self.index = index
    self.dOutput = dOutput
    self.dInputs = dInputs
    self.gradients = gradients
  }

  package var kernels: Kernels { setting.kernels }
}
