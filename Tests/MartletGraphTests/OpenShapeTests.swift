import MartletGraph
import MartletOps
import MartletTensors
import Testing

/// Sizes of images left open: what is inferred of them, and what is made of them for a size.
struct OpenShapeTests {
  private func open(_ extents: Int?..., name: String? = nil) throws -> Symbol {
    try Layer.input(OpenShape(extents), name: name)
  }

  // MARK: Shapes

  @Test func openExtentsAreNone() throws {
    let shape = try OpenShape([nil, 5, nil, 3])
    #expect(shape.isOpen)
    #expect(shape.extents == [nil, 5, nil, 3])
    #expect(shape.description == "(None, 5, None, 3)")
    #expect(shape.batchDescription == "(None, None, 5, None, 3)")
    #expect(try OpenShape([nil]).description == "(None,)")
    let closed = OpenShape(try Shape([4, 3]))
    #expect(!closed.isOpen)
    #expect(closed.batchDescription == "(None, 4, 3)")
  }

  @Test func samplesOfAnySizeFit() throws {
    let images = try OpenShape([nil, nil, 3])
    #expect(images.fitted(to: [7, 900, 3])?.extents == [7, 900, 3])
    #expect(images.fitted(to: [7, 900, 4]) == nil)
    #expect(images.fitted(to: [7, 900]) == nil)
    #expect(images.fitted(to: [7, 0, 3]) == nil)
    let grey = try OpenShape([nil, nil, 1])
    #expect(grey.fitted(to: [7, 9])?.extents == [7, 9, 1])
    #expect(grey.fitted(to: [7, 9, 1, 1])?.extents == [7, 9, 1])
    let closed = OpenShape(try Shape([28, 28]))
    #expect(closed.fitted(to: [28, 28, 1])?.extents == [28, 28])
    #expect(closed.fitted(to: [28, 27]) == nil)
  }

  // MARK: Inference

