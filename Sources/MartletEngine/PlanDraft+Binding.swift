import MartletOps
import MartletTensors

/// The stages of a step, with every tensor in its place.
struct BoundStep {
  var stages: [Stage]
  let work: Work
  /// Whether the step before and this one, if both are, need not wait for each other.
  let isIndependent: Bool
}

/// From places to stages: every operation meets its site.
extension PlanDraft {
  /// All stages, with every tensor in its place; those of preparation and commitment by instruction.
  ///
  /// - Parameter clock: Times them; `nil` leaves them as the operations made them.
  func bind(
    _ memory: PlanMemory, _ clock: StageClock?
  ) -> (preparation: [[Stage]], steps: [BoundStep], commitment: [[Stage]]) {
    (
      preparation: timed(clock, .prepare, memory) { $0.prepare($1) }
        + [weightPenaltyStages(clock, memory)],
      steps: timedSteps(clock, memory),
      commitment: timed(clock, .update, memory) { $0.commit($1) }
    )
  }

  /// The parts of the weights' penalties, worked out again whenever a weight has changed.
  private func weightPenaltyStages(_ clock: StageClock?, _ memory: PlanMemory) -> [Stage] {
    guard !weightPenaltyChunks.isEmpty else { return [] }
    let chunks = weightPenaltyChunks
    let parts = (memory.persistent + weightPenaltyOffset).assumingMemoryBound(to: Float.self)
    let value = kernels.penalty.value
    let stages = [
      Stage.batch(tasks: chunks.count) { index, _ in
        let (variable, penalty, range) = chunks[index]
        parts[index] = value(
          variable.values + range.lowerBound, penalty.l1, penalty.l2, range.count)
      }
    ]
    let bytes = chunks.reduce(0) { $0 + $1.range.count } * PlanDraft.width
    return clock?.timed(stages, "", "penalties of weights", .loss, Work(bytesPerBatch: bytes))
      ?? stages
  }

  func stages(of step: Step, _ memory: PlanMemory) -> [Stage] {
    switch step {
    case .clearSlab:
      let count = slabCount
      return [.groups { $0.slab.update(repeating: 0, count: count) }]
    case .gather(let input):
      let place = place(ofValue: program.inputs[input], memory)
      let conversion = kernels.conversion
      return [
        .groups { task in
          task.feed._withUnsafeGuaranteedRef { feed in
            for sample in task.samples {
              feed.inputs[input].gather(
                feed.index(sample), into: place.floats(sample, task), with: conversion)
            }
          }
        }
      ]
    case .gatherTarget(let index):
      let (value, output) = program.targets[index]
      let place = place(ofValue: value, memory)
      let conversion = kernels.conversion
      return [
        .groups { task in
          task.feed._withUnsafeGuaranteedRef { feed in
            for sample in task.samples {
              feed.targets[output].gather(
                feed.index(sample), into: place.floats(sample, task), with: conversion)
            }
          }
        }
      ]
    case .copyOut(let output):
      let value = program.outputs[output]
      let place = place(ofValue: value, memory)
      let count = program.shapes[value].count
      return [
        .groups { task in
          task.feed._withUnsafeGuaranteedRef { feed in
            guard feed.predictions.indices.contains(output) else { return }
            let first = feed.first - feed.firstPrediction
            for sample in task.samples {
              (feed.predictions[output] + (first + sample) * count)
                .update(from: place.floats(sample, task), count: count)
            }
          }
        }
      ]
    case .gatherGradient(let output, let slot):
      let place = place(of: slot, memory)
      let conversion = kernels.conversion
      return [
        .groups { task in
          task.feed._withUnsafeGuaranteedRef { feed in
            for sample in task.samples {
              feed.outputGradients[output].gather(
                feed.index(sample), into: place.floats(sample, task), with: conversion)
            }
          }
        }
      ]
    case .copyOutGradient(let input, let slot):
      let source = slot.map { place(of: $0, memory) }
      let count = program.shapes[program.inputs[input]].count
      return [
        .groups { task in
          task.feed._withUnsafeGuaranteedRef { feed in
            for sample in task.samples {
              let target = feed.inputGradients[input] + (feed.first + sample) * count
              if let source {
                target.update(from: source.floats(sample, task), count: count)
              } else {
                target.update(repeating: 0, count: count)
              }
            }
          }
        }
      ]
    case .addGradient(let from, let into, let count):
      let (part, total) = (place(of: from, memory), place(of: into, memory))
      let add = kernels.elementwise.add
      return [
        .groups { task in
          for sample in task.samples {
            let sum = total.floats(sample, task)
            add(UnsafePointer(sum), UnsafePointer(part.floats(sample, task)), sum, count)
          }
        }
      ]
    case .head(let index, let gradient):
      let head = heads[index]
      return head.stages(
        LossHead.Site(
          kernels: kernels, shape: shape(of: head),
          prediction: place(ofValue: program.outputs[head.output], memory),
          lossInput: place(ofValue: head.lossInput, memory),
          lossCount: program.shapes[head.lossInput].count,
          measured: head.metrics.map { use in
            use.value.map { (place(ofValue: $0, memory), program.shapes[$0].count) }
          },
          gradient: gradient.map { place(of: $0, memory) },
          losses: memory.losses + index * capacity,
          states: memory.states + stateOffset(ofHead: index), stateStep: stateCount,
          groupSize: groupSize))
    case .penalty(let index, let gradient):
      let (value, penalty) = program.activityPenalties[index]
      return [
        penalty.stage(
          kernels: kernels, count: program.shapes[value].count,
          value: place(ofValue: value, memory), gradient: gradient.map { place(of: $0, memory) },
          results: memory.losses + lossRow(ofPenalty: index) * capacity)
      ]
    case .forward(let index):
      return program.instructions[index].operation.forward(forwardSite(index, memory))
    case .forwardAgain(let index):
      return program.instructions[index].operation.forwardAgain(
        backwardSite(
          index, program.instructions[index].inputs.map { _ in nil },
          program.instructions[index].variables.map { _ in false }, memory))
    case .backward(let index, let targets, let accumulates):
      return program.instructions[index].operation.backward(
        backwardSite(index, targets, accumulates, memory))
    case .gradients(let index, let accumulates):
      return program.instructions[index].operation.gradients(
        backwardSite(
          index, program.instructions[index].inputs.map { _ in nil }, accumulates, memory))
    }
  }

