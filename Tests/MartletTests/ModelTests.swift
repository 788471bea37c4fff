import Martlet
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

@Suite(.serialized) struct ModelTests {
  @Test func builder() throws {
    let isDeep = true
    let isRegularized = false
    let model = try Sequential(name: "built") {
      Input(8, 8, 1)
      for filters in [2, 4] {
        Conv2D(filters: filters, kernelSize: 3, padding: .same)
        MaxPooling2D()
      }
      if isRegularized { Dropout(0.5) }
      if isDeep { Conv2D(filters: 8, kernelSize: 1) } else { Identity() }
      [Flatten(), Dense(units: 3)]
    }
    #expect(
      model.layers.map(\.className) == [
        "InputLayer", "Conv2D", "MaxPooling2D", "Conv2D", "MaxPooling2D", "Conv2D", "Flatten",
        "Dense",
      ])
    #expect(model.name == "built")
    #expect(model.outputs[0].shape == [3])
    #expect(model.parameterCount == 20 + 76 + 40 + 99)
  }

  /// The quotient of two whole numbers is one of floating-point numbers where a layer takes those.
  @Test func quotientsOfLiterals() throws {
    let model = try Sequential {
      Input(1)
      Rescaling(scale: 1 / 4, offset: 1 / 2)
    }
    #expect(try model.predict([2] as [Float]).scalars == [1])
  }

  @Test func sequentialMessages() {
    #expect(
      message { _ = try Sequential([]) }
        == "Sequential: expected layers, the first of them Input, received none")
    #expect(
      message { _ = try Sequential([Dense(units: 1)]) }
        == "Sequential: the first layer must be Input with the shape of one sample, such as "
        + "Input(28, 28, 1), received Dense")
    #expect(
      message {
        _ = try Sequential {
          Input(3)
          Conv2D(filters: 1, kernelSize: 3, name: "conv")
        }
      }?.hasPrefix("layer 'conv': expected an input of 4 axes") == true)
  }

  @Test func functional() throws {
    let image = Input(8, 8, 2, name: "image")
    let size = Input(3, name: "size")
    var x = try Conv2D(filters: 4, kernelSize: 3, padding: .same, name: "conv")(image)
    x = try x + Conv2D(filters: 4, kernelSize: 1)(image)
    x = try Concatenate()(GlobalAveragePooling2D()(x), size)
    let model = try Model(inputs: image, size, outputs: Dense(units: 2, name: "head")(x))
    #expect(model.inputs.map(\.layerName) == ["image", "size"])
    #expect("\(model.inputs[0])" == "image: (None, 8, 8, 2)")
    #expect(model.outputs.map(\.shape) == [[2]])
    #expect(model.className == "Functional")
    let outputs = try model.predictAll([
      Tensor(shape: [5, 8, 8, 2], repeating: Float(1)), Tensor(shape: [5, 3], repeating: Float(1)),
    ])
    #expect(outputs.map(\.shape) == [[5, 2]])
    #expect(
      message { _ = try Model(inputs: image, outputs: x) }?.hasPrefix("graph disconnected") == true)
  }

  @Test func sharedLayers() throws {
    let dense = Dense(units: 2, name: "shared")
    let (a, b) = (Input(3), Input(3))
    let model = try Model(inputs: a, b, outputs: dense(a) - dense(b))
    #expect(model.weights.map(\.name) == ["shared/kernel", "shared/bias"])
    let data = Tensor<Float>([1, 2, 3])
    let sample = try data.reshaped(to: [1, 3])
    #expect(try model.predictAll([sample, sample])[0].scalars == [0, 0])
    #expect(dense.weights.map(\.name) == ["kernel", "bias"])
    #expect(try dense.weight("kernel").values == model.weight("shared/kernel").values)
    #expect(
      message { _ = try dense(Input(4)) }?.hasPrefix("layer 'shared': expected axis -1") == true)
  }

  @Test func modelsAsLayers() throws {
    let encoder = try Sequential(name: "encoder") {
      Input(4, 4, 1)
      Flatten()
      Dense(units: 3, name: "code")
    }
    let model = try Sequential {
      encoder
      Dense(units: 2, name: "head")
    }
    #expect(
      model.weights.map(\.name) == [
        "encoder/code/kernel", "encoder/code/bias", "head/kernel", "head/bias",
      ])
    encoder.isTrainable = false
    #expect(model.weights.map(\.isTrainable) == [false, false, true, true])
    let inner = try #require(try model.layer("encoder") as? Model)
    let (x, _) = try squares(3)
    #expect(try inner.predict(x) == encoder.predict(x))

    let image = Input(4, 4, 1)
    let two = try Model(inputs: image, outputs: encoder(image), Flatten()(image), name: "two")
    #expect(
      message { _ = try two(Input(4, 4, 1)) }
        == "layer 'two': it has 2 outputs: call it with outputs(for:)")
    #expect(try two.outputs(for: [Input(4, 4, 1)]).map(\.shape) == [[3], [16]])
  }

  @Test func innerOutputs() throws {
    Library.resetNames()
    let model = try smallNetwork()
    let (x, _) = try squares(3)
    let features = try Model(inputs: model.inputs, outputs: [model.output(of: "conv2d")])
    #expect(try features.predict(x).shape == [3, 4, 4, 3])
    #expect(
      message { _ = try model.output(of: "conv2") }
        == "layer '\(model.name!)': unknown layer 'conv2'; did you mean 'conv2d'?")
    #expect(
      message { _ = try model.output(of: "conv2d", call: 1) }
        == "layer 'conv2d' is called 1 time in the model, received call 1")
    // Both halves give what the whole does.
    let second = try Model(inputs: [model.output(of: "conv2d")], outputs: model.outputs)
    #expect(try second.predict(features.predict(x)) == model.predict(x))
  }

  // MARK: Weights

  @Test func weights() throws {
    let model = try Sequential([Input(2), Dense(units: 2, name: "dense")])
    let kernel = try model.weight("dense/kernel")
    #expect(kernel.shape == [2, 2])
    #expect("\(kernel)" == "dense/kernel: (2, 2)")
    try kernel.set(Tensor(shape: [2, 2], scalars: [1, 2, 3, 4]))
    try model.weight("dense/bias").set([10, 20] as [Float])
    #expect(try kernel.values.scalars == [1, 2, 3, 4])
    #expect(
      try model.predict(Tensor(shape: [1, 2], scalars: [1, 1] as [Float])).scalars == [14, 26])
    #expect(
      message { try kernel.set([1, 2, 3, 4] as [Float]) }
        == "weight 'dense/kernel' has shape (2, 2), received (4,)")
    #expect(
      message { _ = try model.weight("dense/kernal") }
        == "layer '\(model.name!)': unknown weight 'dense/kernal'; did you mean 'dense/kernel'?")
    let normalization = Normalization()
    _ = try normalization(Input(2))
    let count = try normalization.weight("count")
    #expect(count.shape == [])
    try count.set([3] as [Float])
    #expect(try count.values.scalars == [3])
  }

  @Test func freezing() throws {
    let (x, y) = try squares(8)
    let model = try smallNetwork()
    for layer in model.layers.dropLast() { layer.isTrainable = false }
    try model.compile(loss: .sparseCategoricalCrossentropy())
    let before = try bits(model)
    try model.trainBatch(x, y)
    let changed = zip(before, try bits(model)).map { $0 != $1 }
    #expect(changed == [false, false, false, false, false, false, true, true])
  }

  // MARK: Summary

  @Test func summary() throws {
    Library.resetNames()
    let model = try Sequential {
      Input(28, 28, 1)
      Conv2D(filters: 32, kernelSize: 3)
      BatchNormalization()
      Flatten()
      Dense(units: 10)
    }
    #expect(
      model.summary() == """
        Model: "sequential"
        ┌──────────────────────────────────────────┬────────────────────┬─────────┐
        │ Layer (type)                             │ Output shape       │ Param # │
        ├──────────────────────────────────────────┼────────────────────┼─────────┤
        │ conv2d (Conv2D)                          │ (None, 26, 26, 32) │     320 │
        │ batch_normalization (BatchNormalization) │ (None, 26, 26, 32) │     128 │
        │ flatten (Flatten)                        │ (None, 21632)      │       0 │
        │ dense (Dense)                            │ (None, 10)         │ 216,330 │
        └──────────────────────────────────────────┴────────────────────┴─────────┘
         Total params: 216,778
         Trainable params: 216,714
         Non-trainable params: 64

        """)
  }

  @Test func summaryOfBranches() throws {
    Library.resetNames()
    let a = Input(3, name: "a")
    let dense = Dense(units: 3)
    let model = try Model(inputs: a, outputs: dense(a) + dense(dense(a)))
    #expect(
      model.summary() == """
        Model: "functional"
        ┌────────────────┬──────────────┬─────────┬──────────────┐
        │ Layer (type)   │ Output shape │ Param # │ Connected to │
        ├────────────────┼──────────────┼─────────┼──────────────┤
        │ a (InputLayer) │ (None, 3)    │       0 │              │
        │ dense (Dense)  │ (None, 3)    │      12 │ a            │
        │ dense (Dense)  │ (None, 3)    │       0 │ a            │
        │ dense (Dense)  │ (None, 3)    │       0 │ dense        │
        │ add (Add)      │ (None, 3)    │       0 │ dense, dense │
        └────────────────┴──────────────┴─────────┴──────────────┘
         Total params: 12
         Trainable params: 12
         Non-trainable params: 0

        """)
  }

  // MARK: Files

  /// A file that is gone when the test is over.
  private func withFile(_ body: (String) throws -> Void) throws {
    let path = "/tmp/martlet-\(getpid())-\(UInt64.random(in: .min ... .max)).safetensors"
    defer { unlink(path) }
    try body(path)
  }

  /// Training that goes on from a file is the training that was not interrupted.
  @Test func files() throws {
    let (x, y) = try squares(20)
    Library.setRandomSeed(5)
    Library.resetNames()
    let whole = try smallNetwork()
    try whole.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
    try whole.fit(x, y, epochs: 4, batchSize: 8)

    Library.setRandomSeed(5)
    Library.resetNames()
    let model = try smallNetwork()
    try model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
    try model.fit(x, y, epochs: 2, batchSize: 8)
    try withFile { path in
      try model.save(to: path, metadata: ["author": "a test"])
      #expect(try Model.metadata(ofFile: path)["author"] == "a test")
      Library.setRandomSeed(99)
      let loaded = try Model.load(from: path)
      #expect(loaded.isCompiled)
      #expect(loaded.className == "Sequential")
      #expect(try bits(loaded) == bits(model))
      #expect(try loaded.predict(x) == model.predict(x))
      // The position of the seeds is the file's where none was set after loading.
      try loaded.fit(x, y, epochs: 2, batchSize: 8)
      #expect(try bits(loaded) == bits(whole))
      // Inner symbols are there as well.
      let features = try Model(inputs: loaded.inputs, outputs: [loaded.output(of: "flatten")])
      #expect(try features.predict(x).shape == [20, 48])
    }
  }

  @Test func filesOfModelsAlone() throws {
    let model = try smallNetwork()
    try withFile { path in
      try model.save(to: path)
      #expect(try !Model.load(from: path).isCompiled)
    }
    try model.compile(loss: .sparseCategoricalCrossentropy())
    try withFile { path in
      try model.save(to: path, includesTraining: false)
      #expect(try !Model.load(from: path).isCompiled)
    }
  }

  @Test func fileMessages() throws {
    let missing = #expect(throws: MartletError.self) {
      try Model.load(from: "/nowhere/m.safetensors")
    }
    #expect(missing?.kind == .file)
    #expect(missing?.message.contains("/nowhere/m.safetensors") == true)
    let model = try smallNetwork()
    #expect(
      #expect(throws: MartletError.self) { try model.save(to: "/nowhere/m.safetensors") }?.kind
        == .file)
    #expect(
      message { try model.save(to: "/tmp/m.safetensors", includesTraining: true) }
        == "model '\(model.name!)' is not compiled: call compile() before saving the training")
  }

  @Test func openSizes() throws {
    let model = try Sequential {
      Input(nil, nil, 1)
      Conv2D(filters: 2, kernelSize: 3, padding: .same)
      GlobalAveragePooling2D()
    }
    #expect(model.inputs[0].shape == [nil, nil, 1])
    for size in [4, 7] {
      let images = try Tensor(shape: [2, size, size, 1], repeating: Float(1))
      #expect(try model.predict(images).shape == [2, 2])
    }
  }
}
