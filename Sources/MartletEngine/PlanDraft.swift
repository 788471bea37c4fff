import MartletKernelTable
import MartletOps
import MartletTensors

/// The addresses that a draft is bound to.
struct PlanMemory {
  var arena: UnsafeMutableRawPointer
  var persistent: UnsafeMutableRawPointer
  var gradients: UnsafeMutablePointer<Float>
  var losses: UnsafeMutablePointer<Float>
  var states: UnsafeMutablePointer<Double>

  /// For stages that are only counted and never run.
  static var nowhere: PlanMemory {
    let address = UnsafeMutableRawPointer(bitPattern: Buffer.alignment).unsafelyUnwrapped
    let floats = address.assumingMemoryBound(to: Float.self)
    return PlanMemory(
      arena: address, persistent: address, gradients: floats, losses: floats,
      states: address.assumingMemoryBound(to: Double.self))
  }
}

/// A plan before it has memory: what is done in which order, and how much memory where.
///
/// Operations say what their stages are when they are bound to a site. To know which stages form a
/// segment, and so which values live within one, everything is bound twice: first to addresses that
/// nobody will use, then to the real ones.
struct PlanDraft {
  let program: Program
  let capacity: Int
  let isTraining: Bool
  let heads: [LossHead]
  let copiesOutputs: Bool
  let kernels: Kernels
  let precision: ProductPrecision
  private let groupWork: Int
  private(set) var groupSize = 1

  struct Trained {
    let variable: Variable
    let offset: Int
    let sum: GradientSum
  }
  /// Variables with a gradient, and where it stands: those of `.batch` stages come first, behind them
  /// the slab of the first group, in which those of the groups are summed.
  private(set) var trained: [Trained] = []
  private(set) var slabStart = 0
  private(set) var slabCount = 0

  private(set) var arenaByteCount = 0
  private(set) var localByteCount = 0
  private(set) var persistentByteCount = 0
  private(set) var scratchCount = 0
  /// Sums in double precision of one group, all heads together, and where those of each head start.
  var stateCount: Int { heads.reduce(0) { $0 + $1.stateCount(shape(of: $1)) } }
  func stateOffset(ofHead index: Int) -> Int {
    heads[..<index].reduce(0) { $0 + $1.stateCount(shape(of: $1)) }
  }
  func shape(of head: LossHead) -> Shape { program.shapes[program.outputs[head.output]] }
  /// Of the heads, then of the penalties of outputs.
  var lossRowCount: Int { heads.count + program.activityPenalties.count }
  func lossRow(ofPenalty index: Int) -> Int { heads.count + index }
  var groupCapacity: Int { (capacity + groupSize - 1) / groupSize }

  /// The value whose memory a value has: itself, or what it is another shape of.
  private(set) var roots: [Program.ValueID] = []
  /// Whether the gradient of a value is wanted.
  private var requiresGradient: [Bool] = []
  private(set) var settings: [Setting] = []
  private(set) var needs: [Needs] = []
  private(set) var steps: [Step] = []

  /// Memory that holds a number of bytes for each sample.
  struct Slot {
    let bytesPerSample: Int
    /// Of the stages, and of the segments, that use it.
    var stages: ClosedRange<Int>?
    var segments: ClosedRange<Int>?
    var place: SlotPlace?

    mutating func use(_ stages: ClosedRange<Int>, _ segments: ClosedRange<Int>) {
      self.stages = self.stages.map { $0.joined(stages) } ?? stages
      self.segments = self.segments.map { $0.joined(segments) } ?? segments
    }
  }
  enum SlotPlace {
    case arena(Int)
    case local(Int)
  }
  typealias SlotID = Int
  private(set) var slots: [Slot] = []
  private(set) var valueSlots: [Program.ValueID: SlotID] = [:]
  /// Of the values that the backward pass works out again.
  private(set) var repeatedSlots: [Program.ValueID: SlotID] = [:]
  private(set) var gradientSlots: [Program.ValueID: SlotID] = [:]
  private(set) var savedSlots: [SlotID?] = []
  private(set) var preparedOffsets: [Int] = []
  private(set) var batchSavedOffsets: [Int] = []
  /// The penalties of weights are sums over these stretches, added in this order; a number for each.
  private(set) var weightPenaltyChunks:
    [(variable: Variable, penalty: Penalty, range: Range<Int>)] = []
  private(set) var weightPenaltyOffset = 0

