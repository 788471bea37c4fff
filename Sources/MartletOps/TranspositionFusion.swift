import MartletTensors

extension Program {
  /// The same computation with fewer transpositions. Neighbouring ones become one, or none where they
  /// cancel, and what treats all axes alike changes places with one before it, so that it meets the
  /// next: a chain of layers with channels first runs with channels last inside.
  func withFewerTranspositions() -> Program {
    guard instructions.contains(where: { $0.operation is TranspositionOp }) else { return self }
    var result = self
    result.instructions = []
    /// The values that are transpositions of others.
    var transposed: [ValueID: (by: TranspositionOp, of: ValueID)] = [:]
    /// The values that equal others.
    var equals: [ValueID: ValueID] = [:]
    for var instruction in instructions {
      instruction.inputs = instruction.inputs.map { equals[$0] ?? $0 }
      if let transposition = instruction.operation as? TranspositionOp {
        var (whole, source) = (transposition, instruction.inputs[0])
        if let before = transposed[source] {
          (whole, source) = (before.by.followed(by: transposition), before.of)
        }
        instruction.operation = whole
        instruction.inputs = [source]
        if whole.isIdentity {
          equals[instruction.output] = source
        } else {
          transposed[instruction.output] = (whole, source)
        }
        result.instructions.append(instruction)
      } else if let first = instruction.inputs.first.flatMap({ transposed[$0] }),
        let moved = instruction.operation.moved(before: first.by),
        instruction.inputs.allSatisfy({ transposed[$0]?.by.order == first.by.order })
      {
        let output = instruction.output
        let value = result.shapes.count
        result.shapes.append(first.by.inverse.permuted(shapes[output]))
        instruction.operation = moved
        instruction.inputs = instruction.inputs.compactMap { transposed[$0]?.of }
        instruction.output = value
        result.instructions.append(instruction)
        result.instructions.append(
          Instruction(
            operation: first.by, inputs: [value], variables: [], output: output,
            layer: instruction.layer))
        transposed[output] = (first.by, value)
      } else {
        result.instructions.append(instruction)
      }
    }
    // A penalty is the same for every order of axes.
    result.activityPenalties = activityPenalties.map { value, penalty in
      (transposed[value]?.of ?? equals[value] ?? value, penalty)
    }
    result.dropUnreadTranspositions()
    return result
  }

  private mutating func dropUnreadTranspositions() {
    var read = Set(outputs + activityPenalties.map(\.value))
    var kept: [Instruction] = []
    for instruction in instructions.reversed() {
      if instruction.operation is TranspositionOp, !read.contains(instruction.output) { continue }
      read.formUnion(instruction.inputs)
      kept.append(instruction)
    }
    instructions = kept.reversed()
  }
}

extension Operation {
  /// What does the same to the inputs of a transposition as this operation to its outputs, leaving
  /// the transposition to be done behind; `nil` where there is no such thing. Where there are several
  /// inputs, all come from such a transposition.
  fileprivate func moved(before transposition: TranspositionOp) -> (any Operation)? {
    switch self {
    case is ActivationOp, is ScaleOffsetOp, is DropoutOp, is NoiseOp, is AdditionOp,
      is MultiplicationOp, is ExtremeOp:
      return self
    case var normalization as BatchNormalizationOp:
      normalization.axis = transposition.order[normalization.axis]
      return normalization
    case let concatenation as ConcatenationOp:
      return ConcatenationOp(axis: transposition.order[concatenation.axis])
    default:
      return nil
    }
  }
}

extension TranspositionOp {
  fileprivate func permuted(_ shape: Shape) -> Shape {
    // Made of the extents of a shape, in another order.
    (try? Shape(order.map { shape[$0] })) ?? shape
  }
}
