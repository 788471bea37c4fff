import Martlet
import Synchronization
import Testing

@Suite(.serialized) struct AsyncTests {
  private func compiled() throws -> Sequential {
    let model = try smallNetwork()
    try model.compile(
      optimizer: .adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy(),
      metrics: [.accuracy])
    return model
  }

  @Test func sameBits() async throws {
    let (x, y) = try squares(20)
    Library.setRandomSeed(5)
    let model = try compiled()
    let history = try await model.fit(x, y, epochs: 2, batchSize: 8, validation: Samples(x, y))
    let results = try await model.evaluate(x, y)
    let predicted = try await model.predict(x)

    Library.setRandomSeed(5)
    try synchronously {
      let other = try compiled()
      #expect(
        try other.fit(x, y, epochs: 2, batchSize: 8, validation: Samples(x, y)) == history)
      #expect(try other.evaluate(x, y) == results)
      #expect(try other.predict(x) == predicted)
      #expect(try bits(other) == bits(model))
    }
  }

  /// Where the functions without `async` are meant.
  private func synchronously(_ body: () throws -> Void) rethrows { try body() }

  @Test func cancellation() async throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    let seen = Counter()
    let task = Task {
      try await model.fit(x, y, epochs: 1_000_000, batchSize: 4) { _ in seen.count() }
    }
    while seen.value < 7 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    // The model can go on.
    let steps = try model.stepCount
    #expect(steps >= 1)
    #expect(steps < 5_000_000)
    let history = try await model.fit(x, y, batchSize: 4)
    #expect(history.epochs.count == 1)
    #expect(try model.stepCount == steps + 5)
  }

  @Test func cancelledBeforehand() async throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await model.fit(x, y)
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try model.stepCount == 0)
  }

  @Test func cancellationOfPredictions() async throws {
    let (x, _) = try squares(2000)
    let model = try compiled()
    let task = Task {
      while true { _ = try await model.predict(x, batchSize: 1) }
    }
    for _ in 0..<100 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(try await model.predict(x).shape == [2000, 2])
  }

  @Test func stoppingAndErrors() async throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    let history = try await model.fit(x, y, epochs: 9, batchSize: 8) {
      if $0.epoch == 2 { throw StopTraining() }
    }
    #expect(history.epochs.map(\.batches) == [3, 1])
    await #expect(throws: MartletError.self) { try await model.fit(x, [0]) }
  }

  /// Calls of one model wait for each other; different models run side by side, with the bits that they
  /// have alone.
  @Test func manyTasks() async throws {
    let (x, y) = try squares(40)
    func network(_ seed: Int) throws -> Sequential {
      let model = try Sequential {
        Input(4, 4, 1)
        Flatten()
        Dense(units: 8, activation: .relu, kernelInitializer: .glorotUniform(seed: seed))
        Dropout(0.2, seed: seed)
        Dense(units: 2, activation: .softmax, kernelInitializer: .heNormal(seed: seed))
      }
      try model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
      return model
    }
    let alone = try (0..<6).map { seed in
      let model = try network(seed)
      try synchronously { try model.fit(x, y, epochs: 5, batchSize: 8, shuffle: false) }
      return try bits(model)
    }
    let models = try (0..<6).map { try network($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for model in models {
        group.addTask { try await model.fit(x, y, epochs: 5, batchSize: 8, shuffle: false) }
      }
      try await group.waitForAll()
    }
    #expect(try models.map { try bits($0) } == alone)

    let shared = models[0]
    let steps = try shared.stepCount
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<4 {
        group.addTask { try await shared.fit(x, y, batchSize: 8) }
        group.addTask { _ = try await shared.predict(x) }
        group.addTask { _ = try await shared.evaluate(x, y) }
      }
      try await group.waitForAll()
    }
    #expect(try shared.stepCount == steps + 4 * 5)
  }
}

/// A number that several threads count up.
private final class Counter: Sendable {
  private let number = Atomic<Int>(0)
  func count() { number.add(1, ordering: .relaxed) }
  var value: Int { number.load(ordering: .relaxed) }
}