  enum Step {
    case clearSlab
    case gather(input: Int)
    /// Among the targets of the program.
    case gatherTarget(Int)
    case forward(Int)
    case head(Int, gradient: SlotID?)
    /// Of the value of an activity penalty.
    case penalty(Int, gradient: SlotID?)
    /// The output of an instruction once more, for the backward pass.
    case forwardAgain(Int)
    /// `targets`: where the gradients of the inputs go.
    /// `accumulates`: whether the gradient of each variable is added to that of another use; empty
    /// where `gradients` writes them.
    case backward(Int, targets: [SlotID?], accumulates: [Bool])
    /// What `backward` of the same instruction leaves for later.
    case gradients(Int, accumulates: [Bool])
    case addGradient(from: SlotID, into: SlotID, count: Int)
    case copyOut(output: Int)
    /// The gradient of an output, as the caller gives it.
    case gatherGradient(output: Int, SlotID)
    /// The gradient of an input for the caller; zeros where no output follows from it.
    case copyOutGradient(input: Int, SlotID?)
  }

  init(
    _ program: Program, capacity: Int, isTraining: Bool, heads: [LossHead], copiesOutputs: Bool,
    computesGradients: Bool, givesInputGradients: Bool, groupWork: Int, kernels: Kernels,
    precision: ProductPrecision
  ) {
    self.groupWork = groupWork
    self.program = program
    self.capacity = capacity
    self.isTraining = isTraining
    self.heads = heads
    self.copiesOutputs = copiesOutputs
    self.kernels = kernels
    self.precision = precision
    findRoots()
    requiresGradient = program.shapes.map { _ in false }
    if computesGradients { findRequired() }
    if givesInputGradients { findFollowing() }
    chooseGroupSize(computesGradients: computesGradients)
    if !heads.isEmpty { listWeightPenalties() }
    placePersistent()
    makeSlots()
    listForward(computesGradients: computesGradients || givesInputGradients)
    if computesGradients { listBackward() }
    if givesInputGradients { listInputGradients() }
    placeSlots()
  }

  var activeInstructions: [Int] {
    program.instructions.indices.filter {
      !program.instructions[$0].operation.isIdentity(isTraining: isTraining)
    }
  }

  private mutating func findRoots() {
    roots = Array(program.shapes.indices)
    for instruction in program.instructions
    where instruction.operation.isIdentity(isTraining: isTraining) {
      roots[instruction.output] = roots[instruction.inputs[0]]
    }
  }

  /// Values that depend on a variable with a gradient.
  private mutating func findRequired() {
    for instruction in program.instructions {
      requiresGradient[instruction.output] =
        instruction.inputs.contains { requiresGradient[$0] }
        || instruction.variables.contains { $0.receivesGradient }
    }
  }

  /// Values that depend on an input.
  private mutating func findFollowing() {
    for input in program.inputs { requiresGradient[input] = true }
    for instruction in program.instructions {
      requiresGradient[instruction.output] = instruction.inputs.contains { requiresGradient[$0] }
    }
  }

  // MARK: Partition

  /// Groups per batch: enough to share out among sixteen threads, fewer where they would have too
  /// little work, or where a gradient per group would take more than `slabBudget` floats. A fact of
  /// the plan, not of the machine.
  private static let groupTarget = 16
  private static let slabBudget = 1 << 23

  private mutating func chooseGroupSize(computesGradients: Bool) {
    settings = program.instructions.map { setting($0) }
    needs = zip(program.instructions, settings).map { $0.operation.needs($1) }
    if computesGradients { listTrained() }
    var groups = PlanDraft.groupTarget
    let multiplyAdds = zip(program.instructions, settings).reduce(0) {
      $0 + $1.0.operation.cost($1.1).multiplyAdds
    }
    if multiplyAdds > 0 {
      let samples = (groupWork + multiplyAdds - 1) / multiplyAdds
      groups = min(groups, max(1, capacity / samples))
    }
    while groups > 4 && groups * slabCount > PlanDraft.slabBudget { groups /= 2 }
    groupSize = max(1, (capacity + groups - 1) / groups)
    settings = program.instructions.map { setting($0) }
    needs = zip(program.instructions, settings).map { $0.operation.needs($1) }
    scratchCount = needs.map(\.scratchCount).max() ?? 0
    for head in heads {
      let values = program.shapes[head.lossInput].count
      scratchCount = max(scratchCount, head.scratchCount(shape(of: head), values: values))
    }
  }

