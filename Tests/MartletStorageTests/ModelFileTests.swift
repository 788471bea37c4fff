import MartletGraph
import MartletOps
import MartletStorage
import MartletTensors
import Testing

private func layer(_ className: String, _ arguments: JSONObject = [:]) throws -> Layer {
  try LayerRegistry.make(className, arguments)
}

private func numbers(_ variable: Variable) -> [Float] {
  Array(UnsafeBufferPointer(start: variable.values, count: variable.count))
}

struct ModelFileTests {
  private let folder: Folder
  private let path: String

  init() throws {
    folder = try Folder()
    path = folder.file("m.safetensors")
  }

  private func again(_ model: Model) throws -> Model {
    try ModelFile.write(model, to: path)
    let file = try ModelFile(reading: path)
    let read = try file.model()
    try file.expectAllRead()
    return read
  }

  private func expectSame(_ a: Model, _ b: Model) {
    #expect(JSONValue.object(a.describe()) == JSONValue.object(b.describe()))
    #expect(a.namedWeights.map(\.path) == b.namedWeights.map(\.path))
    #expect(
      a.namedWeights.map { numbers($0.variable) } == b.namedWeights.map { numbers($0.variable) })
  }

  @Test func aModelComesBackAsItWas() throws {
    let x = try Layer.input(Shape([8, 8, 3]), name: "x")
    let convolution = try layer("Conv2D", ["filters": 4, "kernel_size": 3, "name": "conv"])
    let normalization = try layer("BatchNormalization", ["name": "norm"])
    let flat = try layer("Flatten")
    let model = try Model(
      inputs: [x],
      outputs: [layer("Dense", ["units": 2])(flat(normalization(convolution(x)))), x],
      className: "Sequential", name: "net")
    convolution.isTrainable = false
    let read = try again(model)
    expectSame(model, read)
    #expect(
      read.namedWeights.map(\.path).prefix(3) == ["conv/kernel", "conv/bias", "norm/gamma"])
    #expect(read.layers[1].isTrainable == false)
  }

  /// A layer that is called twice, within and beside a model that is called twice itself.
  @Test func sharingComesBack() throws {
    let shared = try layer("Dense", ["units": 4, "name": "shared"])
    let a = try Layer.input(Shape([4]), name: "a")
    let inner = try Model(
      inputs: [a], outputs: [layer("Add", ["name": "sum"])(shared(shared(a)), a)], name: "inner")
    let (x, y) = (
      try Layer.input(Shape([4]), name: "x"), try Layer.input(Shape([4]), name: "y")
    )
    let both = try layer("Concatenate", ["name": "both"])(inner(x), inner(shared(y)))
    let model = try Model(inputs: [y, x], outputs: [both, inner(y)], name: "outer")
    let read = try again(model)
    expectSame(model, read)
    #expect(read.namedWeights.count == 2)
    let again = read.layers.first { $0.name == "shared" }
    let within = (read.layers.first { $0.name == "inner" } as? Model)?.layers
    #expect(again != nil && within?.contains { $0 === again } == true)
  }

  /// The weights of two models have the same names of layers within them.
  @Test func namesTellModelsApart() throws {
    func branch(_ name: String) throws -> Model {
      let a = try Layer.input(Shape([3]), name: "a")
      return try Model(
        inputs: [a], outputs: [layer("Dense", ["units": 3, "name": "dense"])(a)], name: name)
    }
    let x = try Layer.input(Shape([3]), name: "x")
    let sum = try layer("Add", ["name": "sum"])(branch("left")(x), branch("right")(x))
    let model = try Model(inputs: [x], outputs: [sum], name: "m")
    let read = try again(model)
    expectSame(model, read)
    #expect(read.namedWeights.map(\.path).contains("right/dense/bias"))
  }

  @Test func modelsAsDeepAsTheyMayStand() throws {
    let a = try Layer.input(Shape([2]), name: "a")
    var model = try Model(
      inputs: [a], outputs: [layer("Dense", ["units": 2, "name": "d"])(a)], name: "m")
    for _ in 1..<64 {
      let a = try Layer.input(Shape([2]), name: "a")
      model = try Model(inputs: [a], outputs: [model(a)], name: "m")
    }
    expectSame(model, try again(model))
  }

  /// Every layer by name: what its configuration says makes it again.
  @Test(arguments: [
    ("Dropout", #"{"rate": 0.5, "seed": 3}"#), ("Reshape", #"{"target_shape": [3, -1]}"#),
    ("Rescaling", #"{"scale": 0.003921568627450980392}"#),
    ("LeakyReLU", #"{"negative_slope": 0.1}"#),
    ("Dense", #"{"units": 2, "kernel_regularizer": "l2", "kernel_constraint": "non_neg"}"#),
    ("LayerNormalization", "{}"), ("Normalization", "{}"), ("UnitNormalization", "{}"),
    ("PReLU", "{}"), ("RandomFlip", "{}"), ("Reduction", #"{"function": "mean", "axis": [1]}"#),
    ("ElementFunction", #"{"function": "exp"}"#), ("Clip", #"{"minimum": 0.25}"#),
  ])
  func configurationsMakeTheLayerAgain(_ className: String, _ arguments: String) throws {
    let x = try Layer.input(Shape([6, 4, 3]), name: "x")
    guard case .object(let arguments) = try JSONValue(parsing: arguments) else { return }
    let model = try Model(inputs: [x], outputs: [layer(className, arguments)(x)], name: "m")
    expectSame(model, try again(model))
  }

  @Test func valuesAndWeightsOfLayersInOtherLanguages() throws {
    let x = try Layer.input(Shape([3]), name: "x")
    let weight = try layer(
      "Weight", ["shape": [3], "weight_name": "scale", "name": "own_scale", "trained": false])
    let constant = try layer("Constant", ["shape": [3], "values": [1, 0.1, -2.5]])
    let product = try layer("Multiply")(layer("Add")(x, weight.call([])[0]), constant.call([])[0])
    let model = try Model(inputs: [x], outputs: [product], name: "m")
    let read = try again(model)
    expectSame(model, read)
    #expect(read.namedWeights.map(\.path) == ["own_scale/scale"])
  }

  // MARK: What is wrong

  /// A file that holds a description as it is given, and a Dense layer's weights.
  private func write(_ description: String) throws {
    let kernel = [Float](repeating: 1, count: 6)
    try kernel.withUnsafeBufferPointer {
      try TensorFile.write(
        [
          NamedTensor("d/kernel", Shape([3, 2]), $0.baseAddress!),
          NamedTensor("d/bias", Shape([2]), $0.baseAddress!),
        ],
        metadata: ["format": "martlet", "format_version": "1", "model": .text(description)],
        to: path)
    }
  }

  private static func description(
    extent: Int = 3, className: String = "Dense", units: Int = 2, source: String = #"["x", 0, 0]"#,
    output: String = #"["d", 0, 0]"#
  ) -> String {
    #"{"class_name": "Functional", "name": "m", "trainable": true, "inputs": [["x", 0, 0]], "#
      + #""outputs": [\#(output)], "layers": [{"class_name": "InputLayer", "name": "x", "#
      + #""trainable": true, "nodes": [{"inputs": [], "output_shapes": [[\#(extent)]]}]}, "#
      + #"{"class_name": "\#(className)", "name": "d", "trainable": true, "#
      + #""config": {"units": \#(units), "name": "d"}, "nodes": [{"inputs": [\#(source)]}]}]}"#
  }

  @Test func theExampleIsRight() throws {
    try write(Self.description())
    let file = try ModelFile(reading: path)
    _ = try file.model()
    try file.expectAllRead()
  }

  @Test(arguments: [
    (description(extent: 4), "tensor 'd/kernel' has shape (3, 2), expected (4, 2)"),
    // Far more than there is memory for.
    (
      description(extent: 1 << 19, units: 1 << 18),
      "tensor 'd/kernel' has shape (3, 2), expected (524288, 262144)"
    ),
    (description(className: "Dens"), "unknown layer 'Dens'; did you mean 'Dense'?"),
    (
      description(source: #"["d", 0, 0]"#),
      "layer 'd' waits for layers that are not there, or that wait for it"
    ),
    (description(source: #"["y", 0, 0]"#), "layer 'd' waits for layers that are not there"),
    (description(source: #"["x", 0, 1]"#), "there is no tensor [\"x\", 0, 1]"),
    (description(source: "7"), "expected [layer, call, output] for a tensor, received 7"),
    (description(output: #"["d", 1, 0]"#), "there is no tensor [\"d\", 1, 0]"),
    (description(extent: 0), "shape (0,) has an extent below 1"),
    ("[]", "\"model\" in the metadata: it has to be an object"),
    ("{", "\"model\" in the metadata: JSON, line 1, column 2"),
    ("{}", "\"layers\" must be a list, it is missing"),
    (String(repeating: #"{"a":"#, count: 1000), "more than 160 levels deep"),
  ])
  func refusesWhatIsWrong(_ description: String, _ part: String) throws {
    try write(description)
    let message = failure(.invalidArgument) { _ = try ModelFile(reading: path).model() }
    #expect(message.hasPrefix("'\(path)'"))
    #expect(message.contains(part), "\(message)")
  }

  @Test func refusesOtherFiles() throws {
    try TensorFile.write([], metadata: ["format": "pt"], to: path)
    #expect(
      failure(.invalidArgument) { _ = try ModelFile(reading: path) }
        == "'\(path)' holds tensors, but no model that Martlet has written: its metadata has no "
        + "\"format\": \"martlet\"")
    try TensorFile.write([], metadata: ["format": "martlet", "format_version": "2"], to: path)
    #expect(
      failure(.invalidArgument) { _ = try ModelFile(reading: path) }.contains("version '2'"))
    let x = try Layer.input(Shape([3]), name: "x")
    let model = try Model(inputs: [x], outputs: [layer("Flatten")(x)])
    #expect(
      failure(.invalidArgument) {
        try ModelFile.write(model, metadata: ["model": ""], to: path)
      } == "metadata: the key 'model' is the library's own")
  }

  /// Every byte of the header turned, and the file cut short everywhere: an error or the same model,
  /// never a trap.
  @Test func damagedFilesAreErrors() throws {
    try write(Self.description())
    let whole = bytes(of: path)
    for position in stride(from: 0, to: whole.count, by: 3) {
      var damaged = whole
      damaged[position] ^= UInt8(1 << (position % 8))
      try MartletStorageTests.write(damaged, to: path)
      _ = try? ModelFile(reading: path).model()
      try MartletStorageTests.write(Array(whole.prefix(position)), to: path)
      #expect(
        failure(.file) { _ = try ModelFile(reading: path).model() }.hasPrefix("'\(path)'"))
    }
  }
}
