/// Loss and metrics of a pass over data, by name: the means over all samples.
public struct Results: Sendable, Equatable, CustomStringConvertible {
  /// `loss` first, with several outputs the loss of each, then the metrics.
  public let names: [String]
  private let numbers: [[Double]]

  /// - Parameter values: All numbers, those of more than one row by row.
  init(names: [String], extents: [[Int]], values: [Double]) {
    self.names = names
    var rest = values[...]
    numbers = extents.map { extents in
      let count = extents.reduce(1, *)
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }

  /// The loss of all outputs, regularizers included.
  public var loss: Double { self["loss"] ?? .nan }

  /// A value that is one number; `nil` where there is none of this name.
  public subscript(name: String) -> Double? {
    guard let values = values(of: name), values.count == 1 else { return nil }
    return values[0]
  }

  /// A value of one or more numbers, such as a confusion matrix row by row; `nil` where there is none of
  /// this name.
  public func values(of name: String) -> [Double]? {
    names.firstIndex(of: name).map { numbers[$0] }
  }

  /// `loss: 0.2471 - accuracy: 0.9312`; values of several numbers are left out.
  public var description: String {
    zip(names, numbers).filter { $0.1.count == 1 }
      .map { "\($0): \(fourDecimals($1[0]))" }.joined(separator: " - ")
  }
}

/// As Keras prints it: with an exponent where four decimals would show little.
private func fourDecimals(_ value: Double) -> String {
  guard value.isFinite else { return "\(value)" }
  let magnitude = value.magnitude
  guard magnitude != 0, magnitude < 1e-3 || magnitude >= 1e9 else { return decimals(value, 4) }
  // Short enough for a line of progress, and read back as nearly the same number.
  return "\(Float(value))"
}

/// What `fit` reached, epoch by epoch.
public struct History: Sendable, Equatable {
  /// One pass over the training data.
  public struct Epoch: Sendable, Equatable {
    /// The means over the epoch, from before each step.
    public let training: Results
    /// From after the epoch; `nil` without validation data.
    public let validation: Results?
    /// Batches done; fewer than an epoch has where the training was stopped.
    public let batches: Int
  }

  /// In order. The last one may be a part of an epoch, where the training was stopped.
  public internal(set) var epochs: [Epoch] = []

  /// Whether ``StopTraining`` ended the training.
  public internal(set) var isStopped = false

  /// A value of each epoch: `history["accuracy"]`, or of the validation `history["val_accuracy"]`.
  /// Empty where there is none of this name.
  public subscript(name: String) -> [Double] {
    let isValidation = name.hasPrefix("val_")
    let key = isValidation ? String(name.dropFirst(4)) : name
    return epochs.compactMap { (isValidation ? $0.validation : $0.training)?[key] }
  }
}

/// Where a training is: what `fit` tells after each batch, and at the end of each epoch.
public struct Progress: Sendable, Equatable {
  /// From 1.
  public let epoch: Int
  /// How many there will be.
  public let epochs: Int
  /// Batches done in this epoch.
  public let batch: Int
  /// Batches of an epoch.
  public let batches: Int
  /// The means over the epoch so far.
  public let results: Results
  /// At the end of an epoch, where there is validation data.
  public let validation: Results?
  /// Whether the epoch is over and validated: said once more behind its last batch.
  public let isEndOfEpoch: Bool
}

/// What happens when the loss becomes NaN or infinite.
public enum NonFiniteLoss: Sendable, CaseIterable {
  /// An error, before the batch changes a weight.
  case stop
  /// The training goes on, as in Keras.
  case ignore
  /// An error; weights and optimizer are again as they were before the epoch.
  case restore
}