  private func setting(_ instruction: Program.Instruction) -> Setting {
    let inputShapes = instruction.inputs.map { program.shapes[$0] }
    let precision = instruction.operation.productPrecision(precision, inputs: inputShapes)
    return Setting(
      kernels: kernels.with(precision), inputShapes: inputShapes,
      outputShape: program.shapes[instruction.output], capacity: capacity, groupSize: groupSize,
      isTraining: isTraining,
      givesInputGradient: instruction.inputs.contains { requiresGradient[$0] })
  }

  private mutating func listTrained() {
    var found: [(variable: Variable, sum: GradientSum)] = []
    var seen = Set<ObjectIdentifier>()
    for index in activeInstructions {
      for (position, variable) in program.instructions[index].variables.enumerated()
      where variable.receivesGradient && seen.insert(ObjectIdentifier(variable)).inserted {
        found.append((variable, needs[index].gradientSums[position] ?? .groups))
      }
    }
    var offset = 0
    for sum in [GradientSum.batch, .groups] {
      for entry in found where entry.sum == sum {
        trained.append(Trained(variable: entry.variable, offset: offset, sum: sum))
        offset += entry.variable.count
      }
      if sum == .batch { slabStart = offset }
    }
    slabCount = offset - slabStart
  }

  private mutating func placePersistent() {
    var offset = 0
    func take(_ byteCount: Int) -> Int {
      defer {
        offset +=
          (byteCount + Buffer.slack + Buffer.alignment - 1) / Buffer.alignment
          * Buffer.alignment
      }
      return offset
    }
    for need in needs {
      preparedOffsets.append(take(need.preparedCount * MemoryLayout<Float>.stride))
      batchSavedOffsets.append(take(need.savedBytesPerBatch))
    }
    weightPenaltyOffset = take(weightPenaltyChunks.count * MemoryLayout<Float>.stride)
    persistentByteCount = offset
  }

  private mutating func listWeightPenalties() {
    for variable in program.variables where variable.receivesGradient {
      guard let penalty = variable.penalty else { continue }
      for start in stride(from: 0, to: variable.count, by: Plan.chunkCount) {
        let end = min(start + Plan.chunkCount, variable.count)
        weightPenaltyChunks.append((variable, penalty, start..<end))
      }
    }
  }

  // MARK: What is done

  private mutating func makeSlots() {
    for index in activeInstructions {
      savedSlots.append(contentsOf: repeatElement(nil, count: index - savedSlots.count))
      let bytes = needs[index].savedBytesPerSample
      savedSlots.append(bytes == 0 ? nil : addSlot(bytes))
    }
    savedSlots.append(
      contentsOf: repeatElement(nil, count: program.instructions.count - savedSlots.count))
    for root in Set(roots).sorted() {
      valueSlots[root] = addSlot(program.shapes[root].count * MemoryLayout<Float>.stride)
    }
  }

  private mutating func addSlot(_ bytesPerSample: Int) -> SlotID {
    slots.append(Slot(bytesPerSample: bytesPerSample))
    return slots.count - 1
  }

  private mutating func listForward(computesGradients: Bool) {
    if computesGradients && slabCount > 0 { steps.append(.clearSlab) }
    steps += program.inputs.indices.map { .gather(input: $0) }
    steps += program.targets.indices.map { .gatherTarget($0) }
    steps += activeInstructions.map { .forward($0) }
    if copiesOutputs || (heads.isEmpty && !computesGradients) {
      steps += program.outputs.indices.map { .copyOut(output: $0) }
    }
    if !computesGradients {
      steps += heads.indices.map { .head($0, gradient: nil) }
      steps += program.activityPenalties.indices.map { .penalty($0, gradient: nil) }
    }
  }

  /// Heads, penalties and instructions in reverse.
  private mutating func listBackward() {
    for head in heads.indices { startBackward(heads[head].lossInput) { .head(head, gradient: $0) } }
    for (index, activity) in program.activityPenalties.enumerated() {
      startBackward(activity.value) { .penalty(index, gradient: $0) }
    }
    listBackwardInstructions()
  }

  /// - Parameter step: Writes the gradient of a value, where that has one.
  private mutating func startBackward(_ value: Program.ValueID, _ step: (SlotID?) -> Step) {
    let root = roots[value]
    guard requiresGradient[root] else {
      steps.append(step(nil))
      return
    }
    let (target, total) = gradientTarget(of: root)
    steps.append(step(target))
    addUp(target, into: total, root)
  }

