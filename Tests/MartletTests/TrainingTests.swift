import Martlet
import Testing

import class MartletGraph.Layer
import enum MartletGraph.LayerRegistry
import class MartletGraph.Model
import struct MartletTensors.ArrayView
import struct MartletTensors.Shape
import struct MartletTraining.PassOptions
import class MartletTraining.Session
import struct MartletTraining.TrainingData

@Suite(.serialized) struct TrainingTests {
  private func compiled() throws -> Sequential {
    let model = try smallNetwork()
    try model.compile(
      optimizer: .adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy(),
      metrics: [.accuracy])
    return model
  }

  /// Seeds, order of layers, shuffling and steps: all of it is what the core does with the same words.
  @Test func bitsOfTheCore() throws {
    let (x, y) = try squares(20)
    Library.setRandomSeed(5)
    let model = try compiled()
    let history = try model.fit(x, y, epochs: 3, batchSize: 8, validation: Samples(x, y))

    Library.setRandomSeed(5)
    var value = try MartletGraph.Layer.input(Shape([4, 4, 1]))
    let input = value
    for (className, arguments) in [
      ("Conv2D", #"{"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}"#),
      ("BatchNormalization", "{}"), ("Dropout", #"{"rate": 0.25}"#), ("Flatten", "{}"),
      ("Dense", #"{"units": 2, "activation": "softmax"}"#),
    ] {
      value = try LayerRegistry.make(className, object(arguments)).call([value])[0]
    }
    let session = Session(try MartletGraph.Model(inputs: [input], outputs: [value]))
    try session.compile(
      object(
        """
        {"optimizer": {"class_name": "Adam", "config": {"learning_rate": 0.01}},
         "losses": ["sparse_categorical_crossentropy"], "metrics": [["accuracy"]]}
        """))
    var options = PassOptions()
    options.batchSize = 8
    options.shuffles = true
    var passes: [[Double]] = []
    try x.scalars.withUnsafeBytes { pixels in
      try y.withUnsafeBytes { labels in
        var data = TrainingData()
        data.x = [
          ArrayView(data: pixels.baseAddress!, elementType: .float32, extents: [20, 4, 4, 1])
        ]
        data.y = [ArrayView(data: labels.baseAddress!, elementType: .int64, extents: [20])]
        for _ in 0..<3 {
          passes.append(try session.train(data, options))
          passes.append(try session.evaluate(data, options))
        }
      }
    }
    #expect(passes.map { $0[0] } == interleaved(history["loss"], history["val_loss"]))
    #expect(passes.map { $0[1] } == interleaved(history["accuracy"], history["val_accuracy"]))
    let weights = session.model.variables.map { variable in
      (0..<variable.count).map { variable.values[$0].bitPattern }
    }
    #expect(try bits(model) == weights)
  }

  private func interleaved(_ a: [Double], _ b: [Double]) -> [Double] {
    zip(a, b).flatMap { [$0, $1] }
  }

  @Test func bitsOfEveryThreadCount() throws {
    defer { try? Library.setThreadCount(0) }
    let (x, y) = try squares(40)
    var seen: [[[UInt32]]] = []
    for count in [1, 2, 3] {
      try Library.setThreadCount(count)
      Library.setRandomSeed(5)
      let model = try compiled()
      try model.fit(x, y, epochs: 2, batchSize: 16)
      seen.append(try bits(model))
    }
    #expect(seen[1] == seen[0])
    #expect(seen[2] == seen[0])
  }

  @Test func learns() throws {
    Library.setRandomSeed(1)
    let (x, y) = try squares(64)
    let model = try Sequential {
      Input(4, 4, 1)
      Flatten()
      Dense(units: 16, activation: .relu)
      Dense(units: 2, activation: .softmax)
    }
    try model.compile(
      optimizer: .adam(learningRate: 0.02), loss: .sparseCategoricalCrossentropy(),
      metrics: [.accuracy])
    let history = try model.fit(x, y, epochs: 60, batchSize: 16)
    #expect(history["loss"].last! < history["loss"][0] / 2)
    let results = try model.evaluate(x, y)
    #expect(results["accuracy"]! > 0.9)
    let predicted = try model.predict(x)
    #expect(predicted.shape == [64, 2])
    let right = zip(predicted.argmax(), y).count { $0 == $1 }
    #expect(abs(Double(right) / 64 - results["accuracy"]!) < 1e-9)
  }

  // MARK: Progress

  @Test func progress() throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    var seen: [Progress] = []
    let history = try model.fit(x, y, epochs: 2, batchSize: 8, validation: Samples(x, y)) {
      seen.append($0)
    }
    #expect(seen.map(\.epoch) == [1, 1, 1, 1, 2, 2, 2, 2])
    #expect(seen.map(\.batch) == [1, 2, 3, 3, 1, 2, 3, 3])
    #expect(seen.map(\.isEndOfEpoch) == [false, false, false, true, false, false, false, true])
    #expect(seen.allSatisfy { $0.epochs == 2 && $0.batches == 3 })
    #expect(seen[3].results == history.epochs[0].training)
    #expect(seen[3].validation == history.epochs[0].validation)
    #expect(seen[2].validation == nil)
    #expect(history.epochs.map(\.batches) == [3, 3])
    #expect(!history.isStopped)
    #expect(history["nothing"].isEmpty)
  }

  @Test func stoppingInABatch() throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    let history = try model.fit(x, y, epochs: 5, batchSize: 8) {
      if $0.epoch == 2, $0.batch == 2 { throw StopTraining() }
    }
    #expect(history.isStopped)
    #expect(history.epochs.map(\.batches) == [3, 2])
    #expect(try model.stepCount == 5)
    #expect(history["loss"].count == 2)
    #expect(try model.fit(x, y).epochs.count == 1)
  }

  @Test func stoppingAtTheEndOfAnEpoch() throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    let history = try model.fit(x, y, epochs: 5, batchSize: 8, validation: Samples(x, y)) {
      if $0.isEndOfEpoch { throw StopTraining() }
    }
    #expect(history.isStopped)
    #expect(history.epochs.map(\.batches) == [3])
    #expect(history.epochs[0].validation != nil)
  }

