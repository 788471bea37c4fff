import MartletGraph
import MartletTensors
import Testing

/// The form documented at `martlet_model_describe` in martlet.h.
struct DescriptionTests {
  @Test func ofAChain() throws {
    let x = try input(28, 28, 1, name: "in")
    let convolution = try layer("Conv2D", #"{"filters": 32, "kernel_size": 3, "name": "conv"}"#)
    let flat = try layer("Flatten", #"{"name": "flat"}"#)
    let model = try Model(
      inputs: [x], outputs: [flat(convolution(x))], className: "Sequential", name: "net")
    let description = JSONValue.object(model.describe())
    #expect(member(description, "class_name") == "Sequential")
    #expect(member(description, "name") == "net")
    #expect(member(description, "inputs") == [["in", 0, 0]])
    #expect(member(description, "outputs") == [["flat", 0, 0]])
    #expect(
      member(description, "layers.0")
        == [
          "class_name": "InputLayer", "name": "in",
          "config": .object(x.layer.configuration), "trainable": true, "parameters": 0,
          "trainable_parameters": 0,
          "nodes": [["inputs": [], "output_shapes": [[28, 28, 1]]]], "weights": [],
        ])
    #expect(
      member(description, "layers.1")
        == [
          "class_name": "Conv2D", "name": "conv", "config": .object(convolution.configuration),
          "trainable": true, "parameters": 320, "trainable_parameters": 320,
          "nodes": [["inputs": [["in", 0, 0]], "output_shapes": [[26, 26, 32]]]],
          "weights": ["kernel", "bias"],
        ])
    #expect(member(description, "layers.2.nodes.0.output_shapes") == [[21_632]])
    // What is written can be read.
    #expect(try JSONValue(parsing: description.description) == description)
  }

  @Test func countsWhatTraining() throws {
    let x = try input(5, name: "x")
    let normalization = try layer("BatchNormalization", #"{"name": "b"}"#)
    let model = try Model(inputs: [x], outputs: [normalization(x)])
    var description = JSONValue.object(model.describe())
    #expect(member(description, "layers.1.parameters") == 20)
    #expect(member(description, "layers.1.trainable_parameters") == 10)
    normalization.isTrainable = false
    description = JSONValue.object(model.describe())
    #expect(member(description, "layers.1.trainable") == false)
    #expect(member(description, "layers.1.trainable_parameters") == 0)
  }

  @Test func callsAreCountedWithinTheModel() throws {
    let (a, b) = (try input(4, name: "a"), try input(4, name: "b"))
    let shared = try layer("Dense", #"{"units": 4, "name": "s"}"#)
    _ = try shared(a)
    let (x, y) = (try shared(a), try shared(b))
    let model = try Model(
      inputs: [a, b], outputs: [layer("Add", #"{"name": "sum"}"#)(y, x), x], name: "m")
    let description = JSONValue.object(model.describe())
    #expect(
      member(description, "layers.2.nodes")
        == [
          ["inputs": [["a", 0, 0]], "output_shapes": [[4]]],
          ["inputs": [["b", 0, 0]], "output_shapes": [[4]]],
        ])
    #expect(member(description, "layers.3.nodes.0.inputs") == [["s", 1, 0], ["s", 0, 0]])
    #expect(member(description, "outputs") == [["sum", 0, 0], ["s", 0, 0]])
  }

  @Test func ofAModelWithinAModel() throws {
    let x = try input(4, name: "x")
    let hidden = try layer("Dense", #"{"units": 3, "name": "hidden"}"#)(x)
    let inner = try Model(inputs: [x], outputs: [hidden, x], name: "inner")
    let a = try input(4, name: "a")
    let both = try inner.call([a])
    let model = try Model(inputs: [a], outputs: [both[1], both[0]], name: "outer")
    let description = JSONValue.object(model.describe())
    #expect(member(description, "outputs") == [["inner", 0, 1], ["inner", 0, 0]])
    #expect(member(description, "layers.1.class_name") == "Functional")
    #expect(member(description, "layers.1.parameters") == 15)
    #expect(
      member(description, "layers.1.nodes")
        == [["inputs": [["a", 0, 0]], "output_shapes": [[3], [4]]]])
    #expect(member(description, "layers.1.outputs") == [["hidden", 0, 0], ["x", 0, 0]])
    #expect(member(description, "layers.1.layers.1.name") == "hidden")
  }

  /// Where a layer stands a second time, its first place is told.
  @Test func ofALayerInTwoModels() throws {
    let shared = try layer("Dense", #"{"units": 4, "name": "shared"}"#)
    let x = try input(4, name: "x")
    let inner = try Model(inputs: [x], outputs: [shared(x)], name: "inner")
    let a = try input(4, name: "a")
    let model = try Model(inputs: [a], outputs: [shared(inner(a))], name: "outer")
    let description = JSONValue.object(model.describe())
    #expect(member(description, "layers.1.layers.1.shared_with") == nil)
    #expect(member(description, "layers.2.name") == "shared")
    #expect(member(description, "layers.2.shared_with") == "inner/shared")
  }
}