  /// From the gradients of outputs to those of inputs.
  private mutating func listInputGradients() {
    for output in program.outputs.indices {
      let root = roots[program.outputs[output]]
      guard requiresGradient[root] else { continue }
      let (target, total) = gradientTarget(of: root)
      steps.append(.gatherGradient(output: output, target))
      addUp(target, into: total, root)
    }
    listBackwardInstructions()
    for input in program.inputs.indices {
      steps.append(.copyOutGradient(input: input, gradientSlots[program.inputs[input]]))
    }
  }

  /// Instructions in reverse. Where a value has several readers, the first one to come writes its
  /// gradient and the others add theirs, always in this order. A gradient that an operation can
  /// write over that of its output takes over the memory: nobody else reads it.
  private mutating func listBackwardInstructions() {
    let requires = requiresGradient
    var written = Set<ObjectIdentifier>()
    /// Whether the gradient of each variable of an instruction is added to that of another use.
    func accumulates(_ instruction: Program.Instruction) -> [Bool] {
      instruction.variables.map { !written.insert(ObjectIdentifier($0)).inserted }
    }
    var deferred: [Int] = []
    for index in activeInstructions.reversed() {
      let instruction = program.instructions[index]
      let output = roots[instruction.output]
      guard requires[output], let gradient = gradientSlots[output] else { continue }
      if needs[index].backwardReadsInputs {
        for input in instruction.inputs where requires[roots[input]] { repeatOutput(roots[input]) }
      }
      let inPlace = needs[index].gradientsInPlace.first { requires[roots[instruction.inputs[$0]]] }
      var targets: [SlotID?] = []
      var additions: [(SlotID, SlotID, Program.ValueID)] = []
      for (position, input) in instruction.inputs.enumerated() {
        let root = roots[input]
        guard requires[root] else {
          targets.append(nil)
          continue
        }
        let (target, total) = gradientTarget(of: root, over: position == inPlace ? gradient : nil)
        targets.append(target)
        if let total { additions.append((target, total, root)) }
      }
      let defers = needs[index].defersGradients
      if defers { deferred.append(index) }
      steps.append(
        .backward(index, targets: targets, accumulates: defers ? [] : accumulates(instruction)))
      for (target, total, root) in additions { addUp(target, into: total, root) }
    }
    // In the order of the variables, as the optimizer goes through them.
    for index in deferred.reversed() {
      steps.append(.gradients(index, accumulates: accumulates(program.instructions[index])))
    }
  }

  /// Has a value worked out again before it is read, if its instruction wants that.
  private mutating func repeatOutput(_ root: Program.ValueID) {
    guard repeatedSlots[root] == nil,
      let index = activeInstructions.first(where: {
        needs[$0].repeatsOutput && roots[program.instructions[$0].output] == root
      })
    else { return }
    for input in program.instructions[index].inputs { repeatOutput(roots[input]) }
    repeatedSlots[root] = addSlot(program.shapes[root].count * MemoryLayout<Float>.stride)
    steps.append(.forwardAgain(index))
  }

  /// Where the next contribution to a gradient is written, `memory` if given; `total` where it is
  /// then added to what is there.
  private mutating func gradientTarget(
    of root: Program.ValueID, over memory: SlotID? = nil
  ) -> (target: SlotID, total: SlotID?) {
    let target = memory ?? addSlot(program.shapes[root].count * MemoryLayout<Float>.stride)
    guard let total = gradientSlots[root] else {
      gradientSlots[root] = target
      return (target, nil)
    }
    return (target, total)
  }

  private mutating func addUp(_ part: SlotID, into total: SlotID?, _ root: Program.ValueID) {
    guard let total else { return }
    steps.append(.addGradient(from: part, into: total, count: program.shapes[root].count))
  }

  // MARK: Memory

