import MartletGraph
import MartletOps
import MartletStorage
import MartletTensors

/// Models in files, and trainings that go on from them bit by bit.
extension Session {
  /// Writes model and training, whole or not at all.
  ///
  /// - Parameters:
  ///   - includesTraining: `nil`: if the model is compiled.
  ///   - metadata: Texts to be kept with it.
  package func save(
    to path: String, includesTraining: Bool? = nil, metadata: JSONObject = [:]
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      guard includesTraining ?? (compiled != nil) else {
        try ModelFile.write(model, metadata: metadata, to: path)
        return
      }
      let compiled = try requireCompiled("saving the training")
      if let name = compiled.programsOwn {
        throw MartletError(
          .invalidState,
          "'\(name)' is a loss or metric of the program's own, which a file of this kind cannot hold; "
            + "leave the training out (export() in Python)")
      }
      let optimizer = compiled.optimizer
      var training: JSONObject = [
        "configuration": .object(compiled.configuration),
        "learning_rate": try optimizer.learningRate.description,
        "iterations": .integer(optimizer.iterations),
        "random_position": .text(String(RandomSeeds.shared.position)),
      ]
      training["seeds"] = .array(model.randomKeys.map { .text(String($0.value)) })
      var more: JSONObject = ["training": .text(JSONValue.object(training).description)]
      for key in metadata.keys where more[key] != nil {
        throw .invalidArgument("metadata: the key '\(key)' is the library's own")
      }
      more = more.appending(metadata)
      let memory = try optimizer.memory(of: model).map {
        NamedTensor($0.name, $0.shape, $0.values)
      }
      try ModelFile.write(model, memory, metadata: more, to: path)
    }
  }

  /// The model of a file, compiled where the file holds a training.
  package static func load(from path: String) throws(MartletError) -> Session {
    let file = try ModelFile(reading: path)
    let session = Session(try file.model())
    if let training = try file.optionalObject("training") {
      do {
        try session.resume(training, file)
      } catch {
        throw file.named(error)
      }
    }
    try file.expectAllRead()
    return session
  }

  private func resume(_ training: JSONObject, _ file: ModelFile) throws(MartletError) {
    try compile(training.object("configuration"))
    let optimizer = try requireCompiled("going on").optimizer
    switch training["learning_rate"] {
    case .object(let schedule)?:
      optimizer.setLearningRate(try LearningRate(following: .object(schedule)))
    case let rate?:
      guard let rate = rate.double, rate >= 0 else {
        throw .invalidArgument("\"learning_rate\" must be a number from 0 up or a schedule")
      }
      optimizer.setLearningRate(.constant(rate))
    case nil: throw .invalidArgument("\"learning_rate\" is missing in the training")
    }
    try optimizer.setIterations(training["iterations"]?.double ?? .nan)
    for tensor in try optimizer.memory(of: model, file.expect) {
      try file.read(tensor.name, tensor.shape, into: tensor.values)
    }
    // Before the first step there is no training to go on with: its random numbers are the program's.
    guard optimizer.iterations > 0 else { return }
    let keys = model.randomKeys
    let seeds = try training.array("seeds")
    guard seeds.count == keys.count else {
      throw .invalidArgument(
        "the training has seeds for \(seeds.count) layers, the model \(keys.count) that are random")
    }
    for (key, seed) in zip(keys, seeds) { key.value = try Session.number(seed) }
    continuesAt = RandomSeeds.shared.position(
      at: try Session.number(.text(training.text("random_position"))))
  }

  /// Numbers of 64 bits travel as texts: JSON readers that know only doubles would round them.
  private static func number(_ value: JSONValue) throws(MartletError) -> UInt64 {
    guard case .text(let text) = value, let number = UInt64(text) else {
      throw .invalidArgument("\(value.excerpt()) is no seed")
    }
    return number
  }
}

extension Optimizer {
  /// What the optimizer remembers, by the names of files: of each weight that would be trained if the
  /// model were compiled now, `optimizer/dense/kernel/momentum`, and of none, `optimizer/u_product`.
  ///
  /// - Parameter expect: Asked before there is memory for it.
  /// - Throws: `outOfMemory`.
  fileprivate func memory(
    of model: Model, _ expect: (String, Shape) throws(MartletError) -> Void = { _, _ in }
  ) throws(MartletError) -> [(name: String, shape: Shape, values: UnsafeMutablePointer<Float>)] {
    var found: [(name: String, shape: Shape, values: UnsafeMutablePointer<Float>)] = []
    let slots = Array(slotGroups.joined())
    for (path, variable) in model.namedWeights where variable.receivesGradient {
      let names = slots.map { "optimizer/\(path)/\($0.name)" }
      for name in names { try expect(name, variable.shape) }
      try prepare([variable])
      for (name, buffer) in zip(names, slotBuffers(of: variable)) {
        found.append((name, variable.shape, buffer.floats))
      }
    }
    for (index, scalar) in rule.scalars.enumerated() {
      found.append(("optimizer/\(scalar.name)", .scalar, scalars.floats + index))
    }
    return found
  }
}
