import MartletKernelTable

extension Program {
  /// The same computation in fewer passes over memory: bias, activation and max pooling move into
  /// the convolution or matrix product that makes their input, an addition and an activation into
  /// the batch normalization or sum. A batch normalization by moving averages moves into the weights
  /// before it, unless some of the variables want a gradient. Transpositions that cancel fall away
  /// first.
  ///
  /// Only where nothing else reads the value between, so that it need not exist.
  package func fused(isTraining: Bool, computesGradients: Bool) -> Program {
    withFewerTranspositions().joined(
      isTraining: isTraining, computesGradients: computesGradients)
  }

  private func joined(isTraining: Bool, computesGradients: Bool) -> Program {
    var fused = self
    var readers = [Int](repeating: 0, count: shapes.count)
    for instruction in instructions { for input in instruction.inputs { readers[input] += 1 } }
    for output in outputs + activityPenalties.map(\.value) { readers[output] += 1 }

    // A fused instruction stands where the last of its parts stood: there all inputs are made.
    var result: [Instruction?] = []
    /// The instruction in `result` that makes a value.
    var maker: [ValueID: Int] = [:]
    for instruction in instructions {
      var joined = instruction
      // Of several makers the latest: its result is the one still in cache.
      for host in instruction.inputs.compactMap({ maker[$0] }).sorted(by: >) {
        guard let before = result[host], readers[before.output] == 1,
          let both = absorbing(
            instruction, into: before, isTraining: isTraining, computesGradients: computesGradients)
        else { continue }
        joined = both
        result[host] = nil
        break
      }
      result.append(joined)
      maker[joined.output] = result.count - 1
    }
    fused.instructions = result.compactMap { $0 }
    return fused
  }

  /// Two instructions as one, or `nil` where they do not fuse.
  private func absorbing(
    _ next: Instruction, into host: Instruction, isTraining: Bool, computesGradients: Bool
  ) -> Instruction? {
    let shape = shapes[host.output]
    var folds = false
    if let next = next.operation as? BatchNormalizationOp {
      folds = next.axis == shape.rank - 1 && !next.usesBatch(isTraining: isTraining)
    }
    if computesGradients && (host.variables + next.variables).contains(where: \.receivesGradient) {
      folds = false
    }
    // What a sum with repeated elements needs is left to the sum.
    guard next.inputs.allSatisfy({ shapes[$0] == shape }),
      let operation = host.operation.absorbing(
        next.operation, inputCount: next.inputs.count, folds: folds)
    else { return nil }
    var joined = host
    joined.operation = operation
    joined.inputs += next.inputs.filter { $0 != host.output }
    joined.variables += next.variables
    joined.output = next.output
    return joined
  }
}

extension Operation {
  /// This operation followed by `next`, of whose `inputCount` inputs it makes one, as one; `nil`
  /// where the two do not fuse. Further inputs of `next` become inputs behind its own.
  ///
  /// - Parameter folds: Whether `next` is a normalization that can become part of weights.
  func absorbing(
    _ next: any Operation, inputCount: Int, folds: Bool
  ) -> (any Operation)? {
    switch self {
    case var host as ConvolutionOp where host.pooling != nil || next is MaximumPoolingOp:
      guard host.pooling == nil, let pooling = next as? MaximumPoolingOp else { return nil }
      // What the pooling never reads, the last column of an odd width for one, is not computed.
      host.geometry = host.geometry.cropped(to: pooling.geometry)
      host.pooling = pooling.geometry.cropped
      return host
    case let host as any LinearOperation:
      return host.absorbing(next, folds: folds)
    case var host as BatchNormalizationOp:
      switch next {
      case let next as AdditionOp
      where inputCount == 2 && !host.hasAddend && host.activation == .linear:
        host.hasAddend = true
        host.activation = next.activation
      case let next as ActivationOp
      where host.activation == .linear && next.activation.isFusible:
        host.activation = next.activation
      default: return nil
      }
      return host
    case var host as AdditionOp:
      guard let next = next as? ActivationOp, host.activation == .linear,
        next.activation.isFusible
      else { return nil }
      host.activation = next.activation
      return host
    default:
      return nil
    }
  }
}

/// A linear operation with weights, and what is fused onto it: f((x · w + b) normalized).
protocol LinearOperation: Operation {
  var hasBias: Bool { get set }
  /// By moving averages, where it can become part of the weights.
  var normalization: BatchNormalizationOp? { get set }
  var activation: Activation { get set }
}

extension LinearOperation {
  /// This operation followed by `next`, as one; `nil` where the two do not fuse.
  fileprivate func absorbing(_ next: any Operation, folds: Bool) -> Self? {
    guard activation == .linear else { return nil }
    var host = self
    switch next {
    case is BiasOp where !hasBias && normalization == nil: host.hasBias = true
    case let next as BatchNormalizationOp where folds && normalization == nil:
      host.normalization = next
    case let next as ActivationOp where next.activation.isFusible:
      host.activation = next.activation
    default: return nil
    }
    return host
  }
}

extension Activation {
  /// Monotone, and with a derivative that its result tells.
  fileprivate var isFusible: Bool { !derivativeNeedsInput }
}
