import MartletEngine
import MartletTensors
import Synchronization

/// The same from asynchronous functions. The work runs on a thread of its own, so that no thread of
/// Swift's pool waits for it. Where the task is cancelled, it ends after the batch that is running with a
/// `CancellationError`; the model can be used and trained on then.
extension Model {
  /// Trains the model while the task waits.
  ///
  /// Arguments and result are those of the function without `async`; the progress is told on the
  /// training's own thread.
  ///
  /// - Throws: As there, and `CancellationError` where the task is cancelled.
  @discardableResult
  public func fit(
    _ x: any TensorData, _ y: any TensorData, epochs: Int = 1, batchSize: Int = 32,
    shuffle: Bool = true, validation: Samples? = nil, nonFiniteLoss: NonFiniteLoss = .stop,
    progress: (@Sendable (Progress) throws -> Void)? = nil
  ) async throws -> History {
    try await fit(
      Samples(x, y), epochs: epochs, batchSize: batchSize, shuffle: shuffle,
      validation: validation, nonFiniteLoss: nonFiniteLoss, progress: progress)
  }

  /// Trains a model of any number of inputs and outputs while the task waits.
  ///
  /// - Throws: As the function without `async`, and `CancellationError` where the task is cancelled.
  @discardableResult
  public func fit(
    _ samples: Samples, epochs: Int = 1, batchSize: Int = 32, shuffle: Bool = true,
    validation: Samples? = nil, nonFiniteLoss: NonFiniteLoss = .stop,
    progress: (@Sendable (Progress) throws -> Void)? = nil
  ) async throws -> History {
    try await onThread { isCancelled in
      try self.fit(
        samples, epochs: epochs, batchSize: batchSize, shuffle: shuffle, validation: validation,
        nonFiniteLoss: nonFiniteLoss, watch: Watch(report: progress, isCancelled: isCancelled))
    }
  }

  /// Loss and metrics of the model as it is, worked out while the task waits.
  ///
  /// - Throws: As the function without `async`, and `CancellationError` where the task is cancelled.
  public func evaluate(_ samples: Samples, batchSize: Int = 32) async throws -> Results {
    try await onThread { isCancelled in
      try self.evaluate(samples, batchSize: batchSize, isCancelled: isCancelled)
    }
  }

  /// Loss and metrics of the model as it is, worked out while the task waits.
  ///
  /// - Throws: As the function without `async`, and `CancellationError` where the task is cancelled.
  public func evaluate(
    _ x: any TensorData, _ y: any TensorData, batchSize: Int = 32
  ) async throws -> Results {
    try await evaluate(Samples(x, y), batchSize: batchSize)
  }

  /// What the model gives for each sample, worked out while the task waits.
  ///
  /// - Throws: As the function without `async`, and `CancellationError` where the task is cancelled.
  public func predict(
    _ x: any TensorData, batchSize: Int = 32, training: Bool = false
  ) async throws -> Tensor<Float> {
    try requireOneOutput()
    return try await predictAll([x], batchSize: batchSize, training: training)[0]
  }

  /// What a model of any number of inputs and outputs gives, worked out while the task waits.
  ///
  /// - Throws: As the function without `async`, and `CancellationError` where the task is cancelled.
  public func predictAll(
    _ x: [any TensorData], batchSize: Int = 32, training: Bool = false
  ) async throws -> [Tensor<Float>] {
    try await onThread { isCancelled in
      try self.predictAll(
        x, batchSize: batchSize, training: training, isCancelled: isCancelled)
    }
  }
}

/// Runs work on a thread of its own while the task waits.
///
/// - Parameter work: Is given what tells whether the task has been cancelled. Where it ends because of
///   that, with an error of the kind `stopped`, the error is a `CancellationError`.
private func onThread<Value: Sendable>(
  _ work: @escaping @Sendable (_ isCancelled: @escaping () -> Bool) throws -> Value
) async throws -> Value {
  let flag = Flag()
  return try await withTaskCancellationHandler {
    try Task.checkCancellation()
    return try await withCheckedThrowingContinuation { continuation in
      let isStarted = DetachedThread.start {
        continuation.resume(
          with: Result {
            do {
              return try work { flag.isRaised }
            } catch let error as MartletError where error.kind == .stopped {
              throw CancellationError()
            }
          })
      }
      if !isStarted {
        continuation.resume(
          throwing: MartletError(.outOfMemory, "the system makes no thread to work on"))
      }
    }
  } onCancel: {
    flag.raise()
  }
}

private final class Flag: Sendable {
  private let state = Atomic<Bool>(false)

  var isRaised: Bool { state.load(ordering: .relaxed) }
  func raise() { state.store(true, ordering: .relaxed) }
}
