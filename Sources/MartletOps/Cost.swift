import MartletTensors

/// What the forward pass of an operation asks of the machine for one sample, variables not counted:
/// for profiles, and to tell whether a piece of work is worth a second thread.
package struct Cost {
  /// Multiplications, each with an addition, of the direct algorithm, whatever the kernels do in its
  /// place. 0 where every element is looked at a few times only and memory sets the pace.
  package var multiplyAdds: Int
  /// Bytes of the values read and written.
  package var bytes: Int

  package init(multiplyAdds: Int, bytes: Int) {
    self.multiplyAdds = multiplyAdds
    self.bytes = bytes
  }
}

extension Operation {
  package func cost(_ setting: Setting) -> Cost {
    Cost(multiplyAdds: 0, bytes: setting.byteCount)
  }
}

extension ConvolutionOp {
  package func cost(_ setting: Setting) -> Cost { setting.cost(geometry) }
}

extension DepthwiseConvolutionOp {
  package func cost(_ setting: Setting) -> Cost { setting.cost(geometry) }
}

extension TransposedConvolutionOp {
  package func cost(_ setting: Setting) -> Cost { setting.cost(geometry) }
}

extension MatrixProductOp {
  package func cost(_ setting: Setting) -> Cost {
    Cost(multiplyAdds: setting.inputShapes[0].count * units, bytes: setting.byteCount)
  }
}

extension Setting {
  fileprivate func cost(_ geometry: ConvolutionGeometry) -> Cost {
    let taps = geometry.vertical.kernel * geometry.horizontal.kernel * geometry.channelsPerGroup
    return Cost(
      multiplyAdds: geometry.outputExtents.reduce(1, *) * taps, bytes: byteCount)
  }

  /// Of one sample's inputs and output.
  fileprivate var byteCount: Int {
    let count = inputShapes.reduce(outputShape.count) { $0 + $1.count }
    return count * MemoryLayout<Float>.stride
  }
}
