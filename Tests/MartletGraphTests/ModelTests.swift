import MartletGraph
import MartletOps
import MartletTensors
import Testing

struct ModelTests {
  /// The network of the introductory courses.
  private func mnist() throws -> Model {
    let x = try input(28, 28, 1, name: "x")
    var y = try layer("Conv2D", #"{"filters": 32, "kernel_size": 3, "activation": "relu"}"#)(x)
    y = try layer("MaxPooling2D")(y)
    y = try layer("Conv2D", #"{"filters": 64, "kernel_size": 3, "activation": "relu"}"#)(y)
    y = try layer("MaxPooling2D")(y)
    y = try layer("Flatten")(y)
    y = try layer("Dropout", #"{"rate": 0.5}"#)(y)
    y = try layer("Dense", #"{"units": 10, "activation": "softmax"}"#)(y)
    return try Model(inputs: [x], outputs: [y], className: "Sequential")
  }

  @Test func countsParameters() throws {
    let model = try mnist()
    #expect(model.variables.map(\.count) == [288, 32, 18_432, 64, 16_000, 10])
    #expect(model.variables.reduce(0) { $0 + $1.count } == 34_826)
    #expect(model.inputShapes.map(\.extents) == [[28, 28, 1]])
    #expect(model.outputShapes.map(\.extents) == [[10]])
    #expect(model.isBuilt)
  }

  @Test func lowersToOperationsInOrder() throws {
    let model = try mnist()
    let program = try model.lower()
    let operations = program.instructions.map { String(describing: type(of: $0.operation)) }
    #expect(
      operations == [
        "ConvolutionOp", "BiasOp", "ActivationOp", "MaximumPoolingOp", "ConvolutionOp", "BiasOp",
        "ActivationOp", "MaximumPoolingOp", "ReshapeOp", "DropoutOp", "MatrixProductOp", "BiasOp",
        "SoftmaxOp",
      ])
    #expect(program.inputs == [0])
    #expect(program.outputs.map { program.shapes[$0].extents } == [[10]])
    #expect(
      program.variables.map(ObjectIdentifier.init) == model.variables.map(ObjectIdentifier.init))
    #expect(program.instructions[0].layer == model.layers[1].name)
  }

  @Test func aSharedLayerIsLoweredTwiceWithTheSameWeights() throws {
    let (a, b) = (try input(4, name: "a"), try input(4, name: "b"))
    let shared = try layer("Dense", #"{"units": 2, "name": "shared", "use_bias": false}"#)
    let sum = try layer("Add", #"{"name": "sum"}"#)(shared(a), shared(b))
    let model = try Model(inputs: [a, b], outputs: [sum])
    #expect(model.variables.count == 1)
    let program = try model.lower()
    #expect(program.instructions.map(\.layer) == ["shared", "shared", "sum"])
    #expect(program.instructions[0].variables[0] === program.instructions[1].variables[0])
    #expect(program.instructions[0].inputs == [0])
    #expect(program.instructions[1].inputs == [1])
    #expect(program.instructions[2].inputs == [2, 3])
  }

  @Test func inputsAndOutputsKeepTheirOrder() throws {
    let (a, b) = (try input(4, name: "a"), try input(5, name: "b"))
    let (x, y) = (
      try layer("Dense", #"{"units": 2, "name": "x"}"#)(a),
      try layer("Dense", #"{"units": 3, "name": "y"}"#)(b)
    )
    let model = try Model(inputs: [b, a], outputs: [y, x, y])
    #expect(model.inputNames == ["b", "a"])
    #expect(model.outputNames == ["y", "x", "y"])
    let program = try model.lower()
    #expect(program.inputs.map { program.shapes[$0].extents } == [[5], [4]])
    #expect(program.outputs.map { program.shapes[$0].extents } == [[3], [2], [3]])
  }

  @Test func anOutputMayBeAnInput() throws {
    let a = try input(4, name: "a")
    let model = try Model(inputs: [a], outputs: [a])
    let program = try model.lower()
    #expect(program.instructions.isEmpty)
    #expect(program.outputs == program.inputs)
  }

  @Test func aNestedModelIsDissolvedAndSharesItsWeights() throws {
    let x = try input(4, name: "x")
    let hidden = try layer("Dense", #"{"units": 4, "name": "hidden", "use_bias": false}"#)(x)
    let normal = try layer("BatchNormalization", #"{"name": "normal"}"#)(hidden)
    let inner = try Model(inputs: [x], outputs: [normal, hidden], name: "inner")
    #expect(inner.outputCount == 2)

    let a = try input(4, name: "a")
    let first = try inner.call([a])
    let second = try inner.call([first[1]])
    let model = try Model(inputs: [a], outputs: [second[0], first[0]], name: "outer")
    #expect(model.layers.map(\.name) == ["a", "inner"])
    #expect(
      model.weights.map { "\($0.layer.name)/\($0.variable.name)" } == [
        "hidden/kernel", "normal/gamma", "normal/beta", "normal/moving_mean",
        "normal/moving_variance",
      ])
    let program = try model.lower()
    #expect(program.instructions.map(\.layer) == ["hidden", "normal", "hidden", "normal"])
    #expect(program.instructions[2].inputs == [program.instructions[0].output])
    #expect(program.outputs == [program.instructions[3].output, program.instructions[1].output])
  }

  @Test func aMissingTrailingAxisIsAddedWhereAModelIsCalled() throws {
    let x = try input(8, 8, 1, name: "x")
    let inner = try Model(
      inputs: [x], outputs: [layer("Conv2D", #"{"filters": 1, "kernel_size": 3}"#)(x)], name: "m")
    #expect(try inner(input(8, 8)).shape.extents == [6, 6, 1])
    #expect(
      message { _ = try inner(input(8, 9)) }
        == "layer 'm': expected an input of shape (None, 8, 8, 1), received (None, 8, 9)")
    #expect(
      message { _ = try inner(input(8, 8, 1, name: "a"), input(8, 8, 1, name: "b")) }
        == "layer 'm': expected 1 input, received 2; the inputs come from 'a', 'b'")
  }

  @Test func freezingAModelFreezesItsLayers() throws {
    let x = try input(4, name: "x")
    let dense = try layer("Dense", #"{"units": 4, "name": "d", "trainable": false}"#)
    let normalization = try layer("BatchNormalization", #"{"name": "b"}"#)
    let model = try Model(inputs: [x], outputs: [normalization(dense(x))])
    #expect(!dense.isTrainable)
    #expect(
      model.variables.map(\.receivesGradient) == [false, false, true, true, false, false])
    model.isTrainable = false
    #expect(model.variables.allSatisfy { !$0.receivesGradient })
    model.isTrainable = true
    #expect(dense.isTrainable)
    #expect(model.variables.map(\.receivesGradient) == [true, true, true, true, false, false])
  }

  @Test func aFrozenBatchNormalizationIsLoweredAsFrozen() throws {
    let x = try input(4, name: "x")
    let normalization = try layer("BatchNormalization", #"{"name": "b"}"#)
    let model = try Model(inputs: [x], outputs: [normalization(x)])
    func isFrozen() throws -> Bool? {
      (try model.lower().instructions[0].operation as? BatchNormalizationOp)?.isFrozen
    }
    #expect(try isFrozen() == false)
    normalization.isTrainable = false
    #expect(try isFrozen() == true)
  }

  /// Every walk through a graph and its release must do without recursion: a notebook's threads have
  /// small stacks.
  @Test func depthOfAGraphIsNotLimited() throws {
    let x = try input(1, name: "x")
    var y = x
    let dense = try layer("Dense", #"{"units": 1, "name": "d"}"#)
    for _ in 0..<100_000 { y = try dense(y) }
    let model = try Model(inputs: [x], outputs: [y])
    #expect(try model.lower().instructions.count == 200_000)
  }

  @Test func modelsNestToALimit() throws {
    let x = try input(1, name: "x")
    var model = try Model(inputs: [x], outputs: [x], name: "m0")
    for level in 1..<64 {
      let x = try input(1, name: "x\(level)")
      model = try Model(inputs: [x], outputs: [model(x)], name: "m\(level)")
    }
    let top = model
    #expect(
      message {
        let x = try input(1, name: "y")
        _ = try Model(inputs: [x], outputs: [top(x)], name: "m64")
      } == "models may stand at most 64 deep in each other")
  }

  @Test func modelsAreNamedAsLayersAre() throws {
    let x = try input(1, name: "x")
    #expect(try Model(inputs: [x], outputs: [x]).name.hasPrefix("functional"))
    #expect(
      try Model(inputs: [x], outputs: [x], className: "Sequential").name.hasPrefix("sequential"))
    #expect(try Model(inputs: [x], outputs: [x], name: "mine").name == "mine")
  }

  @Test func errors() throws {
    let (a, b) = (try input(3, name: "a"), try input(3, name: "b"))
    let sum = try layer("Add", #"{"name": "sum"}"#)(a, b)
    #expect(
      message { _ = try Model(inputs: [a], outputs: [sum]) }
        == "graph disconnected: layer 'sum' needs the tensor 'b' of shape (None, 3), which does not "
        + "follow from the model's inputs; make it one of them")
    #expect(
      message { _ = try Model(inputs: [a], outputs: [b]) }
        == "graph disconnected: an output is the tensor 'b' of shape (None, 3), which does not "
        + "follow from the model's inputs; make it one of them")
    #expect(
      message { _ = try Model(inputs: [a, a], outputs: [a]) } == "input 'a' is given twice")
    #expect(
      message { _ = try Model(inputs: [], outputs: [a]) } == "a model needs at least one input")
    #expect(
      message { _ = try Model(inputs: [a], outputs: []) } == "a model needs at least one output")
    #expect(
      message { _ = try Model(inputs: [a], outputs: [a], className: "Sequentail") }
        == "unknown model class 'Sequentail'; did you mean 'Sequential'?")
    #expect(
      message { _ = try Model(inputs: [a], outputs: [a], name: "a/b") }
        == "argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"a/b\"")
    let twins = try layer("Dense", #"{"units": 1, "name": "z"}"#)(
      layer("Dense", #"{"units": 1, "name": "z"}"#)(a))
    #expect(
      message { _ = try Model(inputs: [a], outputs: [twins]) }
        == "the name 'z' is used 2 times in the model; all layer names must be unique")
  }

  @Test func modelsThatShareALayerWaitForEachOther() async throws {
    let x = try input(2, name: "x")
    let dense = try layer("Dense", #"{"units": 2, "name": "d"}"#)
    let other = try layer("Dense", #"{"units": 2, "name": "e"}"#)
    let first = try Model(inputs: [x], outputs: [other(dense(x))])
    let second = try Model(inputs: [x], outputs: [dense(other(x))])
    let counter = Counter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for model in [first, second, first, second] {
        group.addTask {
          for _ in 0..<1000 { try model.withComputeLock { counter.value += 1 } }
        }
      }
      try await group.waitForAll()
    }
    #expect(counter.value == 4000)
    // The same thread may come again, as a progress callback does that reads weights.
    try first.withComputeLock { () throws(MartletError) in
      try dense.withComputeLock { counter.value = 0 }
    }
    #expect(counter.value == 0)
  }

  private final class Counter: @unchecked Sendable {
    var value = 0
  }
}
