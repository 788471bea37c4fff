import MartletKernelTable

extension Program {
  /// The same computation in fewer passes over memory: bias, activation and max pooling move into
  /// the convolution or matrix product that makes their input.
  ///
  /// Only where nothing else reads the value between, so that it need not exist.
  package func fused() -> Program {
    var fused = self
    var readers = [Int](repeating: 0, count: shapes.count)
    for instruction in instructions { for input in instruction.inputs { readers[input] += 1 } }
    for output in outputs { readers[output] += 1 }

    var result: [Instruction] = []
    /// The instruction in `result` that makes a value.
    var maker: [ValueID: Int] = [:]
    for instruction in instructions {
      if instruction.inputs.count == 1, readers[instruction.inputs[0]] == 1,
        let host = maker[instruction.inputs[0]],
        let operation = result[host].operation.absorbing(instruction.operation)
      {
        result[host].operation = operation
        result[host].variables += instruction.variables
        result[host].output = instruction.output
        maker[instruction.output] = host
      } else {
        result.append(instruction)
        maker[instruction.output] = result.count - 1
      }
    }
    fused.instructions = result
    return fused
  }
}

extension Operation {
  /// This operation followed by `next` as one, or `nil` where the two do not fuse.
  func absorbing(_ next: any Operation) -> (any Operation)? {
    switch self {
    case var host as ConvolutionOp:
      switch next {
      case is BiasOp where !host.hasBias && host.activation == .linear && host.pooling == nil:
        host.hasBias = true
      case let next as ActivationOp
      where host.activation == .linear && host.pooling == nil && next.activation.isFusible:
        host.activation = next.activation
      case let next as MaximumPoolingOp where host.pooling == nil:
        // What the pooling never reads, the last column of an odd width for one, is not computed.
        host.geometry = host.geometry.cropped(to: next.geometry)
        host.pooling = next.geometry.cropped
      default: return nil
      }
      return host
    case var host as MatrixProductOp:
      switch next {
      case is BiasOp where !host.hasBias && host.activation == .linear:
        host.hasBias = true
      case let next as ActivationOp
      where host.activation == .linear && next.activation.isFusible:
        host.activation = next.activation
      default: return nil
      }
      return host
    default:
      return nil
    }
  }
}

extension Activation {
  /// Monotone, and with a derivative that its result tells.
  fileprivate var isFusible: Bool { !derivativeNeedsInput }
}
