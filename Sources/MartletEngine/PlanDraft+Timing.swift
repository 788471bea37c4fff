import MartletOps

/// What the rows of a profile are called, and which stages they time.
extension PlanDraft {
  /// The bound stages of all instructions in one pass, each instruction's timed in a row of its own.
  func timed(
    _ clock: StageClock?, _ pass: StageClock.Pass, _ memory: PlanMemory,
    _ stages: (any Operation, Site) -> [Stage]
  ) -> [[Stage]] {
    activeInstructions.map { index in
      let instruction = program.instructions[index]
      let bound = stages(instruction.operation, forwardSite(index, memory))
      guard let clock else { return bound }
      return clock.timed(
        bound, instruction.layer, instruction.operation.label, pass, laying(out: index))
    }
  }

  /// The bound stages of each step, timed in a row of its own.
  func timedSteps(
    _ clock: StageClock?, _ memory: PlanMemory
  ) -> [BoundStep] {
    // The layer whose gradient is added to another one's is the one that came before.
    var layer = ""
    return steps.map { step in
      var bound = BoundStep(
        stages: stages(of: step, memory), work: work(of: step), isIndependent: isIndependent(step))
      guard let clock else { return bound }
      let name = name(of: step, after: layer, clock.names)
      layer = name.layer
      bound.stages = clock.timed(bound.stages, name.layer, name.operation, name.pass, bound.work)
      return bound
    }
  }

  private func name(
    of step: Step, after layer: String, _ names: StageClock.Names
  ) -> (layer: String, operation: String, pass: StageClock.Pass) {
    func instruction(_ index: Int) -> (String, String) {
      (program.instructions[index].layer, program.instructions[index].operation.label)
    }
    switch step {
    case .clearSlab: return ("", "clear gradients", .prepare)
    case .gather(let input): return (names.inputs[input], "gather", .forward)
    case .gatherTarget(let index):
      return (names.outputs[program.targets[index].output], "gather targets", .loss)
    case .copyOut(let output): return (names.outputs[output], "copy out", .forward)
    case .head(let head, _):
      return (names.outputs[heads[head].output], names.losses[head], .loss)
    case .gatherGradient(let output, _): return (names.outputs[output], "gather gradient", .loss)
    case .copyOutGradient(let input, _):
      return (names.inputs[input], "copy out gradient", .backward)
    case .penalty(let index, _):
      let value = program.activityPenalties[index].value
      let maker = program.instructions.first { $0.output == value }
      return (maker?.layer ?? "", "penalty of output", .loss)
    case .addGradient: return (layer, "add gradients", .backward)
    case .forward(let index):
      let (layer, operation) = instruction(index)
      return (layer, operation, .forward)
    case .forwardAgain(let index):
      let (layer, operation) = instruction(index)
      return (layer, operation + ", again", .backward)
    case .backward(let index, _, _):
      let (layer, operation) = instruction(index)
      return (layer, operation, .backward)
    case .gradients(let index, _):
      return (program.instructions[index].layer, "gradients of variables", .backward)
    }
  }
}
