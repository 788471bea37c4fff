import MartletOps
import MartletTensors

/// What a step of a plan asks of the machine: every tensor it reads or writes counts once.
struct Work {
  var multiplyAddsPerSample = 0
  var bytesPerSample = 0
  /// Of variables and their gradients, which all samples share.
  var bytesPerBatch = 0

  static func += (sum: inout Work, work: Work) {
    sum.multiplyAddsPerSample += work.multiplyAddsPerSample
    sum.bytesPerSample += work.bytesPerSample
    sum.bytesPerBatch += work.bytesPerBatch
  }

  /// About how long one thread takes: four vectors of multiply-adds or 64 bytes per nanosecond, what
  /// the kernels reach with everything in cache. Only the order of magnitude matters.
  func nanoseconds(count: Int, vectorWidth: Int) -> Int {
    max(
      multiplyAddsPerSample * count / (4 * vectorWidth),
      (bytesPerSample * count + bytesPerBatch) / 64)
  }
}

extension PlanDraft {
  func work(of step: Step) -> Work {
    switch step {
    case .clearSlab:
      return Work(bytesPerBatch: groupCapacity * slabCount * PlanDraft.width)
    case .gather(let input): return Work(bytesPerSample: 2 * byteCount(program.inputs[input]))
    case .gatherTarget(let index):
      return Work(bytesPerSample: 2 * byteCount(program.targets[index].value))
    case .copyOut(let output): return Work(bytesPerSample: 2 * byteCount(program.outputs[output]))
    case .gatherGradient(let output, _):
      return Work(bytesPerSample: 2 * byteCount(program.outputs[output]))
    case .copyOutGradient(let input, _):
      return Work(bytesPerSample: 2 * byteCount(program.inputs[input]))
    case .addGradient(_, _, let count): return Work(bytesPerSample: 3 * count * PlanDraft.width)
    case .head(let index, let gradient):
      let value = byteCount(heads[index].lossInput)
      return Work(bytesPerSample: gradient == nil ? 2 * value : 3 * value)
    case .penalty(let index, let gradient):
      let value = byteCount(program.activityPenalties[index].value)
      return Work(bytesPerSample: gradient == nil ? value : 2 * value)
    case .forward(let index), .forwardAgain(let index):
      let cost = program.instructions[index].operation.cost(settings[index])
      return Work(
        multiplyAddsPerSample: cost.multiplyAdds, bytesPerSample: cost.bytes,
        bytesPerBatch: variableByteCount(index))
    case .backward(let index, let targets, _):
      let instruction = program.instructions[index]
      let cost = instruction.operation.cost(settings[index])
      let hasTarget = targets.contains { $0 != nil }
      let hasGradient = instruction.variables.contains(where: \.receivesGradient)
      // The gradients, and the values that they follow from.
      var bytes = cost.bytes
      if needs[index].backwardReadsInputs {
        bytes += instruction.inputs.reduce(0) { $0 + byteCount($1) }
      }
      if needs[index].backwardReadsOutput { bytes += byteCount(instruction.output) }
      let givesGradient = hasGradient && !needs[index].defersGradients
      let passes = (hasTarget ? 1 : 0) + (givesGradient ? 1 : 0)
      return Work(
        multiplyAddsPerSample: cost.multiplyAdds * passes, bytesPerSample: bytes,
        bytesPerBatch: variableByteCount(index) * passes)
    case .gradients(let index, _):
      let cost = program.instructions[index].operation.cost(settings[index])
      return Work(
        multiplyAddsPerSample: cost.multiplyAdds, bytesPerSample: cost.bytes,
        bytesPerBatch: variableByteCount(index))
    }
  }

  /// Of an instruction that reads and writes its variables, or writes them in another layout.
  func laying(out index: Int) -> Work { Work(bytesPerBatch: 2 * variableByteCount(index)) }

  static let width = MemoryLayout<Float>.stride

  private func byteCount(_ value: Program.ValueID) -> Int {
    program.shapes[value].count * PlanDraft.width
  }

  private func variableByteCount(_ index: Int) -> Int {
    program.instructions[index].variables.reduce(0) { $0 + $1.count } * PlanDraft.width
  }
}