  private struct Whim: Error {}

  @Test func otherErrorsAreThrownOn() throws {
    let (x, y) = try squares(20)
    let model = try compiled()
    for atEnd in [false, true] {
      #expect(throws: Whim.self) {
        try model.fit(x, y, epochs: 5, batchSize: 8) {
          if $0.isEndOfEpoch == atEnd { throw Whim() }
        }
      }
    }
    #expect(try model.stepCount == 4)
  }

  @Test func averagesTakeTheWeightsPlace() throws {
    let (x, y) = try squares(20)
    let plain = try smallNetwork()
    try plain.compile(
      optimizer: .sgd().averaging(momentum: 1), loss: .sparseCategoricalCrossentropy())
    let dense = try #require(plain.weights.last { $0.isTrainable })
    try plain.trainBatch(x, y)
    let average = try dense.values
    try plain.trainBatch(x, y)
    #expect(try dense.values != average)
    try plain.fit(x, y)
    #expect(try dense.values == average)
  }

  // MARK: Errors

  @Test func messages() throws {
    let (x, y) = try squares(8)
    let model = try smallNetwork()
    let name = model.name ?? ""
    #expect(
      message { try model.fit(x, y) }
        == "model '\(name)' is not compiled: call compile() before training or evaluating")
    try model.compile(loss: .sparseCategoricalCrossentropy())
    #expect(
      message { try model.fit(x, [0, 1]) }
        == "x has 8 samples, y has 2: every sample needs its target")
    #expect(
      message { try model.fit(x, y, epochs: 0) } == "epochs must be at least 1, received 0")
    #expect(
      message { try model.fit(x, y, batchSize: 0) }
        == "batch_size must be at least 1, received 0")
    #expect(
      message { try model.fit(x, y, validation: Samples(x, [3])) }
        == "validation: x has 8 samples, y has 1: every sample needs its target")
    #expect(
      message { try model.fit(Samples(x, y, classWeight: [1: .infinity])) }
        == "class_weight of class 1 is inf: not a finite number")
    #expect(
      message { try model.fit(Samples([x, x], [y])) }
        == "the model has 1 input (\(model.inputs[0].layerName)), got 2 arrays")
    #expect(
      message { _ = try model.predict([1.5, 2.5]) }
        == "x has shape (2,), but input '\(model.inputs[0].layerName)' expects (None, 4, 4, 1)")
    let error = #expect(throws: MartletError.self) {
      try model.fit(x, [0, 1, 2, 0, 0, 0, 0, 0])
    }
    #expect(error?.kind == .invalidArgument)
    #expect("\(error!)" == error?.message)
  }

  @Test func lossesThatAreNotFinite() throws {
    let (x, y) = try squares(8)
    let model = try Sequential([Input(4, 4, 1), Flatten(), Dense(units: 1)])
    try model.compile(optimizer: .sgd(learningRate: 1e30), loss: .meanSquaredError())
    let before = try bits(model)
    let error = #expect(throws: MartletError.self) {
      try model.fit(x, y, epochs: 3, batchSize: 8, nonFiniteLoss: .restore)
    }
    #expect(error?.kind == .notFinite)
    #expect(error?.message.hasPrefix("epoch 2: the loss became") == true)
    #expect(try bits(model) != before)
    try model.fit(x, y, nonFiniteLoss: .ignore)
  }

  // MARK: Batches

  @Test func singleBatches() throws {
    let (x, y) = try squares(8)
    Library.setRandomSeed(3)
    let a = try compiled()
    let results = try a.trainBatch(x, y)
    Library.setRandomSeed(3)
    let b = try compiled()
    let history = try b.fit(x, y, batchSize: 8, shuffle: false)
    #expect(results == history.epochs[0].training)
    #expect(try bits(a) == bits(b))
    #expect(try a.testBatch(x, y) == a.evaluate(x, y, batchSize: 8))
    #expect(results.description.hasPrefix("loss: "))
    #expect(results.description.contains(" - accuracy: "))
  }

  @Test func weightsOfSamplesAndClasses() throws {
    let (x, y) = try squares(8)
    let model = try compiled()
    let halves = [Float](repeating: 0.5, count: 8)
    let whole = try model.testBatch(x, y).loss
    #expect(abs(try model.testBatch(Samples(x, y, sampleWeight: halves)).loss - whole / 2) < 1e-6)
    let weighted = Samples(x, y, classWeight: [0: 0.5, 1: 0.5])
    #expect(abs(try model.testBatch(weighted).loss - whole / 2) < 1e-6)
  }

  @Test func predictionsAsInTraining() throws {
    let (x, _) = try squares(8)
    Library.setRandomSeed(3)
    let model = try smallNetwork()
    let calm = try model.predict(x)
    #expect(try model.predict(x, batchSize: 3) == calm)
    let random = try model.predict(x, training: true)
    #expect(random != calm)
    #expect(try model.predict(x, training: true) != random)
  }
}
