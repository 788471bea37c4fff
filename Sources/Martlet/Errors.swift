import MartletTensors

@_exported import struct MartletTensors.MartletError

/// Thrown by a function that `fit` tells of its ``Progress``: ends the training after the batch that is
/// done, without an error. What was reached is in the ``History`` that `fit` returns.
public struct StopTraining: Error, Sendable {
  /// An error that ends a training on purpose.
  public init() {}
}

extension MartletError {
  static func invalidState(_ message: String) -> MartletError {
    MartletError(.invalidState, message)
  }
}