  /// Every layer that images go through, with what Keras says of (None, None, None, 4).
  @Test(arguments: [
    ("Conv2D", #"{"filters": 5, "kernel_size": 3, "strides": 2}"#, [nil, nil, 5]),
    ("DepthwiseConv2D", #"{"kernel_size": 3, "padding": "same"}"#, [nil, nil, 4]),
    ("SeparableConv2D", #"{"filters": 5, "kernel_size": 3}"#, [nil, nil, 5]),
    ("Conv2DTranspose", #"{"filters": 5, "kernel_size": 3, "strides": 2}"#, [nil, nil, 5]),
    ("MaxPooling2D", "{}", [nil, nil, 4]),
    ("AveragePooling2D", #"{"pool_size": 3}"#, [nil, nil, 4]),
    ("GlobalAveragePooling2D", "{}", [4]),
    ("GlobalMaxPooling2D", #"{"keepdims": true}"#, [1, 1, 4]),
    ("BatchNormalization", "{}", [nil, nil, 4]),
    ("LayerNormalization", "{}", [nil, nil, 4]),
    ("GroupNormalization", #"{"groups": 2}"#, [nil, nil, 4]),
    ("UpSampling2D", "{}", [nil, nil, 4]),
    ("ZeroPadding2D", "{}", [nil, nil, 4]),
    ("Cropping2D", #"{"cropping": 1}"#, [nil, nil, 4]),
    ("Resizing", #"{"height": 6, "width": 7}"#, [6, 7, 4]),
    ("CenterCrop", #"{"height": 6, "width": 7}"#, [6, 7, 4]),
    ("RandomCrop", #"{"height": 6, "width": 7}"#, [6, 7, 4]),
    ("RandomFlip", "{}", [nil, nil, 4]),
    ("RandomRotation", #"{"factor": 0.1}"#, [nil, nil, 4]),
    ("Rescaling", #"{"scale": 0.5}"#, [nil, nil, 4]),
    ("Dropout", #"{"rate": 0.5}"#, [nil, nil, 4]),
    ("Softmax", "{}", [nil, nil, 4]),
    ("PReLU", #"{"shared_axes": [1, 2]}"#, [nil, nil, 4]),
    ("Dense", #"{"units": 6}"#, [nil, nil, 6]),
    ("Permute", #"{"dims": [3, 1, 2]}"#, [4, nil, nil]),
    ("Reshape", #"{"target_shape": [-1, 4]}"#, [nil, 4]),
    ("Flatten", "{}", [nil]),
  ])
  func shapesOfLayers(_ className: String, _ arguments: String, _ expected: [Int?]) throws {
    #expect(try layer(className, arguments)(open(nil, nil, 4)).shape.extents == expected)
  }

  @Test func oneAxisMayBeOpen() throws {
    let convolution = try layer("Conv2D", #"{"filters": 5, "kernel_size": 3, "strides": 2}"#)
    #expect(try convolution(open(nil, 8, 4)).shape.extents == [nil, 3, 5])
    #expect(
      try layer("Conv1D", #"{"filters": 5, "kernel_size": 3}"#)(open(nil, 4)).shape.extents
        == [nil, 5])
  }

  @Test func branchesMeet() throws {
    let image = try open(nil, nil, 2)
    let half = try layer("MaxPooling2D")(image)
    let whole = try layer("UpSampling2D")(half)
    #expect(try layer("Concatenate")(image, whole).shape.extents == [nil, nil, 4])
    #expect(try layer("Add")(image, open(nil, nil, 2)).shape.extents == [nil, nil, 2])
  }

  @Test func aLayerIsSharedBetweenOpenAndKnownSizes() throws {
    let shared = try layer("Conv2D", #"{"filters": 5, "kernel_size": 3}"#)
    #expect(try shared(open(nil, nil, 4)).shape.extents == [nil, nil, 5])
    #expect(try shared(input(8, 9, 4)).shape.extents == [6, 7, 5])
    #expect(
      message { _ = try shared(open(nil, nil, 3)) }.hasSuffix(
        "expected axis -1 of the input to have value 4, received an input of shape "
          + "(None, None, None, 3); its weights were made for (None, None, None, 4)"))
  }

  // MARK: What needs the size

  @Test func weightsThatNeedTheSizeSaySo() throws {
    let flat = try layer("Flatten")(open(nil, nil, 3))
    let dense = try layer("Dense", #"{"units": 10, "name": "scores"}"#)
    #expect(
      message { _ = try dense(flat) }
        == "layer 'scores': its weight 'kernel' of shape (None, 10) needs a size that Input leaves "
        + "open; received an input of shape (None, None). Give Input that size, or put before this "
        + "layer one whose output does not depend on it, such as GlobalAveragePooling2D in place of "
        + "Flatten")
    // Nothing has been made.
    #expect(!dense.isBuilt)
    #expect(try dense(input(4)).shape.extents == [10])
    for (className, arguments) in [("PReLU", "{}"), ("BatchNormalization", #"{"axis": 1}"#)] {
      #expect(
        message { _ = try layer(className, arguments)(open(nil, nil, 3)) }
          .contains("needs a size that Input leaves open"))
    }
  }

  @Test func errorsShowNone() throws {
    let reshape = try layer("Reshape", #"{"target_shape": [4, 4, 3], "name": "form"}"#)
    #expect(
      message { _ = try reshape(open(nil, nil, 3)) }
        == "layer 'form': the total size of the tensor must be unchanged, received an input of "
        + "shape (None, None, None, 3) with None elements, target_shape=(4, 4, 3); None is a size "
        + "that Input leaves open")
    #expect(
      message { _ = try Layer.input(OpenShape([nil, -2])) }.hasPrefix("shape (None, -2) has"))
    // What has nothing to do with the size is said as always.
    let pooled = try layer("GlobalAveragePooling2D")(open(nil, nil, 3))
    #expect(
      message { _ = try layer("Reshape", #"{"target_shape": [4]}"#)(pooled) }
        .hasSuffix("shape (None, 3) with 3 elements, target_shape=(4,)"))
  }

  // MARK: Models

  private func network() throws -> Model {
    let image = try open(nil, nil, 3, name: "image")
    var x = try layer("Conv2D", #"{"filters": 4, "kernel_size": 3, "name": "edges"}"#)(image)
    x = try layer("MaxPooling2D", #"{"name": "smaller"}"#)(x)
    x = try layer("GlobalAveragePooling2D", #"{"name": "means"}"#)(x)
    return try Model(inputs: [image], outputs: [x])
  }

  @Test func modelsAreLoweredForASize() throws {
    let model = try network()
    #expect(model.inputShapes.map(\.extents) == [[nil, nil, 3]])
    #expect(model.outputShapes.map(\.extents) == [[4]])
    for (height, pooled) in [(8, 3), (9, 3), (20, 9)] {
      let program = try model.lower([Shape([height, 20, 3])])
      let shapes = program.instructions.map { program.shapes[$0.output].extents }
      #expect(shapes.contains([height - 2, 18, 4]))
      #expect(shapes.contains([pooled, 9, 4]))
      #expect(program.outputs.map { program.shapes[$0].extents } == [[4]])
    }
  }

  @Test func sizesThatDoNotFitNameTheLayer() throws {
    let model = try network()
    #expect(
      message { _ = try model.lower([Shape([2, 20, 3])]) }
        == "layer 'edges': a kernel of (3, 3) does not fit into an input of shape (None, 2, 20, 3) "
        + "with padding='valid'; use padding='same' or a smaller kernel")
    // Branches that meet for some sizes only.
    let image = try open(nil, nil, 2)
    let whole = try layer("UpSampling2D")(layer("MaxPooling2D")(image))
    let meeting = try Model(
      inputs: [image], outputs: [layer("Add", #"{"name": "sum"}"#)(image, whole)])
    #expect(try meeting.lower([Shape([6, 8, 2])]).outputs.count == 1)
    #expect(message { _ = try meeting.lower([Shape([6, 7, 2])]) }.hasPrefix("layer 'sum': "))
  }

  @Test func modelsStandInOthersOfAKnownSize() throws {
    let inner = try network()
    let image = try input(12, 10, 3)
    let outer = try Model(inputs: [image], outputs: [inner(image)])
    #expect(outer.outputShapes.map(\.extents) == [[4]])
    #expect(try outer.lower().inputs.count == 1)
    #expect(
      message { _ = try inner(input(12, 10, 4)) }.hasSuffix(
        "expected an input of shape (None, None, None, 3), received (None, 12, 10, 4)"))
    // And the other way round: a model for one size refuses to be open.
    #expect(
      message { _ = try outer(open(nil, nil, 3)) }.hasSuffix(
        "expected an input of shape (None, 12, 10, 3), received (None, None, None, 3); None is a "
          + "size that Input leaves open"))
  }

  @Test func descriptionsHaveNull() throws {
    let description = JSONValue.object(try network().describe())
    #expect(member(description, "layers.0.nodes.0.output_shapes.0") == [.null, .null, 3])
    #expect(member(description, "layers.0.config.batch_shape") == [.null, .null, .null, 3])
    #expect(member(description, "layers.3.nodes.0.output_shapes.0") == [4])
    let again = try layer("InputLayer", #"{"batch_shape": [null, null, 5]}"#)
    #expect(try again().shape.extents == [nil, 5])
  }
}