  private mutating func placeSlots() {
    let memory = PlanMemory.nowhere
    var groupSegments = Set<Int>()
    var stage = 0
    var segment = -1
    var lastWasGroups = false
    for step in steps {
      let first = (stage: stage, segment: segment)
      var firstSegment: Int?
      for bound in stages(of: step, memory) {
        if case .groups = bound {
          if !lastWasGroups { segment += 1 }
          lastWasGroups = true
          groupSegments.insert(segment)
        } else {
          segment += 1
          lastWasGroups = false
        }
        firstSegment = firstSegment ?? segment
        stage += 1
      }
      guard let firstSegment else { continue }
      for slot in slotsUsed(by: step) {
        slots[slot].use(first.stage...(stage - 1), firstSegment...segment)
      }
    }

    var local: [SlotID] = []
    var arena: [SlotID] = []
    for slot in slots.indices {
      guard let segments = slots[slot].segments else { continue }
      // A batch stage reads its tensors whole: they are in the arena even where no other segment
      // uses them.
      let isLocal = segments.count == 1 && groupSegments.contains(segments.lowerBound)
      if isLocal { local.append(slot) } else { arena.append(slot) }
    }
    let arenaPlacement = Placement(
      arena.map { slot in
        let segments = slots[slot].segments ?? 0...0
        return .init(
          byteCount: slots[slot].bytesPerSample * capacity, first: segments.lowerBound,
          last: segments.upperBound)
      })
    let localPlacement = Placement(
      local.map { slot in
        let stages = slots[slot].stages ?? 0...0
        return .init(
          byteCount: slots[slot].bytesPerSample * groupSize, first: stages.lowerBound,
          last: stages.upperBound)
      })
    for (slot, offset) in zip(arena, arenaPlacement.offsets) { slots[slot].place = .arena(offset) }
    for (slot, offset) in zip(local, localPlacement.offsets) { slots[slot].place = .local(offset) }
    arenaByteCount = arenaPlacement.byteCount
    localByteCount = localPlacement.byteCount
  }

  /// Gradients that are written and not added to those of another use of the variable.
  func isIndependent(_ step: Step) -> Bool {
    guard case .gradients(_, let accumulates) = step else { return false }
    return !accumulates.contains(true)
  }

  private func slotsUsed(by step: Step) -> [SlotID] {
    func value(_ id: Program.ValueID) -> SlotID? { forwardSlot(id) }
    switch step {
    case .clearSlab: return []
    case .gather(let input): return [value(program.inputs[input])].compactMap { $0 }
    case .gatherTarget(let index): return [value(program.targets[index].value)].compactMap { $0 }
    case .copyOut(let output): return [value(program.outputs[output])].compactMap { $0 }
    case .addGradient(let from, let into, _): return [from, into]
    case .gatherGradient(_, let slot): return [slot]
    case .copyOutGradient(_, let slot): return [slot].compactMap { $0 }
    case .head(let head, let gradient):
      let head = heads[head]
      let measured = head.metrics.compactMap(\.value).map(value)
      return ([value(program.outputs[head.output]), value(head.lossInput), gradient] + measured)
        .compactMap { $0 }
    case .penalty(let index, let gradient):
      return [value(program.activityPenalties[index].value), gradient].compactMap { $0 }
    case .forward(let index):
      let instruction = program.instructions[index]
      return (instruction.inputs.map(value) + [value(instruction.output), savedSlots[index]])
        .compactMap { $0 }
    case .forwardAgain(let index):
      let instruction = program.instructions[index]
      return
        ((instruction.inputs + [instruction.output]).map { backwardSlot($0) }
        + [savedSlots[index]]).compactMap { $0 }
    case .backward(let index, let targets, _):
      return (targets + usedBackward(index)).compactMap { $0 }
    case .gradients(let index, _): return usedBackward(index).compactMap { $0 }
    }
  }

  /// What the backward pass of an instruction reads.
  private func usedBackward(_ index: Int) -> [SlotID?] {
    let instruction = program.instructions[index]
    var used = [gradientSlots[roots[instruction.output]], savedSlots[index]]
    if needs[index].backwardReadsInputs { used += instruction.inputs.map(backwardSlot) }
    if needs[index].backwardReadsOutput { used.append(backwardSlot(instruction.output)) }
    return used
  }

  /// Where the forward pass writes a value.
  func forwardSlot(_ value: Program.ValueID) -> SlotID? { valueSlots[roots[value]] }

  /// Where the backward pass reads a value.
  func backwardSlot(_ value: Program.ValueID) -> SlotID? {
    repeatedSlots[roots[value]] ?? valueSlots[roots[value]]
  }
}

extension ClosedRange<Int> {
  fileprivate func joined(_ other: ClosedRange<Int>) -> ClosedRange<Int> {
    Swift.min(lowerBound, other.lowerBound)...Swift.max(upperBound, other.upperBound)
  }
}