  private func backwardSite(
    _ index: Int, _ targets: [SlotID?], _ accumulates: [Bool], _ memory: PlanMemory
  ) -> Site {
    let instruction = program.instructions[index]
    return site(
      index, memory, values: backwardSlot,
      dOutput: gradientSlots[roots[instruction.output]].map { place(of: $0, memory) },
      dInputs: targets.map { $0.map { place(of: $0, memory) } },
      gradients: zip(instruction.variables, accumulates).map {
        gradientPlace($0, accumulates: $1, memory)
      })
  }

  func forwardSite(_ index: Int, _ memory: PlanMemory) -> Site {
    let instruction = program.instructions[index]
    return site(
      index, memory, values: forwardSlot, dOutput: nil,
      dInputs: instruction.inputs.map { _ in nil },
      gradients: instruction.variables.map { _ in nil })
  }

  private func site(
    _ index: Int, _ memory: PlanMemory, values: (Program.ValueID) -> SlotID?, dOutput: Place?,
    dInputs: [Place?], gradients: [GradientPlace?]
  ) -> Site {
    let instruction = program.instructions[index]
    return Site(
      setting: settings[index],
      inputs: instruction.inputs.map { place(of: values($0), memory) },
      output: place(of: values(instruction.output), memory), variables: instruction.variables,
      saved: place(of: savedSlots[index], memory),
      batchSaved: memory.persistent + batchSavedOffsets[index],
      prepared: (memory.persistent + preparedOffsets[index]).assumingMemoryBound(to: Float.self),
      index: index, dOutput: dOutput, dInputs: dInputs, gradients: gradients)
  }

  private func place(ofValue value: Program.ValueID, _ memory: PlanMemory) -> Place {
    place(of: forwardSlot(value), memory)
  }

  private func place(of slot: SlotID?, _ memory: PlanMemory) -> Place {
    guard let slot else { return Place(arena: memory.arena, byteStride: 0) }
    let stride = slots[slot].bytesPerSample
    switch slots[slot].place {
    case .arena(let offset): return Place(arena: memory.arena + offset, byteStride: stride)
    case .local(let offset): return Place(localOffset: offset, byteStride: stride)
    case nil: return Place(arena: memory.arena, byteStride: stride)
    }
  }

  private func gradientPlace(
    _ variable: Variable, accumulates: Bool, _ memory: PlanMemory
  ) -> GradientPlace? {
    guard let trained = trained.first(where: { $0.variable === variable }) else { return nil }
    switch trained.sum {
    case .groups: return GradientPlace(.slab(offset: trained.offset - slabStart))
    case .batch:
      return GradientPlace(.model(memory.gradients + trained.offset, accumulates: accumulates))
    }
  }
}
