import Foundation
import MartletGraph
import MartletTensors
import MartletTraining
import Testing

/// Sessions in files. Settings of the process (the stream of seeds) are changed here.
struct FileTests {
  private static let samples = 24

  private func path() -> String {
    NSTemporaryDirectory() + "martlet-\(UUID().uuidString).safetensors"
  }

  private func session(optimizer: String, loss: String = "SparseCategoricalCrossentropy")
    throws -> Session
  {
    try makeSession(
      input: [6, 6, 2],
      [
        ("Conv2D", #"{"filters": 4, "kernel_size": 3, "activation": "relu", "name": "c"}"#),
        ("BatchNormalization", #"{"name": "b"}"#), ("Dropout", #"{"rate": 0.4, "name": "drop"}"#),
        ("Flatten", "{}"), ("Dense", #"{"units": 3, "activation": "softmax", "name": "d"}"#),
      ],
      compile:
        #"{"optimizer": \#(optimizer), "losses": [{"class_name": "\#(loss)", "config": {}}], "#
        + #""metrics": [[{"class_name": "Accuracy", "name": "acc"}]]}"#)
  }

  private func data() throws -> (TrainingData, [TestArray]) {
    var generator = SeededGenerator(seed: 5)
    let x = try TestArray(
      (0..<(Self.samples * 72)).map { _ in Float(generator.next(below: 1000)) / 1000 },
      [Self.samples, 6, 6, 2])
    let y = try TestArray(
      (0..<Self.samples).map { Float($0 % 3) }, [Self.samples])
    return (trainingData(x, y), [x, y])
  }

  private func train(_ session: Session, _ data: TrainingData) throws -> [Double] {
    var options = PassOptions()
    options.batchSize = 5
    options.shuffles = true
    return try session.train(data, options)
  }

  /// A training that goes on from a file is the one that was not interrupted, whatever the optimizer
  /// remembers.
  @Test(arguments: [
    #""SGD""#, #"{"class_name": "Adam", "config": {"learning_rate": 0.01, "amsgrad": true}}"#,
    #"{"class_name": "Nadam", "config": {"use_ema": true}}"#,
    #"{"class_name": "RMSprop", "config": {"momentum": 0.5, "centered": true}}"#,
    #"{"class_name": "SGD", "config": {"momentum": 0.9, "learning_rate": "#
      + #"{"class_name": "ExponentialDecay", "config": "#
      + #"{"initial_learning_rate": 0.1, "decay_steps": 3, "decay_rate": 0.7}}}}"#,
  ])
  func trainingGoesOn(_ optimizer: String) throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, arrays) = try data()
    RandomSeeds.shared.set(11)
    let session = try session(optimizer: optimizer)
    _ = try train(session, data)
    if !optimizer.contains("ExponentialDecay") {
      try session.setOptimizerValue("learning_rate", 0.1 / 3)
    }
    try session.save(to: path)
    let expected = try [train(session, data), train(session, data)]

    RandomSeeds.shared.set(12)
    let again = try Session.load(from: path)
    #expect(again.isCompiled)
    #expect(try [train(again, data), train(again, data)] == expected)
    #expect(weights(again) == weights(session))
    withExtendedLifetime(arrays) {}
  }

  @Test func aSeedSetAfterLoadingIsStronger() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, arrays) = try data()
    RandomSeeds.shared.set(1)
    let session = try session(optimizer: #""SGD""#)
    _ = try train(session, data)
    try session.save(to: path)
    let again = try [1, 2].map { (number: UInt64) in
      let session = try Session.load(from: path)
      RandomSeeds.shared.set(number)
      return try train(session, data)
    }
    #expect(again[0] != again[1])
    withExtendedLifetime(arrays) {}
  }

  @Test func withoutTraining() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let session = try session(optimizer: #""Adam""#)
    try session.save(to: path, includesTraining: false, metadata: ["by": "me"])
    let again = try Session.load(from: path)
    #expect(!again.isCompiled)
    #expect(weights(again) == weights(session))
    let plain = Session(session.model)
    try plain.save(to: path)
    #expect(try !Session.load(from: path).isCompiled)
    #expect(
      message { try plain.save(to: path, includesTraining: true) }
        == "model '\(session.model.name)' is not compiled: call compile() before saving the training"
    )
  }

  /// What is frozen now is not trained after loading, whatever it was when the model was compiled.
  @Test func theMemoryIsThatOfTheWeightsToBeTrained() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, arrays) = try data()
    let session = try session(optimizer: #""Adam""#)
    _ = try train(session, data)
    session.model.layers[1].isTrainable = false
    try session.save(to: path)
    let again = try Session.load(from: path)
    #expect(!again.optimizerWeights.contains { $0.layer == "c" })
    let before = weights(again)
    _ = try train(again, data)
    #expect(weights(again)[0] == before[0])
    #expect(weights(again)[6] != before[6])
    withExtendedLifetime(arrays) {}
  }

  /// A file does not ask for the optimizer of a session that there is no more.
  @Test func anOptimizerThatWasKept() throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, arrays) = try data()
    let session = try session(optimizer: #""Adam""#)
    _ = try train(session, data)
    let steps = try session.optimizerValue("iterations")
    let again: JSONObject = ["losses": ["MeanAbsoluteError"], "keeps_optimizer": true]
    try session.compile(again)
    try session.save(to: path)
    #expect(try Session.load(from: path).optimizerValue("iterations") == steps)
    #expect(
      message { try session.compile(["losses": ["mse"], "keeps_optimizer": 1]) }
        == #"compile: "keeps_optimizer" is true or false, got 1"#)
    withExtendedLifetime(arrays) {}
  }

  @Test func aFunctionForTheRateCannotBeStored() throws {
    let session = try session(optimizer: #""SGD""#)
    try session.setLearningRate { _ in 0.1 }
    #expect(
      message { try session.save(to: path()) }?.hasPrefix("the learning rate comes from a function")
        == true)
  }

  @Test(arguments: [
    (#""iterations": 5"#, #""iterations": -5"#, "iterations: expected a whole number from 0 up"),
    (
      #""learning_rate": 0.25, "iterations""#, #""learning_rate": "x", "iterations""#,
      "\"learning_rate\" must be a number"
    ),
    (#""seeds": ["#, #""seeds": [7, "#, "the training has seeds for 2 layers"),
    (#""random_position": ""#, #""random_position": "x"#, "is no seed"),
    (#"Crossentropy"#, #"Crosentropy"#, "did you mean"),
  ])
  func refusesWhatIsWrong(_ part: String, _ wrong: String, _ expected: String) throws {
    let path = path()
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (data, arrays) = try data()
    let session = try session(
      optimizer: #"{"class_name": "SGD", "config": {"learning_rate": 0.25}}"#)
    _ = try train(session, data)
    try session.save(to: path)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    let length = bytes.prefix(8).enumerated().reduce(0) { $0 + Int($1.1) << (8 * $1.0) }
    let escape = { (text: String) in text.replacingOccurrences(of: "\"", with: "\\\"") }
    let header = String(decoding: bytes[8..<(8 + length)], as: UTF8.self)
      .replacingOccurrences(of: escape(part), with: escape(wrong))
    var damaged = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) }
    damaged += Data(header.utf8) + bytes[(8 + length)...]
    try damaged.write(to: URL(fileURLWithPath: path))
    let message = message { _ = try Session.load(from: path) } ?? ""
    #expect(message.hasPrefix("'\(path)'"), "\(message)")
    #expect(message.contains(expected), "\(message)")
    withExtendedLifetime(arrays) {}
  }
}
